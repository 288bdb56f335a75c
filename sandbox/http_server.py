"""Serves ASGI applications on loopback for the length of a ``with`` block."""

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
        # As the bot itself is served: no header of a client changes where it comes from.
        proxy_headers=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=timeout_graceful_shutdown,
        ws="wsproto",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=None,  # the clients send the pings, so a silent one stays connected
    )


@contextlib.asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[tuple[socket.socket, str]]:
    """Open a socket on loopback, and yield it with its URL; port 0 picks a free one."""
    with socket.create_server(("127.0.0.1", port)) as open_socket:
        # Accepted connections inherit it. Without it a body waits 40 ms until the headers are acknowledged:
        # asyncio sets it only on sockets that were created with an explicit protocol.
        open_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield open_socket, f"http://127.0.0.1:{open_socket.getsockname()[1]}"


class Servers:
    """Running servers, one application and one socket each."""

    def __init__(self) -> None:
        self._open: dict[_EmbeddedServer, asyncio.Task[None]] = {}

    async def open(self, app: Any, on: socket.socket) -> None:
        """Serve an ASGI application on a socket; return once it accepts connections."""
        server = _EmbeddedServer(server_config(app, timeout_graceful_shutdown=1))
        self._open[server] = asyncio.create_task(server.serve(sockets=[on]))
        await server.ready.wait()

    async def close(self) -> None:
        """Stop all servers concurrently, since each takes a while even when idle."""
        for server in self._open:
            server.stop()
        await asyncio.gather(*self._open.values())


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Yield `Servers` that are stopped at the end of the ``with`` block."""
    running = Servers()
    try:
        yield running
    finally:
        await running.close()


@contextlib.asynccontextmanager
async def serving(app: Any, on: socket.socket) -> AsyncIterator[None]:
    """Serve one ASGI application on a socket for the length of the ``with`` block."""
    async with servers() as running:
        await running.open(app, on)
        yield


class _EmbeddedServer(uvicorn.Server):
    """A uvicorn server that reports when it is ready, and leaves signals to its process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Stop at once; uvicorn itself would look for `should_exit` ten times a second."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Run until `stop` is called."""
        ticking = asyncio.create_task(super().main_loop())
        await self._stopping.wait()
        ticking.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set `ready`."""
        await super().startup(sockets=sockets)
        self.ready.set()

    # uvicorn would take Ctrl-C for itself: several servers share a process, which stops them in its order.
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Capture no signal."""
        yield
