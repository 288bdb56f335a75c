"""Database engines: bounded waits, UTC sessions, connections checked before use."""

import select
from datetime import timedelta
from typing import Any, Final

import psycopg
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DisconnectionError,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import MisconfiguredError

PATIENCE: Final = timedelta(milliseconds=1500)
"""Bound of waiting for a connection, a lock or a statement: a person is answered within Slack's 3 s."""


IDLE_IN_TRANSACTION_MS: Final = 5000
"""A process that is stopped inside a transaction must not hold its row locks for ever."""


_NETWORK: Final = {
    "tcp_user_timeout": 3000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
"""A connection whose other end is gone without a word is given up within seconds (libpq's own settings)."""


def parse_url(url: str) -> URL:
    """Reads ``DATABASE_URL``; Heroku's ``postgres://`` is accepted.

    Raises:
        MisconfiguredError: it is no Postgres address. The message does not repeat it: it holds a password.
    """
    wrong = MisconfiguredError(
        "DATABASE_URL is not a Postgres address such as postgres://user:password@host:5432/name"
    )
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql"):
        raise wrong
    try:
        return make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        # SQLAlchemy's own sentence repeats a part of the address.
        raise wrong from None


def async_commit_engine(url: str) -> AsyncEngine:
    """One connection whose commits do not wait for a flush: for what may be lost in a crash."""
    return _engine(url, "-c synchronous_commit=off", connections=1)


def engine_for(url: str) -> AsyncEngine:
    """An engine whose every wait is bounded and whose sessions speak UTC."""
    return _engine(url, connections=10, more=5)


def _engine(url: str, *settings: str, connections: int, more: int = 0) -> AsyncEngine:
    milliseconds = int(PATIENCE.total_seconds() * 1000)
    options = (
        f"-c timezone=UTC -c statement_timeout={milliseconds} -c lock_timeout={milliseconds - 300} "
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    )
    options = " ".join((options, *settings))
    engine = create_async_engine(
        parse_url(url),
        pool_size=connections,
        max_overflow=more,
        pool_timeout=PATIENCE.total_seconds(),
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 2, **_NETWORK},
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(_connection: object, kept: ConnectionPoolEntry, _proxy: object) -> None:
    """Looks, without asking Postgres, whether an idle connection was closed by the other end.

    Between two uses nothing is to be read on it but a farewell; a ping would be a round trip each time, and
    one whose other end is gone without a word cannot be told from a living one any faster.

    Raises:
        DisconnectionError: it was; the pool takes another one.
    """
    idle: psycopg.AsyncConnection[Any] | None = kept.driver_connection
    if idle is None:
        return
    farewell = select.poll()
    farewell.register(idle.fileno(), select.POLLIN)
    if farewell.poll(0):
        raise DisconnectionError("Postgres has closed the connection")
