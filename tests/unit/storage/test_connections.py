"""Connections to Postgres: few at rest, never more than allowed, and a limit that is reached is named."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cli.check.database import check_database, compare_connections
from bot.cli.check.report import CheckStatus
from bot.errors import MisconfiguredError, NotMigratedError, StoreUnavailableError
from bot.ports import WorkerName
from sandbox.postgres import PrivatePostgres
from storage import engine as engines
from storage.engine import async_commit_engine, engine_for
from storage.migrate import migrate
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.conftest import own_database
from tests.unit.storage import store_helpers

ROLE = "limited"
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
NAP = "SELECT pg_sleep(0.05)"


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> Iterator[str]:
    """A database whose every connection is one of the test's."""
    with own_database(postgres) as url:
        yield url


@pytest.fixture
def role_url(postgres: PrivatePostgres, database_url: str) -> Iterator[str]:
    """The same database for a role that may have two connections."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT 2 IN ROLE pgaccess")
        yield make_url(database_url).set(username=ROLE).render_as_string(hide_password=False)
        connection.execute(f"DROP ROLE {ROLE}")


@contextlib.contextmanager
def held(url: str, count: int) -> Iterator[list[psycopg.Connection]]:
    """Holds connections, as running processes do."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(count)]


def opened(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(COUNT).fetchone()
    return int(row[0]) if row else 0


@pytest.fixture
async def pool(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    monkeypatch.setattr(engines, "IDLE", timedelta(seconds=0.3))
    engine = engine_for(database_url, transactions=4)
    yield engine
    await engine.dispose()


async def nap(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.exec_driver_sql(NAP)


# --- a pool -----------------------------------------------------------------------------------------


async def test_a_burst_waits_for_connections_and_opens_no_more_than_it_may(
    pool: AsyncEngine, database_url: str
) -> None:
    burst = asyncio.gather(*(nap(pool) for _ in range(60)))
    most = 0
    while not burst.done():
        most = max(most, await asyncio.to_thread(opened, database_url))
        await asyncio.sleep(0.02)
    await burst
    assert 1 < most <= 4


async def test_after_a_burst_one_connection_is_left_and_the_next_burst_opens_them_again(
    pool: AsyncEngine, database_url: str
) -> None:
    for _ in range(2):
        await asyncio.gather(*(nap(pool) for _ in range(8)))
        assert await asyncio.to_thread(opened, database_url) == 4
        await asyncio.sleep(0.8)
        assert await asyncio.to_thread(opened, database_url) == 1


async def test_a_connection_in_use_is_not_closed_as_idle(pool: AsyncEngine) -> None:
    async with pool.connect() as used:
        await used.exec_driver_sql("SELECT 1")
        await asyncio.gather(*(nap(pool) for _ in range(6)))
        await asyncio.sleep(0.8)
        assert (await used.exec_driver_sql("SELECT 2")).scalar_one() == 2


async def test_wake_ups_are_sent_on_the_connection_that_the_budget_uses(
    engine: AsyncEngine, database_url: str
) -> None:
    budget = async_commit_engine(database_url)
    async with (
        PostgresWakeups(url=database_url, through=budget) as sending,
        PostgresWakeups(url=database_url) as hearing,
    ):
        await store_helpers.until_listening(engine, 2)
        sending.wake([WorkerName.NOTIFIER])
        assert await store_helpers.heard(hearing, WorkerName.NOTIFIER, within=store_helpers.PATIENCE)
        assert budget.pool.status().startswith("Pool size: 1")
    await budget.dispose()


# --- a limit that is reached ------------------------------------------------------------------------


async def test_without_a_free_connection_the_store_is_unavailable_and_says_why(role_url: str) -> None:
    engine = engine_for(role_url)
    store = PostgresStore(engine, PostgresWakeups(url=role_url))
    with held(role_url, 2), pytest.raises(StoreUnavailableError, match="no connection free"):
        async with store.transaction() as tx:
            await tx.targets.databases()
    async with store.transaction() as tx:
        assert await tx.targets.databases() == ()
    await engine.dispose()


async def test_a_migration_waits_for_a_free_connection_and_says_so(role_url: str) -> None:
    said: list[str] = []
    waiting, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear(what: str) -> None:
        said.append(what)
        loop.call_soon_threadsafe(waiting.set)

    with held(role_url, 2) as connections:
        migrating = asyncio.create_task(asyncio.to_thread(migrate, role_url, waiting=hear))
        await waiting.wait()
        assert not migrating.done()
        connections[0].close()
        await migrating
    assert said[0] == "no connection to Postgres is free (too many connections for role)"


def test_a_migration_that_waits_in_vain_says_what_to_do(role_url: str) -> None:
    with held(role_url, 2), pytest.raises(MisconfiguredError, match="PGACCESS_DB_CONNECTIONS=4"):
        migrate(role_url, at_most=timedelta())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://pgaccess:geheim@127.0.0.1:1/none",
        "postgres://nobody:geheim@localhost:1/other?sslmode=disable",
    ],
)
def test_a_migration_without_a_server_is_one_sentence_without_the_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="cannot connect; check host") as caught:
        migrate(url)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_check_names_the_limit_and_not_the_password(role_url: str) -> None:
    with held(role_url, 2):
        (line,) = (await check_database(role_url, connections=6)).lines
    assert line.verdict is CheckStatus.PROBLEM
    assert "too many connections for role" in line.message
    assert "PGACCESS_DB_CONNECTIONS" in line.message
    assert "password" not in line.message


async def test_a_check_counts_a_databases_limit_too(postgres: PrivatePostgres, database_url: str) -> None:
    name = make_url(database_url).database
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 7')
        line = (await check_database(database_url, connections=6)).lines[-1]
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
    assert line.verdict is CheckStatus.PROBLEM
    assert line.message.startswith("the database allows 7, each process opens up to 6: too many for `web`")


@pytest.mark.parametrize(
    ("limits", "each", "verdict", "message"),
    [
        ({"role": 20, "database": -1, "server": 97}, 6, CheckStatus.OK, "room for 3 processes and a release"),
        ({"role": -1, "database": -1, "server": 97}, 6, CheckStatus.OK, "the server allows 97"),
        ({"role": 20, "database": 12, "server": 97}, 6, CheckStatus.PROBLEM, "the database allows 12"),
        ({"role": 13, "database": -1, "server": 97}, 6, CheckStatus.OK, "room for 2 processes and a release"),
        (
            {"role": 20, "database": -1, "server": 97},
            18,
            CheckStatus.PROBLEM,
            "PGACCESS_DB_CONNECTIONS lower",
        ),
    ],
)
def test_a_check_says_how_many_processes_have_room(
    limits: dict[str, int], each: int, verdict: CheckStatus, message: str
) -> None:
    line = compare_connections(limits, each)
    assert line.verdict is verdict
    assert message in line.message


# --- a database that nobody migrated ----------------------------------------------------------------


@pytest.mark.parametrize(
    "older",
    [
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
        "DROP TABLE targets CASCADE",
        "ALTER TABLE targets RENAME COLUMN name TO older",
    ],
)
async def test_an_older_schema_is_named_with_what_to_run(postgres: PrivatePostgres, older: str) -> None:
    with own_database(postgres) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(older)
        engine = engine_for(url)
        with pytest.raises(NotMigratedError, match="run `pgaccess migrate`"):
            async with PostgresStore(engine, PostgresWakeups(url=url)).transaction() as tx:
                await tx.targets.databases()
        await engine.dispose()
