"""Shared fixtures: a private Postgres, and a migrated database for each test."""

import contextlib
import gc
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import structlog
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports import WorkerName
from sandbox.postgres import PrivatePostgres, private_postgres
from storage.engine import engine_for
from storage.migrate import migrate
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests import compiled_statements
from tests.summary import shown

# Test machines are shared and noisy: a slow example is not a failure.
settings.register_profile("pgaccess", deadline=None)
settings.load_profile("pgaccess")

# By default structlog renders tracebacks with all local variables: seconds in which nothing else runs.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

compiled_statements.share()

TEMPLATE = "template_migrated"


def pytest_collection_finish() -> None:
    """Spares the collector of garbage what stays to the end: modules and thousands of collected tests."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded for the reader of the run."""
    for line in shown(terminalreporter.getreports("passed") + terminalreporter.getreports("failed")):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A server for all tests of this process, with a migrated template database."""
    with private_postgres() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{TEMPLATE}"')
        migrate(server.url(TEMPLATE))
        yield server


@contextlib.contextmanager
def own_database(postgres: PrivatePostgres) -> Iterator[str]:
    """Yields the URL of a migrated database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        # By copying files: through the log, Postgres' default, it takes twice as long.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY')
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> Iterator[str]:
    """A migrated database for one test."""
    with own_database(postgres) as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def store(engine: AsyncEngine, database_url: str) -> AsyncIterator[PostgresStore]:
    async with PostgresWakeups(url=database_url) as wakeups:
        wakeups.wake(WorkerName)
        yield PostgresStore(engine, wakeups)
