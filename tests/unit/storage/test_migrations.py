"""The schema that the migrations make is the one that ``storage.tables`` describes."""

from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import MisconfiguredError
from bot.ports import MessageKind, MessageRef
from sandbox.postgres import PrivatePostgres
from storage.engine import parse_url
from storage.migrate import _config, migrate
from storage.tables import metadata, outbox, requests, targets
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.storage import store_helpers


def differences(url: str) -> list[Any]:
    """Operations that would turn the migrated database into what the tables in the code say."""
    engine = create_engine(parse_url(url))
    try:
        with engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))
    finally:
        engine.dispose()


def test_migrations_lead_to_exactly_the_tables_in_the_code(database_url: str) -> None:
    assert differences(database_url) == []


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    assert differences(database_url) == []


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_hold_every_name_is_refused_in_one_sentence(
    postgres: PrivatePostgres, encoding: str
) -> None:
    name = f"encoded_{encoding.lower()}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        try:
            with pytest.raises(MisconfiguredError, match=f"has the encoding {encoding}.*--encoding UTF8"):
                migrate(postgres.url(name))
        finally:
            connection.execute(f"DROP DATABASE {name}")


async def test_messages_of_before_stay_as_they_are(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    await store_helpers.discover(store)
    grant = await store_helpers.in_force(store)
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.IN_FORCE, to="U0ENGINEER", key="told", request=grant.request)
        await tx.commit()
    async with store.transaction() as tx:
        claimed = await tx.outbox.claim()
        assert claimed is not None
        await tx.outbox.sent(claimed, MessageRef(channel="D0ENGINEER", ts="1.1"))
        await tx.commit()
    await engine.dispose()
    back_and_forth(database_url)
    assert differences(database_url) == []
    shown = ("version", "sent_version", "asserts", "about", "settled_at", "shown")
    assert await database.rows(engine, outbox, *shown) == [(1, 1, None, None, None, None)]
    assert await database.values(engine, requests, "narrowed_from") == [None]


def back_and_forth(url: str) -> None:
    """Migrates to the revision before messages, as older processes left it, and forth again."""
    other = create_engine(parse_url(url))
    try:
        with other.begin() as connection:
            command.downgrade(_config(connection), "0002")
            command.upgrade(_config(connection), "head")
    finally:
        other.dispose()


async def test_targets_of_before_keep_their_names_and_what_was_observed_first(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    await store_helpers.discover(store)
    await store_helpers.see(store, factories.look())
    await engine.dispose()
    back_and_forth(database_url)
    async with store.transaction() as tx:
        (name,) = await tx.access_history.names()
        (listed,) = await tx.access_history.observed_lists([name.target])
    assert (name.name, name.app, name.since) == ("postgresql-curved-12345", "billing", None)
    assert [(gap.since, gap.until) for gap in listed.gaps] == [(None, listed.observed_at)]


async def test_names_that_a_process_of_the_version_before_found_are_kept_by_the_next_discovery(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await database.update_rows(engine, targets, {"app": "ledger"})
    async with store.transaction() as tx:
        await tx.targets.save_discovery((factories.database("ledger"),))
        names = await tx.access_history.names()
    assert [(each.app, each.since is None) for each in names] == [("billing", True), ("ledger", False)]
