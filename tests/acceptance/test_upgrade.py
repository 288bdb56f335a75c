"""The release before and this one, each with real processes, on one store that this one has migrated."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.processes import Machine, machine, until

BEFORE: Final = "b764798"
"""The last commit before revision 0006: what runs while this release is deployed."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code of the release before."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git, to read the code of the release before")
    root = Path(__file__).parents[2]
    archive = subprocess.run([git, "-C", str(root), "archive", BEFORE], capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"needs a clone with commit {BEFORE}, the release before; this one is shallow")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def card(running: Machine, number: int) -> dict[str, Any]:
    """Waits for a request's card with buttons in the approvals channel."""

    def found() -> list[dict[str, Any]]:
        return [
            message
            for message in running.messages("C0APPROVALS")
            if not message["ephemeral"] and f"#{number}" in str(message) and buttons(message)
        ]

    return until(found)[-1]


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in message["blocks"] if block["type"] == "actions"]


def press(running: Machine, message: dict[str, Any], action: str) -> dict[str, Any]:
    """Presses a button as a message showed it, whatever has become of the message since."""
    where = {"channel": "C0APPROVALS", "ts": message["ts"], "block_id": buttons(message)[0]["block_id"]}
    return running.act("click", **{"as": "U0LEAD"}, **where, action_id=action)


def start(running: Machine, name: str, code: Path | None) -> None:
    """Stops a process and starts that of the release in a folder; None: this one."""
    if name in running.processes:
        assert running.processes[name].stop() == 0
    running.code = code
    running.start(name, "bot", name)
    running.code = None
    until(running._ready)


def in_force(running: Machine, number: int, address: str) -> None:
    until(lambda: f"{address}/32" in running.rules())
    until(lambda: [text for text in running.told("U0ENGINEER", "can reach billing") if address in text])


def main_job(running: Machine, number: int, address: str) -> None:
    """Asks, approves, waits until it is in force, and ends it."""
    running.type("U0ENGINEER", f"/pgaccess mtls add {address} for 1h")
    assert press(running, card(running, number), "request.approve")["ok"]
    in_force(running, number, address)
    ended(running, number, address)


def ended(running: Machine, number: int, address: str) -> None:
    running.type("U0ENGINEER", f"/pgaccess done {number}")
    until(lambda: f"{address}/32" not in running.rules())
    until(lambda: running.told("U0ENGINEER", f"#{number} has ended"))


@pytest.mark.timeout(150)
def test_the_release_before_and_this_one_do_the_main_job_on_one_store(
    empty_database_url: str, before: Path
) -> None:
    with machine(empty_database_url) as running:
        running.start_world()
        # What the release before leaves: one that is over, one in force, one taken back, two undecided.
        running.code = before
        running.start_bot()
        running.code = None
        main_job(running, 1, "203.0.113.1")
        for last in (2, 3, 4, 5):
            running.type("U0ENGINEER", f"/pgaccess mtls add 203.0.113.{last} for 1h")
        press(running, card(running, 2), "request.approve")
        in_force(running, 2, "203.0.113.2")
        running.type("U0ENGINEER", "/pgaccess cancel 3")
        old_cards = {number: card(running, number) for number in (4, 5)}

        # The release phase of this one, while both processes of the one before run on.
        assert running.run("bot", "migrate") == 0
        main_job(running, 6, "203.0.113.6")

        start(running, "worker", None)  # The old web, the new worker.
        main_job(running, 7, "203.0.113.7")
        press(running, old_cards[4], "request.approve")
        in_force(running, 4, "203.0.113.4")

        start(running, "web", None)  # The new web, and a worker of each release at once.
        running.code = before
        running.start("worker-before", "bot", "worker")
        running.code = None
        press(running, old_cards[5], "request.approve")
        in_force(running, 5, "203.0.113.5")
        main_job(running, 8, "203.0.113.8")

        assert running.processes["worker"].stop() == 0  # The new web, the old worker alone.
        main_job(running, 9, "203.0.113.9")

        # Back to the release before, on rows that this one has written.
        start(running, "web", before)
        main_job(running, 10, "203.0.113.10")
        ended(running, 4, "203.0.113.4")

        assert running.processes["worker-before"].stop() == 0
        start(running, "web", None)
        start(running, "worker", None)
        ended(running, 2, "203.0.113.2")
        ended(running, 5, "203.0.113.5")
        assert running.rules() == ["198.51.100.0/24"]
        assert "Traceback" not in running.printed()
        verified = running.run("bot", "audit", "verify")
        assert verified == 0, running.processes["bot-audit-verify"].printed()
