"""Small work that goes on after a person was answered, and that is given up when the process stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Self

AT_MOST: Final = 50
"""Errands at once in a process: what comes then is not begun, and the answer that was given has to do."""


class BackgroundTasks:
    """Runs errands until the end of a ``with`` block; none of them is needed for anything to be true."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def run(self, background_task: Coroutine[Any, Any, None]) -> None:
        """Begins an errand and returns at once."""
        if len(self._running) >= AT_MOST:
            background_task.close()
            return
        task = asyncio.create_task(background_task)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
