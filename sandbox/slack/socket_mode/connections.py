"""Socket Mode: Slack's requests travel through WebSockets that the bot has opened.

Facts: Slack developer documentation, using Socket Mode and apps.connections.open, 2026-11: an address is made
for one connection; an app may have ten; a payload goes to any of them in an envelope, and its id acknowledges
it within 3 seconds; Slack announces with ``disconnect`` that a connection will end.
"""

import asyncio
import itertools
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.slack.delivery import Delivery
from sandbox.slack.delivery_transport import Delivered, Undeliverable
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused

MAX_CONNECTIONS: Final = 10
"""Connections an app may have at once."""

LINGER: Final = 1.0
"""Seconds between ``disconnect`` and the end of a connection; Slack's value is not published."""

LATE: Final = 0.5
"""Seconds that a late acknowledgement is awaited after Slack gave up on it."""

TRANSPORT: Final = "emulator.transport"
"""Key of the transport in the ASGI scope, so that a fault can cut it."""

_TYPES: Final = {"command": "slash_commands", "event": "events_api"}
"""Kinds of delivery by the type of their envelope; all others are ``interactive``."""

_ANSWERED: Final = frozenset({"command", "view_submission", "block_suggestion"})
"""Kinds whose acknowledgement may carry a payload; that of others is ignored."""


@dataclass(eq=False, slots=True)
class _Connection:
    """A connection; `leaving` once its end was announced."""

    socket: WebSocket
    leaving: bool = False

    @property
    def open(self) -> bool:
        states = (self.socket.application_state, self.socket.client_state)
        return states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED)

    async def send(self, **message: Any) -> None:
        """Send a message; raises `Undeliverable` when the connection is gone."""
        if not self.open:
            raise Undeliverable("the connection is closed")
        try:
            await self.socket.send_text(json.dumps(message, ensure_ascii=False))
        except WebSocketDisconnect as error:
            raise Undeliverable("the connection broke") from error


class Connections:
    """The bot's connections, and deliveries that await an acknowledgement."""

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack
        self._connections: list[_Connection] = []
        self._round_robin = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json]] = {}

    @property
    def connected(self) -> int:
        """Number of connections that take deliveries."""
        return len(self._ready())

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection from its handshake to its end."""
        try:
            # Before the handshake is accepted: a URL that was used already is refused with 403.
            self._slack.rights.enter(socket.query_params.get("ticket", ""), now=datetime.now(UTC))
        except Refused:
            await socket.close()
            return
        await socket.accept()
        connection = _Connection(socket)
        if len(self._connections) >= MAX_CONNECTIONS:
            await connection.send(type="disconnect", reason="too_many_websockets", debug_info=_HOST)
            await socket.close()
            return
        self._connections.append(connection)
        try:
            await self._listen(connection)
        finally:
            self._connections.remove(connection)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Send a delivery through one of the connections and return its acknowledgement.

        Raises:
            Undeliverable: There is no connection, it broke, or there was no acknowledgement in time.
        """
        ready = self._ready()
        if not ready:
            raise Undeliverable("there is no connection")
        connection, envelope = ready[next(self._round_robin) % len(ready)], str(uuid.uuid4())
        answer = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        try:
            await connection.send(envelope_id=envelope, **_envelope(delivery))
            async with asyncio.timeout(self._slack.behavior.ack_seconds + LATE):
                return _delivered(delivery, await answer)
        except TimeoutError as error:
            raise Undeliverable("it was not acknowledged in time") from error
        finally:
            del self._waiting[envelope]

    async def refresh(self, reason: str = "refresh_requested") -> int:
        """Announce the end of every connection, close those that stay, and return their number."""
        leaving = self._ready()
        for connection in leaving:
            connection.leaving = True
            await connection.send(type="disconnect", reason=reason, debug_info=_HOST)
        await asyncio.sleep(LINGER)
        for connection in leaving:
            if connection.open:
                await connection.socket.close()
        return len(leaving)

    def cut(self) -> int:
        """Cut every connection without an announcement, and return their number."""
        for connection in self._connections:
            connection.socket.scope[TRANSPORT].abort()
        return len(self._connections)

    def _ready(self) -> list[_Connection]:
        return [connection for connection in self._connections if connection.open and not connection.leaving]

    async def _listen(self, connection: _Connection) -> None:
        app = {"app_id": self._slack.world.app_id}
        about = {**_HOST, "started": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", "build_number": 1}
        about["approximate_connection_time"] = _HOUR
        await connection.send(
            type="hello", connection_info=app, num_connections=len(self._connections), debug_info=about
        )
        async for text in connection.socket.iter_text():
            self._acknowledged(text)

    def _acknowledged(self, text: str) -> None:
        """Pass an acknowledgement to the delivery that awaits it; ignore anything else."""
        try:
            said = json.loads(text)
        except ValueError:
            return
        envelope = said.get("envelope_id") if isinstance(said, dict) else None
        # Slack's own client acknowledges through its newest connection, whichever delivered the envelope.
        waiting = self._waiting.get(envelope) if isinstance(envelope, str) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(said)


_HOST: Final[Json] = {"host": "applink-emulated"}
_HOUR: Final = 3600  # seconds; a real connection lasts about as long


def _envelope(delivery: Delivery) -> Json:
    told: Json = {"type": _TYPES.get(delivery.kind, "interactive"), "payload": delivery.payload}
    told["accepts_response_payload"] = delivery.kind in _ANSWERED
    if delivery.kind == "event":
        told["retry_attempt"] = int(delivery.headers.get("X-Slack-Retry-Num", "0"))
        # Over HTTP the same is ``http_timeout`` (logs quoted in the vendor's public trackers, 2021 to 2025).
        told["retry_reason"] = "timeout" if told["retry_attempt"] else ""
    return told


def _delivered(delivery: Delivery, said: Json) -> Delivered:
    """Return an acknowledgement as the equivalent HTTP response."""
    payload = said.get("payload")
    if payload is None or delivery.kind not in _ANSWERED:
        return Delivered(status=200)
    body = json.dumps(payload, ensure_ascii=False).encode()
    return Delivered(status=200, headers={"content-type": "application/json"}, body=body)
