"""A Postgres that speaks TLS, asks clients for certificates, and takes new files while it runs."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sandbox.postgres import PrivatePostgres, find_tls_binaries
from sandbox.tls_gateway.proxy import HOST

RELOAD: Final = 10.0
"""Seconds that the server may take to read its files again; it usually takes some milliseconds."""

OPTIONS: Final = ("ssl_ca_file=clients.crt", "ssl_crl_file=clients.crl")
"""Of the client authority and of what it revoked; the server's own files have their usual names."""

NOT_RELOADED: Final = "was not reloaded"
"""How a server says in its log that it goes on with what it had ("pg_hba.conf …", "SSL configuration …")."""


class TlsGatewayError(RuntimeError):
    """The server did not take what it was given; what it said is in the message."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who may connect, and to what: the part of a database's URL that does not say where."""

    user: str
    password: str
    base: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the login that a ``postgres://`` URL has."""
        parts = urlsplit(url)
        return cls(parts.username or "", parts.password or "", parts.path.lstrip("/"))


class Server:
    """One server with one user and one database; nobody can connect over TCP before it was given files.

    Raises:
        NoPostgresError: There is no server with TLS on this machine.
    """

    def __init__(self, login: Login) -> None:
        self._login = login
        self.port = _free_port()
        self._postgres = PrivatePostgres(
            binaries=find_tls_binaries(), listens=(HOST, self.port), options=OPTIONS
        )

    def start(self, rulebook: str) -> None:
        """Start it with a ``pg_hba.conf``; raises `NoPostgresError`."""
        self._postgres.start()
        user, base = sql.Identifier(self._login.user), sql.Identifier(self._login.base)
        password = sql.Literal(self._login.password)
        with self._owner() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, password))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(base, user))
        self.take({"pg_hba.conf": rulebook})

    def take(self, files: Mapping[str, str]) -> None:
        """Give it files by name, and wait until it has read them; raises `WallError`."""
        for name, text in files.items():
            self._postgres.keep(name, text)
        said = len(self._postgres.log())
        with self._owner() as connection:
            if "server.crt" in files:
                connection.execute("ALTER SYSTEM SET ssl = on")
            before = _loaded_at(connection)
            connection.execute("SELECT pg_reload_conf()")
        self._await_later_than(before)
        news = self._postgres.log()[said:]
        if NOT_RELOADED in news:
            raise TlsGatewayError(news)

    def close(self) -> None:
        """Stop it."""
        self._postgres.close()

    def _await_later_than(self, before: datetime) -> None:
        deadline = time.monotonic() + RELOAD
        while time.monotonic() < deadline:
            with self._owner() as connection:  # each connection knows when its server had read its files
                if _loaded_at(connection) > before:
                    return
            time.sleep(0.01)
        raise TlsGatewayError("the server does not read its files again")

    def _owner(self) -> psycopg.Connection[tuple[datetime]]:
        """Connect as the server's owner, through its Unix socket."""
        return psycopg.connect(self._postgres.url(), autocommit=True)


def _loaded_at(connection: psycopg.Connection[tuple[datetime]]) -> datetime:
    """Return when the server had read its files, as of the moment the connection was made."""
    row = connection.execute("SELECT pg_conf_load_time()").fetchone()
    if row is None:
        raise TlsGatewayError("the server does not tell when it read its files")
    return row[0]


def _free_port() -> int:
    """Return a port that was free a moment ago: Postgres cannot be told to pick one."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
