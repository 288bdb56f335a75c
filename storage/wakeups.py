"""Wakes workers: those of this process at once, others through ``NOTIFY``; timers are the safety net."""

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
"""Channel of the notifications; a payload is a comma-separated list of workers."""


log = structlog.get_logger(__name__)


class PostgresWakeups(Wakeups):
    """Wakes workers after commits.

    ``NOTIFY`` runs in autocommit on a connection of its own, several wake-ups as one: inside the transactions
    it would serialise every commit of the server on one lock.
    """

    def __init__(self, *, url: str, timings: Timings = DEFAULT) -> None:
        self._url = url
        self._timings = timings
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
            # A lost wake-up costs the time until a poll, and ``_listen`` logs the same outage.
            with contextlib.suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await self._notify_through(connection)
            await asyncio.sleep(self._timings.reconnect.total_seconds())

    async def _notify_through(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._pending.wait()
            # Cleared before the statement runs: what is added meanwhile sets it again.
            self._pending.clear()
            loops, self._unsent = self._unsent, set()
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, ",".join(sorted(loops))))

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
