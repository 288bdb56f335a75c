"""APScheduler as a clock that says "look again": no state of its own, nothing decided here."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.directory_sync import DirectorySync
from bot.errors import TryAgainError
from bot.ports import Clock, Wakeups, WorkerName
from bot.services import Services
from bot.worker import YIELD

EVERY_SECOND: Final = timedelta(seconds=1)
"""Ends, warnings and seals: one indexed query each."""

EVERY_FEW: Final = timedelta(seconds=5)
"""Counting what is there: is a turn due?"""

LONGEST_STEP: Final = timedelta(minutes=2)
"""The longest that a step may take: counting thousands of people is the slowest."""

FARTHEST: Final = timedelta(days=1)
"""The farthest that a timer is set; it is set anew long before."""

log = structlog.get_logger(__name__)


class Scheduler:
    """Ticks in one process. Every process may tick: what a tick starts is harmless to do twice.

    Args:
        access: ends, warnings, seals.
        census: databases and people.
        clock: business time.
        bell: rings when time has moved, or somebody unknown turned up.
        give_way: waits a little while something that matters more is at work, when rung.
    """

    def __init__(
        self,
        *,
        services: Services,
        directory_sync: DirectorySync,
        clock: Clock,
        wakeups: Wakeups,
        give_way: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._services = services
        self._directory_sync = directory_sync
        self._clock = clock
        self._wakeups = wakeups
        self._give_way = give_way
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._stopping = False

    async def run(self) -> None:
        """Ticks until cancelled."""
        self._every(EVERY_SECOND, self._follow)
        self._every(EVERY_SECOND, self._services.deadlines.seal_audit_log)
        self._every(EVERY_FEW, self._directory_sync.run_due)
        self._every(EVERY_FEW, self._services.expiry_reminders.send_weekly_summary)
        self._scheduler.start()
        try:
            await self._listen()
        finally:
            self._stopping = True
            self._scheduler.shutdown(wait=False)

    async def _listen(self) -> None:
        """Looks at once when rung, without waiting for the next tick."""
        while True:
            await self._wakeups.wait(WorkerName.CLOCK, at_most=timedelta(minutes=1))
            await asyncio.sleep(YIELD.total_seconds())
            if self._give_way is not None:
                await self._give_way()
            await self._safely(self._follow)
            await self._safely(self._services.expiry_reminders.send_weekly_summary)
            await self._safely(self._directory_sync.answer_lookups)

    async def _follow(self) -> None:
        """Follows the clock, and sets a timer for the next end or warning: sharper than the next tick.

        The timer is a delay from business time, set anew each time, because business time may jump.
        """
        following = await self._services.deadlines.run_due()
        if following is not None:
            delay = max(timedelta(), following - self._clock.now())
            self._scheduler.add_job(
                self._tick,
                "date",
                args=[self._follow],
                run_date=datetime.now(UTC) + min(delay, FARTHEST),
                id="next",
                replace_existing=True,
                misfire_grace_time=None,
            )

    def _every(self, gap: timedelta, step: Callable[[], Awaitable[Any]]) -> None:
        """A tick that is never run twice at once, and once, not many times, after a pause."""
        self._scheduler.add_job(
            self._tick,
            "interval",
            args=[step],
            seconds=gap.total_seconds(),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    async def _tick(self, step: Callable[[], Awaitable[Any]]) -> None:
        """Takes a step for the scheduler, which would print a traceback of one that a stop cuts off."""
        try:
            await self._safely(step)
        except asyncio.CancelledError:
            if not self._stopping:
                raise

    async def _safely(self, step: Callable[[], Awaitable[Any]]) -> None:
        """Takes a step; whatever goes wrong, the next tick comes: a stopped clock would leave access open."""
        try:
            async with asyncio.timeout(LONGEST_STEP.total_seconds()):
                await step()
        except (TryAgainError, TimeoutError) as error:
            log.warning("clock.try_again", error=str(error))
        except Exception:
            log.exception("clock.failed")
