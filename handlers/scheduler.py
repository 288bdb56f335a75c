"""APScheduler as a clock: it triggers steps that decide for themselves what is due, and keeps no state."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.directory_sync import DirectorySync
from bot.errors import TryAgainError
from bot.ports import Clock, Wakeups, WorkerName
from bot.ports.telemetry import NO_TELEMETRY, JobOutcome, Telemetry
from bot.services import Services
from bot.worker import YIELD

EVERY_SECOND: Final = timedelta(seconds=1)
"""Interval of ends, reminders and sealing the audit log: one indexed query each."""

EVERY_FEW_SECONDS: Final = timedelta(seconds=5)
"""Interval of checking whether a directory sync or the weekly summary is due."""

LONGEST_STEP: Final = timedelta(minutes=2)
"""Timeout of a step; the slowest is a sync of databases while Heroku is slow to answer."""

FARTHEST: Final = timedelta(days=1)
"""Maximum delay of a timer, which is reset long before."""

log = structlog.get_logger(__name__)


class Scheduler:
    """Runs the periodic steps of one process. Any number of processes may: each step is idempotent.

    Args:
        services: ends, reminders, sealing.
        directory_sync: reads databases, people and user groups that are due.
        clock: business time.
        wakeups: wake the scheduler when business time has jumped.
        give_way: waits shortly, after a wake-up, while more urgent work runs.
        telemetry: counts the steps.
    """

    def __init__(
        self,
        *,
        services: Services,
        directory_sync: DirectorySync,
        clock: Clock,
        wakeups: Wakeups,
        give_way: Callable[[], Awaitable[None]] | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._services = services
        self._directory_sync = directory_sync
        self._clock = clock
        self._wakeups = wakeups
        self._give_way = give_way
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._stopping = False

    async def run(self) -> None:
        """Runs until cancelled."""
        self._every(EVERY_SECOND, self._run_due)
        self._every(EVERY_SECOND, self._services.closings.run_due)
        # Apart from the transactions that write lines: they would all wait for the one end of the chain.
        self._every(EVERY_SECOND, self._services.deadlines.seal_audit_log)
        self._every(EVERY_FEW_SECONDS, self._services.leavers.run_due)
        # Each for itself: neither waits for the other's rate limit, or for a slow answer.
        self._every(EVERY_FEW_SECONDS, self._directory_sync.read_people)
        self._every(EVERY_FEW_SECONDS, self._directory_sync.read_groups)
        self._every(EVERY_FEW_SECONDS, self._directory_sync.read_targets)
        self._every(EVERY_FEW_SECONDS, self._directory_sync.read_departures)
        self._every(EVERY_FEW_SECONDS, self._services.departures.run_due)
        self._every(EVERY_FEW_SECONDS, self._services.expiry_reminders.send_weekly_summary)
        self._every(EVERY_FEW_SECONDS, self._services.pending_review.run_due)
        self._every(EVERY_FEW_SECONDS, self._services.lost_channels.run_due)
        self._every(EVERY_FEW_SECONDS, self._services.findings.run_due)
        self._every(EVERY_FEW_SECONDS, self._run_reviews)
        self._every(EVERY_FEW_SECONDS, self._services.retention.run_due)
        self._every(EVERY_FEW_SECONDS, self._services.audit_heads.post_daily)
        self._scheduler.start()
        try:
            await self._listen()
        finally:
            self._stopping = True
            # Steps under way are cut off: what they have not committed rolls back, and is due at the next
            # run.
            self._scheduler.shutdown(wait=False)

    async def _listen(self) -> None:
        """Runs the steps at once after a wake-up, without waiting for their interval."""
        while True:
            await self._wakeups.wait(WorkerName.CLOCK, at_most=timedelta(minutes=1))
            await asyncio.sleep(YIELD.total_seconds())
            if self._give_way is not None:
                await self._give_way()
            await self._run_step(self._run_due)
            await self._run_step(self._services.closings.run_due)
            await self._run_step(self._services.lost_channels.run_due)
            await self._run_step(self._services.findings.run_due)
            await self._run_step(self._services.expiry_reminders.send_weekly_summary)
            await self._run_step(self._run_reviews)
            # What was just looked up may be that somebody has left.
            await self._run_step(self._services.leavers.run_due)
            await self._run_step(self._services.departures.run_due)

    async def _run_reviews(self) -> None:
        """Runs both reviews, one after the other: the weekly one leaves out what the other has just asked."""
        # By itself: where it fails, the weekly one is not held up.
        await self._run_step(self._services.access_reviews.run_due)
        await self._services.entitlements.send_weekly_review()

    async def _run_due(self) -> None:
        """Runs what is due, and sets a timer for the next end or reminder: more exact than the interval.

        The timer is a delay computed from business time, and reset on every run, because that may jump.
        """
        next_due = await self._services.deadlines.run_due()
        if next_due is not None:
            delay = max(timedelta(), next_due - self._clock.now())
            self._scheduler.add_job(
                self._run_job,
                "date",
                args=[self._run_due],
                run_date=datetime.now(UTC) + min(delay, FARTHEST),
                id="next",
                replace_existing=True,
                misfire_grace_time=None,
            )

    def _every(self, interval: timedelta, step: Callable[[], Awaitable[Any]]) -> None:
        """Schedules a step; it never overlaps itself, and runs once after a pause, whatever it missed."""
        self._scheduler.add_job(
            self._run_job,
            "interval",
            args=[step],
            seconds=interval.total_seconds(),
            # At once, and not after the first interval: after downtime there may be overdue ends.
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            # APScheduler's default skips a run that a busy event loop starts more than a second late.
            misfire_grace_time=None,
        )

    async def _run_job(self, step: Callable[[], Awaitable[Any]]) -> None:
        """Runs a step; APScheduler would log a traceback for one that is cancelled by our own stop."""
        try:
            await self._run_step(step)
        except asyncio.CancelledError:
            if not self._stopping:
                raise

    async def _run_step(self, step: Callable[[], Awaitable[Any]]) -> None:
        """Runs a step. Whatever fails, later runs follow: a stopped scheduler would leave access open."""
        try:
            async with asyncio.timeout(LONGEST_STEP.total_seconds()):
                await step()
            self._telemetry.step_ended(WorkerName.CLOCK, JobOutcome.DONE)
        except (TryAgainError, TimeoutError) as error:
            self._telemetry.step_ended(WorkerName.CLOCK, JobOutcome.TRY_AGAIN)
            log.warning("clock.try_again", error=str(error))
        except Exception:
            self._telemetry.step_ended(WorkerName.CLOCK, JobOutcome.FAILED)
            log.exception("clock.failed")
