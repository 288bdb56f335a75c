"""Protocols of what people are told without having asked: closings, lost channels and outages."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.reports.closing import Closing
from bot.domain.reports.lost_channel import LostChannel
from bot.domain.reports.trouble import Outage, Trouble
from bot.ports.values import ReconcileJob


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


class LostChannels(Protocol):
    """Channels that take no messages, until one arrives again."""

    async def find(self, id: str) -> LostChannel | None:
        """Reads a channel that is lost; None for one that takes messages, as far as it is known."""
        ...

    async def lose(self, id: str, error: str, *, at: datetime, told: Collection[str]) -> LostChannel | None:
        """Records that a channel takes no messages, and who hears of it if nobody has until now.

        Args:
            id: Slack id.
            error: Slack's answer.
            at: business time.
            told: who hears of it, and of its end.

        Returns:
            The channel; None if that was known before, and somebody had been told.
        """
        ...

    async def restore(self, id: str) -> None:
        """Records that a channel takes messages again."""
        ...


class Outages(Protocol):
    """Outages; what all targets meet alike is one, and anything else is one for each target."""

    async def join(
        self, job: ReconcileJob, trouble: Trouble, *, status: str, error: str, at: datetime
    ) -> Outage:
        """Records that a target is held up, by the outage of that kind that goes on or by a new one.

        Others that join or leave it wait until the transaction ends.

        Args:
            job: whose last run has met it.
            trouble: the kind of it.
            status: the HTTP status that it met.
            error: the error id that it met.
            at: business time.
        """
        ...

    async def leave(self, job: ReconcileJob, *, at: datetime) -> Outage | None:
        """Records that a target is no longer held up; the outage ends with its last one.

        Returns:
            The outage after that; None if the target was part of none.
        """
        ...

    async def leave_all(self, target: UUID, *, at: datetime) -> tuple[Outage, ...]:
        """Records that a target which is gone is no longer held up, and was not brought in sync.

        Returns:
            The outages that it has left, without it among their labels.
        """
        ...
