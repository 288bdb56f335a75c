"""A read-only snapshot of the store, for reports that read all of it: all they show is of one moment."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import MisconfiguredError, NotMigratedError
from storage.engine import cannot_connect, engine_for, no_connection_free, none_free, parse_url

_PATIENT: Final = (
    # A report may take minutes, and whoever reads it through a pager lets it wait.
    "SET LOCAL statement_timeout = '10min'",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)

_OLD_SCHEMA: Final = ("42P01", "42703")
"""SQLSTATE of a table and of a column that do not exist."""


@contextlib.asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[AsyncConnection]:
    """Opens a snapshot for the length of a ``with`` block; nothing can be written through it.

    Args:
        url: of the database.

    Raises:
        MisconfiguredError: it cannot be reached.
        NotMigratedError: its schema is older than this code.
    """
    engine = engine_for(url, transactions=1)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            for setting in _PATIENT:
                await connection.execute(text(setting))
            yield connection
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _OLD_SCHEMA:
            raise NotMigratedError from error
        if getattr(error.orig, "sqlstate", None) is not None:
            raise
        said = none_free(error) if no_connection_free(error) else cannot_connect(parse_url(url))
        raise MisconfiguredError(said) from error
    finally:
        await engine.dispose()
