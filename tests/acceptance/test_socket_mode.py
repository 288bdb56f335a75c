"""Socket Mode with real processes: ``pgaccess web`` is called by nobody, and opens its own way to Slack."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.postgres import PrivatePostgres
from tests.acceptance.processes import SECRETS, Machine, until
from tests.conftest import own_database

APP_TOKEN = "xapp-acceptance-3e8"
LINE = "/pgaccess mtls add 203.0.113.4"


class SocketMachine(Machine):
    """A machine whose bot has the app's token and no signing secret."""

    def start_world(self, *, times: str = "0.3") -> None:
        self._environ["SLACK_APP_TOKEN"] = APP_TOKEN
        super().start_world(times=times)
        # Slack keeps its secret; the bot does without.
        del self._environ["SLACK_SIGNING_SECRET"]

    def sockets(self, do: str = "count") -> int:
        """How many connections there are, or were before something was done to them."""
        connections: int = self.act("sockets", do=do)["connections"]
        return connections


@contextlib.contextmanager
def machine(database_url: str, folder: Path) -> Iterator[SocketMachine]:
    started = SocketMachine(database_url, folder)
    try:
        started.start_world()
        started.start_bot()
        yield started
    finally:
        started.close()


@pytest.fixture
def running(empty_database_url: str, tmp_path: Path) -> Iterator[SocketMachine]:
    """A machine for a test that stops parts of it."""
    with machine(empty_database_url, tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def shared(postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SocketMachine]:
    """A machine for the tests that leave it as it was."""
    with own_database(postgres) as url, machine(url, tmp_path_factory.mktemp("shared")) as started:
        yield started


@pytest.mark.timeout(120)
def test_the_main_job_travels_through_the_socket_with_nothing_secret_in_any_log(
    running: SocketMachine,
) -> None:
    assert running.sockets() == 1
    assert running.client.post(f"{running.bot}/slack/events").status_code == 404
    assert running.client.get(f"{running.bot}/healthz").text == "alive\n"

    asked = running.type("U0ENGINEER", LINE)
    assert asked["ok"], asked
    assert asked["ms"] < 3000
    assert running.approve()["ok"]
    until(lambda: running.told("U0ENGINEER", "can reach billing"))
    assert "203.0.113.4/32" in running.rules()

    assert running.processes["web"].stop() == 0
    assert running.sockets() == 0
    assert running.processes["worker"].stop() == 0
    printed = running.printed()
    for secret in [*SECRETS.values(), APP_TOKEN, "/respond/", "ticket="]:
        assert secret not in printed
    assert "Traceback" not in printed


@pytest.mark.timeout(120)
def test_a_form_is_opened_and_a_line_that_is_wrong_is_answered(shared: SocketMachine) -> None:
    assert shared.type("U0ENGINEER", "/pgaccess")["ok"]
    assert until(lambda: shared.state("U0ENGINEER")["view"])["title"]["text"]

    assert shared.type("U0ENGINEER", "/pgaccess mtls add 10.0.0.1")["ok"]
    private = [one["text"] for one in shared.messages("C0GENERAL", "U0ENGINEER") if one["ephemeral"]]
    assert "10.0.0.1" in private[-1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("do", ["refresh", "cut"])
def test_a_connection_that_ends_is_made_anew_by_itself(shared: SocketMachine, do: str) -> None:
    assert shared.sockets(do) == 1

    until(lambda: shared.sockets() == 1)
    assert shared.type("U0ENGINEER", "/pgaccess list")["ok"]
    until(lambda: shared.client.get(f"{shared.bot}/readyz").status_code == 200)


@pytest.mark.timeout(120)
def test_a_slack_that_was_away_is_found_again(running: SocketMachine) -> None:
    away = running.slack
    running.processes["slack"].kill()
    until(lambda: running.client.get(f"{running.bot}/readyz").status_code == 503)
    assert running.client.get(f"{running.bot}/healthz").status_code == 200

    port = away.rpartition(":")[2]
    running._environ |= {"SLACK_SIGNING_SECRET": SECRETS["SLACK_SIGNING_SECRET"]}
    running.start("slack", "sandbox.slack", "--port", port, "--bot", running.bot)

    until(lambda: running.client.get(f"{running.bot}/readyz").status_code == 200)
    assert running.sockets() == 1


@pytest.mark.timeout(60)
def test_a_token_that_opens_nothing_is_one_sentence(shared: SocketMachine) -> None:
    assert shared.run("bot", "web", SLACK_APP_TOKEN="xapp-other") == 2

    printed = shared.processes["bot-web"].printed()
    assert "pgaccess: Slack rejects SLACK_APP_TOKEN (invalid_auth)" in printed
    assert "xapp-other" not in printed


@pytest.mark.timeout(60)
def test_check_says_of_each_thing_that_it_is_well_and_then_what_is_not(shared: SocketMachine) -> None:
    assert shared.run("bot", "check") == 0
    printed = shared.processes["bot-check"].printed()
    # A line that begins with two dots is a note: something to know, and nothing wrong.
    assert {line[:4] for line in printed.splitlines()} <= {"ok  ", "..  "}
    assert "ok   Socket Mode: SLACK_APP_TOKEN opens a connection" in printed

    wrong = {"HEROKU_API_KEY": "HRKU-other", "PGACCESS_POLICY_TOML": "approvers = 1"}
    assert shared.run("bot", "check", **wrong) == 1
    printed = shared.processes["bot-check"].printed()
    assert "!!   policy: " in printed
    assert "!!   Heroku token: " in printed
    assert "HRKU-other" not in printed
    assert "Traceback" not in printed


@pytest.mark.timeout(120)
def test_forms_on_top_of_one_another_travel_through_the_socket(shared: SocketMachine) -> None:
    engineer = {"as": "U0ENGINEER"}

    def submit(**values: str) -> dict[str, Any]:
        given = {name: {name: value} for name, value in values.items()}
        return shared.act("submit", **engineer, view_id=front(shared)["id"], values=given)

    assert shared.type("U0ENGINEER", "/pgaccess advise billing")["ok"]
    answers = {"need": "direct", "origin": "fixed", "region": "unknown", "length": "days"}
    assert submit(**answers, production="no")["ok"]
    assert "Made for fixed addresses" in str(front(shared))
    pressed = shared.act("click", **engineer, view_id=front(shared)["id"], action_id="advise.mtls")
    assert pressed["ok"]
    assert "5d" in str(front(shared))
    assert submit(address="203.0.113.4", reason="checks after migration")["ok"]
    assert front(shared) is None
    until(lambda: shared.told("U0ENGINEER", "203.0.113.4/32"))


def front(at: SocketMachine) -> Any:
    """The form that the engineer has in front of them."""
    return at.state("U0ENGINEER")["view"]
