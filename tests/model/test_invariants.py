"""A sentence that nothing could break would prove nothing: each is broken here by hand, and notices."""

from collections.abc import Callable
from typing import Final

import pytest

from sandbox.environment import BOT_TOKEN
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fixtures import DATABASE
from sandbox.postgres import PrivatePostgres
from sandbox.slack.users.simulated_users import Outcome
from tests.model import invariants
from tests.model.clocks import movable_database
from tests.model.invariants import AT_EACH_STEP, AT_REST, Sentence, check
from tests.model.world import Answered, World
from tests.model.write_recorder import Write

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because it is needed"
IT: Final = frozenset({"203.0.113.9/32"})


def stored(sql: str) -> Callable[[World], None]:
    """Something in the store that must not be."""
    return lambda world: void(world.store.execute(sql))


def written(write: Write) -> Callable[[World], None]:
    """Something written to Heroku that must not be."""
    return lambda world: world.witness.writes.append(write)


def told(answered: Answered) -> Callable[[World], None]:
    """An answer that must not be."""
    return lambda world: world.answered.append(answered)


def void(_: object) -> None:
    """Nothing comes of it."""


def vanishes(world: World) -> None:
    """A rule is gone, and the last look has not seen it."""
    now = world.time.now()
    for rule in world.heroku.rules(DATABASE, now=now):
        world.heroku.delete_rule_externally(DATABASE, rule.id, now=now)
    world.lines_read = 0


BROKEN: Final[tuple[tuple[Sentence, Callable[[World], None]], ...]] = (
    (invariants.sentence_1, written(Write(what="POST", opens=IT))),
    (invariants.sentence_1, stored("DELETE FROM decisions")),
    (invariants.sentence_2, stored("UPDATE grants SET ends_at = now() - interval '1 minute'")),
    (invariants.sentence_2, stored("UPDATE grants SET state = 'ended'")),
    (invariants.sentence_3, written(Write(what="DELETE", closes=IT))),
    (invariants.sentence_4, written(Write(what="PUT", whole=()))),
    (
        invariants.sentence_6,
        told(Answered(act="a click", outcome=Outcome(ok=False, error="operation_timeout"))),
    ),
    (invariants.sentence_6, stored("UPDATE decisions SET verdict = 'deny'")),
    (invariants.sentence_7, stored("UPDATE decisions SET person = 'U0GUEST'")),
    (invariants.sentence_7, stored("UPDATE requests SET requester = 'U0LEAD'")),
    (invariants.sentence_8, written(Write(what="DELETE", closes=IT, removable=IT, wanted=IT))),
    (invariants.sentence_9, stored("UPDATE grants SET state = 'interrupted'")),
    (invariants.sentence_10, stored(f"INSERT INTO idempotency_keys (key) VALUES ('{BOT_TOKEN}')")),
    (invariants.sentence_11, stored("UPDATE outbox SET ts = '1.0' WHERE id = 1")),
    (invariants.sentence_11, stored("UPDATE outbox SET ts = NULL WHERE id = 1")),
    (
        invariants.sentence_12,
        told(
            Answered(act="a line", outcome=Outcome(ok=True), bad=True, before=(0,), after=(1,), said=("`x`",))
        ),
    ),
    (invariants.sentence_5, vanishes),
)
"""The last one is not withdrawn."""


async def test_every_sentence_notices_when_it_is_broken(postgres: PrivatePostgres) -> None:
    with movable_database(postgres) as url:
        world = World(url=url, behavior=Behavior(provisioning_errors=0), databases=1)
        await world.open()
        await world.types("engineer", LINE)
        await world.tell()
        card = next(each for each in world.buttons("lead") if each.action == "request.approve")
        await world.presses("lead", card)
        await world.rest()
        check(world, (*AT_EACH_STEP, *AT_REST))
        for sentence, breaks in BROKEN:
            world.store.execute("BEGIN")
            breaks(world)
            with pytest.raises(AssertionError):
                sentence(world)
            world.store.execute("ROLLBACK")
            world.witness.writes.clear()
            world.answered.clear()
        await world.close()
