"""One budget for all processes: whoever draws, together they never draw more than there is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.rate_budget import FLOOR, RESERVED, CallPriority
from bot.errors import StoreUnavailableError
from storage.engine import async_commit_engine
from storage.repositories.rate_budget import PostgresRateBudget
from storage.tables import rate_budget
from tests import database
from tests.database import full_budget


@pytest.fixture
async def budgets(database_url: str) -> AsyncIterator[PostgresRateBudget]:
    engine = async_commit_engine(database_url)
    yield PostgresRateBudget(engine)
    await engine.dispose()


async def set_to(engine: AsyncEngine, size: float, refill: float = 0.001) -> None:
    async with engine.begin() as connection:
        await connection.execute(rate_budget.delete())
        await connection.execute(rate_budget.insert().values(full_budget(size, refill)))


async def test_the_first_who_comes_finds_herokus_own_limit(budgets: PostgresRateBudget) -> None:
    left, granted = await budgets.acquire(CallPriority.ADD, 3)
    assert (granted, left.size, left.tokens) == (3, 4500, 4497)


async def test_those_who_come_first_at_once_all_find_it(engine: AsyncEngine, database_url: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(rate_budget.delete())
    engines = [async_commit_engine(database_url) for _ in range(8)]
    rendered = await asyncio.gather(
        *(PostgresRateBudget(each).acquire(CallPriority.ADD, 1) for each in engines)
    )
    assert [granted for _, granted in rendered] == [1] * 8
    for each in engines:
        await each.dispose()


async def test_acquired_tokens_are_gone_for_all(
    budgets: PostgresRateBudget, engine: AsyncEngine, database_url: str
) -> None:
    await set_to(engine, 100)
    await budgets.acquire(CallPriority.ADD, 40)
    other = async_commit_engine(database_url)
    left, granted = await PostgresRateBudget(other).acquire(CallPriority.ADD, 100)
    await other.dispose()
    assert (granted, int(left.tokens)) == (50, int(100 * RESERVED))


async def test_many_at_once_share_what_there_is(engine: AsyncEngine, database_url: str) -> None:
    await set_to(engine, 100)
    engines = [async_commit_engine(database_url) for _ in range(5)]
    rendered = await asyncio.gather(
        *(PostgresRateBudget(each).acquire(CallPriority.REMOVE, 7) for each in engines for _ in range(5))
    )
    for each in engines:
        await each.dispose()
    assert sum(granted for _, granted in rendered) == 100 - FLOOR


async def test_tokens_come_back_by_postgres_clock(budgets: PostgresRateBudget, engine: AsyncEngine) -> None:
    await set_to(engine, 1000, refill=10)
    await budgets.acquire(CallPriority.REMOVE, 990)
    await database.make_older(engine, rate_budget, "at", by=timedelta(seconds=5))
    assert (await budgets.acquire(CallPriority.REMOVE, 100))[1] == 50


async def test_herokus_word_holds(budgets: PostgresRateBudget, engine: AsyncEngine) -> None:
    await set_to(engine, 1000)
    await budgets.correct(200)
    assert int((await budgets.acquire(CallPriority.ADD, 1))[0].tokens) == 200 - FLOOR - 1


async def test_nobody_calls_without_a_budget(budgets: PostgresRateBudget, engine: AsyncEngine) -> None:
    await budgets.acquire(CallPriority.REMOVE, 1)
    async with engine.connect() as stopped:
        await stopped.execute(select(rate_budget).with_for_update())
        with pytest.raises(StoreUnavailableError):
            await budgets.acquire(CallPriority.REMOVE, 1)


async def test_who_waits_too_long_for_the_connection_has_no_budget(budgets: PostgresRateBudget) -> None:
    async with budgets._engine.connect():
        with pytest.raises(StoreUnavailableError):
            await budgets.acquire(CallPriority.REMOVE, 1)
