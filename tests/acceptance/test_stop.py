"""A process that is asked to stop is gone within seconds, whoever holds its connections open."""

import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.acceptance.half_requests import connections, in_the_body, in_the_headers, still_open
from tests.acceptance.processes import Machine, Process, until
from tests.acceptance.test_two_processes import LINE
from tests.summary import CONNECTIONS

HALVES = 1000
STOP = 12.0
"""Seconds from SIGTERM to the exit: 10 for requests and loops, and the time to close everything."""

Record = Callable[[str, object], None]


def port(running: Machine) -> int:
    return urlsplit(running.bot).port or 0


def stopped(process: Process) -> float:
    """Asks a process to stop; returns the seconds that it took."""
    begun = time.monotonic()
    assert process.stop() == 0, process.printed()
    return time.monotonic() - begun


@pytest.mark.timeout(180)
def test_a_thousand_half_requests_keep_neither_slack_out_nor_the_process_alive(
    running: Machine, record_property: Record
) -> None:
    texts = [text for pair in zip(in_the_headers(), in_the_body(), strict=False) for text in pair]
    web = running.processes["web"]
    with connections(port(running), texts, HALVES) as halves:
        begun = time.monotonic()
        asked = running.type("U0ENGINEER", LINE)
        answered = time.monotonic() - begun
        assert asked["ok"], asked
        assert "#1" in str(running.state("U0ENGINEER"))
        # Once a command is answered, all that was opened before has been accepted.
        files = len(os.listdir(f"/proc/{web.pid}/fd"))
        left = len(still_open(halves))
        took = stopped(web)
    assert answered < 3
    assert took < STOP
    assert files < 600
    assert "Traceback" not in running.printed()
    record_property(
        CONNECTIONS,
        f"half requests: {HALVES} opened, a command answered in {answered:.2f} s, then {left} still open and "
        f"{files} files in all, exit {took:.1f} s after SIGTERM",
    )


@pytest.mark.timeout(180)
def test_a_request_that_does_not_end_is_closed_within_seconds_on_every_path(
    running: Machine, record_property: Record
) -> None:
    texts = in_the_headers() + in_the_body()
    begun = time.monotonic()
    with connections(port(running), texts, 10 * len(texts)) as halves:
        # One byte more now and then does not prolong it.
        slow = halves[: len(texts)]

        def gone() -> bool:
            for connection in still_open(slow):
                try:
                    connection.sendall(b"x")
                except OSError:
                    continue
            time.sleep(0.5)
            return not still_open(halves)

        until(gone, seconds=STOP + 3)
    took = time.monotonic() - begun
    record_property(CONNECTIONS, f"half requests: all {len(halves)} closed within {took:.1f} s")
    assert running.type("U0ENGINEER", LINE)["ok"]
    assert "Traceback" not in running.printed()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_worker_that_is_asked_to_stop_finishes_its_call_first(
    running: Machine, command: str, record_property: Record
) -> None:
    assert running.processes["worker"].stop() == 0
    if command == "run":
        assert running.processes["web"].stop() == 0
    process = running.start(command, "bot", command)
    if command == "run":
        running.processes["web"] = process
    until(running._ready)
    running.fault(kind="slow_answer", seconds=4, on=r"POST .*/ip-rules$")
    running.type("U0ENGINEER", LINE)
    with connections(port(running), in_the_body(), 50):
        running.approve()
        until(lambda: "203.0.113.4/32" in running.rules())
        took = stopped(process)
    assert took < STOP
    assert "Traceback" not in process.printed()
    record_property(
        CONNECTIONS, f"{command}: exit {took:.1f} s after SIGTERM, in the middle of a call of 4 s"
    )
