"""Periodic tasks in the store, and what they delete."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.retention import Expired


class PeriodicTasks(Protocol):
    """Work that is done every so often by whichever worker claims it first."""

    async def claim(self, name: str, *, within: timedelta) -> bool:
        """Claims a task if it is due by Postgres' clock.

        Args:
            name: of the task.
            within: how long no other worker gets it. Its worker then sets the next run with ``due_in``; if it
                dies before, the task is due again after this.
        """
        ...

    async def claim_at(self, name: str, *, now: datetime, following: datetime) -> bool:
        """Claims a task if it is due by business time, and sets its next run.

        The first call of all only sets the next run. A task that is not due costs one read and no write.

        Args:
            name: of a task that is never claimed by Postgres' clock.
            now: business time.
            following: business time of the run after this one.
        """
        ...

    async def due_at(self, name: str) -> datetime | None:
        """Reads when a task is due next; None if that was never set."""
        ...

    async def schedule(self, name: str, *, wait: timedelta) -> None:
        """Sets a task's next run: it succeeded, it failed, or somebody waits for it."""
        ...

    async def hold(self, name: str, *, wait: timedelta) -> None:
        """Keeps every worker from a task until then; one that was held longer stays so."""
        ...

    async def is_held(self, name: str) -> bool:
        """Tells whether a task is held, or not due for another reason."""
        ...

    async def progress(self, name: str) -> Mapping[str, str]:
        """Reads how far a task in several steps has come; empty at its beginning."""
        ...

    async def advance(
        self, name: str, *, before: Mapping[str, str], after: Mapping[str, str], wait: timedelta
    ) -> bool:
        """Records how far a task has come, and when its next step is due.

        Args:
            name: of the task.
            before: its progress as this worker knows it.
            after: its progress now; empty when it is to begin anew.
            wait: until its next step.

        Returns:
            False, without a change, when another worker has gone on meanwhile.
        """
        ...


class Retention(Protocol):
    """What nobody needs any more."""

    async def delete(
        self, expired: Expired, *, keep: timedelta, now: datetime, after: str, limit: int
    ) -> str | None:
        """Deletes a batch of what is old enough; what somebody is changing at this moment is left out.

        Args:
            expired: what.
            keep: how long it is kept.
            now: business time.
            after: what the batch before has returned; empty for the first.
            limit: rows looked at.

        Returns:
            Where the next batch begins; None when there is nothing left.
        """
        ...
