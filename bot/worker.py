"""Worker loops: claim what is due, work on it, sleep until woken or due; and background tasks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, Generic, Protocol, Self, TypeVar, runtime_checkable

import structlog

from bot.domain.timings import DEFAULT, Timings
from bot.errors import TryAgainError
from bot.ports import Wakeups, WorkerName
from bot.ports.telemetry import NO_TELEMETRY, JobOutcome, Telemetry

SHORTEST: Final = timedelta(milliseconds=100)
"""The shortest sleep: a row that is due and yet cannot be claimed must not keep the loop spinning."""

YIELD: Final = timedelta(milliseconds=50)
"""How long notifier and scheduler let the reconciler go first: closing matters more than telling of it."""

GIVE_WAY: Final = timedelta(milliseconds=100)
"""How long one more message waits while the reconciler is at work. Ten a second are more than Slack takes in
the long run, about one a second in each channel (Slack developer documentation, 2026-11, "Rate limits")."""

GRACE: Final = timedelta(seconds=10)
"""How long running work may finish when the process is asked to stop; Heroku gives 30 s in all."""

BACKGROUND_AT_MOST: Final = 50
"""Background tasks at once in a process; further ones are dropped, and the answer already given stays."""

log = structlog.get_logger(__name__)

S = TypeVar("S")
T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Worker(Protocol[T]):
    """What a loop runs."""

    async def claim(self) -> T | None:
        """Claims one job that is due; None when none is."""
        ...

    async def work(self, job: T, /) -> None:
        """Does the job."""
        ...

    async def next_due(self) -> timedelta | None:
        """Time until a job is due; None when none will be."""
        ...


@runtime_checkable
class Accountable(Protocol[T_contra]):
    """A worker that records jobs that failed unexpectedly."""

    async def failed(self, job: T_contra, error: Exception, /) -> None:
        """Releases the job and reports the error."""
        ...


class WorkLoop(Generic[T]):
    """Loop of one worker over several jobs at a time.

    Args:
        name: which wake-ups are for it.
        worker: claims and does the jobs.
        at_once: jobs at the same time in this process.
        yields: how long it lets others in this process go first when it is woken.
        after: a loop that goes first: while it is at work, each job waits for ``GIVE_WAY``.
        timings: with the longest sleep, and the pause after the store could not be reached.
        telemetry: counts the steps.
    """

    def __init__(
        self,
        *,
        name: WorkerName,
        worker: Worker[T],
        wakeups: Wakeups,
        at_once: int,
        yields: timedelta = timedelta(),
        after: "WorkLoop[Any] | None" = None,
        timings: Timings = DEFAULT,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._timings = timings
        self._telemetry = telemetry
        self._name = name
        self._worker = worker
        self._wakeups = wakeups
        self._yields = yields
        self._after = after
        self._free = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._asleep = False
        self._idle = asyncio.Event()

    async def run(self) -> None:
        """Runs until cancelled; then lets running jobs finish, for a while."""
        try:
            while True:
                # Before the claim: a claimed job that waits for a free place would use up its lease.
                await self._free.acquire()
                if self._after is not None:
                    await self._after.idle(at_most=GIVE_WAY)
                job = await self._claim()
                if job is None:
                    self._free.release()
                    await self._sleep()
                else:
                    self._begin(job)
        finally:
            await self._finish()

    async def idle(self, *, at_most: timedelta) -> None:
        """Returns when no job is running, or after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._idle.wait()

    async def _claim(self) -> T | None:
        """Claims one job; a claim under way outlasts a stop, and its job is finished as running ones are."""
        claiming = asyncio.create_task(self._attempt(self._worker.claim()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # Cut off after its commit, it would leave the job to a lease that nobody works under.
            if (job := await claiming) is not None:
                self._begin(job)
            raise

    def _begin(self, job: T) -> None:
        task = asyncio.create_task(self._work(job))
        # The event loop keeps weak references only: a task that nobody holds may vanish.
        self._running.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free.release()
        self._update_idle()

    def _update_idle(self, *, asleep: bool | None = None) -> None:
        self._asleep = self._asleep if asleep is None else asleep
        if self._asleep and not self._running:
            self._idle.set()
        else:
            self._idle.clear()

    async def _work(self, job: T) -> None:
        async def report(error: Exception) -> None:
            if isinstance(self._worker, Accountable):
                await self._attempt(self._worker.failed(job, error))

        await self._attempt(self._worker.work(job), report)

    async def _attempt(
        self, step: Coroutine[Any, Any, S], report: Callable[[Exception], Awaitable[None]] | None = None
    ) -> S | None:
        """Runs one step. Whatever goes wrong, the loop goes on; once the lease ends, the job can be retried.

        Args:
            step: what to run.
            report: receives an unexpected error.
        """
        try:
            done = await step
        except TryAgainError as error:
            self._telemetry.step_ended(self._name, JobOutcome.TRY_AGAIN)
            log.warning("loop.try_again", loop=self._name, error=str(error))
            await asyncio.sleep(self._timings.store_pause.total_seconds())
        except Exception as error:
            self._telemetry.step_ended(self._name, JobOutcome.FAILED)
            log.exception("loop.failed", loop=self._name)
            if report is not None:
                await report(error)
            await asyncio.sleep(self._timings.store_pause.total_seconds())
        else:
            self._telemetry.step_ended(self._name, JobOutcome.DONE)
            return done
        return None

    async def _sleep(self) -> None:
        due = await self._attempt(self._worker.next_due())
        longest = self._timings.safety_net
        wait = longest if due is None else max(SHORTEST, min(due, longest))
        self._update_idle(asleep=True)
        await self._wakeups.wait(self._name, at_most=wait)
        self._update_idle(asleep=False)
        if self._yields:
            await asyncio.sleep(self._yields.total_seconds())

    async def _finish(self) -> None:
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=GRACE.total_seconds())
        # What is cut off here is found again: its lease runs out, and the row is still due.
        for task in late:
            task.cancel()


@contextlib.asynccontextmanager
async def running(*loops: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs loops for the length of a ``with`` block; one that ends by itself cancels the block.

    A process whose reconciler or scheduler has stopped must not look alive: its platform starts a new one.
    """
    owner = asyncio.current_task()

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and owner is not None:
            log.critical("loop.ended", error=repr(task.exception()))
            owner.cancel()

    tasks = [asyncio.create_task(loop()) for loop in loops]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class BackgroundTasks:
    """Small work that goes on after a person was answered, cancelled at the end of the ``with`` block.

    Nothing that has to happen is done here: a process that stops loses it.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def run(self, task: Coroutine[Any, Any, None]) -> None:
        """Begins a task and returns at once; with too many running, it is dropped."""
        if len(self._running) >= BACKGROUND_AT_MOST:
            # A coroutine that is dropped without this is reported by Python as never awaited.
            task.close()
            return
        running = asyncio.create_task(task)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
