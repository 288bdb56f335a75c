"""Wakes loops in this process at once, and in others through ``NOTIFY``; the clock is the safety net."""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Self

import psycopg
import structlog
from typing_extensions import override

from bot.domain.timings import DEFAULT, Timings
from bot.ports import Wakeups, WorkerName

CHANNEL: Final = "pgaccess"
"""The notification channel; the payload is a comma list of loops."""


log = structlog.get_logger(__name__)


class PostgresWakeups(Wakeups):
    """Rings loops after commits.

    ``NOTIFY`` runs in autocommit on a connection of its own, several rings as one: inside the transaction it
    would make every commit of the whole server wait for a lock.
    """

    def __init__(self, *, url: str, timings: Timings = DEFAULT) -> None:
        self._url = url
        self._timings = timings
        self._events = {loop: asyncio.Event() for loop in WorkerName}
        self._to_tell: set[WorkerName] = set()
        self._telling = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Starts to listen and to tell others."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @override
    def wake(self, loops: Iterable[WorkerName]) -> None:
        loops = set(loops)
        self._wake(loops)
        self._to_tell |= loops
        if loops:
            self._telling.set()

    @override
    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._events[loop].wait()
        self._events[loop].clear()

    def _wake(self, loops: Iterable[WorkerName]) -> None:
        for loop in loops:
            self._events[loop].set()

    async def _tell(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await self._tell_through(connection)
            await asyncio.sleep(self._timings.reconnect.total_seconds())

    async def _tell_through(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._telling.wait()
            self._telling.clear()
            loops, self._to_tell = self._to_tell, set()
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, ",".join(sorted(loops))))

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notice in connection.notifies():
                        self._wake(
                            WorkerName(word) for word in notice.payload.split(",") if word in set(WorkerName)
                        )
            except psycopg.Error as error:
                log.warning("wakeups.lost", error=type(error).__name__)
            await asyncio.sleep(self._timings.reconnect.total_seconds())
