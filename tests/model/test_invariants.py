"""Every invariant is broken on purpose once, and fails: one that nothing breaks would prove nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest

from bot.i18n.translator import Translator
from sandbox.environment import BOT_TOKEN
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fixtures import DATABASE
from sandbox.postgres import PrivatePostgres
from sandbox.slack.users.simulated_users import Outcome
from tests.model import invariants
from tests.model.clocks import movable_database
from tests.model.invariants import AT_EACH_STEP, AT_REST, Invariant, check
from tests.model.world import Answered, World
from tests.model.write_recorder import Write

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because it is needed"
IT: Final = frozenset({"203.0.113.9/32"})


def stored(sql: str) -> Callable[[World], None]:
    """Breaks an invariant in the store."""
    return lambda world: void(world.store.execute(sql))


def written(write: Write) -> Callable[[World], None]:
    """Breaks an invariant by a write to Heroku."""
    return lambda world: world.recorder.writes.append(write)


def answered_with(answered: Answered) -> Callable[[World], None]:
    """Breaks an invariant by an answer to a person."""
    return lambda world: world.answered.append(answered)


def void(_: object) -> None:
    """Drops a result."""


def vanishes(world: World) -> None:
    """A rule is gone, and no observation has seen that."""
    now = world.time.now()
    for rule in world.heroku.rules(DATABASE, now=now):
        world.heroku.delete_rule_externally(DATABASE, rule.id, now=now)
    world.lines_read = 0


def says_it_is_closed(world: World) -> None:
    """A message says that an address is no longer allowed, and a rule has allowed it for long."""
    world.lists = world.lists[-1:]
    said = Translator("en")(
        "notification.ended", id=1, why="expired", network="203.0.113.4/32", app="billing"
    )
    sent = json.dumps({"text": said})
    world.slack.note("call", "chat.postMessage", sent, 200, "{}", now=world.time.now())


def loses_its_approvers(world: World) -> None:
    """A request waits, and nobody is left to decide it."""
    world.store.execute("UPDATE requests SET state = 'pending'")
    world.deployed = replace(world.deployed, approvers=())


BROKEN: Final[tuple[tuple[Invariant, Callable[[World], None]], ...]] = (
    (invariants.invariant_1, written(Write(what="POST", opens=IT))),
    (invariants.invariant_1, stored("DELETE FROM decisions")),
    (invariants.invariant_2, stored("UPDATE grants SET ends_at = now() - interval '1 minute'")),
    (invariants.invariant_2, stored("UPDATE grants SET state = 'ended'")),
    (invariants.invariant_3, written(Write(what="DELETE", closes=IT))),
    (invariants.invariant_4, written(Write(what="PUT", whole=()))),
    (
        invariants.invariant_6,
        answered_with(Answered(act="a click", outcome=Outcome(ok=False, error="operation_timeout"))),
    ),
    (invariants.invariant_6, stored("UPDATE decisions SET verdict = 'deny'")),
    (invariants.invariant_7, stored("UPDATE decisions SET person = 'U0GUEST'")),
    (invariants.invariant_7, stored("UPDATE requests SET requester = 'U0LEAD'")),
    (invariants.invariant_8, written(Write(what="DELETE", closes=IT, removable=IT, wanted=IT))),
    (invariants.invariant_9, stored("UPDATE grants SET state = 'interrupted'")),
    (invariants.rows_are_what_their_lines_say, stored("UPDATE requests SET subject = '203.0.113.5/32'")),
    (invariants.rows_are_what_their_lines_say, stored("UPDATE requests SET reason = 'another one'")),
    (
        invariants.rows_are_what_their_lines_say,
        stored("UPDATE grants SET ends_at = ends_at + interval '1 day'"),
    ),
    (invariants.rows_are_what_their_lines_say, stored("DELETE FROM grants")),
    (invariants.invariant_10, stored(f"INSERT INTO idempotency_keys (key) VALUES ('{BOT_TOKEN}')")),
    (invariants.invariant_11, stored("UPDATE outbox SET ts = '1.0' WHERE id = 1")),
    (invariants.invariant_11, stored("UPDATE outbox SET ts = NULL WHERE id = 1")),
    (
        invariants.invariant_12,
        answered_with(
            Answered(act="a line", outcome=Outcome(ok=True), bad=True, before=(0,), after=(1,), said=("`x`",))
        ),
    ),
    (invariants.invariant_14, says_it_is_closed),
    (invariants.invariant_15, stored("UPDATE grants SET state = 'ended'")),
    (invariants.invariant_15, stored("UPDATE unmanaged_entries SET absent_at = now()")),
    (invariants.invariant_16, loses_its_approvers),
    (invariants.invariant_13, stored("UPDATE requests SET rule = 'everything'")),
    (invariants.invariant_13, written(Write(what="POST", opens=IT, covered=IT, target=UUID(int=1)))),
    (invariants.invariant_17, stored("UPDATE slack_users SET guest = true WHERE id = 'U0ENGINEER'")),
    (invariants.invariant_5, vanishes),
)
"""The last one is not withdrawn."""


async def test_every_invariant_fails_when_it_is_broken(postgres: PrivatePostgres) -> None:
    with movable_database(postgres) as url:
        world = World(url=url, behavior=Behavior(provisioning_errors=0), databases=1)
        await world.open()
        await world.types("engineer", LINE)
        await world.notify()
        card = next(each for each in world.buttons("lead") if each.action == "request.approve")
        await world.presses("lead", card)
        await world.rest()
        # Known before, so that what somebody adds now has a card of its own.
        world.heroku.add_rule_externally(DATABASE, "192.0.2.7/32", "a vendor", now=world.time.now())
        await world.rest()
        assert any(each.action == "finding.remove" for each in world.buttons("lead"))
        check(world, (*AT_EACH_STEP, *AT_REST))
        for invariant, breaks in BROKEN:
            world.store.execute("BEGIN")
            breaks(world)
            with pytest.raises(AssertionError):
                invariant(world)
            world.store.execute("ROLLBACK")
            world.recorder.writes.clear()
            world.answered.clear()
        await world.close()
