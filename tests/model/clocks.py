"""A Postgres whose clock is ahead of the machine's, so that leases, waits and deadlines pass at once.

Functions that tell the time are in a schema that is searched before Postgres' own, and columns' defaults use
them. Nothing else of Postgres is changed, and nothing of the bot.
"""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from sandbox.postgres import PrivatePostgres
from tests.conftest import TEMPLATE

MOVED: Final = "template_moved"

_CLOCK = """
CREATE SCHEMA emulated;
CREATE TABLE emulated.clock (ahead interval NOT NULL);
INSERT INTO emulated.clock VALUES ('0');
CREATE FUNCTION emulated.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + ahead FROM emulated.clock';
CREATE FUNCTION emulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM emulated.clock';
"""

_DEFAULTS = """
SELECT d.adrelid::regclass::text, a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE pg_get_expr(d.adbin, d.adrelid) IN ('now()', 'clock_timestamp()')
"""


@contextlib.contextmanager
def movable_database(postgres: PrivatePostgres) -> Iterator[str]:
    """Creates a migrated database whose clock can be moved; yields its URL.

    Args:
        postgres: a server with the migrated template of all tests.
    """
    name = f"moved_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [MOVED]).fetchone():
            connection.execute(f'CREATE DATABASE "{MOVED}" TEMPLATE "{TEMPLATE}"')
            _let_time_move(postgres.url(MOVED))
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{MOVED}"')
        connection.execute(f'ALTER DATABASE "{name}" SET search_path = emulated, pg_catalog, public')
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _let_time_move(url: str) -> None:
    """Adds a movable clock to a migrated database, for connections that search its schema first."""
    with psycopg.connect(url, autocommit=True) as connection:
        defaults = connection.execute(_DEFAULTS).fetchall()
        connection.execute(_CLOCK)
        for table, column, expression in defaults:
            connection.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT emulated.{expression}")


class WorldTime:
    """Time of Postgres, Heroku and Slack: the machine's plus an offset.

    Business time is the bot's own; it moves along, and may be moved by itself.
    """

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return datetime.now(UTC) + self.ahead
