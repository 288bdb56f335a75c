"""The life of a process: its parts run until it is asked to stop, and a stop has an end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Final

STOP_AT_MOST_S: Final = 25
"""Seconds from the request to stop until the system ends the process, whatever it waits for. Its parts take
10 s at most; Heroku kills it after 30 s (Heroku Dev Center, "Dyno Shutdown")."""


def stop_signals() -> asyncio.Event:
    """Returns what SIGTERM and SIGINT set, from now on, instead of ending the process at once."""
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        # SIGALRM, which nobody handles, ends a process that hangs even where no Python code runs any more.
        signal.alarm(STOP_AT_MOST_S)

    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    return stopping


async def run_until(stopping: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Runs the parts of a process until it is asked to stop, or one of them ends; then stops all at once.

    A part is stopped by being cancelled, also while it is still starting, and finishes its work meanwhile.

    Args:
        stopping: set when the process is asked to stop.
        parts: what runs; an error of one is raised after all have stopped.
    """
    running = [asyncio.create_task(part) for part in parts]
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({*running, asked}, return_when=asyncio.FIRST_COMPLETED)
    ended = {task for task in running if task.done()}
    for task in (*running, asked):
        task.cancel()
    await asyncio.gather(*running, asked, return_exceptions=True)
    for task in running:
        if task in ended or not task.cancelled():
            task.result()
