"""Where clients of the wall knock: every connection is carried on from the place of a chosen source.

A client cannot be told to connect from another address of this machine (libpq has no such setting), so a
relay does it. It sees nothing of what goes through: TLS is between the client and the server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import IPv4Address
from typing import Final

from sandbox.tls_gateway.source_addresses import place

HOST: Final = "127.0.0.1"
"""Where it takes connections and where the server is; the server's certificate is made out to it."""

PIECE: Final = 65536
"""Bytes that are carried at once."""


class Front:
    """A port of this machine behind which a server stands.

    Args:
        port: Of the server, at `HOST`.
        before: Is awaited before each connection, which is dropped unless it says yes.
        source: Where clients come from, until somebody moves.
    """

    def __init__(
        self, port: int, *, before: Callable[[IPv4Address], Awaitable[bool]], source: IPv4Address
    ) -> None:
        self._port = port
        self._before = before
        self.source = source
        self._carrying: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Take connections for the length of a ``with`` block, at the port that it gives."""
        async with await asyncio.start_server(self._carry, HOST, 0) as server:
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                server.close()
                for task in self._carrying:
                    task.cancel()
                await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = self.source
        with self._counted():
            try:
                if await self._before(source):
                    await self._through(reader, writer, place(source))
            finally:
                writer.close()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Remember the task for as long as it carries."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is carried by a task")
        self._carrying.add(task)
        try:
            yield
        finally:
            self._carrying.discard(task)

    async def _through(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origin: IPv4Address
    ) -> None:
        """Carry both directions until the server has said its last word."""
        there, back = await asyncio.open_connection(HOST, self._port, local_addr=(str(origin), 0))
        asked = asyncio.create_task(_pump(reader, back))
        try:
            await _pump(there, writer)
        finally:
            asked.cancel()
            back.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction until it ends, and say so; who does not listen any more need not be told."""
    with contextlib.suppress(OSError):
        try:
            while piece := await reader.read(PIECE):
                writer.write(piece)
                await writer.drain()
        finally:
            writer.write_eof()
