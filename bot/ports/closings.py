"""Closings in the store: what people ended, and wait to hear of."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.reports.closing import Closing


class Closings(Protocol):
    """What a person ended with one command or click, until all of it is closed and they were told."""

    async def begin(
        self,
        person: str,
        *,
        at: datetime,
        grants: Collection[UUID] = (),
        operations: Collection[UUID] = (),
    ) -> None:
        """Records that a person waits for grants, or for operations, to be closed; for none, nothing.

        Args:
            person: Slack id.
            at: business time.
            grants: that this transaction has moved to ``ending``.
            operations: that this transaction has started.
        """
        ...

    async def due(self, now: datetime, *, limit: int) -> tuple[Closing, ...]:
        """Lists, locked, closings that are over, and those of which a person is to hear that they are late.

        One with a part that failed is neither, while nothing else of it is under way. One that another
        process holds at this moment is found again a second later.
        """
        ...

    async def retry(self, operation: UUID, *, at: datetime) -> None:
        """Records that an operation is tried again: what a person was not told of as late has its time again.

        Args:
            operation: that was recorded as failed; one that is part of no closing changes nothing.
            at: business time.
        """
        ...

    async def told_late(self, closing: Closing) -> None:
        """Records that the person was told that it takes longer."""
        ...

    async def finish(self, closing: Closing, *, at: datetime) -> None:
        """Records that it is over: the person was told, or abandoned what is left of it."""
        ...
