"""Starts the real processes of the bot quickly: ``python -m`` imports once, then forks.

Two things differ from production: business time can be moved, through a file, and timings are a sixth as
long.

Orders are lines of JSON on standard input, each answered by a line on standard output. At the end of the
input everything that was started is killed.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.domain.timings import DEFAULT

HASTE: Final = 6
"""Factor by which timings are shorter: a lease of a minute is 10 s, a call's deadline 2.5 s."""

OFFSET_FILE: Final = "PGACCESS_TEST_OFFSET"
"""Names the file with the seconds that business time is ahead of the machine's."""


class FiledClock:
    """Business time: the machine's, plus what stands in a file."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ[OFFSET_FILE]).read_text()))


def prepare() -> None:
    """Imports everything that a process of the bot needs, before the first one is forked."""
    for needed in (
        "bot.__main__", "bot.app", "uvicorn", "uvicorn.protocols.http.httptools_impl", "uvloop",
    ):  # fmt: skip
        importlib.import_module(needed)


def serve() -> None:
    """Executes orders until there are no more; kills everything that was started at the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    alive: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "command" in order:
                alive.add(pid := _start(order))
                _answer(pid=pid)
            else:
                _, status = os.waitpid(order["wait"], 0)
                alive.discard(order["wait"])
                _answer(status=os.waitstatus_to_exitcode(status))
    finally:
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _answer(**given: object) -> None:
    sys.stdout.write(json.dumps(given) + "\n")
    sys.stdout.flush()


def _start(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    _become(order)
    raise AssertionError("a process that has become the bot does not return")


def _become(order: dict[str, Any]) -> None:
    """Turns this process into one of the bot's."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for taken, standing in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(taken, standing)
    os.environ.clear()
    os.environ.update(order["environ"])
    status = 1
    try:
        status = importlib.import_module("bot.__main__").main(
            [order["command"]], clock=FiledClock(), timings=DEFAULT.faster(HASTE)
        )
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    prepare()
    _answer(ready=True)
    serve()
