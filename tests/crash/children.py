"""The process supervisor and its processes, as a test sees them."""

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
        """Sends SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Sends SIGSTOP: the process is paused without knowing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Sends SIGCONT: the process goes on where it was paused."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def frozen(self) -> bool:
        """Whether it is paused."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class ProcessSupervisor:
    """Starts processes of the bot within milliseconds: the supervisor has imported everything."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers

    def start(self, command: str, *, environ: Mapping[str, str], log: Path) -> Child:
        """Starts one; it is on its scenario when this returns.

        Args:
            command: ``web`` or ``worker``.
            environ: its complete environment.
            log: file that its output is appended to.
        """
        given = {"command": command, "environ": dict(environ), "log": str(log)}
        return Child(self._ask(given)["pid"])

    def wait_for(self, child: Child) -> int:
        """Waits for a process to end; returns its exit status, negative for a signal."""
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
            raise RuntimeError("the process supervisor has ended")
        answer: dict[str, int] = json.loads(line)
        return answer


@contextlib.contextmanager
def supervisor() -> Iterator[ProcessSupervisor]:
    """Runs a supervisor for the length of a ``with`` block; it kills everything that it started."""
    command = [sys.executable, "-m", "tests.crash.process_supervisor"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the supervisor has no pipes")
        started = ProcessSupervisor(process.stdin, process.stdout)
        started.ready()
        yield started
        process.stdin.close()
