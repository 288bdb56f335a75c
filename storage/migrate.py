"""Brings a database to the current schema, one process at a time."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from bot.errors import MisconfiguredError
from storage.engine import cannot_connect, no_connection_free, none_free, parse_url

LOCK: Final = 0x7067_6D69
"""Advisory lock on which migrating processes queue."""

WAIT: Final = timedelta(minutes=10)
"""How long a migration waits for a free connection; a release phase may take an hour (Heroku Dev Center,
"Release Phase")."""

GAP: Final = timedelta(seconds=2)
"""Pause between two attempts to connect."""

ENCODING: Final = "UTF8"
"""Names of people and descriptions at Heroku are in any language."""

LOCK_TIMEOUT: Final = timedelta(milliseconds=500)
"""The longest wait for a table: whoever comes after it waits as well, and a click waits 1.2 s at most. It is
shorter than Postgres' ``deadlock_timeout`` (1 s), so that of a deadlock the migration gives way."""

GAPS: Final = tuple(timedelta(seconds=seconds) for seconds in (0.5, 1, 2, 4, 8, 15, 30, 30))
"""Pauses between two attempts to get hold of the tables, in which the processes that run work on."""

_DEADLOCK, _NOT_AVAILABLE = "40P01", "55P03"
_IN_USE: Final = {
    _DEADLOCK: "a deadlock with a running process",
    _NOT_AVAILABLE: "a running process uses a table",
}
"""SQLSTATEs after which the whole transaction is repeated (PostgreSQL manual, appendix A)."""


def migrate(
    url: str,
    *,
    waiting: Callable[[str], None] = lambda _: None,
    at_most: timedelta = WAIT,
    gaps: Sequence[timedelta] = GAPS,
) -> None:
    """Upgrades to the newest revision, in one transaction; does nothing when it is there already.

    Args:
        url: of the database.
        waiting: told for what it waits, each time that no connection is free, or that tables are in use.
        at_most: how long it waits for a free connection.
        gaps: pauses after attempts that running processes got in the way of; after the last it gives up.

    Raises:
        MisconfiguredError: Postgres cannot be reached, the database has another encoding than UTF8, no
            connection became free, or the tables were in use each time; without the password. Nothing was
            changed.
    """
    # Without the bounded waits of ``storage.engine``: a revision may take its time, and others wait for it.
    # The encoding of the client is set: from a server without one, psycopg reads bytes instead of texts.
    engine = create_engine(parse_url(url), connect_args={"client_encoding": ENCODING})
    try:
        with _connected(engine, waiting, at_most) as connection:
            _require_encoding(connection)
            for gap in gaps:
                in_use = _upgrade(connection)
                if in_use is None:
                    return
                waiting(in_use)
                time.sleep(gap.total_seconds())
            in_use = _upgrade(connection)
            if in_use is not None:
                raise MisconfiguredError(
                    f"{in_use}, at each of {len(gaps) + 1} attempts, and nothing was changed: stop what uses "
                    "the database, such as with `heroku ps:scale web=0 worker=0`, and migrate again"
                )
    finally:
        engine.dispose()


def _require_encoding(connection: Connection) -> None:
    with connection.begin():
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != ENCODING:
        raise MisconfiguredError(
            f"the database has the encoding {encoding}, which does not hold every name: make one with "
            f"{ENCODING}, such as `createdb --encoding {ENCODING} --template template0 pgaccess`"
        )


def _upgrade(connection: Connection) -> str | None:
    """Upgrades in one transaction; returns what a running process held it up with, and then changes nothing.

    Revisions lock tables in another order than use cases do.
    """
    try:
        with connection.begin():
            # The lock ends with the transaction, and so also with a process that dies. Another migration is
            # waited for as long as it takes.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            milliseconds = round(LOCK_TIMEOUT.total_seconds() * 1000)
            connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds}"))
            command.upgrade(_config(connection), "head")
    except OperationalError as error:
        in_use = _IN_USE.get(getattr(error.orig, "sqlstate", None) or "")
        if in_use is None:
            raise
        return in_use
    return None


def _connected(engine: Engine, waiting: Callable[[str], None], at_most: timedelta) -> Connection:
    """Connects, as soon as a connection is free: running processes give back what they do not use."""
    deadline = time.monotonic() + at_most.total_seconds()
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            if not no_connection_free(error):
                # SQLAlchemy's error names host and user, and may repeat more of the address.
                raise MisconfiguredError(cannot_connect(engine.url)) from None
            if time.monotonic() > deadline:
                raise MisconfiguredError(
                    f"{none_free(error)}, and none became free: stop a process, or set "
                    "PGACCESS_DB_CONNECTIONS lower for all of them, such as PGACCESS_DB_CONNECTIONS=4"
                ) from None
            waiting(none_free(error))
        time.sleep(GAP.total_seconds())


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config
