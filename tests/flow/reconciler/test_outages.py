"""Outages of Heroku: a granted hour is an hour from when it works, and operations hear of each once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant
from bot.domain.request import Kind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from storage.tables import grants, operations, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import ADD, MtlsHarness
from tests.unit.factories import NETWORK

EIGHT_HOURS = timedelta(hours=8)
MINUTE = timedelta(minutes=1)
LONG = timedelta(minutes=20)
"""The opening deadline: whoever waited that long used to get less, or nothing."""


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(
        token=TOKEN, databases=2, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0)
    )
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


async def outage(harness: MtlsHarness, *, lasts: timedelta, code: int = 503, step: timedelta = LONG) -> None:
    """Heroku answers nothing else for a while; a run every few minutes of business time meets that."""
    harness.heroku.fault(fault_injection.status(code), times=None)
    passed = timedelta()
    while passed < lasts:
        await harness.reconcile()
        harness.clock.present += min(step, lasts - passed)
        passed += step
    await harness.reconcile()
    harness.heroku.clear_faults()


async def end_of(harness: MtlsHarness, grant: Grant) -> datetime:
    end: datetime = await database.value(harness.engine, grants, "ends_at", id=grant.id)
    return end


@pytest.mark.parametrize("lasts", [LONG, LONG + MINUTE, timedelta(hours=3), timedelta(hours=23)])
@pytest.mark.parametrize("code", [503, 401])
async def test_what_was_granted_counts_from_when_it_works(
    harness: MtlsHarness, lasts: timedelta, code: int
) -> None:
    grant = await harness.approve()
    await outage(harness, lasts=lasts, code=code)
    harness.clock.present += MINUTE
    await harness.reconcile(2)
    assert await harness.state(grant) == "in_force"
    assert await end_of(harness, grant) == harness.clock.present + EIGHT_HOURS


async def test_after_a_day_the_end_that_stands_is_the_last(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    await outage(harness, lasts=timedelta(hours=26), step=timedelta(hours=1))
    last = harness.clock.present - timedelta(hours=2) + LONG + EIGHT_HOURS
    assert await end_of(harness, grant) == last


async def test_an_outage_moves_the_deadlines_of_openings_and_operations(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    operation = await harness.start(Kind.ISSUE)
    for table in (grants, operations):
        await database.update_rows(harness.engine, table, {"deadline_at": func.now() + MINUTE})
    await outage(harness, lasts=MINUTE)
    for table, id in ((grants, grant.id), (operations, operation.id)):
        assert await database.time_left(harness.engine, table, "deadline_at", id=id) > LONG - MINUTE


async def test_an_end_that_was_given_as_a_time_stays(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    until = harness.clock.present + timedelta(hours=1)
    await database.update_rows(harness.engine, grants, {"duration": None, "ends_at": until}, id=grant.id)
    await outage(harness, lasts=LONG)
    assert await end_of(harness, grant) == until


@pytest.mark.parametrize("fault", [fault_injection.cut_before(), fault_injection.lost_answer()])
async def test_what_may_be_open_already_keeps_its_end(
    harness: MtlsHarness, fault: fault_injection.Fault
) -> None:
    grant = await harness.approve()
    before = await end_of(harness, grant)
    harness.heroku.fault(fault, on=ADD)
    await harness.reconcile()
    await outage(harness, lasts=timedelta(hours=2))
    assert await end_of(harness, grant) == before


async def test_what_is_in_force_keeps_its_end(harness: MtlsHarness) -> None:
    grant = await harness.open()
    before = await end_of(harness, grant)
    await outage(harness, lasts=timedelta(hours=2))
    assert await end_of(harness, grant) == before


async def test_what_is_opened_again_keeps_its_end(harness: MtlsHarness) -> None:
    grant = await harness.open()
    before = await end_of(harness, grant)
    (rule,) = [id for id, rule in harness.endpoint().rules.items() if rule.cidr == str(NETWORK)]
    del harness.endpoint().rules[rule]
    await harness.reconcile()
    assert await harness.state(grant) == "interrupted"
    await database.update_rows(
        harness.engine, grants, {"state": "applying", "deadline_at": func.now() + LONG}, id=grant.id
    )
    await outage(harness, lasts=timedelta(hours=2))
    assert await end_of(harness, grant) == before


async def due_everywhere(harness: MtlsHarness, times: int) -> None:
    """Every database is looked at so many times."""
    for _ in range(times):
        await harness.do(lambda tx: tx.reconcile_queue.refresh_all())
        for _ in range(2):
            await harness.run()


async def test_operations_hear_of_an_outage_once_for_all_databases_and_get_one_all_clear(
    harness: MtlsHarness,
) -> None:
    harness.heroku.fault(fault_injection.status(503), times=None)
    await due_everywhere(harness, 8)
    harness.clock.present += timedelta(hours=3)
    await due_everywhere(harness, 2)
    ((kind, params),) = await harness.findings()
    assert (kind, params["status"]) == ("notification.heroku_trouble", "503")
    assert params["app"].count(", ") == 1
    harness.heroku.clear_faults()
    await due_everywhere(harness, 2)
    kinds = [kind for kind, _ in await harness.findings()]
    assert kinds == ["notification.heroku_trouble", "notification.heroku_restored"]
    (_, told), (_, over) = await harness.findings()
    assert told["until"] == over["until"] == harness.clock.present.isoformat()


@pytest.mark.parametrize("code", [401, 403])
async def test_a_token_that_is_accepted_again_is_told(harness: MtlsHarness, code: int) -> None:
    harness.heroku.fault(fault_injection.status(code), times=None)
    await harness.reconcile(3)
    harness.heroku.clear_faults()
    await harness.reconcile(2)
    kinds = [kind for kind, _ in await harness.findings()]
    assert kinds == ["notification.heroku_denied", "notification.heroku_restored"]


async def test_a_token_that_is_refused_in_an_outage_is_told_as_well(harness: MtlsHarness) -> None:
    harness.heroku.fault(fault_injection.status(503), times=None)
    await harness.reconcile(6)
    harness.heroku.clear_faults()
    harness.heroku.fault(fault_injection.status(401), times=None)
    await harness.reconcile(2)
    kinds = [kind for kind, _ in await harness.findings()]
    assert kinds[0] == "notification.heroku_trouble"
    assert "notification.heroku_denied" in kinds


async def test_a_failure_that_passes_at_once_is_told_to_nobody(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.status(503))
    await harness.reconcile(3)
    assert await harness.state(grant) == "in_force"
    assert await harness.findings() == []
    counted = await database.row(
        harness.engine, reconcile_queue, "trouble", "trouble_since", target_id=harness.target.id
    )
    assert counted == (None, None)
