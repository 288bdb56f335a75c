"""The client certificates of a database's mTLS endpoint, with their moments.

Facts: herokux (c822fb4, 2025-08): a certificate goes from pending to ready and from disabling to disabled,
and stays in the list then; Heroku names it after a host; its end is null while it is pending.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

CertificateStatus = Literal["pending", "ready", "disabling", "disabled"]
"""Statuses as herokux names them; lower case, unlike those of endpoints and rules."""

VALIDITY: Final = timedelta(days=395)
"""From creation to end, in the one published sample (2020-09-03 to 2021-10-03); documented is a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A client certificate, without its key and chain, which the list does not show.

    Attributes:
        name: A host name of Heroku's choice.
        expires_at: Its end, known once it is ready.
    """

    id: UUID
    name: str
    status: CertificateStatus
    created_at: datetime
    updated_at: datetime
    expires_at: datetime

    @property
    def shown_end(self) -> datetime | None:
        """The end that Heroku shows: none while the certificate is pending."""
        return None if self.status == "pending" else self.expires_at
