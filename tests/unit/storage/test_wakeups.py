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
async def wakeups(database_url: str) -> AsyncIterator[PostgresWakeups]:
    async with PostgresWakeups(url=database_url) as wakeups:
        yield wakeups


@pytest.fixture
async def other_process(database_url: str) -> AsyncIterator[PostgresWakeups]:
    async with PostgresWakeups(url=database_url) as wakeups:
        yield wakeups


async def tell(engine: AsyncEngine, wakeups: PostgresWakeups, *, commit: bool) -> None:
    async with PostgresStore(engine, wakeups).transaction() as tx:
        await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="stray")
        if commit:
            await tx.commit()


async def test_a_commit_wakes_the_loop_it_concerns_at_once(
    engine: AsyncEngine, wakeups: PostgresWakeups
) -> None:
    await tell(engine, wakeups, commit=True)
    assert await store_helpers.heard(wakeups, WorkerName.NOTIFIER, within=0)


async def test_a_commit_leaves_the_other_loops_asleep(engine: AsyncEngine, wakeups: PostgresWakeups) -> None:
    await tell(engine, wakeups, commit=True)
    assert not await store_helpers.heard(wakeups, WorkerName.RECONCILER, within=0)
    assert not await store_helpers.heard(wakeups, WorkerName.CLOCK, within=0)


async def test_what_is_rolled_back_wakes_nobody(engine: AsyncEngine, wakeups: PostgresWakeups) -> None:
    await tell(engine, wakeups, commit=False)
    assert not await store_helpers.heard(wakeups, WorkerName.NOTIFIER, within=0)


async def test_a_commit_wakes_the_loop_in_another_process(
    engine: AsyncEngine, wakeups: PostgresWakeups, other_process: PostgresWakeups
) -> None:
    await store_helpers.until_listening(engine, 2)
    await tell(engine, wakeups, commit=True)
    assert await store_helpers.heard(other_process, WorkerName.NOTIFIER, within=store_helpers.PATIENCE)
    assert not await store_helpers.heard(other_process, WorkerName.RECONCILER, within=0)


async def test_waiting_ends_after_its_time_when_nobody_rings(wakeups: PostgresWakeups) -> None:
    async with asyncio.timeout(store_helpers.PATIENCE):
        await wakeups.wait(WorkerName.RECONCILER, at_most=timedelta(milliseconds=10))


async def test_one_ring_wakes_a_loop_once(database_url: str) -> None:
    alone = PostgresWakeups(url=database_url)
    alone.wake([WorkerName.RECONCILER])
    alone.wake([WorkerName.RECONCILER])
    assert await store_helpers.heard(alone, WorkerName.RECONCILER, within=0)
    assert not await store_helpers.heard(alone, WorkerName.RECONCILER, within=0)


async def test_a_word_from_a_newer_version_is_passed_over(
    engine: AsyncEngine, wakeups: PostgresWakeups
) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(engine, "SELECT pg_notify('pgaccess', 'gardener,reconciler')")
    assert await store_helpers.heard(wakeups, WorkerName.RECONCILER, within=store_helpers.PATIENCE)


async def test_a_bell_that_was_cut_off_still_rings_in_its_own_process(
    engine: AsyncEngine, wakeups: PostgresWakeups
) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(
        engine, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    await store_helpers.until_listening(engine, 0)
    await tell(engine, wakeups, commit=True)
    assert await store_helpers.heard(wakeups, WorkerName.NOTIFIER, within=0)
