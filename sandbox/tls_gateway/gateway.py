"""Keeps a real TLS Postgres in sync with one database of the emulated Heroku.

Heroku's state is read before each connection, so the gateway is never behind. One difference remains: at
Heroku an address that is not allowed gets no answer at all, while this server says why it rejects a client.
Whether Heroku cuts open connections when their rule is removed is not published; here they stay open.
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
from sandbox.tls_gateway.pg_hba import pg_hba_conf
from sandbox.tls_gateway.postgres_server import ServerLogin, TlsPostgres
from sandbox.tls_gateway.proxy import HOST, Proxy
from sandbox.tls_gateway.source_addresses import check_distinguishable

HOME: Final = "192.0.2.1"
"""Initial source address of clients, reserved for documentation (RFC 5737): no rule allows it by chance."""


class TlsGateway:
    """Gateway in front of one database.

    Args:
        heroku: The emulated Heroku.
        database: Name of the add-on.

    Raises:
        NoPostgresError: This machine has no Postgres server with TLS.
    """

    def __init__(self, heroku: HerokuEmulator, database: str) -> None:
        self._heroku = heroku
        self._database = database
        self._login = ServerLogin.of(heroku.connection(database))
        self._server = TlsPostgres(self._login)
        self._proxy = Proxy(self._server.port, before=self._ready, source=IPv4Address(HOME))
        self._applied: Admission | None = None
        self._lock = asyncio.Lock()

    def set_source(self, source: str) -> None:
        """Set the source address of new connections."""
        self._proxy.source = IPv4Address(source)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve the database for the length of a ``with`` block.

        Raises:
            NoPostgresError: The server does not start.
        """
        try:
            # In a thread, since the emulators are served by the same event loop.
            await asyncio.to_thread(self._server.start, self._pg_hba_conf(None))
            async with self._proxy.open() as port:
                self._heroku.serve_at(self._database, f"{HOST}:{port}")
                yield
        finally:
            self._heroku.serve_at(self._database, "")
            await asyncio.to_thread(self._server.close)

    async def _ready(self, source: IPv4Address) -> bool:
        """Apply Heroku's present state to the server; return whether the database accepts connections.

        Raises:
            AmbiguousSourceError: The source cannot be told from one that is allowed; the client is rejected.
            TlsGatewayError: The server did not take the new files; the client is rejected.
        """
        # Two connections at once must not write the files at once.
        async with self._lock:
            now = datetime.now(UTC)
            try:
                admission = self._heroku.admission(self._database, now=now)
            except Refused:  # mTLS is not enabled: from outside there is no such server
                return False
            # Before the files are written: a source that could be mistaken is rejected whatever they allow.
            check_distinguishable(source, admission.networks)
            if admission != self._applied:
                files = self._files(admission, now)
                await asyncio.to_thread(self._server.apply_files, files)
                self._applied = admission
            return True

    def _files(self, admission: Admission, now: datetime) -> dict[str, str]:
        """Return the files that make the server follow an admission."""
        files = {
            "pg_hba.conf": self._pg_hba_conf(admission),
            "clients.crl": self._heroku.revocations(self._database, now=now),
        }
        # mTLS that was disabled and enabled again has new authorities, and no old certificate fits them.
        if self._applied is None or admission.authority != self._applied.authority:
            credential = self._heroku.server_credential(self._database, host=HOST, now=now)
            files |= {
                "server.key": credential.key,
                "server.crt": credential.chain,
                "clients.crt": admission.authority,
            }
        return files

    def _pg_hba_conf(self, admission: Admission | None) -> str:
        networks = admission.networks if admission else ()
        return pg_hba_conf(networks, user=self._login.user, base=self._login.base)


@contextlib.asynccontextmanager
async def start_gateway(heroku: HerokuEmulator, database: str) -> AsyncIterator[TlsGateway]:
    """Run a gateway for a database for the length of a ``with`` block; raises `NoPostgresError`."""
    gateway = TlsGateway(heroku, database)
    async with gateway.open():
        yield gateway
