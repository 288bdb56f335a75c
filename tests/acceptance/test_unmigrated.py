"""Processes that start before the database is migrated: they say so, wait, and go on by themselves."""

import contextlib
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.processes import Machine, machine, until
from tests.acceptance.test_two_processes import LINE

MIGRATE = "run `pgaccess migrate`"


@pytest.fixture
def emulators(empty_database_url: str) -> Iterator[Machine]:
    """The emulators, and a database that nobody has migrated."""
    with machine(empty_database_url) as started:
        started.start_world()
        yield started


def not_ready(running: Machine) -> str:
    """What ``/readyz`` says once the process serves."""
    until(lambda: answers(running))
    response = running.client.get(f"{running.bot}/readyz")
    assert response.status_code == 503
    return response.text


def answers(running: Machine) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return running.client.get(f"{running.bot}/healthz").status_code == 200
    return False


@pytest.mark.timeout(180)
@pytest.mark.parametrize("commands", [("run",), ("web", "worker")])
def test_before_the_migration_nothing_is_ready_and_after_it_all_goes_on(
    emulators: Machine, commands: tuple[str, ...]
) -> None:
    for command in commands:
        emulators.start(command, "bot", command)
    web, worker = emulators.processes[commands[0]], emulators.processes[commands[-1]]
    emulators.processes["web"] = web
    until(lambda: MIGRATE in worker.printed())
    assert MIGRATE in not_ready(emulators)

    assert emulators.run("bot", "migrate") == 0
    until(emulators._ready, seconds=40)
    assert emulators.type("U0ENGINEER", LINE)["ok"]
    assert emulators.approve()["ok"]
    until(lambda: emulators.told("U0ENGINEER", "can reach billing"))
    for process in {web, worker}:
        assert process.stop() == 0
    assert "Traceback" not in emulators.printed()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", ["web", "worker", "run"])
def test_a_process_that_waits_for_the_migration_stops_when_it_is_asked_to(
    emulators: Machine, command: str
) -> None:
    process = emulators.start(command, "bot", command)
    if command == "web":
        assert MIGRATE in not_ready(emulators)
    else:
        until(lambda: MIGRATE in process.printed())
    assert process.stop() == 0
    assert "Traceback" not in process.printed()
