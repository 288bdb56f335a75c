"""Real processes for each test."""

from collections.abc import Iterator

import psycopg
import pytest

from sandbox.postgres import PrivatePostgres
from tests.acceptance.processes import Machine, machine


@pytest.fixture
def empty_database_url(postgres: PrivatePostgres) -> Iterator[str]:
    """A database that nobody has migrated."""
    name = "acceptance_" + str(id(object()))
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def running(empty_database_url: str) -> Iterator[Machine]:
    """Two emulators, web and worker, each a process of its own."""
    with machine(empty_database_url) as started:
        started.start_world()
        started.start_bot()
        yield started
