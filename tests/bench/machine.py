"""The machine that is measured on: its cores, its disk, and processes bound to a core."""

import contextlib
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

LOAD, SERVER = 0, 1
"""The core of the load, of Postgres and of the emulated world; and that of the measured process."""

START: Final = 60.0
"""Seconds that a process may take to be there, or to be gone; one is usual."""

FLUSHES: Final = 200
"""Flushes that tell what one costs."""


def bind(core: int, pid: int = 0) -> bool:
    """Binds a process, this one if 0, to a core; False where the system cannot, or has but one."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(pid, {core})
    return True


def described() -> str:
    """The machine in a line."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.processor()
    memory = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    size = f", {int(memory[0]) // 1024**2} GiB" if memory else ""
    return f"{os.cpu_count()} cores of {model}{size}, {platform.system()}, Python {platform.python_version()}"


def flush_ms(folder: Path | None = None) -> list[float]:
    """What it costs to make 8 KiB durable, appended to a file as Postgres does: milliseconds, each time."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(FLUSHES):
            file.write(bytes(8192))
            file.flush()
            begun = time.perf_counter()
            # fdatasync is Postgres' default wal_sync_method on Linux; other systems may lack it.
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return taken


class Bound:
    """A process of ours, bound to a core.

    Args:
        arguments: after ``python -m``.
        environ: its whole environment.
        log: takes what it prints.
        core: where it runs.
        report: where it tells at its end where its time went, if it is one of ``sampled``.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        log: IO[bytes],
        core: int = SERVER,
        report: Path | None = None,
    ) -> None:
        self.log = Path(log.name)
        self.report = report
        self.begun = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=dict(environ),
            stdout=log,
            stderr=subprocess.STDOUT,
            # Before it runs: its threads are to be there too.
            preexec_fn=lambda: bind(core),
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def memory_mib(self) -> float:
        """Resident memory."""
        resident = [
            line.split()[1] for line in _lines(f"/proc/{self.pid}/status") if line.startswith("VmRSS")
        ]
        if not resident:
            raise RuntimeError("this system does not tell the memory of a process")
        return int(resident[0]) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def warm(self) -> None:
        """Tells it that what counts begins here."""
        if self.report is not None:
            self._process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """Ends it at once: what it has recorded is what is looked at; one that is to report may finish."""
        if self.report is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=START)
        self._process.kill()
        self._process.wait()

    def require_alive(self) -> None:
        """Raises with what it printed when it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"a process has ended by itself: {self.log.read_text()[-2000:]}")


def seconds_until(seen: Callable[[], object], *, pause: float = 0.005, patience: float = START) -> float:
    """Asks until something is seen; how long that took."""
    begun = time.monotonic()
    while not seen():
        if time.monotonic() - begun > patience:
            raise RuntimeError("never seen")
        time.sleep(pause)
    return time.monotonic() - begun


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
