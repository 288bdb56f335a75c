"""WebSockets for uvicorn without another library: ``uvicorn.Config(…, ws=WebSockets)``.

uvicorn hands over a connection with the head of its upgrade request; from there on this speaks ASGI with the
application and frames with the client. It serves the emulated Slack and its tests, which keep few connections.
"""

import asyncio
from typing import Any, Final, cast
from urllib.parse import unquote

from starlette.types import Message as Asgi
from uvicorn.config import Config
from uvicorn.server import ServerState

from sandbox.slack.socket_mode.frames import BrokenFrame, Message, Opcode, Reader, accept_key, written

GONE: Final = 1006
"""Close code of a connection that ended without a word (RFC 6455, section 7.4.1)."""

GOING_AWAY: Final = 1001
"""Close code of a server that stops."""


class WebSockets(asyncio.Protocol):
    """One connection. The arguments are what uvicorn gives."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        self._app = config.loaded_app
        self._server = server_state
        self._state = app_state
        self._reader = Reader()
        self._arrived: asyncio.Queue[Asgi] = asyncio.Queue()
        self._key = ""
        self._asked = self._accepted = self._over = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection."""
        self.transport = cast("asyncio.Transport", transport)
        # uvicorn's set is typed for its own protocols; of each it calls `shutdown` only.
        cast("set[Any]", self._server.connections).add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that the client is gone."""
        cast("set[Any]", self._server.connections).discard(self)
        self._ended(GONE)

    def shutdown(self) -> None:
        """Say goodbye; uvicorn calls this when it stops."""
        self._close(GOING_AWAY)

    def data_received(self, data: bytes) -> None:
        """Read the head of the request, which uvicorn passes on whole, and then frames."""
        if not self._asked:
            self._asked = True
            self._begin(data)
            return
        try:
            for message in self._reader.feed(data):
                self._take(message)
        except BrokenFrame as broken:
            self._close(broken.code)

    def _begin(self, head: bytes) -> None:
        request, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(": ")[::2] for line in lines if line]
        headers = {name.lower(): value for name, value in pairs}
        self._key = headers.get("sec-websocket-key", "")
        path, _, query = request.split(" ")[1].partition("?")
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
            "client": self.transport.get_extra_info("peername"),
            "server": self.transport.get_extra_info("sockname"),
            "subprotocols": [],
            "state": self._state.copy(),
        }
        self._arrived.put_nowait({"type": "websocket.connect"})
        task = asyncio.get_running_loop().create_task(self._run(scope))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._receive, self._send)
        finally:
            self.transport.close()

    def _take(self, message: Message) -> None:
        if self._over:
            return
        match message.opcode:
            case Opcode.PING:
                self.transport.write(written(Opcode.PONG, message.payload))
            case Opcode.TEXT:
                self._arrived.put_nowait({"type": "websocket.receive", "text": _text(message.payload)})
            case Opcode.BINARY:
                self._arrived.put_nowait({"type": "websocket.receive", "bytes": message.payload})
            case Opcode.CLOSE:
                self._close(int.from_bytes(message.payload[:2]) or 1000)

    async def _receive(self) -> Asgi:
        return await self._arrived.get()

    async def _send(self, message: Asgi) -> None:
        if self._over:
            raise ConnectionResetError("the client is gone")
        match message["type"]:
            case "websocket.accept":
                self._accepted = True
                self.transport.write(_head(101, f"Sec-WebSocket-Accept: {accept_key(self._key)}"))
            case "websocket.send":
                self.transport.write(written(Opcode.TEXT, message["text"].encode()))
            case "websocket.close":
                self._close(message.get("code", 1000))

    def _close(self, code: int) -> None:
        """End the connection with a word: refused before it was accepted, closed after."""
        if not self._over:
            goodbye = (
                written(Opcode.CLOSE, code.to_bytes(2)) if self._accepted else _head(403, "Content-Length: 0")
            )
            self.transport.write(goodbye)
        self._ended(code)
        self.transport.close()

    def _ended(self, code: int) -> None:
        if not self._over:
            self._over = True
            self._arrived.put_nowait({"type": "websocket.disconnect", "code": code})


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise BrokenFrame(1007, "the text is not UTF-8") from error


def _head(status: int, line: str) -> bytes:
    reason = {101: "Switching Protocols", 403: "Forbidden"}[status]
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n" if status == 101 else ""
    return f"HTTP/1.1 {status} {reason}\r\n{upgrade}{line}\r\n\r\n".encode()
