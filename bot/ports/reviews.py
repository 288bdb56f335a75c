"""Reviews in the store: what leavers hold, grants that an approver kept, and access reviews."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.access_review import Answered, Review, Reviewed, ReviewItem
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


class AccessReviews(Protocol):
    """Access reviews: what each asks of, and what was answered."""

    async def candidates(self, *, now: datetime, longer_than: timedelta) -> tuple[tuple[Reviewed, str], ...]:
        """Lists what is to be reviewed, by target and number, each with the policy rule of its request.

        Grants that can be ended and have no end or a late one, adopted entries that stay, and certificates
        that pgaccess issued and that can be used longer than their owner's access by address.
        """
        ...

    async def begin(
        self, items: Sequence[tuple[int, tuple[str, ...], Reviewed]], *, at: datetime, answer_by: datetime
    ) -> int:
        """Records a review with its items, which no earlier one asks of any more; returns its number.

        Args:
            items: the place of each item's group of approvers, the group, and the item.
            at: business time.
            answer_by: business time.
        """
        ...

    async def review(self, review: int) -> Review | None:
        """Reads a review; None for a number that was never given."""
        ...

    async def newest(self) -> Review | None:
        """Reads the review that began last; None before the first."""
        ...

    async def items(self, review: int, *, group: int | None = None) -> tuple[ReviewItem, ...]:
        """Lists the items of a review in their order; those of one group of approvers, or all."""
        ...

    async def item(self, item: int) -> ReviewItem | None:
        """Reads an item, and locks it until the transaction ends; None for a number never given."""
        ...

    async def answer(self, item: ReviewItem, answered: Answered, *, doing: AuditContext) -> None:
        """Records the answer to a locked item, with its audit line."""
        ...

    async def due(self, now: datetime) -> Review | None:
        """Finds a review, locked, whose time for answers is over, and whose end was not recorded."""
        ...

    async def end(self, review: Review, unanswered: Collection[int], *, doing: AuditContext) -> None:
        """Records that the time for answers is over, with its audit line.

        Args:
            review: that is due.
            unanswered: numbers of the requests that nobody has answered for.
            doing: who does so, and when.
        """
        ...

    async def asked_of(self, now: datetime) -> frozenset[int]:
        """Lists requests whose grants a review asks of now, or has an answer for of within the week."""
        ...
