"""Periodic tasks: each run is claimed by one worker."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls.expiry_reminders import next_summary
from storage.tables import periodic_tasks
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW


async def claim(store: PostgresStore, name: str = "people") -> bool:
    async with store.transaction() as tx:
        mine = await tx.periodic_tasks.claim(name, within=timedelta(minutes=5))
        await tx.commit()
        return mine


async def test_a_task_that_was_never_done_is_done_by_one_of_many(store: PostgresStore) -> None:
    assert sorted(await asyncio.gather(*(claim(store) for _ in range(6)))) == [False] * 5 + [True]


async def test_a_task_that_is_due_is_done_by_one_of_many(store: PostgresStore, engine: AsyncEngine) -> None:
    await claim(store)
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(minutes=5))
    assert sorted(await asyncio.gather(*(claim(store) for _ in range(6)))) == [False] * 5 + [True]


async def test_each_task_has_its_own_turn(store: PostgresStore) -> None:
    assert await claim(store, "people")
    assert await claim(store, "databases")


async def test_a_task_that_came_to_nothing_can_be_due_sooner(store: PostgresStore) -> None:
    await claim(store)
    async with store.transaction() as tx:
        await tx.periodic_tasks.schedule("people", wait=timedelta())
        await tx.commit()
    assert await claim(store)


async def test_a_task_whose_worker_died_is_due_again_after_its_time(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await claim(store)
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(minutes=4))
    assert not await claim(store)
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(minutes=1))
    assert await claim(store)


async def test_a_task_that_is_done_is_left_alone_until_its_next_turn(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await claim(store)
    async with store.transaction() as tx:
        await tx.periodic_tasks.schedule("people", wait=timedelta(minutes=10))
        await tx.commit()
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(minutes=9))
    assert not await claim(store)


async def turn(store: PostgresStore, now: datetime) -> bool:
    async with store.transaction() as tx:
        mine = await tx.periodic_tasks.claim_at("summary", now=now, following=next_summary(now))
        await tx.commit()
        return mine


async def test_a_task_by_business_time_waits_for_its_first_turn_and_then_comes_once(
    store: PostgresStore,
) -> None:
    monday = next_summary(NOW)
    moments = (NOW, monday - timedelta(seconds=1), monday, monday, monday + timedelta(days=20))
    assert [await turn(store, moment) for moment in moments] == [False, False, True, False, True]


async def test_a_turn_by_business_time_is_taken_by_one_of_many(store: PostgresStore) -> None:
    await turn(store, NOW)
    monday = next_summary(NOW)
    assert sorted(await asyncio.gather(*(turn(store, monday) for _ in range(6)))) == [False] * 5 + [True]


async def advance(store: PostgresStore, before: dict[str, str], after: dict[str, str]) -> bool:
    async with store.transaction() as tx:
        mine = await tx.periodic_tasks.advance("people", before=before, after=after, wait=timedelta())
        await tx.commit()
        return mine


async def test_a_task_goes_on_where_it_was(store: PostgresStore) -> None:
    await claim(store)
    assert await advance(store, {}, {"cursor": "second"})
    async with store.transaction() as tx:
        assert await tx.periodic_tasks.progress("people") == {"cursor": "second"}
    assert await claim(store)


async def test_a_worker_that_was_overtaken_does_not_turn_a_task_back(store: PostgresStore) -> None:
    await claim(store)
    await advance(store, {}, {"cursor": "second"})
    await advance(store, {"cursor": "second"}, {"cursor": "third"})
    assert not await advance(store, {}, {"cursor": "second"})
    async with store.transaction() as tx:
        assert await tx.periodic_tasks.progress("people") == {"cursor": "third"}


async def test_a_task_is_held_for_the_longest_that_was_asked(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        assert not await tx.periodic_tasks.is_held("users.info")
        await tx.periodic_tasks.hold("users.info", wait=timedelta(seconds=20))
        await tx.periodic_tasks.hold("users.info", wait=timedelta())
        assert await tx.periodic_tasks.is_held("users.info")
