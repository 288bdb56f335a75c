"""Each revision leaves what the release before needs: in a deploy, two releases run side by side."""

from dataclasses import dataclass
from typing import Final

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from storage.engine import parse_url
from storage.migrate import _config

FIRST: Final = "0005"
"""The schema of the release before the first that was deployed beside another."""

CONTRACTS: Final[dict[str, str]] = {}
"""Revisions that take something away, each with the reason why no release that may still run needs it."""


@dataclass(frozen=True)
class Schema:
    """What code can depend on: columns by table and name, and what is refused.

    Attributes:
        columns: type, whether null is allowed, and whether leaving it out is, by table and column.
        refusals: checks, keys and unique indexes, each as ``(table, definition)``.
    """

    columns: dict[tuple[str, str], tuple[str, bool, bool]]
    refusals: frozenset[tuple[str, str]]

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.columns}


REFUSALS: Final = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
UNION
SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
JOIN pg_class ON pg_class.oid = indrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace
"""


def read(connection: Connection) -> Schema:
    """Reads the schema as it is in the database."""
    found = inspect(connection)
    columns = {}
    for table in found.get_table_names():
        for column in found.get_columns(table):
            left_out = column["nullable"] or column["default"] is not None or "identity" in column
            columns[table, column["name"]] = (str(column["type"]), column["nullable"], left_out)
    refusals = frozenset((str(table), str(what)) for table, what in connection.execute(text(REFUSALS)))
    return Schema(columns, refusals)


def broken(before: Schema, after: Schema) -> list[str]:
    """Says what code written for the schema before can no longer do on the one after, one sentence each."""
    said = []
    for (table, name), (kind, nullable, left_out) in before.columns.items():
        now = after.columns.get((table, name))
        if now is None:
            said.append(f"{table}.{name} is gone")
            continue
        if now[0] != kind:
            said.append(f"{table}.{name} was {kind} and is {now[0]}")
        if nullable and not now[1]:
            said.append(f"{table}.{name} no longer takes null")
        if left_out and not now[2]:
            said.append(f"{table}.{name} can no longer be left out")
    said += [
        f"{table}.{name} is new and has to be given"
        for (table, name), (_, _, left_out) in after.columns.items()
        if table in before.tables and (table, name) not in before.columns and not left_out
    ]
    # A check, key or unique index that is changed is one that has gone and one that is new.
    said += [
        f"{table} refuses more: {what}"
        for table, what in after.refusals - before.refusals
        if table in before.tables
    ]
    # ``ON CONFLICT`` names a unique index or key, and fails without it.
    said += [
        f"{table} has lost what a conflict is found by: {what}"
        for table, what in before.refusals - after.refusals
        if "UNIQUE" in what or what.startswith("PRIMARY KEY")
    ]
    return sorted(said)


def test_no_revision_takes_anything_from_the_release_before(database_url: str) -> None:
    engine = create_engine(parse_url(database_url))
    found = {}
    try:
        with engine.connect() as connection, connection.begin() as migrated:
            config = _config(connection)
            command.downgrade(config, FIRST)
            before = read(connection)
            revisions = list(ScriptDirectory.from_config(config).iterate_revisions("head", FIRST))
            for revision in reversed(revisions):
                if revision.revision == FIRST:
                    continue
                command.upgrade(config, revision.revision)
                after = read(connection)
                if said := broken(before, after):
                    found[revision.revision] = said
                before = after
            migrated.rollback()
    finally:
        engine.dispose()
    assert {name: said for name, said in found.items() if name not in CONTRACTS} == {}
    assert set(CONTRACTS) <= set(found), "names a revision that takes nothing away"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE requests DROP COLUMN reason", "requests.reason is gone"),
        ("ALTER TABLE requests RENAME COLUMN reason TO why", "requests.reason is gone"),
        ("ALTER TABLE requests ADD COLUMN more text NOT NULL", "requests.more is new and has to be given"),
        ("ALTER TABLE requests ALTER COLUMN id TYPE integer", "requests.id was BIGINT and is INTEGER"),
        ("ALTER TABLE audit ALTER COLUMN terms SET NOT NULL", "audit.terms no longer takes null"),
        (
            "ALTER TABLE audit ALTER COLUMN terms SET NOT NULL, ALTER COLUMN terms SET DEFAULT '{}'",
            "audit.terms no longer takes null",
        ),
        ("ALTER TABLE requests ADD CHECK (id < 1000000)", "requests refuses more: CHECK ((id < 1000000))"),
        ("CREATE UNIQUE INDEX ON requests (requester)", "requests refuses more: CREATE UNIQUE INDEX"),
        ("DROP TABLE idempotency_keys", "idempotency_keys has lost what a conflict is found by"),
    ],
)
def test_what_a_revision_could_take_is_named(database_url: str, change: str, said: str) -> None:
    engine = create_engine(parse_url(database_url))
    try:
        with engine.connect() as connection, connection.begin() as changed:
            before = read(connection)
            connection.execute(text(change))
            found = broken(before, read(connection))
            changed.rollback()
    finally:
        engine.dispose()
    assert any(sentence.startswith(said) for sentence in found), found
