"""A worker's memory while Heroku's answers unpack to hundreds of MiB, measured from outside the process."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.processes import Machine, until
from tests.summary import CONNECTIONS

BOMB_MIB = 256
MOST_MIB = 128
"""MiB that a worker may grow by: ten answers at once are read in pieces, each up to its bound of 8 MiB."""

BOMBS = 20
"""Answers of that kind that have to have been read before it is judged."""


def peak_mib(pid: int) -> float:
    """The most memory that a process has had at once."""
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kib) / 1024


@pytest.mark.timeout(180)
def test_a_worker_stays_small_while_heroku_sends_gzip_bombs(
    running: Machine, record_property: Callable[[str, object], None]
) -> None:
    worker = running.processes["worker"]
    before, begun = peak_mib(worker.pid), answers(running)
    running.fault(kind="gzip_bomb", size=BOMB_MIB, on="", times=None)

    def read() -> bool:
        # Whoever asks for the status has everything read again.
        assert running.type("U0ENGINEER", "/pgaccess status")["ok"]
        return answers(running) - begun >= BOMBS

    until(read, seconds=90)
    assert worker.running, worker.printed()
    grown = peak_mib(worker.pid) - before
    record_property(
        CONNECTIONS,
        f"gzip bombs: {answers(running) - begun} answers of {BOMB_MIB} MiB each; the worker's memory was "
        f"{before:.0f} MiB before, {before + grown:.0f} MiB at most",
    )
    assert "Traceback" not in running.printed()
    assert grown < MOST_MIB


def answers(running: Machine) -> int:
    """How many calls Heroku has answered."""
    return len(running.client.get(f"{running.heroku}/_emulator/requests").json())
