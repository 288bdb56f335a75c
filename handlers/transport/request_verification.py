"""The gate before Bolt: only what Slack signed, lately and in a shape that can be read, goes through.

Bolt parses a body before it checks the signature, so unsigned junk costs it a traceback and a 500; it sets no
limit to a body; and it obeys two headers of its own from the wire (slack_bolt 1.30, measured). Nothing of a
body is ever logged here, and an answer tells a forger no more than its status does.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn
from urllib.parse import parse_qsl

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import MisconfiguredError
from handlers.transport.payloads import MalformedError, validate_payload

LARGEST_BODY: Final = 256 * 1024
"""Bytes; what Slack sends about our own commands, cards and forms is far smaller."""

OLDEST: Final = 300
"""Seconds either way; Slack documentation, "Verifying requests": older may be a replay."""

DEEPEST: Final = 64
"""Levels of nesting; Block Kit needs far fewer, and Python's own parser gives up near a thousand."""

FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"

_TIMESTAMP: Final = b"x-slack-request-timestamp"
_SIGNATURE: Final = b"x-slack-signature"
_PASSED_ON: Final = (_TIMESTAMP, b"x-slack-retry-num", b"x-slack-retry-reason")
"""The signature covers only the timestamp and the body, so Bolt sees hardly any other header."""

_DIGITS: Final = re.compile(rb"[0-9]{1,12}")
_ANSWERS: Final = {
    400: b"This request cannot be read.",
    401: b"This request is not signed by Slack.",
    404: b"There is nothing here.",
    405: b"Only POST is answered here.",
    413: b"This request is too large.",
}

_log = structlog.get_logger(__name__)

Headers = Mapping[bytes, list[bytes]]


class _TurnedAwayError(Exception):
    """The request goes no further."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class _GoneError(Exception):
    """The client left before its request was complete: there is nobody to answer."""


class RequestVerification:
    """An ASGI application that lets signed requests through to another one.

    Args:
        app: what is behind the gate. It gets the whole body in one piece, no query string, and a signature by
            the first secret, so that its own check of one secret holds also while two are in use.
        secrets: Slack's signing secret, or the new and the old one while rotating.
        path: the only path that is served.
        now: Unix time in seconds; real time, for Slack's clock is real.

    Raises:
        MisconfiguredError: no secret, an empty one, or more than two.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        secrets: Sequence[str],
        path: str = "/slack/events",
        now: Callable[[], float] = time.time,
    ) -> None:
        if not 1 <= len(secrets) <= 2 or not all(secrets):
            raise MisconfiguredError(
                "SLACK_SIGNING_SECRET holds one secret, or two with a comma while rotating."
            )
        self._app = app
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._path = path
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; other than HTTP there is only the server's start and stop."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            inner, body = await self._admit(scope, receive)
        except _TurnedAwayError as error:
            _log.warning("slack request turned away", status=error.status, why=error.why)
            await _answer(send, error.status)
        except _GoneError:
            _log.info("slack request broke off")
        else:
            await self._app(inner, _replay(body, receive), send)

    async def _admit(self, scope: Scope, receive: Receive) -> tuple[Scope, bytes]:
        """Checks the cheap things first, and reads no body for nothing."""
        if scope["path"] != self._path:
            raise _TurnedAwayError(404, "path")
        if scope["method"] != "POST":
            raise _TurnedAwayError(405, "method")
        headers = _gather(scope)
        media = _media_type(headers)
        _require_small(headers)
        stamp = self._timestamp(headers)
        body = await _read(receive)
        self._require_signature(headers, stamp, body)
        check_body(body, is_json=media == JSON)
        return {**scope, "query_string": b"", "headers": self._passed_on(headers, media, stamp, body)}, body

    def _timestamp(self, headers: Headers) -> bytes:
        stamp = _only(headers, _TIMESTAMP)
        if _DIGITS.fullmatch(stamp) is None:
            raise _TurnedAwayError(401, "timestamp")
        if abs(self._now() - int(stamp)) > OLDEST:
            raise _TurnedAwayError(401, "age")
        return stamp

    def _require_signature(self, headers: Headers, stamp: bytes, body: bytes) -> None:
        given = _only(headers, _SIGNATURE)
        # All are compared, as bytes: neither the time taken nor a non-ASCII header tells anything.
        matches = [hmac.compare_digest(sign(secret, stamp, body), given) for secret in self._secrets]
        if not any(matches):
            raise _TurnedAwayError(401, "signature")

    def _passed_on(
        self, headers: Headers, media: bytes, stamp: bytes, body: bytes
    ) -> list[tuple[bytes, bytes]]:
        kept = [
            (name, value) for name in _PASSED_ON for value in headers.get(name, ())[:1] if value.isascii()
        ]
        mine = (
            (b"content-type", media),
            (b"content-length", b"%d" % len(body)),
            (_SIGNATURE, sign(self._secrets[0], stamp, body)),
        )
        return [*mine, *kept]


def sign(secret: bytes, stamp: bytes, body: bytes) -> bytes:
    """Slack's signature, version 0: HMAC-SHA256 over ``v0:timestamp:body`` ("Verifying requests")."""
    return b"v0=" + hmac.new(secret, b"v0:%b:%b" % (stamp, body), hashlib.sha256).hexdigest().encode()


def check_body(body: bytes, *, is_json: bool) -> None:
    """Refuses what a signed request may hold and Bolt could not read.

    Bolt takes a form that begins with ``{`` for JSON, and a form's ``payload`` for a JSON object, unasked.

    Args:
        body: the whole body.
        is_json: what its content type says.
    """
    try:
        text = body.decode()
        if is_json or text.startswith("{"):
            _require_object(text)
        else:
            for name, value in parse_qsl(text, keep_blank_values=True):
                if name == "payload":
                    _require_object(value)
    except (ValueError, RecursionError, MalformedError):
        raise _TurnedAwayError(400, "body") from None


def _require_object(text: str) -> None:
    value = json.loads(text, parse_constant=_no_number)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    validate_payload(value)
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError("too deep")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _inside(value: object) -> Sequence[object]:
    """What a JSON value contains; half a surrogate pair, which nothing could store, is a ValueError."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        value.encode()
    return ()


def _gather(scope: Scope) -> Headers:
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    return headers


def _only(headers: Headers, name: bytes) -> bytes:
    """The one value of a header that may not be there twice: two readers could believe different ones."""
    values = headers.get(name, [])
    if len(values) != 1:
        raise _TurnedAwayError(401, f"{len(values)} times {name.decode()}")
    return values[0]


def _media_type(headers: Headers) -> bytes:
    values = headers.get(b"content-type", [])
    media = values[0].partition(b";")[0].strip().lower() if len(values) == 1 else b""
    if media not in (FORM, JSON):
        raise _TurnedAwayError(400, "content type")
    return media


def _require_small(headers: Headers) -> None:
    for length in headers.get(b"content-length", ()):
        if _DIGITS.fullmatch(length) is None:
            raise _TurnedAwayError(400, "content length")
        if int(length) > LARGEST_BODY:
            raise _TurnedAwayError(413, "content length")


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _GoneError
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise _TurnedAwayError(413, "body")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hands the body over once more; what comes later, such as a disconnect, comes from the server."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _answer(send: Send, status: int) -> None:
    body = _ANSWERS[status]
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    if status == 405:
        headers.append((b"allow", b"POST"))
    # The connection stays open after a 413, and the server drops what still comes: a reset would take the
    # answer away from a client that is still writing.
    with suppress(OSError):  # the client has left meanwhile
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
