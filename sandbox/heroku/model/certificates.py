"""Client certificates of a database's mTLS endpoint, and the times of their transitions.

Facts: herokux (c822fb4, 2025-08), ``mtls_cert.go`` and its documentation: a certificate goes from pending to
ready and from disabling to disabled, and stays in the list then; Heroku names it after a host; its end is
null while it is pending; deleting one invalidates it at once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sandbox.heroku.model.certificate_authority import Credential

CertificateStatus = Literal["pending", "ready", "disabling", "disabled"]
"""Statuses as herokux names them; lower case, unlike those of endpoints and rules."""

VALIDITY: Final = timedelta(days=395)
"""From creation to end, in the one published sample (2020-09-03 to 2021-10-03); documented is a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A client certificate at a moment, without its key and chain.

    Attributes:
        name: Host name chosen by Heroku.
        expires_at: Its expiry, known once it is ready.
    """

    id: UUID
    name: str
    status: CertificateStatus
    created_at: datetime
    updated_at: datetime
    expires_at: datetime

    @property
    def shown_end(self) -> datetime | None:
        """The expiry that Heroku shows; None while the certificate is pending."""
        return None if self.status == "pending" else self.expires_at


@dataclass(slots=True, kw_only=True)
class KeptCertificate:
    """A client certificate with the times of its transitions.

    Attributes:
        ready_at: When it becomes ready; None is never.
        deleted_at: When it was deleted; None if it was not.
        disabled_at: When its deletion is complete; None is never.
        credential: Its key pair, created when it is first fetched.
    """

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime
    ready_at: datetime | None
    deleted_at: datetime | None = None
    disabled_at: datetime | None = None
    credential: Credential | None = field(default=None, repr=False)

    @property
    def serial(self) -> int:
        """The serial number of its X.509 certificate, known before there is a key."""
        return self.id.int

    def at(self, now: datetime) -> Certificate:
        """Return the certificate at a moment."""
        status, since = self._state(now)
        return Certificate(
            id=self.id,
            name=self.name,
            status=status,
            created_at=self.created_at,
            updated_at=since,
            expires_at=self.expires_at,
        )

    def admits(self, now: datetime) -> bool:
        """Return whether a server has to accept it at a moment."""
        return self._state(now)[0] == "ready" and now < self.expires_at

    def _state(self, now: datetime) -> tuple[CertificateStatus, datetime]:
        """Return its status at a moment and since when."""
        if self.disabled_at is not None and now >= self.disabled_at:
            return "disabled", self.disabled_at
        if self.deleted_at is not None:
            return "disabling", self.deleted_at
        if self.ready_at is not None and now >= self.ready_at:
            return "ready", self.ready_at
        return "pending", self.created_at
