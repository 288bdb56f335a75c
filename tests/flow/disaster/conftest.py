"""A whole bot whose store can be lost, or restored from a copy."""

from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from sandbox.environment import start_environment
from sandbox.postgres import PrivatePostgres
from tests.conftest import own_database
from tests.flow.actions import heroku_emulator
from tests.flow.disaster.drill import Drill

Copy = Callable[[str], str]
"""Copies a database as it is, also one in use; returns the address of the copy."""


@pytest.fixture
def copy(postgres: PrivatePostgres) -> Iterator[Copy]:
    """Backups, dropped at the end of the test."""
    made: list[str] = []

    def copied(url: str) -> str:
        name, source = f"copy_{uuid4().hex}", make_url(url).database
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            # A database that is in use cannot be a template.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (source,)
            )
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        made.append(name)
        return postgres.url(name)

    yield copied
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty(postgres: PrivatePostgres) -> Iterator[str]:
    """A migrated store that knows nothing."""
    with own_database(postgres) as url:
        yield url


@pytest.fixture
async def drill(database_url: str, empty: str, copy: Copy) -> AsyncIterator[Drill]:
    # Every store is there for as long as the bot may run on it.
    del empty
    async with start_environment(database_url, heroku_emulator()) as environment:
        drill = Drill(environment, url=database_url, copy=copy)
        await drill.settle()
        yield drill
