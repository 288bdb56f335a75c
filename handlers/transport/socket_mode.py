"""Socket Mode: receives payloads through a WebSocket that we open, for bots without a public URL.

The WebSocket is that of Slack's own client (``slack_sdk.socket_mode.aiohttp``, 3.47). That client retries a
URL although Slack issues each for one connection only, does not wait for running listeners when it is closed,
and logs URLs with their tickets. So every attempt here is a new client with a new URL, and we supervise it.
"""

import asyncio
import contextlib
import logging
import re
import time
from datetime import timedelta
from typing import Final, Protocol, Self

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.outside.redaction import Redactor
from bot.errors import MisconfiguredError, SlackError, TryAgainError

CONNECTING: Final = timedelta(seconds=10)
"""Timeout of one attempt: requesting a URL and connecting."""

CHECK: Final = timedelta(seconds=1)
"""Interval of connection checks; after two failed checks in a row we reconnect."""

PING: Final = 5.0
"""Seconds between pings; the client considers a connection lost after four unanswered ones."""

LONGEST_PAUSE: Final = timedelta(seconds=60)
"""Maximum pause between attempts; it starts at ``CHECK``. Slack allows about one call a minute (tier 1)."""

DRAIN: Final = timedelta(seconds=5)
"""How long a stopping process waits for running listeners: longer than Slack waits for their answers."""

INVALID_TOKEN: Final = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked"})
"""Slack's error codes for a token that never works, however often it is tried."""

log = structlog.get_logger(__name__)


class _Untyped(Protocol):
    """Methods for which Slack's client has no types."""

    async def connect(self) -> None: ...

    async def close(self) -> None: ...


class SocketMode:
    """Keeps a connection to Slack open for the length of an ``async with`` block.

    Args:
        app: Bolt with our listeners.
        token: app-level token.
        url: base URL of the Web API, with a trailing slash.

    Raises:
        MisconfiguredError: on entering, when Slack rejects the token.
        SlackError: on entering, when Slack cannot be reached.
    """

    def __init__(self, app: AsyncApp, *, token: str, url: str) -> None:
        self._app = app
        self._token = token
        # Without its default retry of connection errors: the pause between two attempts is decided here.
        self._web = AsyncWebClient(base_url=url, timeout=int(CONNECTING.total_seconds()), retry_handlers=[])
        self._client: SocketModeClient | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._supervision: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connects."""
        self._client = await self._connect()
        self._supervision = asyncio.create_task(self._supervise())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops receiving, waits for running listeners, and disconnects."""
        # First, or it would reconnect what is closed below.
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)
        if self._client is None:
            return
        self._client.message_processor.cancel()
        # An envelope taken from the queue is a task that may not have run yet, and so is not in `_running`.
        await asyncio.sleep(0)
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN.total_seconds())
        await _close(self._client)

    async def require(self) -> None:
        """Raises ``TryAgainError`` while there is no connection."""
        if self._client is None or not await self._client.is_connected():
            raise TryAgainError("the connection to Slack is being established")

    async def _connect(self) -> SocketModeClient:
        """Connects with a new client and a URL of its own."""
        client = SocketModeClient(
            app_token=self._token,
            web_client=self._web,
            logger=_LOGGER,
            auto_reconnect_enabled=False,
            ping_interval=PING,
        )
        client.socket_mode_request_listeners.append(self._receive)
        connecting: _Untyped = client
        try:
            async with asyncio.timeout(CONNECTING.total_seconds()):
                client.wss_uri = await client.issue_new_wss_url()
                await connecting.connect()
        except SlackApiError as error:
            await _close(client)
            # Its own words, which may repeat the token, are shown to whoever starts the process.
            raise _error(Redactor((self._token,)).text(str(error.response.get("error")))) from error
        except (TimeoutError, aiohttp.ClientError, SlackClientError) as error:
            await _close(client)
            raise SlackError("unreachable") from error
        # The client has started tasks already, which would outlive a stop in the middle of an attempt.
        except asyncio.CancelledError:
            await _close(client)
            raise
        return client

    async def _supervise(self) -> None:
        """Reconnects whenever two checks in a row find no connection."""
        missed = 0
        while True:
            await asyncio.sleep(CHECK.total_seconds())
            connected = self._client is not None and await self._client.is_connected()
            missed = 0 if connected else missed + 1
            if missed == 2:
                log.warning("socket.lost")
                await self._reconnect()
                log.info("socket.restored")
                missed = 0

    async def _reconnect(self) -> None:
        if self._client is not None:
            await _close(self._client)
            self._client = None
        pause = CHECK
        while self._client is None:
            try:
                self._client = await self._connect()
            except (SlackError, MisconfiguredError) as error:
                log.warning("socket.unreachable", error=str(error))
                await asyncio.sleep(pause.total_seconds())
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Has Bolt answer an envelope; the answer goes through the connection that is open by then."""
        task = asyncio.current_task()
        if task is not None:
            # Slack's client drops its tasks: our reference keeps them alive, and a stopping process waits.
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        started = time.time()
        response = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(self._client or client, request, response, started)
        except (OSError, aiohttp.ClientError, RuntimeError) as error:
            log.warning("socket.unanswered", error=type(error).__name__)


class _TicketFilter(logging.Filter):
    """Removes tracebacks and the tickets of URLs from the client's log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites a record in place, and lets it through."""
        record.msg = re.sub(r"ticket=[^&\s'\")]+", "ticket=…", record.getMessage())
        record.args, record.exc_info, record.exc_text = (), None, None
        return True


_LOGGER: Final = logging.getLogger(f"{__name__}.client")
_LOGGER.setLevel(logging.ERROR)
_LOGGER.addFilter(_TicketFilter())


def _error(code: str) -> SlackError | MisconfiguredError:
    if code in INVALID_TOKEN:
        return MisconfiguredError(
            f"Slack rejects SLACK_APP_TOKEN ({code}): create an app-level token with the scope "
            "connections:write, and enable Socket Mode for the app"
        )
    return SlackError(code)


async def _close(client: SocketModeClient) -> None:
    """Closes a client; a connection that is already broken is no error."""
    closing: _Untyped = client
    with contextlib.suppress(OSError, aiohttp.ClientError):
        await closing.close()
