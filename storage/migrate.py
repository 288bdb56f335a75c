"""Brings a database to the current schema, one process at a time."""

import time
from collections.abc import Callable
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


def migrate(url: str, *, waiting: Callable[[str], None] = lambda _: None, at_most: timedelta = WAIT) -> None:
    """Upgrades to the newest revision, in one transaction; does nothing when it is there already.

    Args:
        url: of the database.
        waiting: told for what it waits, each time that no connection is free.
        at_most: how long it waits for a free connection.

    Raises:
        MisconfiguredError: Postgres cannot be reached, or no connection became free; without the password.
    """
    # Without the bounded waits of ``storage.engine``: a revision may take its time, and others wait for it.
    engine = create_engine(parse_url(url))
    try:
        with _connected(engine, waiting, at_most) as connection, connection.begin():
            # The lock ends with the transaction, and so also with a process that dies.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


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
