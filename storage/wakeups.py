"""Wakes workers: those of this process at once, others through ``NOTIFY``; timers are the safety net."""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Self

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.domain.timings import DEFAULT, Timings
from bot.ports import Wakeups, WorkerName
from storage.engine import async_commit_engine

CHANNEL: Final = "pgaccess"
"""Channel of the notifications; a payload is a comma-separated list of workers."""

_NOTIFY: Final = text("SELECT pg_notify(:channel, :loops)")

log = structlog.get_logger(__name__)


class PostgresWakeups(Wakeups):
    """Wakes workers after commits.

    ``NOTIFY`` runs in autocommit outside the transactions, several wake-ups as one: inside, it would
    serialise every commit of the server on one lock.

    Args:
        url: of the database.
        timings: of attempts to listen again.
        through: sends ``NOTIFY``; an engine of its own, with one connection, unless given.
    """

    def __init__(self, *, url: str, timings: Timings = DEFAULT, through: AsyncEngine | None = None) -> None:
        self._url = url
        self._timings = timings
        engine = through or async_commit_engine(url)
        self._own = engine if through is None else None
        self._through = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._events = {loop: asyncio.Event() for loop in WorkerName}
        self._unsent: set[WorkerName] = set()
        self._pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Starts listening and notifying."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._notify())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._own is not None:
            await self._own.dispose()

    @override
    def wake(self, loops: Iterable[WorkerName]) -> None:
        loops = set(loops)
        self._wake(loops)
        self._unsent |= loops
        if loops:
            self._pending.set()

    @override
    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._events[loop].wait()
        # Cleared after the wait: what came while the worker was busy ends its next sleep at once.
        self._events[loop].clear()

    def _wake(self, loops: Iterable[WorkerName]) -> None:
        for loop in loops:
            self._events[loop].set()

    async def _notify(self) -> None:
        while True:
            await self._pending.wait()
            # Cleared before the statement runs: what is added meanwhile sets it again.
            self._pending.clear()
            loops, self._unsent = self._unsent, set()
            # A lost wake-up costs the time until a poll, and ``_listen`` logs the same outage.
            with contextlib.suppress(SQLAlchemyError):
                async with self._through.connect() as connection:
                    await connection.execute(_NOTIFY, {"channel": CHANNEL, "loops": ",".join(sorted(loops))})

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notification in connection.notifies():
                        self._wake(
                            # During a deploy a newer process may name workers that this one does not have.
                            WorkerName(word)
                            for word in notification.payload.split(",")
                            if word in set(WorkerName)
                        )
            except psycopg.Error as error:
                log.warning("wakeups.lost", error=type(error).__name__)
            await asyncio.sleep(self._timings.reconnect.total_seconds())
