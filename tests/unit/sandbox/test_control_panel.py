"""The control panel beside Slack on the demo's page: outages, external changes, command hints."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.parsing.command_table import COMMANDS
from sandbox.command_hints import usage
from sandbox.control_panel import Panel
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, PAGE, SIGNING_SECRET
from sandbox.external_changes import PageExternalChanges
from sandbox.fault_injection import KINDS, SPENT, FaultInjection
from sandbox.heroku.behavior import TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, OFFICE, SPACE, default_world
from sandbox.heroku.http_types import Request
from sandbox.movable_clock import MovableClock
from sandbox.slack.emulator import SlackEmulator

NOW = datetime.now(UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def heroku() -> HerokuEmulator:
    return default_world(token=HEROKU_TOKEN, times=TransitionTimes.of(0))


@pytest.fixture
def slack() -> SlackEmulator:
    return SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)


@pytest.fixture
def faults(heroku: HerokuEmulator, slack: SlackEmulator) -> FaultInjection:
    return FaultInjection(heroku, slack)


@pytest.fixture
def panel(heroku: HerokuEmulator, faults: FaultInjection) -> Panel:
    return Panel(heroku, MovableClock(), faults)


def status_of_read(heroku: HerokuEmulator) -> int:
    """Return the status of a read."""
    headers = {"authorization": f"Bearer {HEROKU_TOKEN}", "accept": "application/vnd.heroku+json; version=3"}
    return heroku.answer(Request(method="GET", path="/spaces", headers=headers), now=datetime.now(UTC)).status


def status_of_post(slack: SlackEmulator) -> int:
    """Return the status of a message that the bot posts."""
    message = {"channel": "C0APPROVALS", "text": "tried"}
    return slack.call("chat.postMessage", message, BOT_TOKEN, now=NOW).status


@pytest.mark.parametrize(
    ("kind", "status"), [("heroku-500", 500), ("heroku-429", 429), (SPENT, 429), ("heroku-token", 401)]
)
def test_heroku_fails_during_an_outage_and_no_longer(
    kind: str, status: int, heroku: HerokuEmulator, faults: FaultInjection
) -> None:
    faults.switch(kind, on=True)
    assert [status_of_read(heroku), status_of_read(heroku)] == [status, status]
    faults.switch(kind, on=False)
    assert status_of_read(heroku) == 200


def test_one_slack_outage_ends_and_the_other_lasts(slack: SlackEmulator, faults: FaultInjection) -> None:
    faults.switch("slack-limited", on=True)
    faults.switch("slack-down", on=True)
    faults.switch("slack-down", on=False)
    assert status_of_post(slack) == 429
    faults.switch("slack-limited", on=False)
    assert status_of_post(slack) == 200


def test_all_outages_end_at_once(
    heroku: HerokuEmulator, slack: SlackEmulator, faults: FaultInjection
) -> None:
    for kind in KINDS:
        faults.switch(kind, on=True)
    assert all(kind["on"] for kind in faults.shown())
    faults.clear()
    assert (status_of_read(heroku), status_of_post(slack)) == (200, 200)
    assert not any(kind["on"] for kind in faults.shown())


def test_an_outage_is_not_switched_on_twice(heroku: HerokuEmulator, faults: FaultInjection) -> None:
    faults.switch("heroku-500", on=True)
    faults.switch("heroku-500", on=True)
    assert faults.changes == 1
    faults.switch("heroku-500", on=False)
    assert status_of_read(heroku) == 200


async def test_an_unknown_outage_is_answered_with_the_known_ones(panel: Panel) -> None:
    answer = await panel.actions["outages"]({"name": "hail", "on": True})
    assert answer["ok"] is False
    assert "known are heroku-slow" in answer["error"]


def test_every_outage_has_texts_on_the_page_in_both_languages() -> None:
    strings = (PAGE / "words.js").read_text(encoding="utf-8")
    for kind in KINDS:
        assert strings.count(f'"outages.{kind}":') == 2
        assert strings.count(f'"outages.{kind}.about":') == 2


def test_somebody_adds_and_deletes_a_range_and_leaves_the_others(heroku: HerokuEmulator) -> None:
    external = PageExternalChanges(heroku)
    external.apply({"do": "add_range", "space": SPACE, "source": "192.0.2.0/28"}, now=NOW)
    assert [rule.source for rule in heroku.ruleset(SPACE).rules] == [OFFICE, "192.0.2.0/28"]
    external.apply({"do": "delete_range", "space": SPACE, "source": "192.0.2.0/28"}, now=NOW)
    assert [rule.source for rule in heroku.ruleset(SPACE).rules] == [OFFICE]


def test_the_first_account_opens_privatelink_and_the_next_one_joins(heroku: HerokuEmulator) -> None:
    external = PageExternalChanges(heroku)
    for account in ("123456789012", "210987654321"):
        external.apply({"do": "add_account", "database": DATABASE, "account": account}, now=NOW)
    external.apply({"do": "connect", "database": DATABASE, "account": "123456789012"}, now=LATER)
    external.apply({"do": "delete_account", "database": DATABASE, "account": "210987654321"}, now=LATER)
    link = heroku.privatelink(DATABASE, now=LATER)
    assert link is not None
    assert len(link.accounts) == 1
    assert len(link.connections) == 1


def test_somebody_deletes_a_certificate(heroku: HerokuEmulator) -> None:
    (certificate, *_) = heroku.certificates(DATABASE, now=NOW)
    given = {"do": "delete_certificate", "database": DATABASE, "certificate": str(certificate.id)}
    PageExternalChanges(heroku).apply(given, now=NOW)
    assert heroku.certificates(DATABASE, now=LATER)[0].status in ("disabling", "disabled")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"do": "add_rule", "database": DATABASE, "cidr": "10.0.0.1/40"}, "cidr"),
        ({"do": "add_range", "space": SPACE, "source": "nonsense"}, "source"),
        ({"do": "juggle"}, "unknown action 'juggle'"),
    ],
)
async def test_what_heroku_rejects_is_shown_in_its_own_words(
    change: dict[str, str], problem: str, panel: Panel
) -> None:
    answer = await panel.actions["heroku"](change)
    assert answer["ok"] is False
    assert problem in answer["error"]


def test_there_is_a_hint_for_every_command() -> None:
    assert {hint["line"] for hint in usage()} == {" ".join(("/pgaccess", *path)) for path in COMMANDS}


def test_hints_are_plain_text_in_both_languages() -> None:
    for hint in usage():
        for help_text in hint["help"].values():
            assert help_text["form"].startswith(hint["line"])
            assert not {"&lt;", "`"} & set(help_text["form"].split())


def test_the_page_can_tell_a_reload_from_a_restart(heroku: HerokuEmulator, faults: FaultInjection) -> None:
    first, second = (Panel(heroku, MovableClock(), faults) for _ in range(2))
    assert first.extras["run"]() == first.extras["run"]()
    assert first.extras["run"]() != second.extras["run"]()
