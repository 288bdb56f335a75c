"""Database engines: bounded waits and connections, UTC sessions, connections checked before use."""

import asyncio
import select
import time
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
"""The longest wait for a lock or a statement: a person gets an answer within Slack's 3 s."""

TRANSACTIONS: Final = 4
"""Transactions at once unless the caller chooses: what is left of a process's six connections."""

OUTSIDE_POOL: Final = 2
"""Connections of a process besides those of transactions: one hears wake-ups, one sends them and draws from
the rate budget."""

QUEUE: Final = timedelta(seconds=15)
"""How long a transaction waits while all connections are in use: a burst is worked off, and nothing of it is
lost. People are answered before (``handlers/deadlines.py``); a worker's lease has room for such a wait before
a call, for the call, and for one more wait before its record."""

IDLE: Final = timedelta(seconds=30)
"""How long a connection of the pool is kept unused; one is always kept, for whoever comes next."""

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
    return _engine(url, "-c synchronous_commit=off", connections=1, queue=PATIENCE)


def read_only_engine(url: str) -> AsyncEngine:
    """Engine with one connection on which Postgres refuses every change, for whoever only watches."""
    return _engine(url, "-c default_transaction_read_only=on", connections=1, queue=PATIENCE)


def engine_for(url: str, *, transactions: int = TRANSACTIONS) -> AsyncEngine:
    """Engine for transactions, whose every wait is bounded and whose sessions use UTC.

    Whoever comes while all its connections are in use waits for one, ``QUEUE`` at most.

    Args:
        url: of the database.
        transactions: the most at once, each on a connection of its own.
    """
    engine = _engine(url, connections=transactions, queue=QUEUE)
    _IdleConnections(IDLE).watch(engine)
    return engine


def no_connection_free(error: BaseException) -> bool:
    """Whether Postgres refused a connection because it, the role or the database has as many as it may."""
    return any(sentence in str(error) for sentence in _NONE_FREE)


def none_free(error: BaseException) -> str:
    """Says which limit to connections is reached, in Postgres' words; nothing of the address is repeated."""
    reached = next((sentence for sentence in _NONE_FREE if sentence in str(error)), "too many connections")
    return f"no connection to Postgres is free ({reached})"


def cannot_connect(address: URL) -> str:
    """Says which server cannot be reached, and what to look at; the user and the password are left out."""
    where = f"{address.host or 'a local socket'}, database {address.database or 'without a name'}"
    return f"{where}: cannot connect; check host, user and password in DATABASE_URL"


_NONE_FREE: Final = (
    "too many connections for role",
    "too many connections for database",
    "too many clients already",
    "remaining connection slots are reserved",
)
"""Before a session has begun libpq reports no SQLSTATE, which would be 53300, so the sentences tell
(PostgreSQL 14 to 18, ``InitializeSessionUserId`` in miscinit.c, ``CheckMyDatabase`` and ``InitPostgres`` in
postinit.c, ``InitProcess`` in proc.c)."""


def _engine(url: str, *settings: str, connections: int, queue: timedelta) -> AsyncEngine:
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
        # A connection more than the pool keeps would be opened and closed again for each transaction.
        max_overflow=0,
        # The one used last is the next to be used: the others are found idle, and closed.
        pool_use_lifo=True,
        pool_timeout=queue.total_seconds(),
        # SQLAlchemy's errors quote the statement: its parameters are people's names and reasons.
        hide_parameters=True,
        # Options of the start-up packet cost no round trip; a SET would be one for each new connection.
        connect_args={"options": options, "connect_timeout": 2, **_NETWORK},
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


class _IdleConnections:
    """Closes connections of a pool that nobody has used for a while, but for the one used last.

    SQLAlchemy's pool never shrinks below its size (2.1, ``QueuePool``). Closing them by Postgres' own
    ``idle_session_timeout`` would now and then hit a connection that is just being used.

    Args:
        after: how long a connection may be unused.
    """

    def __init__(self, after: timedelta) -> None:
        self._after_s = after.total_seconds()
        self._returned: dict[ConnectionPoolEntry, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, engine: AsyncEngine) -> None:
        """Watches an engine's connections from now on."""
        event.listen(engine.sync_engine, "checkin", self._note_returned)
        event.listen(engine.sync_engine, "checkout", self._note_taken)

    def _note_taken(self, _connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        self._returned.pop(entry, None)

    def _note_returned(self, connection: object, entry: ConnectionPoolEntry) -> None:
        # None is a connection that was lost: nothing is left to close.
        if connection is not None:
            self._returned[entry] = time.monotonic()
            if self._timer is None and len(self._returned) > 1:
                self._close_later(self._after_s)

    def _close_later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._close_idle)

    def _close_idle(self) -> None:
        """Closes what has been idle for long, and looks again when the next one may be."""
        self._timer = None
        # In the order of their return: a dictionary keeps it, and who comes back is put at the end.
        for entry, since in list(self._returned.items())[:-1]:
            left = since + self._after_s - time.monotonic()
            if left > 0:
                self._close_later(left)
                return
            del self._returned[entry]
            idle: psycopg.AsyncConnection[Any] | None = entry.driver_connection
            if idle is not None:
                # As psycopg's own ``close`` does, which has to be awaited; ``_require_open`` notices it.
                idle.pgconn.finish()


def _require_open(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Checks, without a round trip, whether an idle connection was closed, by Postgres or as unused.

    Between two uses nothing can be read from it but the message that closes it. A ping would be a round trip
    each time, and would find a connection whose other end vanished no sooner.

    Raises:
        DisconnectionError: it is closed; the pool takes another one.
    """
    idle: psycopg.AsyncConnection[Any] | None = entry.driver_connection
    if idle is None:
        return
    if idle.closed:
        raise DisconnectionError("it was idle, and was closed")
    # Not ``select.select``, which fails for file descriptors above 1023.
    closing = select.poll()
    closing.register(idle.fileno(), select.POLLIN)
    if closing.poll(0):
        raise DisconnectionError("Postgres has closed the connection")
