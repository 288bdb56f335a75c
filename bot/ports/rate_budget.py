"""Drawing on the budget of Heroku calls, and what the calls of a piece of work are for."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final, Protocol

from bot.domain.rate_budget import Budget, CallPriority


class RateBudgets(Protocol):
    """The one budget that all processes share."""

    async def draw(self, priority: CallPriority, calls: int) -> tuple[Budget, int]:
        """Takes tokens for at most so many calls; how many it took, and what is left."""
        ...

    async def told(self, left: int) -> None:
        """Corrects the budget by what Heroku says is left of its own."""
        ...


_PURPOSE: Final = ContextVar("purpose", default=CallPriority.ADD)


def call_priority() -> CallPriority:
    """What the calls of the work at hand are for: somebody's wish, unless it was said."""
    return _PURPOSE.get()


@contextlib.contextmanager
def with_priority(call_priority: CallPriority) -> Iterator[None]:
    """Says what the calls of a ``with`` block are for, however deep they are made."""
    before = _PURPOSE.set(call_priority)
    try:
        yield
    finally:
        _PURPOSE.reset(before)
