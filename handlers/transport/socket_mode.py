"""Socket Mode: what Slack sends comes through a connection that we opened, for where nobody can call us.

The connection is that of Slack's own client (``slack_sdk.socket_mode.aiohttp``, 3.47). It attempts an address
again and again although Slack makes each for one connection only, and it neither waits for what it has begun
when it is closed nor keeps an address with its ticket out of its log. So every attempt here is a fresh client
with a fresh address, looked after from outside.
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

from bot.errors import MisconfiguredError, SlackError, TryAgainError

CONNECTING: Final = timedelta(seconds=10)
"""The longest that one attempt can take: an address asked for, and a connection made."""

OBSERVE: Final = timedelta(seconds=1)
"""How often we look whether the connection stands; two looks in a row without one, and it is made anew."""

PING: Final = 5.0
"""Seconds between pings; the client takes a connection for lost after four of them unanswered."""

LONGEST_PAUSE: Final = timedelta(seconds=60)
"""Between attempts, which begin a second apart; the method may be called about once a minute (tier 1)."""

DRAIN: Final = timedelta(seconds=5)
"""The longest that a stopping process waits for answers it has begun: more than Slack itself does."""

NOT_OURS: Final = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked"})
"""Slack's codes for a token that will not do, however often it is tried."""

log = structlog.get_logger(__name__)


class _Untyped(Protocol):
    """What Slack's client has no types for."""

    async def connect(self) -> None: ...

    async def close(self) -> None: ...


class SocketMode:
    """A connection to Slack that is kept for the length of an ``async with`` block.

    Args:
        app: Bolt with our listeners.
        token: the app-level token.
        url: base of the Web API, with its trailing slash.

    Raises:
        MisconfiguredError: on entering, when Slack does not take the token.
        SlackError: on entering, when Slack cannot be reached.
    """

    def __init__(self, app: AsyncApp, *, token: str, url: str) -> None:
        self._app = app
        self._token = token
        self._web = AsyncWebClient(base_url=url, timeout=int(CONNECTING.total_seconds()), retry_handlers=[])
        self._client: SocketModeClient | None = None
        self._begun: set[asyncio.Task[object]] = set()
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connects."""
        self._client = await self._connected()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Takes nothing more, finishes what was begun, and disconnects."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._client is None:
            return
        self._client.message_processor.cancel()
        # What was taken from the queue becomes a task that may not have run yet.
        await asyncio.sleep(0)
        if self._begun:
            await asyncio.wait(self._begun, timeout=DRAIN.total_seconds())
        await _closed(self._client)

    async def require(self) -> None:
        """Raises ``TryAgainError`` while the connection does not stand."""
        if self._client is None or not await self._client.is_connected():
            raise TryAgainError("the connection to Slack is being made")

    async def _connected(self) -> SocketModeClient:
        """Makes a connection with an address of its own."""
        client = SocketModeClient(
            app_token=self._token,
            web_client=self._web,
            logger=_LOGGER,
            auto_reconnect_enabled=False,
            ping_interval=PING,
        )
        client.socket_mode_request_listeners.append(self._take)
        connecting: _Untyped = client
        try:
            async with asyncio.timeout(CONNECTING.total_seconds()):
                client.wss_uri = await client.issue_new_wss_url()
                await connecting.connect()
        except SlackApiError as error:
            await _closed(client)
            raise _refused(str(error.response.get("error"))) from error
        except (TimeoutError, aiohttp.ClientError, SlackClientError) as error:
            await _closed(client)
            raise SlackError("unreachable") from error
        except asyncio.CancelledError:
            await _closed(client)
            raise
        return client

    async def _keep(self) -> None:
        """Connects anew whenever the connection has been gone for two looks."""
        missed = 0
        while True:
            await asyncio.sleep(OBSERVE.total_seconds())
            standing = self._client is not None and await self._client.is_connected()
            missed = 0 if standing else missed + 1
            if missed == 2:
                log.warning("socket.lost")
                await self._reconnect()
                log.info("socket.restored")
                missed = 0

    async def _reconnect(self) -> None:
        if self._client is not None:
            await _closed(self._client)
            self._client = None
        pause = OBSERVE
        while self._client is None:
            try:
                self._client = await self._connected()
            except (SlackError, MisconfiguredError) as error:
                log.warning("socket.unreachable", error=str(error))
                await asyncio.sleep(pause.total_seconds())
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Has Bolt answer an envelope; the answer goes through whichever connection stands by then."""
        task = asyncio.current_task()
        if task is not None:
            # Slack's client forgets its tasks; this keeps them alive, and lets a stopping process wait.
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)
        began = time.time()
        answer = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(self._client or client, request, answer, began)
        except (OSError, aiohttp.ClientError, RuntimeError) as error:
            log.warning("socket.unanswered", error=type(error).__name__)


class _Discreet(logging.Filter):
    """Lets the client's errors through without tracebacks, and without the ticket of an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites a record in place."""
        record.msg = re.sub(r"ticket=[^&\s'\")]+", "ticket=…", record.getMessage())
        record.args, record.exc_info, record.exc_text = (), None, None
        return True


_LOGGER: Final = logging.getLogger(f"{__name__}.client")
_LOGGER.setLevel(logging.ERROR)
_LOGGER.addFilter(_Discreet())


def _refused(code: str) -> SlackError | MisconfiguredError:
    if code in NOT_OURS:
        return MisconfiguredError(
            f"SLACK_APP_TOKEN is not taken by Slack ({code}): make an app-level token with the scope "
            "connections:write, and switch Socket Mode on for the app"
        )
    return SlackError(code)


async def _closed(client: SocketModeClient) -> None:
    """Closes a client, whatever is left of its connection."""
    closing: _Untyped = client
    with contextlib.suppress(OSError, aiohttp.ClientError):
        await closing.close()
