"""The nursery, and the processes that it starts, seen from a test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True, slots=True)
class Child:
    """One process of the bot.

    Attributes:
        pid: its number.
    """

    pid: int

    def kill(self) -> None:
        """``kill -9``: not one instruction more."""
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """``kill -STOP``: it stands still, and knows nothing of it."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """``kill -CONT``: it goes on at the very next instruction."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class Nursery:
    """Starts processes of the bot, one after another. Each order is carried out in a few milliseconds."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers

    def start(self, command: str, *, environ: Mapping[str, str], log: Path) -> Child:
        """Starts one; it is on its way when this returns.

        Args:
            command: ``web`` or ``worker``.
            environ: its whole environment.
            log: what it prints is added there.
        """
        given = {"command": command, "environ": dict(environ), "log": str(log)}
        return Child(self._ask(given)["pid"])

    def bury(self, child: Child) -> int:
        """Returns the exit status of a process that was killed; negative: the signal."""
        return self._ask({"wait": child.pid})["status"]

    def ready(self) -> None:
        """Waits until everything is imported."""
        self._answer()

    def _ask(self, order: dict[str, Any]) -> dict[str, int]:
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        return self._answer()

    def _answer(self) -> dict[str, int]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the nursery has ended")
        answer: dict[str, int] = json.loads(line)
        return answer


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery for the length of a ``with`` block; nothing that it started outlives it."""
    command = [sys.executable, "-m", "tests.crash.process_supervisor"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the nursery has neither ear nor mouth")
        started = Nursery(process.stdin, process.stdout)
        started.ready()
        yield started
        process.stdin.close()
