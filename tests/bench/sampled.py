"""``python -m tests.bench.sampled FILE COMMAND``: runs a process of the bot, and tells where its time went.

The system interrupts it after every few milliseconds of processor time, so waiting does not count. At the end
FILE holds the shares: of each package's own code, and of each of our functions with all that they call.
"""

import importlib
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from bot.__main__ import main

PAUSE: Final = 0.002
"""Seconds of processor time between two looks."""

_greenlet: Any = importlib.import_module("greenlet")
"""SQLAlchemy brings it; it has no types."""

SHOWN: Final = 60
"""Functions that a report names."""

_OURS: Final = ("bot", "handlers", "storage")


class Sampler:
    """Looks at what the main thread is doing."""

    def __init__(self) -> None:
        self._own: Counter[str] = Counter()
        self._with_calls: Counter[str] = Counter()

    def start(self) -> None:
        """Begins; SIGUSR1 begins anew, once everything is imported and warm."""
        signal.signal(signal.SIGPROF, self._look)
        signal.signal(signal.SIGUSR1, self._forget)
        signal.setitimer(signal.ITIMER_PROF, PAUSE, PAUSE)

    def report(self) -> str:
        """The shares so far, the greatest first."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        looks = sum(self._own.values()) or 1
        lines = [f"{looks} looks", "", "own code of a package"]
        lines += [f"{count / looks:6.1%}  {name}" for name, count in self._own.most_common(16)]
        lines += ["", "our functions and what they call"]
        lines += [f"{count / looks:6.1%}  {name}" for name, count in self._with_calls.most_common(SHOWN)]
        return "\n".join(lines)

    def _forget(self, _: int, __: FrameType | None) -> None:
        self._own.clear()
        self._with_calls.clear()

    def _look(self, _: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self._own[_module(frame).partition(".")[0]] += 1
        ours = [each for each in _stack(frame) if _module(each).startswith(_OURS)]
        self._with_calls.update({f"{_module(each)}.{each.f_code.co_qualname}" for each in ours})


def _stack(frame: FrameType) -> Iterator[FrameType]:
    """What is being done, the innermost first; SQLAlchemy works in greenlets that have a stack each."""
    here: FrameType | None = frame
    worker: Any = _greenlet.getcurrent()
    while here is not None:
        yield here
        here = here.f_back
        if here is None and worker is not None:
            worker = worker.parent
            here = None if worker is None else worker.gr_frame


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


if __name__ == "__main__":
    sampler = Sampler()
    sampler.start()
    try:
        status = main([sys.argv[2]])
    finally:
        Path(sys.argv[1]).write_text(sampler.report())
    sys.exit(status)
