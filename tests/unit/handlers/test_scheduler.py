"""The clock ticks until it is stopped, and says nothing of a step that its own stop cuts off."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.ports import WorkerName
from handlers.scheduler import Scheduler
from tests.unit.factories import SetClock


class Silent:
    """A bell that nobody rings."""

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        await asyncio.sleep(at_most.total_seconds())


def ticking(step: Any) -> Scheduler:
    """A clock whose every step is this one."""
    services = SimpleNamespace(run_due=step, seal=step, send_weekly_summary=step)
    directory_sync = SimpleNamespace(run_due=step, answer_lookups=step)
    return Scheduler(
        services=cast("Any", services),
        directory_sync=cast("Any", directory_sync),
        clock=SetClock(),
        wakeups=cast("Any", Silent()),
    )


async def test_a_stop_in_the_middle_of_a_step_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def step() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    running = asyncio.create_task(ticking(step).run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await ended.wait()
    await asyncio.sleep(0.05)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_step_that_fails_does_not_stop_the_clock() -> None:
    steps = 0
    again = asyncio.Event()

    async def step() -> None:
        nonlocal steps
        steps += 1
        if steps > 8:
            again.set()
        raise ValueError("not thought of")

    running = asyncio.create_task(ticking(step).run())
    async with asyncio.timeout(10):
        await again.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
