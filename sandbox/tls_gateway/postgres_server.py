"""The gateway's Postgres server: TLS, client certificates, and configuration reloaded while it runs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sandbox.free_port import free_port
from sandbox.postgres import PrivatePostgres, find_tls_binaries
from sandbox.tls_gateway.proxy import HOST

RELOAD_TIMEOUT: Final = 10.0
"""Seconds that the server may take to reload its files; it usually takes milliseconds."""

OPTIONS: Final = ("ssl_ca_file=clients.crt", "ssl_crl_file=clients.crl")
"""Files of the client CA and its revocation list; the server's own files have their default names."""

NOT_RELOADED: Final = "was not reloaded"
"""Part of the log line of a server that keeps its old files ("pg_hba.conf …", "SSL configuration …")."""


class TlsGatewayError(RuntimeError):
    """The server did not take new files; the message is its log."""


@dataclass(frozen=True, slots=True)
class ServerLogin:
    """User, password and database name of a database's URL."""

    user: str
    password: str
    base: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the login in a ``postgres://`` URL."""
        parts = urlsplit(url)
        return cls(parts.username or "", parts.password or "", parts.path.lstrip("/"))


class TlsPostgres:
    """A server with one user and one database; it rejects all TCP connections until it has files.

    Raises:
        NoPostgresError: This machine has no Postgres server with TLS.
    """

    def __init__(self, login: ServerLogin) -> None:
        self._login = login
        self.port = free_port()
        self._postgres = PrivatePostgres(
            binaries=find_tls_binaries(), listens=(HOST, self.port), options=OPTIONS
        )

    def start(self, pg_hba_conf: str) -> None:
        """Start the server; raises `NoPostgresError`."""
        self._postgres.start()
        user, base = sql.Identifier(self._login.user), sql.Identifier(self._login.base)
        password = sql.Literal(self._login.password)
        with self._owner() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, password))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(base, user))
        self.apply_files({"pg_hba.conf": pg_hba_conf})

    def apply_files(self, files: Mapping[str, str]) -> None:
        """Write configuration files by name, and wait until they are loaded; raises `TlsGatewayError`."""
        for name, text in files.items():
            self._postgres.keep(name, text)
        # Postgres keeps its old files when new ones are wrong, and says so in its log only.
        log_length = len(self._postgres.log())
        with self._owner() as connection:
            if "server.crt" in files:
                # Only with its first certificate: without one, a server with TLS does not start.
                connection.execute("ALTER SYSTEM SET ssl = on")
            previous = _loaded_at(connection)
            connection.execute("SELECT pg_reload_conf()")
        self._await_reload_after(previous)
        new_lines = self._postgres.log()[log_length:]
        if NOT_RELOADED in new_lines:
            raise TlsGatewayError(new_lines)

    def close(self) -> None:
        """Stop the server."""
        self._postgres.close()

    def _await_reload_after(self, previous: datetime) -> None:
        deadline = time.monotonic() + RELOAD_TIMEOUT
        while time.monotonic() < deadline:
            with self._owner() as connection:  # the load time is fixed when a connection is made
                if _loaded_at(connection) > previous:
                    return
            time.sleep(0.01)
        raise TlsGatewayError("the server did not reload its files")

    def _owner(self) -> psycopg.Connection[tuple[datetime]]:
        """Connect as the server's owner, through its Unix socket."""
        return psycopg.connect(self._postgres.url(), autocommit=True)


def _loaded_at(connection: psycopg.Connection[tuple[datetime]]) -> datetime:
    """Return when the server last loaded its files, as of the moment the connection was made."""
    row = connection.execute("SELECT pg_conf_load_time()").fetchone()
    if row is None:
        raise TlsGatewayError("the server does not report when it loaded its files")
    return row[0]
