"""Outages of Heroku: a granted hour is an hour from when it works, and operations hear of each once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant
from bot.domain.reports.trouble import Trouble
from bot.domain.request import Kind
from bot.ports import MessageKind
from bot.ports.assertions import listed_request
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from storage.tables import grants, operations, outbox, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import ADD, REMOVE, MtlsHarness
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
    assert over["trouble"] == Trouble.UNREACHABLE


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


async def trouble(harness: MtlsHarness) -> tuple[object, ...]:
    """What keeps the database from being reconciled, and since when, as cards say it."""
    (row,) = await database.rows(
        harness.engine, reconcile_queue, "trouble", "trouble_since", order_by="id", id=await job_of(harness)
    )
    return row


async def job_of(harness: MtlsHarness) -> int:
    """The number of the database's row in the queue: the one whose runs have failed most."""
    found = await database.rows(harness.engine, reconcile_queue, "failures", "id", order_by="id")
    return int(max(found)[1])


async def edits(harness: MtlsHarness) -> int:
    """How often the requester's card was to be edited."""
    return int(await database.value(harness.engine, outbox, "version", kind=MessageKind.CARD_REQUESTER))


@pytest.mark.parametrize("pattern", [REMOVE, f"{REMOVE}|{ADD}"])
@pytest.mark.parametrize("code", [503, 409])
async def test_while_only_removals_fail_it_is_on_hold_since_the_first_without_an_edit_at_each_run(
    harness: MtlsHarness, code: int, pattern: str
) -> None:
    grant = await harness.open()
    await harness.do(
        lambda tx: tx.outbox.add_cards(grant.request, approvals="C0APPROVALS", requester=grant.owner)
    )
    await harness.end(grant)
    harness.heroku.fault(fault_injection.status(code), on=pattern, times=None)
    for _ in range(4):
        await harness.reconcile()
        await harness.wait_a_minute()
        harness.clock.present += MINUTE
    held, shown = await trouble(harness), await edits(harness)
    assert held[0] is not None
    for _ in range(6):
        await harness.reconcile()
        # Every other run only reads back, and goes well.
        assert await trouble(harness) == held
        await harness.reconcile()
        assert await trouble(harness) == held
        await harness.wait_a_minute()
        harness.clock.present += MINUTE
    assert await edits(harness) == shown
    assert len(harness.calls(REMOVE)) > 5
    harness.heroku.clear_faults()
    await harness.wait_a_minute()
    await harness.reconcile(3)
    assert await harness.state(grant) == "ended"
    assert await trouble(harness) == (None, None)


async def test_what_goes_well_again_is_no_longer_on_hold(harness: MtlsHarness) -> None:
    grant = await harness.open()
    harness.heroku.fault(fault_injection.status(503), times=None)
    await harness.reconcile(3)
    assert (await trouble(harness))[0] is not None
    harness.heroku.clear_faults()
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    assert await trouble(harness) == (None, None)


async def late_version(harness: MtlsHarness) -> int:
    """How often the message about what is late was to be shown anew."""
    return int(await database.value(harness.engine, outbox, "version", kind=MessageKind.CLOSING_LATE))


@pytest.mark.parametrize("code", [503, 401, 429])
async def test_what_is_late_is_shown_anew_with_trouble_and_without(harness: MtlsHarness, code: int) -> None:
    grant = await harness.open()
    await harness.end(grant)
    about, params = [listed_request(grant.request)], {"requests": str(grant.request)}
    kind = MessageKind.CLOSING_LATE
    await harness.do(lambda tx: tx.outbox.add(kind, to="U0LEAD", key="late", about=about, params=params))
    before = await late_version(harness)
    harness.heroku.fault(fault_injection.status(code), times=None)
    await harness.reconcile(3)
    held = await late_version(harness)
    assert held > before
    await harness.reconcile(3)
    assert await late_version(harness) == held
    harness.heroku.clear_faults()
    await harness.reconcile(2)
    assert await harness.state(grant) == "ended"
    assert await late_version(harness) > held
