"""What is done every so often, and the audit trail, as they are kept."""

from datetime import datetime, timedelta
from typing import Protocol


class PeriodicTasks(Protocol):
    """Work that is done every so often by whichever worker comes first."""

    async def claim(self, name: str, *, within: timedelta) -> bool:
        """Takes a chore's turn if it is due; it comes again after ``within`` unless ``due_in`` is called."""
        ...

    async def turn(self, name: str, *, now: datetime, following: datetime) -> bool:
        """Takes a chore's turn by business time, and sets the next one; False while it is not due.

        A chore that was never heard of only has its next turn set.
        """
        ...

    async def due_in(self, name: str, *, wait: timedelta) -> None:
        """Sets a chore's next turn: it is done, it came to nothing, or there is reason to hurry."""
        ...


class Audit(Protocol):
    """The audit trail."""

    async def seal(self, *, limit: int) -> int:
        """Links lines without a seal into the chain; returns how many."""
        ...
