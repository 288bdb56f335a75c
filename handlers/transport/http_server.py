"""HTTP server: uvicorn, with a deadline for requests that do not arrive whole, and for a stop.

uvicorn bounds neither how long the headers or the body of a request may take, nor how long a connection may
send nothing, nor how long an answer may wait to be read (uvicorn 0.54, ``protocols/http/httptools_impl.py``).
Its only limit to connections refuses new ones, so that whoever holds the old ones would shut Slack out.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Final, cast

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST: Final = timedelta(seconds=10)
"""How long a connection may take to send one whole request, and to read the answer to the one before. Slack's
requests have a few kilobytes, and Slack itself waits 3 s for an answer (Slack, "Acknowledging requests")."""

REQUEST_AT_STOP: Final = timedelta(seconds=1)
"""The same from when the process is asked to stop: what has begun to arrive is there within milliseconds."""

STOP: Final = timedelta(seconds=10)
"""How long requests that have arrived may be answered when the process is asked to stop."""

CONNECTIONS_AT_MOST: Final = 500
"""Connections at once, half of the 1,024 open files that Linux allows a process by default. Above that, the
one that has owed a request for longest is closed: a request of Slack's has arrived long before its turn."""


class DeadlineProtocol(HttpToolsProtocol):
    """uvicorn's protocol for one connection, closed when the client owes a whole request for too long.

    Attributes:
        within: how long that is.
        at_most: connections of the server at once.
    """

    within: ClassVar[timedelta] = REQUEST
    at_most: ClassVar[int] = CONNECTIONS_AT_MOST

    _deadline: asyncio.TimerHandle | None = None
    _owed_since: float = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._watch(self.within)
        if len(self.connections) > self.at_most:
            self._close_longest_owing()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch(self.within)

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch(self.within)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_watching()

    @override
    def shutdown(self) -> None:
        super().shutdown()
        if self._owes:
            self._stop_watching()
            self._watch(REQUEST_AT_STOP)

    @property
    def _owes(self) -> bool:
        """Whether it is the client's turn: no request has arrived whole that is still to be answered."""
        return self.cycle is None or self.cycle.more_body or self.cycle.response_complete

    def _watch(self, within: timedelta) -> None:
        """Begins the time in which a request has to arrive; more of the request does not prolong it."""
        if not self._owes:
            self._stop_watching()
        elif self._deadline is None:
            self._owed_since = self.loop.time()
            self._deadline = self.loop.call_later(within.total_seconds(), self._close)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        # Not ``close``, which waits until the client has read what it was sent.
        self.transport.abort()

    def _close_longest_owing(self) -> None:
        owing = [each for each in self.connections if isinstance(each, DeadlineProtocol) and each._owes]
        longest = min(owing, key=lambda each: each._owed_since)
        # At once: its loss is reported after further connections were made, which count it no more.
        self.connections.discard(longest)
        longest._close()


class _Server(uvicorn.Server):
    """uvicorn's server, whose process handles signals itself."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Serves until cancelled; then takes no more requests, and answers those that have arrived.

    Args:
        app: what answers.
        host: address to listen on.
        port: port to listen on.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=DeadlineProtocol,
        # No page has a WebSocket, and one would be without the deadline.
        ws="none",
        # A router that keeps connections would now and then send a request on one that is just being closed
        # as idle, and it would be lost (Heroku keeps them for 90 s: Dev Center, "HTTP Routing").
        headers=[("Connection", "close")],
        log_config=None,
        access_log=False,
        # By default uvicorn believes what a client on the same machine writes into `X-Forwarded-For`.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=int(STOP.total_seconds()),
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
