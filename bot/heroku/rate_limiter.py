"""Rate limiter: each call waits for a token of the shared budget, acquired for all waiting calls at once."""

import asyncio
import time
from datetime import timedelta
from typing import Final

import structlog

from bot.domain.rate_budget import FLOOR, Budget, CallPriority
from bot.errors import RateBudgetExhaustedError
from bot.ports import RateBudgets

PATIENCE: Final = timedelta(seconds=4)
"""How long a call waits for its token, within its own deadline; then its job is released for a while."""

SHORTEST: Final = timedelta(milliseconds=10)
"""The shortest wait: other processes use the budget too."""

AHEAD: Final = 4
"""Tokens acquired ahead of need while there are plenty: a reconcile run makes a few calls in a row."""

TOLERANCE: Final = 0.05
"""Share of a full pool by which Heroku's count may differ from ours before ours is corrected."""

log = structlog.get_logger(__name__)


class RateLimiter:
    """One process' part of the budget; calls of one priority are served in order.

    Args:
        budgets: the one that all processes share.

    Attributes:
        is_corrected: Heroku's responses tell how many tokens are left.
    """

    def __init__(self, budgets: RateBudgets) -> None:
        self._budgets = budgets
        # A line for each priority, so that a removal never stands behind observations.
        self._first = {priority: asyncio.Lock() for priority in CallPriority}
        self._waiting = dict.fromkeys(CallPriority, 0)
        self._acquired = dict.fromkeys(CallPriority, 0)
        self._known: Budget | None = None
        self._known_since = 0.0
        self.is_corrected = False

    async def acquire(self, priority: CallPriority) -> None:
        """Acquires a token; observations do not wait for one.

        Raises:
            RateBudgetExhaustedError: there is none for this priority now; Heroku was not called.
            StoreUnavailableError: the budget is not known.
        """
        # Before the wait in line, so that both waits share one patience.
        until = time.monotonic() + PATIENCE.total_seconds()
        # Counted before the wait: the first in line acquires tokens for everybody behind it.
        self._waiting[priority] += 1
        try:
            await self._wait_in_line(priority)
            try:
                await self._take(priority, until=until)
            finally:
                self._first[priority].release()
        finally:
            self._waiting[priority] -= 1

    async def _wait_in_line(self, priority: CallPriority) -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._first[priority].acquire()
        except TimeoutError:
            raise RateBudgetExhaustedError from None

    async def correct(self, left: int) -> None:
        """Corrects the budget by what Heroku reports, if the difference is not small.

        Raises:
            StoreUnavailableError: it was not corrected.
        """
        self.is_corrected = True
        if self._known is None:
            return
        known = self._known
        now = known.later(known.at + timedelta(seconds=time.monotonic() - self._known_since))
        left = min(left, int(now.size))
        if abs(left - now.tokens) > now.size * TOLERANCE + FLOOR:
            log.info("heroku.budget_corrected", ours=int(now.tokens), left=left)
            await self._budgets.correct(left)
            self._know(now.correct(left))

    async def _take(self, priority: CallPriority, *, until: float) -> None:
        """Takes a token before a monotonic moment; a statement to Postgres is never cancelled half done."""
        while self._acquired[priority] == 0:
            calls = self._waiting[priority] + (AHEAD if self._is_plenty else 0)
            left, self._acquired[priority] = await self._budgets.acquire(priority, calls)
            self._know(left)
            if self._acquired[priority] == 0:
                wait = max(left.wait(priority), SHORTEST).total_seconds()
                if priority is CallPriority.OBSERVE or time.monotonic() + wait > until:
                    raise RateBudgetExhaustedError
                await asyncio.sleep(wait)
        self._acquired[priority] -= 1

    @property
    def _is_plenty(self) -> bool:
        """Whether the pool was more than half full: tokens acquired ahead are not missed then."""
        return self._known is not None and self._known.tokens > self._known.size / 2

    def _know(self, left: Budget) -> None:
        self._known, self._known_since = left, time.monotonic()
