"""Waits, before each call, for a token of the budget: a process draws for all who wait at once."""

import asyncio
import time
from datetime import timedelta
from typing import Final

import structlog

from bot.domain.rate_budget import FLOOR, Budget, CallPriority
from bot.errors import RateBudgetExhaustedError
from bot.ports import RateBudgets

PATIENCE: Final = timedelta(seconds=4)
"""How long a call waits for its token, within its own deadline; then its work is given back for a while."""

SHORTEST: Final = timedelta(milliseconds=10)
"""The shortest wait: others draw on the budget too."""

AHEAD: Final = 4
"""Tokens drawn ahead of need while there are plenty: one pass makes a few calls in a row."""

SLACK: Final = 0.05
"""Share of a full pool by which Heroku's count may differ from ours before ours is corrected."""

log = structlog.get_logger(__name__)


class RateLimiter:
    """One process' part of the budget. Whoever comes first goes first, among those of one purpose.

    Args:
        budgets: the one that all processes share.

    Attributes:
        is_told: Heroku's answers say how much is left.
    """

    def __init__(self, budgets: RateBudgets) -> None:
        self._budgets = budgets
        self._first = {purpose: asyncio.Lock() for purpose in CallPriority}
        self._waiting = dict.fromkeys(CallPriority, 0)
        self._drawn = dict.fromkeys(CallPriority, 0)
        self._known: Budget | None = None
        self._known_since = 0.0
        self.is_told = False

    async def spend(self, purpose: CallPriority) -> None:
        """Takes a token; looks do not wait for one.

        Raises:
            RateBudgetExhaustedError: there is none for this purpose now; Heroku was not asked.
            StoreUnavailableError: nobody knows.
        """
        until = time.monotonic() + PATIENCE.total_seconds()
        self._waiting[purpose] += 1
        try:
            await self._come_first(purpose)
            try:
                await self._take(purpose, until=until)
            finally:
                self._first[purpose].release()
        finally:
            self._waiting[purpose] -= 1

    async def _come_first(self, purpose: CallPriority) -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._first[purpose].acquire()
        except TimeoutError:
            raise RateBudgetExhaustedError from None

    async def told(self, left: int) -> None:
        """Corrects the budget by what Heroku says is left, if that is far from what we think.

        Raises:
            StoreUnavailableError: it is not corrected.
        """
        self.is_told = True
        if self._known is None:
            return
        known = self._known
        now = known.later(known.at + timedelta(seconds=time.monotonic() - self._known_since))
        left = min(left, int(now.size))
        if abs(left - now.tokens) > now.size * SLACK + FLOOR:
            log.info("heroku.budget_corrected", ours=int(now.tokens), left=left)
            await self._budgets.told(left)
            self._know(now.told(left))

    async def _take(self, purpose: CallPriority, *, until: float) -> None:
        """Takes a token by a moment of the monotonic clock; what asks Postgres is never cut off half done."""
        while self._drawn[purpose] == 0:
            calls = self._waiting[purpose] + (AHEAD if self._is_plenty else 0)
            left, self._drawn[purpose] = await self._budgets.draw(purpose, calls)
            self._know(left)
            if self._drawn[purpose] == 0:
                wait = max(left.wait(purpose), SHORTEST).total_seconds()
                if purpose is CallPriority.OBSERVE or time.monotonic() + wait > until:
                    raise RateBudgetExhaustedError
                await asyncio.sleep(wait)
        self._drawn[purpose] -= 1

    @property
    def _is_plenty(self) -> bool:
        """Whether the pool was more than half full: what is drawn ahead then, nobody else will miss."""
        return self._known is not None and self._known.tokens > self._known.size / 2

    def _know(self, left: Budget) -> None:
        self._known, self._known_since = left, time.monotonic()
