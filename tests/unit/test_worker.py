"""Loops that let another one go first."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from bot.ports import WorkerName
from bot.worker import WorkLoop, running

PATIENCE: Final = 15.0
"""Seconds until something that has to happen at once counts as not happening."""

LONG: Final = timedelta(hours=1)


class Deaf:
    """A bell that nobody rings: loops look again by themselves."""

    def wake(self, loops: Iterable[WorkerName]) -> None:
        """Wakes nobody."""

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        """Sleeps its time out."""
        await asyncio.sleep(at_most.total_seconds())


class ExternalChanges:
    """Does so many pieces of work, each of which lasts until it is let go."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()

    async def claim(self) -> int | None:
        """The next piece."""
        if self.left == 0:
            return None
        self.left -= 1
        return self.left

    async def work(self, piece: int) -> None:
        """Works on it until it is let go."""
        self.begun.set()
        await self.let_go.wait()

    async def next_due(self) -> timedelta | None:
        """Nothing is due later."""
        return None


def loop(hands: ExternalChanges, *, after: WorkLoop[int] | None = None) -> WorkLoop[int]:
    """A loop over these hands."""
    return WorkLoop(name=WorkerName.RECONCILER, worker=hands, wakeups=Deaf(), at_once=2, after=after)


async def test_a_loop_without_work_is_idle() -> None:
    resting = loop(ExternalChanges(0))
    async with asyncio.timeout(PATIENCE), running(resting.run):
        await resting.idle(at_most=LONG)


async def test_a_loop_is_idle_once_its_last_piece_is_done() -> None:
    hands = ExternalChanges(2)
    working = loop(hands)
    async with asyncio.timeout(PATIENCE), running(working.run):
        await hands.begun.wait()
        await working.idle(at_most=timedelta(milliseconds=50))
        assert not hands.let_go.is_set()
        hands.let_go.set()
        await working.idle(at_most=LONG)
    assert hands.left == 0


async def test_whoever_waits_for_a_loop_that_is_never_idle_goes_on_all_the_same() -> None:
    first, second = ExternalChanges(1), ExternalChanges(1)
    busy = loop(first)
    later = loop(second, after=busy)
    async with asyncio.timeout(PATIENCE), running(busy.run, later.run):
        await second.begun.wait()
        assert first.begun.is_set()
        first.let_go.set()
        second.let_go.set()
