"""Client certificates in the store: inventory, expiry reminders and download links."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.mtls.certificate import Certificate, InventoryChange, KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.ports.values import AuditContext


class Certificates(Protocol):
    """Inventory of client certificates, unmanaged ones included; a private key is never stored."""

    async def present(self, target: UUID | None = None) -> tuple[KnownCertificate, ...]:
        """Lists certificates that Heroku has, by database and expiry; of one database or of all."""
        ...

    async def find(self, id: UUID) -> KnownCertificate | None:
        """Reads one certificate, whether Heroku still has it or not."""
        ...

    async def lock(self, id: UUID) -> KnownCertificate | None:
        """Reads one certificate and locks it until the transaction ends."""
        ...

    async def matching(self, handle: str) -> tuple[KnownCertificate, ...]:
        """Finds present certificates by what a person typed.

        Args:
            handle: a request's number, or the beginning of a certificate's id, with or without hyphens.
        """
        ...

    async def save_list(self, target: UUID, found: Iterable[Certificate]) -> InventoryChange:
        """Brings a database's inventory up to date with a complete list from Heroku.

        A certificate that was disabled before it was first listed is left out: nobody can connect with it.
        """
        ...

    async def assign(self, id: UUID, *, request: int, owner: str, purpose: str) -> None:
        """Records the request that a certificate was issued for, its owner and its purpose.

        Raises:
            ValueError: no list ever had this certificate.
        """
        ...

    async def delivered(self, id: UUID, *, at: datetime) -> None:
        """Records the business time at which a certificate's files were downloaded."""
        ...


class ExpiryReminders(Protocol):
    """Reminders of certificates' expiry; each of them, and each reaction to one, has an audit line."""

    async def due(self, now: datetime, *, limit: int) -> tuple[KnownCertificate, ...]:
        """Lists usable certificates whose reminder is due, locked, the most overdue first."""
        ...

    async def advance(
        self, known: KnownCertificate, schedule: ReminderSchedule, *, doing: AuditContext
    ) -> None:
        """Records how far the reminders of a locked certificate have come."""
        ...

    async def postpone(self, known: KnownCertificate, *, until: datetime | None) -> None:
        """Postpones a due reminder that cannot be sent yet; None: it is never sent."""
        ...

    async def next_moment(self) -> datetime | None:
        """Business time of the next reminder."""
        ...


class DownloadLinks(Protocol):
    """One-time links to certificates' files; each change of a link's state writes its audit line."""

    async def add(self, download_link: DownloadLink, *, doing: AuditContext) -> None:
        """Records a new link."""
        ...

    async def lock(self, id: UUID) -> DownloadLink | None:
        """Reads a link and locks it until the transaction ends."""
        ...

    async def open_of(self, certificate: UUID) -> tuple[DownloadLink, ...]:
        """Lists unused links to a certificate's files, locked until the transaction ends."""
        ...

    async def lease(self, download_link: DownloadLink, *, within: timedelta) -> UUID:
        """Leases a locked link while its files are fetched from Heroku; returns the lease's token."""
        ...

    async def release(self, id: UUID, lease: UUID) -> None:
        """Ends a lease without a download, so that the link can be used at once."""
        ...

    async def lock_leased(self, id: UUID, lease: UUID) -> DownloadLink | None:
        """Locks the link if this lease still holds it; else None."""
        ...

    async def update(self, before: DownloadLink, after: DownloadLink, *, doing: AuditContext) -> None:
        """Writes the changed fields of a locked link, with an audit line if its state is one of them."""
        ...
