"""Grants: changed only from the state they are in, found by their end and their warning."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, GrantState, ReasonCode, again, begin, closed, closing, extended, verified
from bot.domain.method import Method
from storage.tables import audit, grants
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW
from tests.unit.storage import store_helpers

EIGHT_HOURS = timedelta(hours=8)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


async def get(store: PostgresStore, grant: Grant) -> Grant:
    async with store.transaction() as tx:
        return await tx.grants.lock(grant.id)


async def over(store: PostgresStore, *, at: timedelta, limit: int = 100) -> tuple[Grant, ...]:
    async with store.transaction() as tx:
        return await tx.grants.past_end(NOW + at, limit=limit)


async def to_warn(store: PostgresStore, *, at: timedelta, limit: int = 100) -> tuple[Grant, ...]:
    async with store.transaction() as tx:
        return await tx.grants.to_warn(NOW + at, limit=limit)


async def test_a_grant_comes_back_word_for_word(store: PostgresStore) -> None:
    grant = await store_helpers.approve(
        store, await store_helpers.ask(store, network=IPv4Network("203.0.112.0/23"))
    )
    assert await get(store, grant) == grant


async def test_one_request_opens_one_grant(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    grant = await store_helpers.approve(store, request)
    with pytest.raises(IntegrityError, match="uq_grants_request_id"):
        async with store.transaction() as tx:
            await tx.grants.open(begin(request, id=uuid4(), now=NOW), doing=store_helpers.BY_LEAD)
    assert await get(store, grant) == grant


async def test_a_change_is_written_whole(store: PostgresStore) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    failed = closed(
        grant, GrantState.FAILED, now=NOW, reason_code=ReasonCode.REFUSED, detail="Heroku: no room"
    )
    assert await store_helpers.change(store, grant, failed)
    assert await get(store, grant) == failed


async def test_a_change_from_a_state_that_has_passed_writes_nothing(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    ending = closing(grant, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, grant, ending)
    before = await store_helpers.counts(engine)
    interrupted = closed(grant, GrantState.INTERRUPTED, now=NOW, reason_code=ReasonCode.CLOSED_ELSEWHERE)
    assert not await store_helpers.change(store, grant, interrupted)
    assert await get(store, grant) == ending
    assert await store_helpers.counts(engine) == before


async def test_of_two_changes_at_once_the_second_sees_the_first(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    async with store.transaction() as tx:
        ending = closing(grant, ReasonCode.EXPIRED)
        assert await tx.grants.update(grant, ending, doing=store_helpers.BY_LEAD)
        second = asyncio.create_task(store_helpers.change(store, grant, ending))
        await store_helpers.until_somebody_waits(engine)
        await tx.commit()
    assert not await second
    assert await database.count(engine, audit, after="ending") == 1


async def test_a_longer_end_is_written_whole(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    longer = extended(grant, SECOND, now=NOW, warn_before=timedelta(minutes=30), alone=True)
    assert await store_helpers.change(store, grant, longer)
    assert await get(store, grant) == longer


async def test_what_is_opened_again_has_a_whole_opening_deadline_again(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    await database.update_rows(engine, grants, {"deadline_at": func.now() - timedelta(hours=1)})
    failed = closed(grant, GrantState.FAILED, now=NOW, reason_code=ReasonCode.DEADLINE)
    assert await store_helpers.change(store, grant, failed)
    assert await database.time_left(engine, grants, "deadline_at") < timedelta()
    assert await store_helpers.change(store, failed, again(failed))
    assert await database.time_left(engine, grants, "deadline_at") > timedelta(minutes=19)


async def test_a_change_of_the_end_leaves_the_opening_deadline_alone(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    before = await database.value(engine, grants, "deadline_at")
    longer = extended(grant, SECOND, now=NOW, warn_before=timedelta(minutes=30), alone=True)
    assert await store_helpers.change(store, grant, longer)
    assert await database.value(engine, grants, "deadline_at") == before


async def test_a_grant_without_an_end_comes_back_without_one_and_is_never_over(
    store: PostgresStore,
) -> None:
    grant = await store_helpers.approve(
        store, await store_helpers.record(store, factories.request(endless=True))
    )
    opened = verified(grant, now=NOW, warn_before=timedelta(minutes=30))
    assert await store_helpers.change(store, grant, opened)
    assert (await get(store, grant), opened.ends_at, opened.warn_at) == (opened, None, None)
    assert await over(store, at=timedelta(days=3650)) == ()
    assert await to_warn(store, at=timedelta(days=3650)) == ()
    async with store.transaction() as tx:
        assert await tx.grants.next_moment() is None


async def test_a_grant_is_found_by_the_request_that_opened_it(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    async with store.transaction() as tx:
        assert await tx.grants.of_request(grant.request) == grant
        assert await tx.grants.of_request(grant.request + 1) is None


async def test_what_somebody_may_end_is_found_by_its_exact_network_and_database(
    store: PostgresStore,
) -> None:
    first, second = (
        await store_helpers.in_force(store),
        await store_helpers.approve(store, await store_helpers.ask(store)),
    )
    await store_helpers.in_force(store, network=IPv4Network("203.0.113.0/28"))
    over_already = await store_helpers.in_force(store)
    await store_helpers.change(store, over_already, closing(over_already, ReasonCode.DONE))
    async with store.transaction() as tx:
        found = await tx.grants.live(first.target, Method.MTLS, NETWORK)
        elsewhere = await tx.grants.live(UUID(int=2), Method.MTLS, NETWORK)
    assert {grant.id for grant in found} == {first.id, second.id}
    assert elsewhere == ()


async def test_what_may_be_ended_is_held_until_the_transaction_ends(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    ending = closing(grant, ReasonCode.DONE)
    async with store.transaction() as tx:
        await tx.grants.live(grant.target, Method.MTLS, NETWORK)
        second = asyncio.create_task(store_helpers.change(store, grant, ending))
        await store_helpers.until_somebody_waits(engine)
        assert await tx.grants.update(grant, ending, doing=store_helpers.BY_LEAD)
        await tx.commit()
    assert not await second


async def test_a_grant_is_over_from_its_very_end_on(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    assert await over(store, at=EIGHT_HOURS - SECOND) == ()
    assert await over(store, at=EIGHT_HOURS) == (grant,)


async def test_a_grant_that_was_never_read_back_is_over_at_its_hard_end(store: PostgresStore) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    assert await over(store, at=EIGHT_HOURS + timedelta(minutes=20) - SECOND) == ()
    assert await over(store, at=EIGHT_HOURS + timedelta(minutes=20)) == (grant,)


async def test_an_interrupted_grant_is_over_at_its_end_too(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    interrupted = closed(grant, GrantState.INTERRUPTED, now=NOW, reason_code=ReasonCode.CLOSED_ELSEWHERE)
    await store_helpers.change(store, grant, interrupted)
    assert await over(store, at=EIGHT_HOURS) == (interrupted,)


async def test_a_grant_that_is_ending_is_not_over_again(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    await store_helpers.change(store, grant, closing(grant, ReasonCode.EXPIRED))
    assert await over(store, at=timedelta(days=30)) == ()


async def test_the_most_overdue_comes_first_and_no_more_than_asked_for(store: PostgresStore) -> None:
    late, latest, later = [
        await store_helpers.in_force(store, at=NOW - timedelta(minutes=m)) for m in (1, 9, 5)
    ]
    assert await over(store, at=EIGHT_HOURS) == (latest, later, late)
    assert await over(store, at=EIGHT_HOURS, limit=2) == (latest, later)


async def test_what_somebody_else_is_changing_is_passed_over(store: PostgresStore) -> None:
    held, free = [await store_helpers.in_force(store, at=NOW - timedelta(minutes=m)) for m in (2, 1)]
    async with store.transaction() as tx:
        await tx.grants.lock(held.id)
        assert await over(store, at=EIGHT_HOURS) == (free,)
        assert await to_warn(store, at=EIGHT_HOURS) == (free,)


async def test_a_warning_is_due_before_the_end_and_once(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    half_past_seven = timedelta(hours=7, minutes=30)
    assert await to_warn(store, at=half_past_seven - SECOND) == ()
    assert await to_warn(store, at=half_past_seven) == (grant,)
    async with store.transaction() as tx:
        await tx.grants.warned(grant)
        await tx.commit()
    assert await to_warn(store, at=EIGHT_HOURS) == ()
    assert await get(store, grant) == replace(grant, warn_at=None)


async def test_only_what_is_in_force_is_warned_of(store: PostgresStore) -> None:
    await store_helpers.approve(store, await store_helpers.ask(store))
    grant = await store_helpers.in_force(store)
    await store_helpers.change(store, grant, closing(grant, ReasonCode.EXPIRED))
    assert await to_warn(store, at=timedelta(days=30)) == ()


async def test_the_next_moment_is_the_next_warning_or_end(store: PostgresStore) -> None:
    async def next_moment() -> timedelta | None:
        async with store.transaction() as tx:
            moment = await tx.grants.next_moment()
            return None if moment is None else moment - NOW

    assert await next_moment() is None
    await store_helpers.approve(store, await store_helpers.ask(store))
    assert await next_moment() == EIGHT_HOURS + timedelta(minutes=20)
    grant = await store_helpers.in_force(store)
    assert await next_moment() == EIGHT_HOURS - timedelta(minutes=30)
    async with store.transaction() as tx:
        await tx.grants.warned(grant)
        await tx.commit()
    assert await next_moment() == EIGHT_HOURS
