"""Connects to one of Heroku's databases with a client certificate, as its owner will; says what came of it.

The key is never written to a disk. libpq takes files only, so it gets ones that are in memory alone, that no
other user can open, and that are gone with the process however it ends; only Linux has such files
(``memfd_create(2)``). Nothing that libpq says leaves this module: its sentences name hosts and people.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import psycopg
import structlog

from bot.domain.mtls.connection_test import PATIENCE, ConnectionResult
from bot.ports import Credential, Login

log = structlog.get_logger(__name__)

_PRIVATE: Final = 0o600
"""libpq refuses a key that others may read (PostgreSQL manual, "Client Certificates")."""

_SIGNS: Final[tuple[tuple[ConnectionResult, re.Pattern[str]], ...]] = (
    (ConnectionResult.NOT_LET_IN, re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects")),
    (
        ConnectionResult.NOT_ASKED,
        re.compile(r"did not request an SSL certificate|without a valid SSL certificate"),
    ),
    (
        ConnectionResult.NOT_ACCEPTED,
        re.compile(r"alert (bad |unsupported )?(certificate|unknown ca|unknown CA)"),
    ),
    (
        ConnectionResult.NOT_ACCEPTED,
        re.compile(r"requires a valid client certificate|certificate authentication failed"),
    ),
    (
        ConnectionResult.UNREACHABLE,
        re.compile(r"timeout|timed out|refused|unreachable|No route|resolve|not known"),
    ),
)
"""Signs in libpq's and OpenSSL's sentences, looked for in this order: a connection that fails has no other
answer, no ``SQLSTATE`` either (PostgreSQL 18, ``auth.c``, ``fe-auth.c``; OpenSSL 3, ``ssl_stat.c``)."""


class PostgresConnectionTest:
    """Connects, asks for nothing, and goes.

    Args:
        patience: how long the database may take in all.
    """

    def __init__(self, *, patience: timedelta = PATIENCE) -> None:
        self._patience = patience.total_seconds()

    async def connect(self, login: Login, credential: Credential, *, root: str) -> ConnectionResult:
        """Connects once; see the port. Whatever keeps it from that is a word too, and no disaster."""
        try:
            async with asyncio.timeout(self._patience):
                with _in_memory(sslcert=credential.chain, sslkey=credential.key, sslrootcert=root) as files:
                    return await _ask(login, files)
        except TimeoutError:
            return ConnectionResult.UNREACHABLE
        except psycopg.Error as error:
            return read(str(error))
        except (OSError, ValueError) as error:
            # No memory or descriptors are left, or libpq cannot be given what Heroku gave.
            log.warning("probe.not_possible", error=type(error).__name__)
            return ConnectionResult.OTHER


def read(sentence: str) -> ConnectionResult:
    """What libpq's sentence about a connection that failed comes down to."""
    return next((found for found, sign in _SIGNS if sign.search(sentence)), ConnectionResult.OTHER)


async def _ask(login: Login, files: Mapping[str, str]) -> ConnectionResult:
    settings: dict[str, Any] = {
        "host": login.host,
        "port": login.port,
        "user": login.user,
        "password": login.password,
        "dbname": login.base,
        # As the line has it that people get. The certificate has to be asked for: a place from which one
        # gets in without would prove nothing about it.
        "sslmode": "verify-ca",
        "sslcertmode": "require",
        # libpq prefers GSSAPI's encryption where it has credentials, and that asks for no certificate.
        "gssencmode": "disable",
        "application_name": "pgaccess test of a certificate",
        "autocommit": True,
        **files,
    }
    async with await psycopg.AsyncConnection.connect(**settings) as connection:
        row = await (await connection.execute("SELECT 1")).fetchone()
    return ConnectionResult.CONNECTED if row == (1,) else ConnectionResult.OTHER


@contextlib.contextmanager
def _in_memory(**texts: str) -> Iterator[dict[str, str]]:
    """Files in memory, for as long as the ``with`` block lasts: their paths, by the same names."""
    with contextlib.ExitStack() as stack:
        paths = {}
        for name, text in texts.items():
            file = stack.enter_context(os.fdopen(os.memfd_create(name, os.MFD_CLOEXEC), "w"))
            os.fchmod(file.fileno(), _PRIVATE)
            file.write(text)
            file.flush()
            paths[name] = f"/proc/self/fd/{file.fileno()}"
        yield paths
