"""Work loops: when they are idle, how one yields to another, and how they stop."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import pytest

from bot.ports import WorkerName
from bot.worker import WorkLoop, running

PATIENCE: Final = 15.0
"""Seconds after which something that happens at once counts as missing."""

LONG: Final = timedelta(hours=1)


class NoWakeups:
    """Wake-ups that never come: loops wake by their own timers."""

    def wake(self, loops: Iterable[WorkerName]) -> None:
        """Does nothing."""

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        """Sleeps for the full time."""
        await asyncio.sleep(at_most.total_seconds())


class HeldWorker:
    """A worker with a number of pieces of work, each of which lasts until released."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.started = asyncio.Event()
        self.released = asyncio.Event()

    async def claim(self) -> int | None:
        """The next piece."""
        if self.left == 0:
            return None
        self.left -= 1
        return self.left

    async def work(self, piece: int) -> None:
        """Works on it until released."""
        self.started.set()
        await self.released.wait()

    async def next_due(self) -> timedelta | None:
        """Nothing is due later."""
        return None


def loop(worker: HeldWorker, *, after: WorkLoop[int] | None = None) -> WorkLoop[int]:
    """A loop over a worker."""
    return WorkLoop(name=WorkerName.RECONCILER, worker=worker, wakeups=NoWakeups(), at_once=2, after=after)


async def test_a_loop_without_work_is_idle() -> None:
    idle_loop = loop(HeldWorker(0))
    async with asyncio.timeout(PATIENCE), running(idle_loop.run):
        await idle_loop.idle(at_most=LONG)


async def test_a_loop_is_idle_once_its_last_piece_is_done() -> None:
    worker = HeldWorker(2)
    working = loop(worker)
    async with asyncio.timeout(PATIENCE), running(working.run):
        await worker.started.wait()
        await working.idle(at_most=timedelta(milliseconds=50))
        assert not worker.released.is_set()
        worker.released.set()
        await working.idle(at_most=LONG)
    assert worker.left == 0


async def test_a_loop_that_yields_to_one_that_is_never_idle_continues_all_the_same() -> None:
    first, second = HeldWorker(1), HeldWorker(1)
    busy = loop(first)
    later = loop(second, after=busy)
    async with asyncio.timeout(PATIENCE), running(busy.run, later.run):
        await second.started.wait()
        assert first.started.is_set()
        first.released.set()
        second.released.set()


class SlowClaim(HeldWorker):
    """A worker whose claim has taken its piece, and takes a while to say so."""

    def __init__(self) -> None:
        super().__init__(1)
        self.claiming = asyncio.Event()
        self.claimed = asyncio.Event()
        self.done: list[int] = []

    async def claim(self) -> int | None:
        """The only piece, once it is said to be claimed."""
        piece = await super().claim()
        self.claiming.set()
        await self.claimed.wait()
        return piece

    async def work(self, piece: int) -> None:
        """Does it at once."""
        self.done.append(piece)


@pytest.mark.parametrize("pieces", [1, 0])
async def test_a_stop_during_a_claim_leaves_no_piece_claimed_and_not_done(pieces: int) -> None:
    worker = SlowClaim()
    worker.left = pieces
    async with asyncio.timeout(PATIENCE):
        stopping = asyncio.create_task(loop(worker).run())
        await worker.claiming.wait()
        stopping.cancel()
        await asyncio.sleep(0)
        worker.claimed.set()
        await asyncio.wait({stopping})
    assert stopping.cancelled()
    assert worker.done == [0] * pieces
