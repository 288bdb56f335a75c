"""The bell: a commit wakes the loops that it concerns, in this process at once, in others soon."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports import Loop, PostKind
from storage.transaction import PostgresStore
from storage.wakeups import PostgresBell
from tests.unit.storage import store_helpers


@pytest.fixture
async def bell(database_url: str) -> AsyncIterator[PostgresBell]:
    async with PostgresBell(url=database_url) as bell:
        yield bell


@pytest.fixture
async def other_process(database_url: str) -> AsyncIterator[PostgresBell]:
    async with PostgresBell(url=database_url) as bell:
        yield bell


async def tell(engine: AsyncEngine, bell: PostgresBell, *, commit: bool) -> None:
    async with PostgresStore(engine, bell).transaction() as tx:
        await tx.posts.tell(PostKind.NOTICE_STRAY, to="C0OPERATIONS", key="stray")
        if commit:
            await tx.commit()


async def test_a_commit_wakes_the_loop_it_concerns_at_once(engine: AsyncEngine, bell: PostgresBell) -> None:
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(bell, Loop.COURIER, within=0)


async def test_a_commit_leaves_the_other_loops_asleep(engine: AsyncEngine, bell: PostgresBell) -> None:
    await tell(engine, bell, commit=True)
    assert not await store_helpers.heard(bell, Loop.KEEPER, within=0)
    assert not await store_helpers.heard(bell, Loop.CLOCK, within=0)


async def test_what_is_rolled_back_wakes_nobody(engine: AsyncEngine, bell: PostgresBell) -> None:
    await tell(engine, bell, commit=False)
    assert not await store_helpers.heard(bell, Loop.COURIER, within=0)


async def test_a_commit_wakes_the_loop_in_another_process(
    engine: AsyncEngine, bell: PostgresBell, other_process: PostgresBell
) -> None:
    await store_helpers.until_listening(engine, 2)
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(other_process, Loop.COURIER, within=store_helpers.PATIENCE)
    assert not await store_helpers.heard(other_process, Loop.KEEPER, within=0)


async def test_waiting_ends_after_its_time_when_nobody_rings(bell: PostgresBell) -> None:
    async with asyncio.timeout(store_helpers.PATIENCE):
        await bell.wait(Loop.KEEPER, at_most=timedelta(milliseconds=10))


async def test_one_ring_wakes_a_loop_once(database_url: str) -> None:
    alone = PostgresBell(url=database_url)
    alone.ring([Loop.KEEPER])
    alone.ring([Loop.KEEPER])
    assert await store_helpers.heard(alone, Loop.KEEPER, within=0)
    assert not await store_helpers.heard(alone, Loop.KEEPER, within=0)


async def test_a_word_from_a_newer_version_is_passed_over(engine: AsyncEngine, bell: PostgresBell) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(engine, "SELECT pg_notify('pgaccess', 'gardener,keeper')")
    assert await store_helpers.heard(bell, Loop.KEEPER, within=store_helpers.PATIENCE)


async def test_a_bell_that_was_cut_off_still_rings_in_its_own_process(
    engine: AsyncEngine, bell: PostgresBell
) -> None:
    await store_helpers.until_listening(engine, 1)
    await store_helpers.query(
        engine, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    await store_helpers.until_listening(engine, 0)
    await tell(engine, bell, commit=True)
    assert await store_helpers.heard(bell, Loop.COURIER, within=0)
