"""``kill -9`` between two effects: nothing is lost, nothing is opened twice, nothing is left open."""

from pathlib import Path

import pytest

from tests.crash.children import Nursery
from tests.crash.conftest import Recording, soak
from tests.crash.kill_points import Blow, Moment, Plan
from tests.crash.kill_target import doomed
from tests.crash.scenarios import CERTIFICATE, LINK, RANGE, RULE, Way
from tests.crash.walk import blow_by_blow, every_instant, every_name, tallied

BEFORE, AFTER = Moment.BEFORE, Moment.AFTER

KILLS = 200
"""As many as a whole walk has to have at least."""


def of(role: str, channel: str, moment: Moment, on: str, nth: int = 1) -> Plan:
    return Plan(role=role, channel=channel, moment=moment, on=on, nth=nth)


DOZEN = (
    (
        of("web", "store", BEFORE, "requests"),
        of("worker", "slack", AFTER, r"chat\.postMessage"),
        of("web", "store", AFTER, "decisions"),
        of("worker", "heroku", AFTER, "POST .*ip-rules"),
        of("worker", "store", BEFORE, "COMMIT grants.*mtls_rules"),
        of("worker", "store", BEFORE, "COMMIT reconcile_queue, mtls_rules$"),
        of("worker", "slack", BEFORE, r"chat\.postMessage", 5),
    ),
    (
        of("web", "store", AFTER, "requests"),
        of("worker", "slack", BEFORE, r"chat\.postMessage"),
        of("web", "store", BEFORE, "decisions"),
        of("worker", "store", BEFORE, "COMMIT reconcile_queue, mtls_rules, mtls_rule_intents"),
        of("worker", "store", AFTER, "COMMIT grants.*outbox"),
        of("worker", "heroku", AFTER, "DELETE .*ip-rules"),
    ),
)
"""Where a crash is the most delicate: between a call and its record, on either side of each."""


@pytest.mark.timeout(120)
async def test_a_dozen_kills_where_they_hurt_the_most(
    born: Nursery, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    with tallied(record_property, table=False) as tally:
        async with doomed(born, database_url, tmp_path) as world:
            for number, plans in enumerate(DOZEN):
                await blow_by_blow(world, RULE, number, plans, tally)


@soak
@pytest.mark.timeout(7200)
async def test_a_kill_at_every_instant_of_the_main_job(
    born: Nursery, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    places, number = (("web", "store"), ("worker", "heroku"), ("worker", "slack"), ("worker", "store")), 0
    with tallied(record_property) as tally:
        async with doomed(born, database_url, tmp_path) as world:
            for role, channel in places:
                for moment in Moment:
                    kind = of(role, channel, moment, "")
                    number = await every_instant(world, RULE, number, tally, kind)
            await every_name(world, RULE, number, tally)
    assert tally.count(Blow.KILL) >= KILLS


@soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("way", [RANGE, LINK, CERTIFICATE], ids=lambda way: way.name)
async def test_a_kill_at_every_call_of_the_other_ways(
    way: Way, born: Nursery, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    number = 0
    with tallied(record_property) as tally:
        async with doomed(born, database_url, tmp_path) as world:
            for moment in Moment:
                calls, commits = of("worker", "heroku", moment, ""), of("worker", "store", moment, "")
                number = await every_instant(world, way, number, tally, calls)
                number = await every_instant(world, way, number, tally, commits, step=4)
    assert tally.count(Blow.KILL) > 0
