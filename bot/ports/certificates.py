"""Client certificates as they are kept: the inventory, its reminders, and the links to files."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.mtls.certificate import Certificate, InventoryChange, KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.ports.values import AuditContext


class Certificates(Protocol):
    """The inventory of client certificates, foreign ones too; never a key."""

    async def present(self, target: UUID | None = None) -> tuple[KnownCertificate, ...]:
        """Those of one database, or of all that Heroku has, that are not gone; by database, by their end."""
        ...

    async def find(self, id: UUID) -> KnownCertificate | None:
        """One certificate, gone or not."""
        ...

    async def get(self, id: UUID) -> KnownCertificate | None:
        """One certificate, gone or not, locked until the transaction ends."""
        ...

    async def called(self, handle: str) -> tuple[KnownCertificate, ...]:
        """Those that are not gone and that a handle may mean: a request's number, or how an id begins."""
        ...

    async def of_request(self, request: int) -> KnownCertificate | None:
        """The one that a request made, or the one made last; gone or not."""
        ...

    async def listed(self, target: UUID, found: Iterable[Certificate]) -> InventoryChange:
        """Brings the inventory of a database up to date with a complete list."""
        ...

    async def give(self, id: UUID, *, request: int, owner: str, purpose: str) -> None:
        """Notes which request a certificate was made for, and whose it is."""
        ...

    async def handed_out(self, id: UUID, *, at: datetime) -> None:
        """Notes when a certificate's files went out, by business time."""
        ...


class ExpiryReminders(Protocol):
    """Reminders of certificates' ends; every one of them, and what is done about it, has an audit line."""

    async def due(self, now: datetime, *, limit: int) -> tuple[KnownCertificate, ...]:
        """Working certificates whose end somebody is to be reminded of, locked, the most overdue first."""
        ...

    async def climb(self, known: KnownCertificate, ladder: ReminderSchedule, *, doing: AuditContext) -> None:
        """Writes how far the reminders of a locked certificate have come."""
        ...

    async def put_off(self, known: KnownCertificate, *, until: datetime | None) -> None:
        """Has a due reminder looked at later, or never: nothing can be said (yet)."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next reminder."""
        ...


class DownloadLinks(Protocol):
    """Links to certificates' files; every change of a link's state writes its audit line."""

    async def make(self, download_link: DownloadLink, *, doing: AuditContext) -> None:
        """Records a new link."""
        ...

    async def lock(self, id: UUID) -> DownloadLink | None:
        """A link, locked until the transaction ends."""
        ...

    async def open_of(self, certificate: UUID) -> tuple[DownloadLink, ...]:
        """Links to a certificate's files that nobody used yet, locked until the transaction ends."""
        ...

    async def hold(self, download_link: DownloadLink, *, within: timedelta) -> UUID:
        """Keeps others out while the files of a locked link are fetched; returns the lease."""
        ...

    async def release(self, id: UUID, lease: UUID) -> None:
        """Lets others try at once; nothing was handed out."""
        ...

    async def holds(self, id: UUID, lease: UUID) -> DownloadLink | None:
        """The link, locked, if it is still held by this lease; None when it is not any more."""
        ...

    async def move(self, before: DownloadLink, after: DownloadLink, *, doing: AuditContext) -> None:
        """Writes what differs of a locked link, and the audit line where its state does."""
        ...
