"""Migrations and tables say the same."""

from storage.migrate import differences, migrate


def test_migrations_lead_to_exactly_the_tables_in_the_code(database_url: str) -> None:
    assert differences(database_url) == []


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    assert differences(database_url) == []
