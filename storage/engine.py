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
"""The longest wait for a connection, a lock or a statement: a person gets an answer within Slack's 3 s."""


IDLE_IN_TRANSACTION_MS: Final = 5000
"""A process that is stopped inside a transaction must not hold its row locks for ever."""


_NETWORK: Final = {
    "tcp_user_timeout": 3000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
"""A connection whose other end vanished is given up within seconds (libpq's own settings)."""


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
        # SQLAlchemy's own message repeats a part of the address, password and all.
        raise wrong from None


def async_commit_engine(url: str) -> AsyncEngine:
    """Engine with synchronous_commit=off and one connection, for data that a crash may lose."""
    return _engine(url, "-c synchronous_commit=off", connections=1)


def engine_for(url: str) -> AsyncEngine:
    """Engine whose every wait is bounded and whose sessions use UTC."""
    return _engine(url, connections=10, overflow=5)


def _engine(url: str, *settings: str, connections: int, overflow: int = 0) -> AsyncEngine:
    milliseconds = int(PATIENCE.total_seconds() * 1000)
    options = (
        # At or above the statement_timeout a lock_timeout would never fire (PostgreSQL manual).
        f"-c timezone=UTC -c statement_timeout={milliseconds} -c lock_timeout={milliseconds - 300} "
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    )
    options = " ".join((options, *settings))
    engine = create_async_engine(
        parse_url(url),
        pool_size=connections,
        max_overflow=overflow,
        pool_timeout=PATIENCE.total_seconds(),
        # SQLAlchemy's errors quote the statement: its parameters are people's names and reasons.
        hide_parameters=True,
        # Options of the start-up packet cost no round trip; a SET would be one for each new connection.
        connect_args={"options": options, "connect_timeout": 2, **_NETWORK},
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Checks, without a round trip, whether Postgres has closed an idle connection.

    Between two uses nothing can be read from it but the message that closes it. A ping would be a round trip
    each time, and would find a connection whose other end vanished no sooner.

    Raises:
        DisconnectionError: it is closed; the pool takes another one.
    """
    idle: psycopg.AsyncConnection[Any] | None = entry.driver_connection
    if idle is None:
        return
    # Not ``select.select``, which fails for file descriptors above 1023.
    closing = select.poll()
    closing.register(idle.fileno(), select.POLLIN)
    if closing.poll(0):
        raise DisconnectionError("Postgres has closed the connection")
