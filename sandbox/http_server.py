"""Serves an application on a port of this machine for the length of a ``with`` block."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import uvicorn

MESSAGE_BYTES: Final = 2**20
"""Largest WebSocket message; an acknowledgement with a whole modal in it has a quarter of that."""


def server_config(app: Any, *, timeout_graceful_shutdown: int | None = None) -> uvicorn.Config:
    """Return uvicorn's configuration for an emulator.

    Args:
        app: The ASGI application.
        timeout_graceful_shutdown: Seconds that open connections may take to end; None waits for all of them.
    """
    return uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=timeout_graceful_shutdown,
        ws="wsproto",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=None,  # the clients send the pings, so a silent one stays connected
    )


@contextlib.asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[tuple[socket.socket, str]]:
    """An open socket on loopback, and its URL before anything is served there; port 0 picks one."""
    with socket.create_server(("127.0.0.1", port)) as opened:
        # Every accepted connection inherits it; without it a body waits 40 ms for the headers' receipt.
        # asyncio sets it by itself, but not on sockets that were made without naming their protocol.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened, f"http://127.0.0.1:{opened.getsockname()[1]}"


class Servers:
    """Applications that are served, each on a socket of its own."""

    def __init__(self) -> None:
        self._open: dict[_Quiet, asyncio.Task[None]] = {}

    async def open(self, app: Any, on: socket.socket) -> None:
        """Serves an ASGI application on a socket."""
        server = _Quiet(server_config(app, timeout_graceful_shutdown=1))
        self._open[server] = asyncio.create_task(server.serve(sockets=[on]))
        await server.ready.wait()

    async def close(self) -> None:
        """Closes all at the same time: each takes a while, busy or not."""
        for server in self._open:
            server.should_exit = True
        await asyncio.gather(*self._open.values())


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Doors that are closed at the end of a ``with`` block."""
    opened = Servers()
    try:
        yield opened
    finally:
        await opened.close()


@contextlib.asynccontextmanager
async def serving(app: Any, on: socket.socket) -> AsyncIterator[None]:
    """Serves one ASGI application on a socket."""
    async with servers() as opened:
        await opened.open(app, on)
        yield


class _Quiet(uvicorn.Server):
    """Says when it serves, and leaves signals to whoever started it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to serve."""
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Captures none."""
        yield
