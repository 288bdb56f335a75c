"""The shared budget of calls to Heroku, and the priority of the calls that are made now."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final, Protocol

from bot.domain.rate_budget import Budget, CallPriority


class RateBudgets(Protocol):
    """The budget of calls to Heroku that all processes share."""

    async def acquire(self, priority: CallPriority, calls: int) -> tuple[Budget, int]:
        """Takes tokens for at most so many calls.

        Args:
            priority: of the calls.
            calls: the most that are wanted.

        Returns:
            What is left of the budget, and how many calls were granted.

        Raises:
            StoreUnavailableError: Postgres is out of reach; without a budget no call is made.
        """
        ...

    async def correct(self, left: int) -> None:
        """Corrects the budget by the number of calls that Heroku says are left.

        Raises:
            StoreUnavailableError: Postgres is out of reach; nothing was corrected.
        """
        ...


# Not an argument of every call: a run sets it once, and each task has a context of its own.
_PRIORITY: Final = ContextVar("call_priority", default=CallPriority.ADD)


def call_priority() -> CallPriority:
    """Priority of the calls made now: that of an addition unless ``with_priority`` set another."""
    return _PRIORITY.get()


@contextlib.contextmanager
def with_priority(priority: CallPriority) -> Iterator[None]:
    """Sets the priority of all calls within a ``with`` block, however deep they are made."""
    before = _PRIORITY.set(priority)
    try:
        yield
    finally:
        _PRIORITY.reset(before)
