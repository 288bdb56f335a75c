"""What stands beside Slack on the demo's page: outages, hands at Heroku, and hints while one types."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.parsing.command_table import COMMANDS
from sandbox.command_hints import usage
from sandbox.control_panel import Panel
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, PAGE, SIGNING_SECRET
from sandbox.external_changes import ExternalChanges
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


def asked(heroku: HerokuEmulator) -> int:
    """The status of a harmless call."""
    headers = {"authorization": f"Bearer {HEROKU_TOKEN}", "accept": "application/vnd.heroku+json; version=3"}
    return heroku.answer(Request(method="GET", path="/spaces", headers=headers), now=datetime.now(UTC)).status


def posted(slack: SlackEmulator) -> int:
    """The status of a message that the bot posts."""
    message = {"channel": "C0APPROVALS", "text": "tried"}
    return slack.call("chat.postMessage", message, BOT_TOKEN, now=NOW).status


@pytest.mark.parametrize(
    ("kind", "status"), [("heroku-500", 500), ("heroku-429", 429), (SPENT, 429), ("heroku-token", 401)]
)
def test_heroku_fails_while_that_outages_lasts_and_no_longer(
    kind: str, status: int, heroku: HerokuEmulator, faults: FaultInjection
) -> None:
    faults.turn(kind, on=True)
    assert [asked(heroku), asked(heroku)] == [status, status]
    faults.turn(kind, on=False)
    assert asked(heroku) == 200


def test_one_kind_of_slack_outages_ends_and_the_other_lasts(
    slack: SlackEmulator, faults: FaultInjection
) -> None:
    faults.turn("slack-limited", on=True)
    faults.turn("slack-down", on=True)
    faults.turn("slack-down", on=False)
    assert posted(slack) == 429
    faults.turn("slack-limited", on=False)
    assert posted(slack) == 200


def test_all_outages_ends_at_once(
    heroku: HerokuEmulator, slack: SlackEmulator, faults: FaultInjection
) -> None:
    for kind in KINDS:
        faults.turn(kind, on=True)
    assert all(kind["on"] for kind in faults.shown())
    faults.clear()
    assert (asked(heroku), posted(slack)) == (200, 200)
    assert not any(kind["on"] for kind in faults.shown())


def test_what_is_on_already_is_not_turned_on_twice(heroku: HerokuEmulator, faults: FaultInjection) -> None:
    faults.turn("heroku-500", on=True)
    faults.turn("heroku-500", on=True)
    assert faults.changes == 1
    faults.turn("heroku-500", on=False)
    assert asked(heroku) == 200


async def test_outages_that_is_none_is_answered_with_what_there_is(panel: Panel) -> None:
    answer = await panel.actions["outages"]({"name": "hail", "on": True})
    assert answer["ok"] is False
    assert "there is heroku-slow" in answer["error"]


def test_every_kind_has_words_on_the_page_in_both_languages() -> None:
    page_words = (PAGE / "words.js").read_text(encoding="utf-8")
    for kind in KINDS:
        assert page_words.count(f'"outages.{kind}":') == 2
        assert page_words.count(f'"outages.{kind}.about":') == 2


def test_somebody_adds_and_deletes_a_range_and_leaves_the_others(heroku: HerokuEmulator) -> None:
    hand = ExternalChanges(heroku)
    hand.does({"do": "add_range", "space": SPACE, "source": "192.0.2.0/28"}, now=NOW)
    assert [rule.source for rule in heroku.ruleset(SPACE).rules] == [OFFICE, "192.0.2.0/28"]
    hand.does({"do": "delete_range", "space": SPACE, "source": "192.0.2.0/28"}, now=NOW)
    assert [rule.source for rule in heroku.ruleset(SPACE).rules] == [OFFICE]


def test_the_first_account_opens_privatelink_and_the_next_one_joins(heroku: HerokuEmulator) -> None:
    hand = ExternalChanges(heroku)
    for account in ("123456789012", "210987654321"):
        hand.does({"do": "add_account", "database": DATABASE, "account": account}, now=NOW)
    hand.does({"do": "connect", "database": DATABASE, "account": "123456789012"}, now=LATER)
    hand.does({"do": "delete_account", "database": DATABASE, "account": "210987654321"}, now=LATER)
    link = heroku.privatelink(DATABASE, now=LATER)
    assert link is not None
    assert len(link.accounts) == 1
    assert len(link.connections) == 1


def test_somebody_deletes_a_certificate(heroku: HerokuEmulator) -> None:
    (certificate, *_) = heroku.certificates(DATABASE, now=NOW)
    given = {"do": "delete_certificate", "database": DATABASE, "certificate": str(certificate.id)}
    ExternalChanges(heroku).does(given, now=NOW)
    assert heroku.certificates(DATABASE, now=LATER)[0].status in ("disabling", "disabled")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"do": "add_rule", "database": DATABASE, "cidr": "10.0.0.1/40"}, "cidr"),
        ({"do": "add_range", "space": SPACE, "source": "nonsense"}, "source"),
        ({"do": "juggle"}, "nobody knows how to do 'juggle'"),
    ],
)
async def test_what_heroku_refuses_is_said_as_heroku_says_it(
    request_input: dict[str, str], said: str, panel: Panel
) -> None:
    answer = await panel.actions["heroku"](request_input)
    assert answer["ok"] is False
    assert said in answer["error"]


def test_there_is_a_hint_for_every_command() -> None:
    assert {hint["line"] for hint in usage()} == {" ".join(("/pgaccess", *path)) for path in COMMANDS}


def test_hints_are_plain_text_in_both_languages() -> None:
    for hint in usage():
        for said in hint["says"].values():
            assert said["form"].startswith(hint["line"])
            assert not {"&lt;", "`"} & set(said["form"].split())


def test_the_page_can_tell_a_reload_from_another_start(
    heroku: HerokuEmulator, faults: FaultInjection
) -> None:
    first, second = (Panel(heroku, MovableClock(), faults) for _ in range(2))
    assert first.extras["run"]() == first.extras["run"]()
    assert first.extras["run"]() != second.extras["run"]()
