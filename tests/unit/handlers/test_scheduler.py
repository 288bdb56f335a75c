"""The scheduler runs until it is stopped; failed and cancelled steps do not end it."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.ports import WorkerName
from handlers.scheduler import Scheduler
from tests.unit.factories import SetClock


class NoWakeups:
    """Wake-ups that never come."""

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        await asyncio.sleep(at_most.total_seconds())


def scheduler_of(step: Any) -> Scheduler:
    """A scheduler whose every step is this one."""
    services = SimpleNamespace(
        deadlines=SimpleNamespace(run_due=step, seal_audit_log=step),
        expiry_reminders=SimpleNamespace(send_weekly_summary=step),
        leavers=SimpleNamespace(run_due=step),
        closings=SimpleNamespace(run_due=step),
        lost_channels=SimpleNamespace(run_due=step),
        departures=SimpleNamespace(run_due=step),
        pending_review=SimpleNamespace(run_due=step),
        entitlements=SimpleNamespace(send_weekly_review=step),
        access_reviews=SimpleNamespace(run_due=step),
        retention=SimpleNamespace(run_due=step),
        audit_heads=SimpleNamespace(post_daily=step),
        findings=SimpleNamespace(run_due=step),
    )
    directory_sync = SimpleNamespace(
        read_people=step, read_groups=step, read_targets=step, read_departures=step
    )
    return Scheduler(
        services=cast("Any", services),
        directory_sync=cast("Any", directory_sync),
        clock=SetClock(),
        wakeups=cast("Any", NoWakeups()),
    )


async def test_a_stop_in_the_middle_of_a_step_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def step() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    running = asyncio.create_task(scheduler_of(step).run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await ended.wait()
    await asyncio.sleep(0.05)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_failed_step_does_not_stop_the_scheduler() -> None:
    steps = 0
    enough = asyncio.Event()

    async def step() -> None:
        nonlocal steps
        steps += 1
        if steps > 8:
            enough.set()
        raise ValueError("unexpected")

    running = asyncio.create_task(scheduler_of(step).run())
    async with asyncio.timeout(10):
        await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
