"""Brings a database to the current schema, one process at a time."""

from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from storage.engine import parse_url

LOCK: Final = 0x7067_6D69
"""Advisory lock on which migrating processes queue."""


def migrate(url: str) -> None:
    """Upgrades to the newest revision, in one transaction; does nothing when it is there already."""
    # Without the bounded waits of ``storage.engine``: a revision may take its time, and others wait for it.
    engine = create_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            # The lock ends with the transaction, and so also with a process that dies.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config
