"""What time brings: ends and warnings at their moment, late ones first and said to be late, nothing twice."""

import asyncio
from datetime import timedelta
from ipaddress import IPv4Network

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.ports import MessageKind
from bot.services import Services, open_services
from bot.services.deadlines import ENDS
from storage.tables import outbox, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, POLICY, SetClock
from tests.unit.storage import store_helpers

EIGHT_HOURS = timedelta(hours=8)
HALF_PAST_SEVEN = timedelta(hours=7, minutes=30)
SECOND = timedelta(seconds=1)

_WORDS = "kind, method, target_id, rule, required_approvals, subject, duration, reason, requester, state"
COPIES = f"""
    WITH more AS (
        INSERT INTO requests ({_WORDS}, asked_at, expires_at)
        SELECT {_WORDS}, asked_at, expires_at FROM requests, generate_series(1, :copies) RETURNING id
    )
    INSERT INTO grants (
        id, request_id, target_id, method, owner, subject, state, started_at, deadline_at, ends_at
    )
    SELECT
        gen_random_uuid(), more.id, target_id, method, owner, subject, state, started_at, deadline_at, ends_at
    FROM grants, more
"""
"""As many grants more as one transaction ends."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    await store_helpers.discover(store)
    return open_services(store=store, policy=POLICY, clock=clock)


async def warnings(engine: AsyncEngine) -> int:
    return await database.count(engine, outbox, kind="notification.ending")


async def endings(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Who ended what had been open, and how many seconds late, in the order it was done."""
    lines = await database.audit_lines(engine, "actor", "details", after="ending")
    return [(actor, details["late_s"]) for actor, details in lines]


async def test_without_grants_time_brings_nothing(services: Services, engine: AsyncEngine) -> None:
    before = await store_helpers.counts(engine)
    assert await services.deadlines.run_due() is None
    assert await store_helpers.counts(engine) == before


async def test_a_grant_is_warned_of_at_its_moment_and_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await store_helpers.in_force(store)
    clock.present = NOW + HALF_PAST_SEVEN - SECOND
    assert await services.deadlines.run_due() == NOW + HALF_PAST_SEVEN
    assert await warnings(engine) == 0
    clock.present += SECOND
    assert await services.deadlines.run_due() == NOW + EIGHT_HOURS
    await services.deadlines.run_due()
    assert await warnings(engine) == 1
    assert await endings(engine) == []


async def test_a_grant_is_closed_at_its_end_and_the_database_wanted(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    clock.present = NOW + EIGHT_HOURS - SECOND
    await services.deadlines.run_due()
    wanted = await database.value(engine, reconcile_queue, "generation")
    assert await endings(engine) == []
    clock.present += SECOND
    assert await services.deadlines.run_due() is None
    assert await endings(engine) == [("pgaccess", "0")]
    assert await database.value(engine, reconcile_queue, "generation") == wanted + 1
    async with store.transaction() as tx:
        found = await tx.grants.lock(grant.id)
    assert (found.state, found.reason_code) == (GrantState.ENDING, ReasonCode.EXPIRED)


async def test_the_cards_of_what_ends_are_shown_afresh(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    async with store.transaction() as tx:
        await tx.outbox.add(
            MessageKind.CARD_REQUESTER, to="U0ENGINEER", key="requester", request=grant.request
        )
        await tx.commit()
    clock.present = NOW + EIGHT_HOURS
    await services.deadlines.run_due()
    assert await database.value(engine, outbox, "version", key="requester") == 2


async def test_after_downtime_the_most_overdue_ends_first_and_how_late_is_written_down(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    for minutes in (0, 120, 60):
        await store_helpers.in_force(store, at=NOW - timedelta(minutes=minutes))
    clock.present = NOW + EIGHT_HOURS + timedelta(days=3)
    await services.deadlines.run_due()
    days = 3 * 24 * 3600
    late = [days + seconds for seconds in (7200, 3600, 0)]
    assert await endings(engine) == [("pgaccess", str(seconds)) for seconds in late]


async def test_what_is_over_is_not_warned_of_any_more(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await store_helpers.in_force(store)
    clock.present = NOW + timedelta(days=1)
    await services.deadlines.run_due()
    assert await warnings(engine) == 0


async def test_a_grant_that_was_never_read_back_is_closed_at_its_hard_end(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    assert grant.ends_at is not None
    clock.present = grant.ends_at
    await services.deadlines.run_due()
    assert await endings(engine) == [("pgaccess", "0")]


async def test_many_that_follow_the_clock_at_once_do_everything_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    for number in range(6):
        await store_helpers.in_force(store, network=IPv4Network(f"203.0.113.{number}/32"))
    await store_helpers.in_force(store, at=NOW + timedelta(minutes=29))
    clock.present = NOW + EIGHT_HOURS
    await asyncio.gather(*(services.deadlines.run_due() for _ in range(8)))
    assert await endings(engine) == [("pgaccess", "0")] * 6
    assert await warnings(engine) == 1


async def test_more_ends_than_one_transaction_takes_are_due_at_once_again(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await store_helpers.in_force(store)
    await store_helpers.query(engine, COPIES, copies=ENDS)
    clock.present = NOW + EIGHT_HOURS
    assert await services.deadlines.run_due() == NOW + EIGHT_HOURS
    assert await services.deadlines.run_due() is None
    assert len(await endings(engine)) == ENDS + 1


async def test_lines_are_sealed_until_none_is_left(store: PostgresStore, services: Services) -> None:
    await store_helpers.in_force(store)
    assert await services.deadlines.seal_audit_log() == 4
    assert await services.deadlines.seal_audit_log() == 0
    async with store.transaction() as tx:
        assert (await tx.audit.verify()).sealed == 4
