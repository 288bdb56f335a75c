"""``kill -9`` between two effects: nothing is lost, nothing is opened twice, nothing is left open."""

from pathlib import Path

import pytest

from tests.crash.children import ProcessSupervisor
from tests.crash.conftest import Recording, soak
from tests.crash.kill_points import Fault, Moment, PlannedFault
from tests.crash.kill_target import deployed
from tests.crash.scenarios import CERTIFICATE, LINK, RANGE, RULE, Scenario
from tests.crash.walk import every_kill_point, every_operation, run_with_faults, tallied

BEFORE, AFTER = Moment.BEFORE, Moment.AFTER

KILLS = 200
"""As many as a whole walk has to have at least."""


def of(role: str, channel: str, moment: Moment, on: str, nth: int = 1) -> PlannedFault:
    return PlannedFault(role=role, channel=channel, moment=moment, on=on, nth=nth)


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
    born: ProcessSupervisor, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    with tallied(record_property, table=False) as tally:
        async with deployed(born, database_url, tmp_path) as world:
            for number, plans in enumerate(DOZEN):
                await run_with_faults(world, RULE, number, plans, tally)


@soak
@pytest.mark.timeout(7200)
async def test_a_kill_at_every_instant_of_the_main_job(
    born: ProcessSupervisor, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    places, number = (("web", "store"), ("worker", "heroku"), ("worker", "slack"), ("worker", "store")), 0
    with tallied(record_property) as tally:
        async with deployed(born, database_url, tmp_path) as world:
            for role, channel in places:
                for moment in Moment:
                    kind = of(role, channel, moment, "")
                    number = await every_kill_point(world, RULE, number, tally, kind)
            await every_operation(world, RULE, number, tally)
    assert tally.count(Fault.KILL) >= KILLS


@soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("scenario", [RANGE, LINK, CERTIFICATE], ids=lambda scenario: scenario.name)
async def test_a_kill_at_every_call_of_the_other_ways(
    scenario: Scenario, born: ProcessSupervisor, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    number = 0
    with tallied(record_property) as tally:
        async with deployed(born, database_url, tmp_path) as world:
            for moment in Moment:
                calls, commits = of("worker", "heroku", moment, ""), of("worker", "store", moment, "")
                number = await every_kill_point(world, scenario, number, tally, calls)
                number = await every_kill_point(world, scenario, number, tally, commits, step=4)
    assert tally.count(Fault.KILL) > 0
