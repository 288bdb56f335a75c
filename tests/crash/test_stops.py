"""``SIGSTOP`` past the lease in mid-call, then ``SIGCONT``: who comes back learns that it was overtaken.

There are two workers. One stands still in the middle of a call or a commit. The other takes over when the
lease has run out. Then the first goes on at the very next instruction.
"""

from pathlib import Path

import pytest

from tests.crash.children import ProcessSupervisor
from tests.crash.conftest import Recording, soak
from tests.crash.kill_points import Fault, Moment, PlannedFault
from tests.crash.kill_target import deployed
from tests.crash.scenarios import LINK, RANGE, RULE
from tests.crash.walk import run_with_faults, tallied

STOPS = 20
"""As many as `make soak` has at least."""

ANY = "worker|second"
BEFORE, AFTER = Moment.BEFORE, Moment.AFTER


def of(role: str, channel: str, moment: Moment, on: str, nth: int = 1) -> PlannedFault:
    return PlannedFault(role=role, channel=channel, moment=moment, on=on, nth=nth, fault=Fault.STOP)


OPENING = of(ANY, "heroku", AFTER, "POST .*ip-rules")

EACH = (
    (RULE, of(ANY, "heroku", BEFORE, "GET .*ip-rules")),
    (RULE, of(ANY, "heroku", AFTER, "GET .*ip-rules")),
    (RULE, of(ANY, "heroku", BEFORE, "POST .*ip-rules")),
    (RULE, of(ANY, "heroku", AFTER, "POST .*ip-rules")),
    (RULE, of(ANY, "heroku", BEFORE, "DELETE .*ip-rules")),
    (RULE, of(ANY, "heroku", AFTER, "DELETE .*ip-rules")),
    (RULE, of(ANY, "store", BEFORE, "COMMIT reconcile_queue, mtls_rule_intents")),
    (RULE, of(ANY, "store", AFTER, "COMMIT reconcile_queue, mtls_rule_intents")),
    (RULE, of(ANY, "store", BEFORE, "COMMIT reconcile_queue, mtls_rules, mtls_rule_intents")),
    (RULE, of(ANY, "store", AFTER, "COMMIT reconcile_queue, mtls_rules, mtls_rule_intents")),
    (RULE, of(ANY, "store", BEFORE, "COMMIT grants.*mtls_rules")),
    (RULE, of(ANY, "store", AFTER, "COMMIT grants.*mtls_rules")),
    (RULE, of(ANY, "store", BEFORE, "COMMIT reconcile_queue, mtls_rules$")),
    (RULE, of(ANY, "store", AFTER, "COMMIT reconcile_queue, mtls_rules$")),
    (RULE, of(ANY, "slack", BEFORE, r"chat\.postMessage")),
    (RULE, of(ANY, "slack", AFTER, r"chat\.postMessage")),
    (RULE, of(ANY, "slack", BEFORE, r"chat\.update")),
    (RULE, of(ANY, "slack", AFTER, r"chat\.update")),
    (RULE, of(ANY, "store", BEFORE, "COMMIT outbox", 2)),
    (RULE, of(ANY, "store", AFTER, "COMMIT outbox", 2)),
    (RULE, of("web", "store", BEFORE, "decisions")),
    (RULE, of("web", "store", AFTER, "decisions")),
    (RANGE, of(ANY, "heroku", BEFORE, "PUT .*inbound-ruleset")),
    (RANGE, of(ANY, "heroku", AFTER, "PUT .*inbound-ruleset")),
    (LINK, of(ANY, "heroku", BEFORE, "POST /private-link")),
    (LINK, of(ANY, "heroku", AFTER, "PATCH /private-link")),
)
"""Every kind of call that changes something, and every commit beside one, before and after."""


@pytest.mark.timeout(120)
async def test_a_worker_that_stood_still_past_its_lease_opens_nothing_twice(
    born: ProcessSupervisor, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    with tallied(record_property, table=False) as tally:
        async with deployed(born, database_url, tmp_path, roles=("web", "worker", "second")) as world:
            await run_with_faults(world, RULE, 0, [OPENING], tally)


@soak
@pytest.mark.timeout(3600)
async def test_a_stop_in_every_kind_of_call_and_commit(
    born: ProcessSupervisor, database_url: str, tmp_path: Path, record_property: Recording
) -> None:
    with tallied(record_property) as tally:
        async with deployed(born, database_url, tmp_path, roles=("web", "worker", "second")) as world:
            for number, (scenario, plan) in enumerate(EACH):
                await run_with_faults(world, scenario, number, [plan], tally)
    assert tally.count(Fault.STOP) >= STOPS
