"""A migration gives way to processes that run, and is repeated as a whole until it has the tables."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from bot.errors import MisconfiguredError
from sandbox.postgres import PrivatePostgres
from storage.engine import parse_url
from storage.migrate import _config, migrate

AS_A_PROCESS = "-c lock_timeout=1200 -c statement_timeout=1500"
"""The waits of a process that serves people (``storage.engine``)."""

SHORT = tuple(timedelta(seconds=seconds) for seconds in (0.2, 0.4, 0.8, 1.6))


@pytest.fixture
def old_url(postgres: PrivatePostgres) -> Iterator[str]:
    """The address of a database as an older release left it."""
    name = "before_release"
    with psycopg.connect(postgres.url(), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
    url = postgres.url(name)
    engine = create_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            command.upgrade(_config(connection), "0002")
        yield url
    finally:
        engine.dispose()


def revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert row is not None
        return str(row[0])


@pytest.mark.parametrize(
    ("first", "second"),
    [("requests", "outbox"), ("outbox", "requests"), ("grants", "outbox"), ("reconcile_queue", "requests")],
)
def test_a_click_during_a_migration_succeeds_and_so_does_the_migration(
    old_url: str, first: str, second: str
) -> None:
    said: list[str] = []
    failed: list[Exception] = []

    def release() -> None:
        try:
            migrate(old_url, waiting=said.append, gaps=SHORT)
        except MisconfiguredError as error:
            failed.append(error)

    migrating = threading.Thread(target=release)
    with psycopg.connect(old_url, options=AS_A_PROCESS) as click:
        # What a row that is selected for update locks of its table.
        click.execute(f"LOCK TABLE {first} IN ROW SHARE MODE")
        migrating.start()
        # As long as the migration would hold one table and wait for another.
        time.sleep(0.3)
        click.execute(f"LOCK TABLE {second} IN ROW EXCLUSIVE MODE")
        time.sleep(0.5)
        click.commit()
    migrating.join(20)
    assert failed == []
    assert revision(old_url) != "0002"
    assert set(said) <= {"a running process uses a table", "a deadlock with a running process"}


def test_it_says_what_it_waits_for_and_gives_up_without_a_change(old_url: str) -> None:
    said: list[str] = []
    with psycopg.connect(old_url) as holder:
        holder.execute("LOCK TABLE outbox IN ROW SHARE MODE")
        with pytest.raises(MisconfiguredError, match="at each of 3 attempts, and nothing was changed"):
            migrate(old_url, waiting=said.append, gaps=[timedelta(milliseconds=10)] * 2)
    assert said == ["a running process uses a table"] * 2
    assert revision(old_url) == "0002"
    migrate(old_url)
    assert revision(old_url) != "0002"


def test_another_migration_is_waited_for_longer_than_a_table(old_url: str) -> None:
    said: list[str] = []
    with psycopg.connect(old_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [0x7067_6D69])
        migrating = threading.Thread(target=migrate, args=[old_url], kwargs={"waiting": said.append})
        migrating.start()
        time.sleep(1.2)
        assert said == []
        other.commit()
    migrating.join(20)
    assert said == []
    assert revision(old_url) != "0002"


def test_any_other_error_is_not_repeated(old_url: str) -> None:
    with psycopg.connect(old_url) as other:
        other.execute("ALTER TABLE outbox ADD COLUMN about text")
        other.commit()
    said: list[str] = []
    with pytest.raises(Exception, match="already exists"):
        migrate(old_url, waiting=said.append)
    assert said == []
