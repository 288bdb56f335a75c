"""The bell: a commit wakes the loops that it concerns, in this process at once, in others soon."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports import MessageKind, WorkerName
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.unit.storage import store_helpers


@pytest.fixture
async def bell(database_url: str) -> AsyncIterator[PostgresWakeups]:
    async with PostgresWakeups(url=database_url) as bell:
        yield bell


@pytest.fixture
async def other_process(database_url: str) -> AsyncIterator[PostgresWakeups]:
    async with PostgresWakeups(url=database_url) as bell:
        yield bell


async def tell(engine: AsyncEngine, bell: PostgresWakeups, *, commit: bool) -> None:
    async with PostgresStore(engine, bell).transaction() as tx:
        await tx.posts.tell(MessageKind.NOTICE_STRAY, to="C0OPERATIONS", key="stray")
        if commit:
            await tx.commit()


async def test_a_commit_wakes_the_loop_it_concerns_at_once(
    engine: AsyncEngine, bell: PostgresWakeups
) -> None:
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(bell, WorkerName.COURIER, within=0)


async def test_a_commit_leaves_the_other_loops_asleep(engine: AsyncEngine, bell: PostgresWakeups) -> None:
    await tell(engine, bell, commit=True)
    assert not await store_helpers.heard(bell, WorkerName.KEEPER, within=0)
    assert not await store_helpers.heard(bell, WorkerName.CLOCK, within=0)


async def test_what_is_rolled_back_wakes_nobody(engine: AsyncEngine, bell: PostgresWakeups) -> None:
    await tell(engine, bell, commit=False)
    assert not await store_helpers.heard(bell, WorkerName.COURIER, within=0)


async def test_a_commit_wakes_the_loop_in_another_process(
    engine: AsyncEngine, bell: PostgresWakeups, other_process: PostgresWakeups
) -> None:
    await store_helpers.until_listening(engine, 2)
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(other_process, WorkerName.COURIER, within=store_helpers.PATIENCE)
    assert not await store_helpers.heard(other_process, WorkerName.KEEPER, within=0)


async def test_waiting_ends_after_its_time_when_nobody_rings(bell: PostgresWakeups) -> None:
    async with asyncio.timeout(store_helpers.PATIENCE):
        await bell.wait(WorkerName.KEEPER, at_most=timedelta(milliseconds=10))


async def test_one_ring_wakes_a_loop_once(database_url: str) -> None:
    alone = PostgresWakeups(url=database_url)
    alone.ring([WorkerName.KEEPER])
    alone.ring([WorkerName.KEEPER])
    assert await store_helpers.heard(alone, WorkerName.KEEPER, within=0)
    assert not await store_helpers.heard(alone, WorkerName.KEEPER, within=0)


async def test_a_word_from_a_newer_version_is_passed_over(engine: AsyncEngine, bell: PostgresWakeups) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(engine, "SELECT pg_notify('pgaccess', 'gardener,keeper')")
    assert await store_helpers.heard(bell, WorkerName.KEEPER, within=store_helpers.PATIENCE)


async def test_a_bell_that_was_cut_off_still_rings_in_its_own_process(
    engine: AsyncEngine, bell: PostgresWakeups
) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(
        engine, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    await store_helpers.until_listening(engine, 0)
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(bell, WorkerName.COURIER, within=0)
