"""A real TLS Postgres kept in step with one database of the emulated Heroku, connection by connection.

Heroku's state is looked at when somebody knocks, so there is no moment in which the wall is behind. What is
not played: at Heroku an address that is not let in gets no answer at all; this server says why it refuses.
Whether Heroku cuts connections that stand when their rule goes is not published; here they stay.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Final

from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Refused
from sandbox.heroku.model.admission import Admission
from sandbox.tls_gateway.pg_hba import rulebook
from sandbox.tls_gateway.postgres_server import Login, Server
from sandbox.tls_gateway.proxy import HOST, Front
from sandbox.tls_gateway.source_addresses import check_told_apart

HOME: Final = "192.0.2.1"
"""Where clients come from at first: reserved for documentation (RFC 5737), so nobody lets it in by chance."""


class TlsGateway:
    """What stands between people and one database.

    Args:
        heroku: The emulated Heroku.
        database: Name of the add-on.

    Raises:
        NoPostgresError: There is no server with TLS on this machine.
    """

    def __init__(self, heroku: HerokuEmulator, database: str) -> None:
        self._heroku = heroku
        self._database = database
        self._login = Login.of(heroku.connection(database))
        self._server = Server(self._login)
        self._front = Front(self._server.port, before=self._ready, source=IPv4Address(HOME))
        self._standing: Admission | None = None
        self._turn = asyncio.Lock()

    def comes_from(self, source: str) -> None:
        """Let whoever knocks from now on come from this address."""
        self._front.source = IPv4Address(source)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let the server answer for the database for the length of a ``with`` block.

        Raises:
            NoPostgresError: The server does not start.
        """
        try:
            await asyncio.to_thread(self._server.start, self._rulebook(None))
            async with self._front.open() as port:
                self._heroku.serve_at(self._database, f"{HOST}:{port}")
                yield
        finally:
            self._heroku.serve_at(self._database, "")
            await asyncio.to_thread(self._server.close)

    async def _ready(self, source: IPv4Address) -> bool:
        """Bring the server in step with Heroku; return whether there is anything to connect to.

        Raises:
            ConfusedError: The source would pass for another; nobody is let in.
            WallError: The server did not follow; nobody is let in.
        """
        async with self._turn:
            now = datetime.now(UTC)
            try:
                admission = self._heroku.admission(self._database, now=now)
            except Refused:  # mTLS is not enabled: seen from outside there is no such server
                return False
            check_told_apart(source, admission.networks)
            if admission != self._standing:
                files = self._files(admission, now)
                await asyncio.to_thread(self._server.take, files)
                self._standing = admission
            return True

    def _files(self, admission: Admission, now: datetime) -> dict[str, str]:
        """Return what the server has to be given for an admission."""
        files = {
            "pg_hba.conf": self._rulebook(admission),
            "clients.crl": self._heroku.revocations(self._database, now=now),
        }
        if self._standing is None or admission.authority != self._standing.authority:
            mine = self._heroku.server_credential(self._database, host=HOST, now=now)
            files |= {"server.key": mine.key, "server.crt": mine.chain, "clients.crt": admission.authority}
        return files

    def _rulebook(self, admission: Admission | None) -> str:
        networks = admission.networks if admission else ()
        return rulebook(networks, user=self._login.user, base=self._login.base)


@contextlib.asynccontextmanager
async def raised(heroku: HerokuEmulator, database: str) -> AsyncIterator[TlsGateway]:
    """Put a wall before a database for the length of a ``with`` block; raises `NoPostgresError`."""
    gateway = TlsGateway(heroku, database)
    async with gateway.open():
        yield gateway
