"""The schema that the migrations make is the one that ``storage.tables`` describes."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from storage.engine import parse_url
from storage.migrate import migrate
from storage.tables import metadata


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
