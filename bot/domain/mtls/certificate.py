"""Client certificates: what a database requires besides an allowed address."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.outside.text import UNREADABLE

READY: Final = "ready"
"""Status of a certificate that can be used; others are ``pending``, ``disabling`` and ``disabled``."""

PENDING: Final = "pending"
"""Status of a certificate that is being made."""

DISABLING: Final = "disabling"
"""Status of a certificate that is being removed."""

DISABLED: Final = "disabled"
"""Status of a certificate that nobody can connect with any more; Heroku goes on listing it."""

SHOWN_OF_ID: Final = 8
"""Hexadecimal digits by which people call a certificate that pgaccess did not make."""

READ_EVERY: Final = timedelta(minutes=10)
"""How old what is known may be before it is read again: certificates live for a year, calls are counted."""

SOON: Final = timedelta(days=14)
"""An end as near as this is one to act on: a new certificate has to be made and handed out first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """One client certificate as Heroku lists it (``GET …/tls-endpoint/certificates``).

    Attributes:
        id: Heroku's.
        name: a host name that Heroku chose.
        status: Heroku's word, in lower case.
        expires_at: its end; None while it is pending, or where the date is in a form that is not known.
        id_read: False where Heroku's id could not be read: ``id`` is made up, and the certificate may be any.
    """

    id: UUID
    name: str
    status: str
    expires_at: datetime | None
    id_read: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownCertificate:
    """A certificate in the inventory: what Heroku listed last, and what only we know.

    Attributes:
        id: Heroku's.
        target: the database's UUID.
        request: the number of the request that it was made for; None for an unmanaged one.
        owner: Slack id of whom it was made for; None for an unmanaged one.
        purpose: the reason of that request.
        name: a host name that Heroku chose.
        status: Heroku's word, in lower case.
        expires_at: its end as Heroku told it, never computed; None where it did not.
        first_seen_at: Postgres' time of the first list that had it.
        last_seen_at: Postgres' time of the last one.
        absent_at: Postgres' time of the observation that proved that nobody can connect with it any more.
        delivered_at: business time at which its files were handed out last.
        owner_left_at: business time at which its owner was found to be no member any more.
        reminder_schedule: how far the reminders of its end have come.
    """

    id: UUID
    target: UUID
    request: int | None
    owner: str | None
    purpose: str
    name: str
    status: str
    expires_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    absent_at: datetime | None = None
    delivered_at: datetime | None = None
    owner_left_at: datetime | None = None
    reminder_schedule: ReminderSchedule = field(default_factory=ReminderSchedule)

    @property
    def handle(self) -> str:
        """What people call it: the number of its request, or the beginning of Heroku's id."""
        return self.id.hex[:SHOWN_OF_ID] if self.request is None else str(self.request)

    @property
    def unmanaged(self) -> bool:
        """Whether somebody made it without us."""
        return self.request is None


@dataclass(frozen=True, kw_only=True, slots=True)
class InventoryChange:
    """What a complete list changed in the inventory.

    Attributes:
        appeared: those that are there for the first time, or again.
        gone: those that were there, and nobody can connect with any more.
    """

    appeared: tuple[KnownCertificate, ...] = ()
    gone: tuple[KnownCertificate, ...] = ()


def ready(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Those that can be used, as far as Heroku's status tells; one that has expired is still ``ready``."""
    return tuple(certificate for certificate in certificates if certificate.status == READY)


def completed(listed: Iterable[Certificate], known: Iterable[KnownCertificate]) -> tuple[Certificate, ...]:
    """Completes a list in which something could not be read by what was known before.

    A known certificate that the list may show without its id is not absent; a name or an end that cannot be
    read is the one that it had.

    Args:
        listed: as Heroku listed them.
        known: those that were there before.
    """
    before = {each.id: each for each in known}
    found = tuple(_completed(each, before.get(each.id)) for each in listed)
    if all(each.id_read for each in found):
        return found
    ids = {each.id for each in found}
    hidden = (
        Certificate(id=each.id, name=each.name, status=UNREADABLE, expires_at=each.expires_at)
        for each in before.values()
        if each.id not in ids
    )
    return (*found, *hidden)


def _completed(found: Certificate, known: KnownCertificate | None) -> Certificate:
    if known is None:
        return found
    name = known.name if found.name == UNREADABLE else found.name
    return replace(found, name=name, expires_at=found.expires_at or known.expires_at)


def is_due(read_at: datetime | None, *, now: datetime) -> bool:
    """Whether a database's certificates are to be read (again).

    Args:
        read_at: when they were read last; None for never.
        now: the present, by the same clock.
    """
    return read_at is None or now - read_at >= READ_EVERY
