"""Outages of Heroku in the store: what operations were told of, until the all-clear."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.reports.trouble import Outage, Trouble
from bot.ports.values import ReconcileJob


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
