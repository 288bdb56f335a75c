"""Protocols of business time and of wake-ups between processes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Clock(Protocol):
    """Business time: ends, warnings, dates on cards. The sandbox may move it."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class WorkerName(StrEnum):
    """The workers that a commit may wake."""

    # The values travel between processes, of two releases during a deploy.
    RECONCILER = "reconciler"
    NOTIFIER = "notifier"
    CLOCK = "clock"
    DIRECTORY = "directory"


class Wakeups(Protocol):
    """Wakes workers in this and other processes. A wake-up may be lost: no work depends on it."""

    def wake(self, loops: Iterable[WorkerName]) -> None:
        """Wakes the workers soon; returns at once."""
        ...

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        """Returns when the worker is woken, or after the time."""
        ...
