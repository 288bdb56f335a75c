"""Deadlines of answers: work that is late goes on by itself, and the person is told that it is not known."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

from bot.errors import TryAgainError

ANSWER: Final = timedelta(milliseconds=1700)
"""How long acting on a payload may take: Slack allows 3 s in all, and answering may take one more."""

LOCALE: Final = timedelta(milliseconds=300)
"""How long looking up a person's locale may take; the channel's language is good enough."""

T = TypeVar("T")


class LateError(TryAgainError):
    """It is not known whether a request was recorded, and the person was told so."""


class Deadlines:
    """Runs work with a deadline, and keeps a reference to what is late until it ends."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def wait_for(self, work: Coroutine[Any, Any, T], *, within: timedelta = ANSWER) -> T:
        """Waits for work until its deadline; late work is never cancelled half done.

        Cancelling would not help either: a database connection that has gone dead does not notice.

        Raises:
            LateError: it is not known whether anything was recorded.
        """
        task = asyncio.create_task(work)
        # The event loop keeps only a weak reference to a task: late work could be collected half done.
        self._running.add(task)
        task.add_done_callback(self._ended)
        # Not ``asyncio.wait_for``, which cancels the work when the time is over.
        done, _ = await asyncio.wait({task}, timeout=within.total_seconds())
        if not done:
            raise LateError("the store did not answer in time")
        return task.result()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Marks the exception as retrieved: nobody waits for late work any more.
            task.exception()
