"""TCP proxy that connects to the server from the loopback address of a chosen source.

A client cannot connect from another address of this machine (libpq has no such setting), so a proxy does.
It cannot read the traffic: TLS is between the client and the server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import IPv4Address
from typing import Final

from sandbox.tls_gateway.source_addresses import loopback_address

HOST: Final = "127.0.0.1"
"""Address of the proxy and the server; the server's certificate is issued to it."""

CHUNK: Final = 65536
"""Bytes read at once."""


class Proxy:
    """A loopback port that forwards to a server.

    Args:
        port: Port of the server at `HOST`.
        before: Awaited before each connection, which is closed unless it returns true.
        source: Source address of connections; may be changed.
    """

    def __init__(
        self, port: int, *, before: Callable[[IPv4Address], Awaitable[bool]], source: IPv4Address
    ) -> None:
        self._port = port
        self._before = before
        self.source = source
        self._connections: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Accept connections for the length of a ``with`` block; yields the port."""
        async with await asyncio.start_server(self._forward, HOST, 0) as server:
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                server.close()
                for task in self._connections:
                    task.cancel()
                await asyncio.gather(*self._connections, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Fixed for this connection: the address may be changed while it is being checked.
        source = self.source
        with self._tracked():
            try:
                if await self._before(source):
                    await self._relay(reader, writer, loopback_address(source))
            finally:
                writer.close()

    @contextlib.contextmanager
    def _tracked(self) -> Iterator[None]:
        """Keep the task while it forwards, so that it can be cancelled."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is forwarded by a task")
        self._connections.add(task)
        try:
            yield
        finally:
            self._connections.discard(task)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origin: IPv4Address
    ) -> None:
        """Copy both directions until the server closes its side."""
        server_reader, server_writer = await asyncio.open_connection(
            HOST, self._port, local_addr=(str(origin), 0)
        )
        upstream = asyncio.create_task(_pump(reader, server_writer))
        try:
            await _pump(server_reader, writer)
        finally:
            upstream.cancel()
            server_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until it ends, and forward its end; errors of a closed peer are ignored."""
    with contextlib.suppress(OSError):
        try:
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()
        finally:
            # The other side has to learn that nothing more comes.
            writer.write_eof()
