"""Request verification before Bolt: signature, age, size and payload of every request.

Bolt parses a body before it checks the signature, so unsigned junk costs it a traceback and a 500; it does
not limit the size of a body; and it obeys two headers of its own from the wire (slack_bolt 1.30, measured).
Nothing of a body is logged here, and a response tells a forger nothing but its status.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn
from urllib.parse import unquote_plus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import MisconfiguredError
from handlers.transport.payload_model import MalformedError
from handlers.transport.payload_validation import validate_payload

LARGEST_BODY: Final = 256 * 1024
"""Maximum bytes of a body; payloads of our commands, cards and forms are far smaller."""

OLDEST: Final = 300
"""Maximum difference of the timestamp in seconds; older may be a replay (Slack, "Verifying requests")."""

DEEPEST: Final = 64
"""Maximum levels of nesting; Block Kit needs far fewer, and Python's own parser fails near a thousand."""

FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"

_TIMESTAMP: Final = b"x-slack-request-timestamp"
_SIGNATURE: Final = b"x-slack-signature"
_FORWARDED: Final = (_TIMESTAMP, b"x-slack-retry-num", b"x-slack-retry-reason")
"""Headers that Bolt sees as sent: the signature covers the timestamp and the body only."""

_DIGITS: Final = re.compile(rb"[0-9]{1,12}")
_NOT_READ: Final = b'{"response_action":"errors","errors":{"form":"pgaccess cannot read this form."}}'
"""Answer to a form that is not as documented: it stays open, where an empty one would close it as done."""

_RESPONSES: Final = {
    400: b"This request cannot be read.",
    401: b"This request is not signed by Slack.",
    404: b"There is nothing here.",
    405: b"Only POST is answered here.",
    413: b"This request is too large.",
}

_log = structlog.get_logger(__name__)

Headers = Mapping[bytes, list[bytes]]


class _RejectedError(Exception):
    """The request is rejected with a status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _MalformedPayloadError(Exception):
    """The request is signed and a JSON object, and yet not as documented: taken, so that none is repeated."""

    def __init__(self, kind: str, error: MalformedError) -> None:
        super().__init__(str(error))
        self.kind = kind


class _DisconnectedError(Exception):
    """The client left before its request was complete: nobody waits for a response."""


class RequestVerification:
    """ASGI middleware that forwards verified requests to another application.

    Args:
        app: the application behind. It gets the whole body in one message, no query string, and a signature
            by the first secret, so that its own check of one secret succeeds also while two are in use.
        secrets: Slack's signing secret, or the new and the old one during a rotation.
        path: the only path that is served.
        now: Unix time in seconds; real time, not business time, because Slack signs with real time.

    Raises:
        MisconfiguredError: there is no secret, an empty one, or more than two.
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
        """Handles one ASGI scope; lifespan is forwarded, WebSockets are closed."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            inner, body = await self._verified(scope, receive)
        except _RejectedError as error:
            _log.warning("slack request rejected", status=error.status, reason=error.reason)
            await _respond(send, error.status)
        except _MalformedPayloadError as error:
            _log.warning("slack payload malformed", error=str(error))
            await _send(send, 200, _NOT_READ if error.kind == "view_submission" else b"", JSON)
        except _DisconnectedError:
            _log.info("slack request disconnected")
        else:
            await self._app(inner, _replay(body, receive), send)

    async def _verified(self, scope: Scope, receive: Receive) -> tuple[Scope, bytes]:
        """Verifies a request, the cheap checks first, so that an invalid one costs no reading of its body."""
        if scope["path"] != self._path:
            raise _RejectedError(404, "path")
        if scope["method"] != "POST":
            raise _RejectedError(405, "method")
        headers = _gather(scope)
        media = _media_type(headers)
        _require_small(headers)
        stamp = self._timestamp(headers)
        body = await _read(receive)
        self._require_signature(headers, stamp, body)
        # Only behind the signature: parsing costs time, which nobody but Slack may spend.
        check_body(body, is_json=media == JSON)
        # The signature does not cover the query string, which Bolt reads too.
        return {**scope, "query_string": b"", "headers": self._forwarded(headers, media, stamp, body)}, body

    def _timestamp(self, headers: Headers) -> bytes:
        stamp = _only(headers, _TIMESTAMP)
        # ``int`` alone would also take a sign, blanks and underscores.
        if _DIGITS.fullmatch(stamp) is None:
            raise _RejectedError(401, "timestamp")
        # In both directions: a timestamp that is ahead could be replayed for longer.
        if abs(self._now() - int(stamp)) > OLDEST:
            raise _RejectedError(401, "age")
        return stamp

    def _require_signature(self, headers: Headers, stamp: bytes, body: bytes) -> None:
        signature = _only(headers, _SIGNATURE)
        # Every secret is compared, as bytes: neither timing nor a non-ASCII header reveals anything.
        matches = [hmac.compare_digest(sign(secret, stamp, body), signature) for secret in self._secrets]
        if not any(matches):
            raise _RejectedError(401, "signature")

    def _forwarded(
        self, headers: Headers, media: bytes, stamp: bytes, body: bytes
    ) -> list[tuple[bytes, bytes]]:
        forwarded = [
            (name, value) for name in _FORWARDED for value in headers.get(name, ())[:1] if value.isascii()
        ]
        own = (
            (b"content-type", media),
            (b"content-length", b"%d" % len(body)),
            (_SIGNATURE, sign(self._secrets[0], stamp, body)),
        )
        return [*own, *forwarded]


def sign(secret: bytes, stamp: bytes, body: bytes) -> bytes:
    """Returns Slack's signature, version 0: HMAC-SHA256 of ``v0:timestamp:body`` ("Verifying requests")."""
    return b"v0=" + hmac.new(secret, b"v0:%b:%b" % (stamp, body), hashlib.sha256).hexdigest().encode()


def check_body(body: bytes, *, is_json: bool) -> None:
    """Rejects bodies of signed requests that Bolt could not read.

    Bolt takes a form that begins with ``{`` for JSON, and a form's ``payload`` for a JSON object, unchecked.

    Args:
        body: the whole body.
        is_json: whether the content type is JSON.
    """
    try:
        text = body.decode()
        if is_json or text.startswith("{"):
            _require_object(text)
        else:
            # Only names are decoded: a slash command has many fields, and none of them is a payload.
            for field in text.split("&"):
                name, _, value = field.partition("=")
                if unquote_plus(name) == "payload":
                    _require_object(unquote_plus(value))
    except (ValueError, RecursionError):
        # Without the cause: errors of decoding carry the body.
        raise _RejectedError(400, "body") from None


def _require_object(text: str) -> None:
    # Python's parser takes ``NaN`` and ``Infinity``, which are no JSON.
    value = json.loads(text, parse_constant=_no_number)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    # Level by level: a recursive check would itself fail on what is too deep.
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            break
    else:
        raise ValueError("too deep")
    try:
        validate_payload(value)
    except MalformedError as error:
        # Without the cause, which carries the payload.
        raise _MalformedPayloadError(str(value.get("type")), error) from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _inside(value: object) -> Sequence[object]:
    """The values inside a JSON value; ``ValueError`` for half a surrogate pair, which nothing can store."""
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
    """The value of a header that must not be repeated: Bolt and we could read different ones."""
    values = headers.get(name, [])
    if len(values) != 1:
        raise _RejectedError(401, f"{len(values)} of {name.decode()}")
    return values[0]


def _media_type(headers: Headers) -> bytes:
    values = headers.get(b"content-type", [])
    media = values[0].partition(b";")[0].strip().lower() if len(values) == 1 else b""
    if media not in (FORM, JSON):
        raise _RejectedError(400, "content type")
    return media


def _require_small(headers: Headers) -> None:
    for length in headers.get(b"content-length", ()):
        if _DIGITS.fullmatch(length) is None:
            raise _RejectedError(400, "content length")
        if int(length) > LARGEST_BODY:
            raise _RejectedError(413, "content length")


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _DisconnectedError
        body += message.get("body", b"")
        # Counted while it is read: a chunked body has no length in advance.
        if len(body) > LARGEST_BODY:
            raise _RejectedError(413, "body")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns the body again, then what the server sends, such as a disconnect."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


async def _respond(send: Send, status: int) -> None:
    await _send(send, status, _RESPONSES[status], b"text/plain; charset=utf-8")


async def _send(send: Send, status: int, body: bytes, media: bytes) -> None:
    headers = [(b"content-type", media), (b"content-length", b"%d" % len(body))]
    if status == 405:
        headers.append((b"allow", b"POST"))
    # After a 413 the connection stays open and the server drops the rest: a reset would discard the response
    # of a client that is still writing.
    with suppress(OSError):  # the client has disconnected
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
