"""Reviews in the store: what people hold who have left, and grants that an approver kept."""

from typing import Protocol

from bot.domain.grant import Grant, Kept
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.operation import Operation
from bot.domain.person import Person
from bot.ports.values import AuditContext


class Reviews(Protocol):
    """What one person holds, and who holds something without being a member any more."""

    async def leavers(self, *, limit: int) -> tuple[Person, ...]:
        """Lists people who were no full members when they were read last, and still hold something.

        Grants that can be ended, pending requests, unused download links, rotations that wait for their
        word, and certificates that the approvers were not told of.
        """
        ...

    async def pending_of(self, person: str) -> tuple[int, ...]:
        """Lists the numbers of a person's pending requests, locked, in their order."""
        ...

    async def live_of(self, person: str) -> tuple[Grant, ...]:
        """Lists a person's grants that can be ended, locked until the transaction ends."""
        ...

    async def rotations_of(self, person: str) -> tuple[Operation, ...]:
        """Lists a person's rotations that wait for a person, locked until the transaction ends."""
        ...

    async def links_of(self, person: str) -> tuple[DownloadLink, ...]:
        """Lists a person's unused download links, locked until the transaction ends."""
        ...

    async def certificates_of(self, person: str) -> tuple[KnownCertificate, ...]:
        """Lists a person's certificates that Heroku has, locked until the transaction ends."""
        ...

    async def returned(self, *, limit: int) -> tuple[KnownCertificate, ...]:
        """Lists certificates, locked, whose owner had left and is a full member again."""
        ...

    async def mark_owner(self, known: KnownCertificate, *, left: bool, doing: AuditContext) -> None:
        """Records that the owner of a locked certificate has left, or is back."""
        ...

    async def assign(self, known: KnownCertificate, *, owner: str, doing: AuditContext) -> None:
        """Gives a locked certificate another owner."""
        ...

    async def live(self) -> tuple[int, ...]:
        """Lists the numbers of all requests whose grants can be ended, by owner."""
        ...

    async def keep(self, grant: Grant, kept: Kept, *, doing: AuditContext) -> None:
        """Records that an approver keeps a locked grant."""
        ...
