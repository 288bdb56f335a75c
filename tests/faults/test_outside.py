"""Every fault of Heroku's and Slack's: what a person sees, what operations sees, that work goes on by itself.

Nobody waits here: the world's clocks are moved, and what takes longer than the bot waits is a time-out at
once.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from sandbox.heroku import fault_injection as heroku
from sandbox.heroku.fault_injection import Fault as HerokuFault
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack import fault_injection as slack
from sandbox.slack.fault_injection import Fault as SlackFault
from tests.faults.conftest import LINE
from tests.flow.actions import words
from tests.model.invariants import AT_EACH_STEP, AT_REST, check
from tests.model.world import World

OURS: Final = "203.0.113.4/32"
REFUSED, TROUBLE = "rejects the token", "Heroku"


def said(world: World, channel: str, viewer: str = "lead") -> str:
    """Everything that stands in a channel."""
    try:
        return "\n".join(words(each) for each in world.slack.messages(channel, viewer))
    except KeyError:
        return ""


def told(world: World, what: str) -> int:
    """In how many messages the engineer was told something."""
    try:
        messages = world.slack.messages("@pgaccess", "engineer")
    except KeyError:
        return 0
    return len([each for each in messages if what in words(each)])


def is_card(message: dict[str, Any]) -> bool:
    return "→" in words(message) and not message["ephemeral"]


def rules(world: World) -> list[str]:
    listed = world.heroku.rules(DATABASE, now=world.time.now())
    return [rule.cidr for rule in listed if rule.description.startswith("pgaccess/")]


def state(world: World) -> str:
    return str(world.rows("SELECT state FROM grants")[0][0])


async def asked_and_approved(world: World) -> None:
    await world.types("engineer", LINE)
    await world.notify()
    card = next(each for each in world.buttons("lead") if each.action == "request.approve")
    await world.presses("lead", card)


# --- Heroku ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A fault of every call of a kind, and what is told of it.

    Attributes:
        operations: what operations reads within four minutes.
        then: what it takes to go on, as those read who wait.
        restored: what operations reads at the end: of Heroku, or of the one database that was concerned.
    """

    fault: HerokuFault
    on: str = ""
    operations: str = TROUBLE
    then: str = "It continues by itself."
    restored: str = "Heroku can be used again"


RENEWED: Final = "it continues once they have renewed the token"

HEROKU: Final = {
    "401": Bad(fault=heroku.status(401), operations=REFUSED, then=RENEWED),
    "403 two_factor": Bad(fault=heroku.two_factor(), operations=REFUSED, then=RENEWED),
    "404 of another name": Bad(fault=heroku.status(404), restored="billing is in sync again"),
    "a wrong Data host": Bad(fault=heroku.wrong_host()),
    "422 that passes": Bad(fault=heroku.upgrading(), restored="billing is in sync again"),
    "429": Bad(fault=heroku.status(429)),
    "500": Bad(fault=heroku.status(500)),
    "a time-out before the work": Bad(fault=heroku.slow(25)),
    "a time-out after the work": Bad(fault=heroku.slow_answer(20)),
    "dripping answers": Bad(fault=heroku.dripping(20)),
    "truncated bodies": Bad(fault=heroku.truncated_body()),
    "pages of HTML": Bad(fault=heroku.html_body()),
}


@pytest.mark.parametrize("bad", HEROKU.values(), ids=HEROKU.keys())
async def test_what_goes_wrong_at_heroku_is_told_and_mends_itself(world: World, bad: Bad) -> None:
    world.heroku.fault(bad.fault, on=bad.on, times=None)
    await asked_and_approved(world)
    await world.minutes(4)
    assert state(world) == "applying"
    # Why, since when, and who has to do anything.
    assert "on hold since" in said(world, "#approvals")
    assert bad.then in said(world, "#approvals")
    assert told(world, "can reach") == 0
    assert bad.operations in said(world, "#operations")

    await world.rest()
    assert (state(world), rules(world), told(world, "can reach")) == ("in_force", [OURS], 1)
    assert bad.restored in said(world, "#operations")
    check(world, (*AT_EACH_STEP, *AT_REST))


ONCE: Final = {
    "a time-out before the work": heroku.slow(25),
    "a time-out after the work": heroku.slow_answer(20),
    "a cut before the work": heroku.cut_before(),
    "a cut after the work": heroku.lost_answer(),
}


@pytest.mark.parametrize("fault", ONCE.values(), ids=ONCE.keys())
async def test_a_write_whose_answer_says_nothing_is_made_once(world: World, fault: HerokuFault) -> None:
    world.heroku.fault(fault, on="^POST ", times=1)
    await asked_and_approved(world)
    await world.rest()
    assert (state(world), rules(world), told(world, "can reach")) == ("in_force", [OURS], 1)
    world.heroku.fault(fault, on="^DELETE ", times=1)
    await world.types("engineer", "/pgaccess done 1")
    await world.rest()
    assert (state(world), rules(world), told(world, "has ended")) == ("ended", [], 1)
    check(world, (*AT_EACH_STEP, *AT_REST))


@pytest.mark.parametrize("by_id", [True, False], ids=["by id", "by name"])
async def test_a_database_that_got_another_name_is_followed(world: World, by_id: bool) -> None:
    world.heroku.set_behavior(uuid_in_path=by_id)
    await asked_and_approved(world)
    await world.rest()
    world.heroku.rename_database(DATABASE, "postgresql-renamed-11111")
    await world.types("engineer", "/pgaccess done 1")
    await world.rest()
    assert (state(world), told(world, "has ended")) == ("ended", 1)
    left = world.heroku.rules("postgresql-renamed-11111", now=world.time.now())
    assert OURS not in [rule.cidr for rule in left]


# --- Slack -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A fault of calls to Slack, and the code under which it stands in the log."""

    fault: SlackFault
    method: str = "chat.*"
    code: str


SLACK: Final = {
    "429 with Retry-After": Silence(fault=slack.ratelimited(30, times=None), code="ratelimited"),
    "503": Silence(fault=slack.server_error(503, times=None), code="internal_error"),
    "channel_not_found": Silence(
        fault=slack.error("channel_not_found", times=None), code="channel_not_found"
    ),
    "is_archived": Silence(fault=slack.error("is_archived", times=None), code="is_archived"),
    "a revoked token": Silence(fault=slack.error("token_revoked", times=None), code="token_revoked"),
    "cut connections": Silence(fault=slack.cut_before(times=None), code="unreachable"),
    "lost answers": Silence(fault=slack.lost_answer(times=None), code="unreachable"),
}


@pytest.mark.parametrize("silence", SLACK.values(), ids=SLACK.keys())
async def test_what_slack_does_not_take_stands_in_the_log_and_is_told_once_later(
    world: World, silence: Silence
) -> None:
    await world.types("engineer", LINE)
    await world.notify()
    card = next(each for each in world.buttons("lead") if each.action == "request.approve")
    world.slack.fault(silence.method, silence.fault)
    with capture_logs() as log:
        await world.presses("lead", card)
        await world.minutes(3)
    assert state(world) == "in_force"
    assert silence.code in {line.get("code") for line in log if line["event"] == "notifier.postponed"}

    await world.rest()
    assert "in force since" in said(world, "#approvals")
    assert told(world, "can reach") == 1
    assert len([each for each in world.slack.messages("#approvals", "lead") if is_card(each)]) == 1
    check(world, (*AT_EACH_STEP, *AT_REST))


async def test_a_message_that_somebody_deleted_is_posted_again(world: World) -> None:
    await world.types("engineer", LINE)
    await world.notify()
    card = next(each for each in world.buttons("lead") if each.action == "request.approve")
    world.slack.call(
        "chat.delete",
        {"channel": "C0APPROVALS", "ts": card.ts},
        world.app.settings.slack_token,
        now=world.time.now(),
    )
    await world.types("engineer", "/pgaccess cancel 1")
    await world.rest()
    assert "withdrawn" in said(world, "#approvals")


async def test_an_answer_whose_address_is_dead_loses_nothing_but_the_answer(world: World) -> None:
    await world.types("engineer", LINE)
    await world.notify()
    world.slack.fault("response_url", slack.server_error(404, times=None))
    details = next(each for each in world.buttons("lead") if each.action == "request.details")
    await world.presses("lead", details)
    assert all(each.outcome.ok for each in world.answered)
    approve = next(each for each in world.buttons("lead") if each.action == "request.approve")
    await world.presses("lead", approve)
    await world.rest()
    assert state(world) == "in_force"


# --- time --------------------------------------------------------------------------------------------


async def test_machines_two_minutes_apart_end_once_and_at_most_two_minutes_early(world: World) -> None:
    await asked_and_approved(world)
    await world.rest()
    ((end,),) = world.rows("SELECT ends_at FROM grants")
    world.pass_time(end - world.clock.now() - timedelta(minutes=1))
    world.jump(timedelta(minutes=2))
    await world.run_scheduler()
    world.jump(timedelta(minutes=-2))
    assert state(world) == "ending"
    await world.rest()
    assert (state(world), rules(world), told(world, "has ended")) == ("ended", [], 1)
    assert world.rows("SELECT count(*) FROM audit WHERE after = 'ending'") == [(1,)]
    check(world, (*AT_EACH_STEP, *AT_REST))
