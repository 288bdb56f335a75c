"""A used up rate budget: which calls go first, which wait, and that no trouble is reported."""

import contextlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.rate_budget import FLOOR, CallPriority
from bot.errors import RateBudgetExhaustedError, StoreUnavailableError
from bot.heroku import rate_limiter
from bot.heroku.client import HerokuClient
from bot.ports import with_priority
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.server import app as heroku_server
from storage.engine import async_commit_engine
from storage.repositories.rate_budget import PostgresRateBudget
from storage.tables import mtls_rules, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.database import full_budget
from tests.flow.reconciler.harness import TOKEN
from tests.flow.reconciler.mtls_harness import MtlsHarness
from tests.unit.factories import NETWORK, emulated_database
from tests.unit.storage import store_helpers

SIZE = 1000


@contextlib.asynccontextmanager
async def harness_with_budget(
    store: PostgresStore, engine: AsyncEngine, url: str, heroku: HerokuEmulator
) -> AsyncIterator[MtlsHarness]:
    """A harness whose calls take from the rate budget, which is full."""
    hasty = async_commit_engine(url)
    client = HerokuClient(
        token=TOKEN,
        platform_url="http://heroku.test",
        data_url="http://heroku.test",
        budgets=PostgresRateBudget(hasty),
        transport=httpx.ASGITransport(heroku_server(heroku)),
    )
    try:
        yield MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
    finally:
        await client.close()
        await hasty.dispose()


SILENT = Behavior(data_api_counts=False)
"""A Data API whose calls take no tokens, and whose answers tell of none."""


def emulated(behavior: Behavior = SILENT) -> HerokuEmulator:
    return default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=behavior)


async def leave(engine: AsyncEngine, tokens: float) -> None:
    """So many tokens are left, and hardly any come back."""
    await store_helpers.query(engine, "DELETE FROM rate_budget")
    row = {**full_budget(SIZE, 0.001), "tokens": tokens}
    names = ", ".join(row)
    await store_helpers.query(
        engine, f"INSERT INTO rate_budget ({names}) VALUES ({', '.join(map(str, row.values()))})"
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long, and nothing is reserved ahead: what is left is left for all."""
    monkeypatch.setattr(rate_limiter, "PATIENCE", timedelta(milliseconds=50))
    monkeypatch.setattr(rate_limiter, "AHEAD", 0)


async def test_a_removal_goes_on_where_an_addition_waits(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await harness.begin()
        grant = await harness.open()
        await leave(engine, FLOOR + 5)
        waiting = await harness.approve(NETWORK.supernet(new_prefix=30))
        await harness.run()
        assert await harness.state(waiting) == "applying"
        assert harness.owned() == [str(NETWORK)]
        await harness.end(grant)
        await harness.run()
        assert str(NETWORK) not in harness.owned()
        # What Heroku says is left, asked for the removal, may let the addition follow, never precede.
        assert re.match("POST .*DELETE", " ".join(harness.calls("^(POST|DELETE)")))


async def test_who_waits_for_the_budget_is_no_trouble(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await harness.begin()
        await harness.approve()
        await leave(engine, FLOOR)
        for _ in range(8):
            await harness.run()
            await database.make_due(engine, reconcile_queue)
        assert await harness.findings() == []
        assert set(await database.values(engine, reconcile_queue, "failures")) == {0}
        await leave(engine, SIZE)
        await harness.run()
        assert harness.owned() == [str(NETWORK)]


async def test_a_removal_that_was_not_asked_for_is_asked_for_as_soon_as_there_is_a_token(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await harness.begin()
        grant = await harness.open()
        await harness.end(grant)
        await leave(engine, FLOOR + 1)
        await harness.run()
        assert harness.owned() == [str(NETWORK)]
        assert await database.value(engine, mtls_rules, "removal_requested_at") is None
        await leave(engine, SIZE)
        await database.make_due(engine, reconcile_queue)
        await harness.run()
        assert harness.owned() == []


async def test_a_job_whose_run_the_store_did_not_serve_is_released_at_once(
    store: PostgresStore, engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mute(*_: object) -> None:
        raise StoreUnavailableError("Postgres did not tell the budget in time")

    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await harness.begin()
        await harness.approve()
        with monkeypatch.context() as patched:
            patched.setattr(PostgresRateBudget, "acquire", mute)
            with pytest.raises(StoreUnavailableError):
                await harness.run()
        assert await database.value(engine, reconcile_queue, "lease", method=Method.MTLS) is None
        wait = await database.time_left(engine, reconcile_queue, "due_at", method=Method.MTLS)
        assert wait < timedelta(seconds=6)
        await database.make_due(engine, reconcile_queue)
        await harness.run()
        assert harness.owned() == [str(NETWORK)]


async def test_what_an_answer_says_is_left_is_believed(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    heroku = emulated(Behavior(pool=60))
    async with harness_with_budget(store, engine, database_url, heroku) as harness:
        await leave(engine, SIZE)
        await harness.client.rules(emulated_database())
        assert 40 < await store_helpers.value(engine, "SELECT tokens FROM rate_budget") < 60


async def test_heroku_is_asked_what_is_left_only_where_its_answers_do_not_say(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await harness.client.rules(emulated_database())
        await harness.client.learn_budget()
        assert harness.calls("/account/rate-limits") == ["GET /account/rate-limits"]
        await harness.client.learn_budget()
        assert len(harness.calls("/account/rate-limits")) == 1


@pytest.mark.parametrize("purpose", CallPriority)
async def test_a_look_is_as_urgent_as_what_it_is_for(
    store: PostgresStore, engine: AsyncEngine, database_url: str, purpose: CallPriority
) -> None:
    async with harness_with_budget(store, engine, database_url, emulated()) as harness:
        await leave(engine, FLOOR + 5)
        with with_priority(purpose):
            if purpose is CallPriority.REMOVE:
                assert await harness.client.rules(emulated_database())
                return
            with pytest.raises(RateBudgetExhaustedError):
                await harness.client.rules(emulated_database())
