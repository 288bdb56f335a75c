"""Request verification: signed requests are forwarded, all others rejected, and nothing raises."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from bot.errors import MisconfiguredError
from handlers.transport.request_verification import (
    DEEPEST,
    FORM,
    JSON,
    LARGEST_BODY,
    RequestVerification,
    sign,
)

NEW, OLD = "new-secret", "old-secret"
NOW = 1_795_000_000.0
STAMP = b"1795000000"
COMMAND = b"command=%2Fpgaccess&text=list&user_id=U1"

Header = tuple[bytes, bytes]


class RecordingApp:
    """The application behind: records the requests that reach it, and answers them."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []
        self.after: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "lifespan":
            return
        message = await receive()
        assert message["more_body"] is False
        self.bodies.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"through"})
        self.after.append(await receive())

    def header(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.scopes[-1]["headers"] if key == name]


class Answer:
    """Response over a raw ASGI connection; status 0 when nothing was sent."""

    def __init__(self, sent: Sequence[Message]) -> None:
        self.status = int(sent[0]["status"]) if sent else 0
        self.headers = dict(sent[0]["headers"]) if sent else {}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])


def signed(
    body: bytes = COMMAND, *, secret: str = NEW, stamp: bytes = STAMP, media: bytes = FORM
) -> list[Header]:
    return [
        (b"content-type", media),
        (b"x-slack-request-timestamp", stamp),
        (b"x-slack-signature", sign(secret.encode(), stamp, body)),
    ]


def without(headers: Iterable[Header], *names: bytes) -> list[Header]:
    return [header for header in headers if header[0] not in names]


def verification(behind: RecordingApp, *secrets: str) -> RequestVerification:
    return RequestVerification(behind, secrets=secrets or (NEW,), now=lambda: NOW)


async def request(
    at: RequestVerification,
    headers: Iterable[Header],
    chunks: Sequence[bytes] = (COMMAND,),
    *,
    method: str = "POST",
    path: str = "/slack/events",
    query: bytes = b"",
    complete: bool = True,
) -> Answer:
    """Sends one request as a server would; a disconnect follows the body, or replaces its end."""
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
    }
    last = len(chunks) - 1
    coming: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": not complete or place < last}
        for place, chunk in enumerate(chunks)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await at(scope, receive, send)
    return Answer(sent)


async def test_a_signed_command_is_forwarded_with_its_body_in_one_message() -> None:
    behind = RecordingApp()
    answer = await request(verification(behind), signed(), (COMMAND[:5], b"", COMMAND[5:]))
    assert (answer.status, answer.body) == (200, b"through")
    assert behind.bodies == [COMMAND]
    assert behind.after == [{"type": "http.disconnect"}]


async def test_the_signature_is_the_one_that_slack_sdk_makes() -> None:
    made = SignatureVerifier(NEW).generate_signature(timestamp=STAMP.decode(), body=COMMAND)
    assert made is not None
    assert sign(NEW.encode(), STAMP, COMMAND) == made.encode()


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_during_a_rotation_both_secrets_are_accepted_and_the_app_sees_the_first(secret: str) -> None:
    behind = RecordingApp()
    answer = await request(verification(behind, NEW, OLD), signed(secret=secret))
    assert answer.status == 200
    assert behind.header(b"x-slack-signature") == [sign(NEW.encode(), STAMP, COMMAND)]


async def test_after_rotation_the_old_secret_is_refused() -> None:
    behind = RecordingApp()
    assert (await request(verification(behind, NEW), signed(secret=OLD))).status == 401
    assert behind.bodies == []


@pytest.mark.parametrize("secrets", [(), ("",), (NEW, ""), (NEW, OLD, "third")])
def test_without_a_valid_secret_nothing_is_built(secrets: tuple[str, ...]) -> None:
    with pytest.raises(MisconfiguredError, match="SLACK_SIGNING_SECRET"):
        RequestVerification(RecordingApp(), secrets=secrets)


@pytest.mark.parametrize(
    "headers",
    [
        without(signed(), b"x-slack-signature"),
        without(signed(), b"x-slack-request-timestamp"),
        [*signed(), (b"x-slack-signature", sign(NEW.encode(), STAMP, COMMAND))],
        [*signed(), (b"X-Slack-Signature", b"v0=00")],
        [*signed(), (b"x-slack-request-timestamp", STAMP)],
        [*without(signed(), b"x-slack-signature"), (b"x-slack-signature", b"")],
        [*without(signed(), b"x-slack-signature"), (b"x-slack-signature", b"v0=" + b"0" * 64)],
        [*without(signed(), b"x-slack-signature"), (b"x-slack-signature", "v0=é".encode("latin-1"))],
        [*without(signed(), b"x-slack-signature"), (b"x-slack-signature", "v0=署名".encode())],
        [*without(signed(), b"x-slack-signature"), (b"x-slack-signature", b"\xff\x00")],
        signed(b"another body"),
        signed(secret="guess"),
        signed(stamp=b""),
        signed(stamp=b"abc"),
        signed(stamp=b"-1795000000"),
        signed(stamp=b"+1795000000"),
        signed(stamp=b" 1795000000"),
        signed(stamp=b"1795000000.0"),
        signed(stamp=b"1_795_000_000"),
        signed(stamp="１７９５０００００００".encode()),
        signed(stamp=b"\xb2\xb3"),
        signed(stamp=b"9" * 5000),
        signed(stamp=b"0"),
        signed(stamp=b"1794999699"),
        signed(stamp=b"1795000301"),
    ],
)
async def test_an_invalid_old_or_repeated_signature_is_rejected_without_a_reason(
    headers: list[Header],
) -> None:
    behind = RecordingApp()
    answer = await request(verification(behind), headers)
    assert (answer.status, answer.body) == (401, b"This request is not signed by Slack.")
    assert behind.bodies == []


@pytest.mark.parametrize("stamp", [b"1794999700", b"1795000300"])
async def test_a_timestamp_may_differ_by_five_minutes(stamp: bytes) -> None:
    assert (await request(verification(RecordingApp()), signed(stamp=stamp))).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"])
async def test_other_methods_than_post_are_rejected(method: str) -> None:
    answer = await request(verification(RecordingApp()), signed(), method=method)
    assert answer.status == 405
    assert answer.headers[b"allow"] == b"POST"


@pytest.mark.parametrize("path", ["/", "/slack/events/", "/slack/install", "/slack//events", "/SLACK/events"])
async def test_other_paths_are_rejected(path: str) -> None:
    assert (await request(verification(RecordingApp()), signed(), path=path)).status == 404


@pytest.mark.parametrize(
    "media", [b"", b"text/plain", b"multipart/form-data; boundary=x", b"application/jsonx", b"\xff"]
)
async def test_other_content_types_are_rejected(media: bytes) -> None:
    assert (await request(verification(RecordingApp()), signed(media=media))).status == 400


async def test_a_missing_or_repeated_content_type_is_rejected() -> None:
    assert (await request(verification(RecordingApp()), without(signed(), b"content-type"))).status == 400
    assert (await request(verification(RecordingApp()), [*signed(), (b"content-type", JSON)])).status == 400


async def test_a_content_type_may_have_parameters_and_any_case_and_is_forwarded_plain() -> None:
    behind = RecordingApp()
    body = b'{"type":"url_verification"}'
    answer = await request(
        verification(behind), signed(body, media=b"Application/JSON; charset=utf-8"), (body,)
    )
    assert answer.status == 200
    assert behind.header(b"content-type") == [JSON]


async def test_a_body_of_the_maximum_size_is_forwarded_and_one_byte_more_is_not() -> None:
    body = b"text=" + b"x" * (LARGEST_BODY - 5)
    assert (await request(verification(RecordingApp()), signed(body), (body,))).status == 200
    body += b"x"
    assert (await request(verification(RecordingApp()), signed(body), (body[:9], body[9:]))).status == 413


async def test_a_content_length_over_the_limit_is_rejected_before_the_body_is_read() -> None:
    async def never() -> Message:
        raise AssertionError("the body was read")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [*signed(), (b"content-length", b"%d" % (LARGEST_BODY + 1))]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/slack/events",
        "query_string": b"",
        "headers": headers,
    }
    await verification(RecordingApp())(scope, never, send)
    assert Answer(sent).status == 413


@pytest.mark.parametrize("length", [b"abc", b"-1", b"", b"1e9", b"9" * 30])
async def test_a_content_length_that_is_no_number_is_rejected(length: bytes) -> None:
    assert (
        await request(verification(RecordingApp()), [*signed(), (b"content-length", length)])
    ).status == 400


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (FORM, b"text=\xff\xfe"),
        (FORM, b"payload="),
        (FORM, b"payload=%7B"),
        (FORM, b"payload={"),
        (FORM, b"payload=[]"),
        (FORM, b"payload=1"),
        (FORM, b"payload=null"),
        (FORM, b"payload=%22text%22"),
        (FORM, b"payload={}&payload=[]"),
        (FORM, b"payload=[]&payload={}"),
        (FORM, urlencode({"payload": deep(DEEPEST + 1)}).encode()),
        (FORM, urlencode({"payload": deep(10_000)}).encode()),
        (FORM, b'payload={"a":NaN}'),
        (FORM, b'payload={"a":"\\ud800"}'),
        (FORM, b'payload={"a":' + b"9" * 5000 + b"}"),
        (FORM, b"{not json"),
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b"[{}]"),
        (JSON, b"{"),
        (JSON, b"null"),
        (JSON, b"\xef\xbb\xbf{}"),
        (JSON, b'{"a":"\xff"}'),
        (JSON, COMMAND),
        (JSON, b"[" * 100_000),
        (JSON, deep(DEEPEST + 1).encode()),
    ],
)
async def test_a_signed_body_that_bolt_could_not_read_is_rejected(media: bytes, body: bytes) -> None:
    behind = RecordingApp()
    answer = await request(verification(behind), signed(body, media=media), (body,))
    assert (answer.status, answer.body) == (400, b"This request cannot be read.")
    assert behind.bodies == []


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (FORM, b""),
        (FORM, COMMAND),
        (FORM, b"ssl_check=1&token=x"),
        (FORM, "text=理由".encode()),
        (FORM, b"text=%FF&payloads=x"),
        (FORM, b"payload={}"),
        (FORM, urlencode({"payload": deep(DEEPEST - 1)}).encode()),
        (FORM, urlencode({"payload": json.dumps({"text": "🔥", "list": [1, None, True, 1.5]})}).encode()),
        (FORM, b'{"type":"event_callback","event":{"type":"team_rename"}}'),
        (JSON, b' {"type":"event_callback","event":{"type":"team_rename"}} '),
        (JSON, b'{"emoji":"\\ud83d\\udd25"}'),
    ],
)
async def test_a_signed_body_that_can_be_read_is_forwarded_unchanged(media: bytes, body: bytes) -> None:
    behind = RecordingApp()
    assert (await request(verification(behind), signed(body, media=media), (body,))).status == 200
    assert behind.bodies == [body]


async def test_headers_that_control_bolt_and_unsigned_headers_are_not_forwarded() -> None:
    behind = RecordingApp()
    steering = [
        (b"x-slack-bolt-lazy-only", b"1"),
        (b"X-Slack-Bolt-Lazy-Function-Name", b"handler"),
        (b"cookie", b"\xff"),
        (b"x-slack-retry-num", b"1"),
        (b"x-slack-retry-reason", b"http_timeout"),
    ]
    await request(verification(behind), [*signed(), *steering], query=b"payload=\xff")
    assert {name for name, _ in behind.scopes[-1]["headers"]} == {
        b"content-type",
        b"content-length",
        b"x-slack-signature",
        b"x-slack-request-timestamp",
        b"x-slack-retry-num",
        b"x-slack-retry-reason",
    }
    assert behind.scopes[-1]["query_string"] == b""


async def test_a_client_that_disconnects_before_its_body_is_complete_gets_no_response() -> None:
    behind = RecordingApp()
    assert (await request(verification(behind), signed(), (COMMAND[:5],), complete=False)).status == 0
    assert (await request(verification(behind), signed(), (), complete=False)).status == 0
    assert behind.bodies == []


async def test_a_client_that_disconnects_before_the_response_causes_no_error() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        raise OSError("the client is gone")

    scope = {"type": "http", "method": "GET", "path": "/slack/events", "query_string": b"", "headers": []}
    await verification(RecordingApp())(scope, receive, send)


async def test_lifespan_is_forwarded_and_a_websocket_is_closed() -> None:
    behind = RecordingApp()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await verification(behind)({"type": "lifespan"}, receive, send)
    await verification(behind)({"type": "websocket", "path": "/slack/events", "headers": []}, receive, send)
    assert [scope["type"] for scope in behind.scopes] == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_a_rejection_is_logged_without_anything_from_the_body() -> None:
    body = b"text=very-private"
    with capture_logs() as lines:
        await request(verification(RecordingApp()), signed(secret="guess", body=body), (body,))
    assert lines == [
        {"event": "slack request rejected", "log_level": "warning", "status": 401, "reason": "signature"}
    ]


HEADER_NAMES = st.sampled_from(
    (b"content-type", b"content-length", b"x-slack-signature", b"x-slack-request-timestamp", b"x-other")
) | st.binary(max_size=12)
HEADER_VALUES = st.sampled_from((FORM, JSON, STAMP, b"10", b"v0=" + b"0" * 64)) | st.binary(max_size=40)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.text().map(lambda text: urlencode({"payload": text}, errors="replace").encode()),
)


@settings(deadline=None)  # each example starts an event loop, which a busy machine may delay
@given(
    st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=8),
    st.lists(st.binary(max_size=60), max_size=4),
    st.sampled_from(("POST", "GET", "")),
    st.booleans(),
)
def test_no_unsigned_request_is_forwarded_or_raises(
    headers: list[Header], chunks: list[bytes], method: str, complete: bool
) -> None:
    behind = RecordingApp()
    answer = asyncio.run(request(verification(behind), headers, chunks, method=method, complete=complete))
    assert answer.status in (0, 400, 401, 405, 413)
    assert behind.bodies == []


@settings(deadline=None)  # each example starts an event loop, which a busy machine may delay
@given(BODIES, st.sampled_from((FORM, JSON)), st.sampled_from((NEW, OLD)))
def test_a_signed_request_is_forwarded_whole_or_rejected_as_unreadable(
    body: bytes, media: bytes, secret: str
) -> None:
    behind = RecordingApp()
    at = verification(behind, NEW, OLD)
    answer = asyncio.run(request(at, signed(body, media=media, secret=secret), (body,)))
    assert answer.status in (200, 400)
    assert behind.bodies == ([body] if answer.status == 200 else [])


@settings(deadline=None)  # each example starts an event loop, which a busy machine may delay
@given(st.binary(min_size=1, max_size=80), st.data())
def test_one_changed_byte_of_a_signed_body_is_detected(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(body) - 1))
    other = data.draw(st.integers(min_value=0, max_value=255).filter(lambda byte: byte != body[place]))
    forged = body[:place] + bytes([other]) + body[place + 1 :]
    behind = RecordingApp()
    assert asyncio.run(request(verification(behind), signed(body), (forged,))).status == 401
    assert behind.bodies == []


@pytest.fixture
async def bolt() -> AsyncIterator[httpx.AsyncClient]:
    """A real Bolt application behind verification with two secrets, of which Bolt knows the first."""

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-emulated", bot_user_id="UB")

    app = AsyncApp(
        signing_secret=NEW, authorize=authorize, process_before_response=True, ssl_check_enabled=False
    )

    @app.command("/pgaccess")
    async def answer(ack: AsyncAck) -> None:
        await ack("heard")

    handler = AsyncSlackRequestHandler(app)

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await handler(dict(scope), receive, send)

    at = RequestVerification(behind, secrets=(NEW, OLD))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=at), base_url="http://gate") as client:
        yield client


def fresh(body: bytes, *, secret: str = NEW, media: bytes = FORM) -> list[Header]:
    return signed(body, secret=secret, media=media, stamp=b"%d" % time.time())


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_bolt_answers_a_command_signed_with_either_secret(bolt: httpx.AsyncClient, secret: str) -> None:
    body = urlencode({"command": "/pgaccess", "text": "list", "user_id": "U1", "team_id": "T1"}).encode()
    headers = [*fresh(body, secret=secret), (b"x-slack-bolt-lazy-only", b"1")]
    answer = await bolt.post("/slack/events?x=%FF", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "heard")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (FORM, b"payload={"),
        (FORM, b"\xff"),
        (JSON, b"[]"),
        (JSON, b"[" * 100_000),
        (JSON, b""),
    ],
)
async def test_what_made_bolt_fail_no_longer_reaches_it(
    bolt: httpx.AsyncClient, media: bytes, body: bytes
) -> None:
    headers = without(fresh(body, media=media), b"x-slack-signature")
    assert (await bolt.post("/slack/events", content=body, headers=headers)).status_code == 401
    answer = await bolt.post("/slack/events", content=body, headers=fresh(body, media=media))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.fixture
async def served() -> AsyncIterator[str]:
    """Request verification behind a real server on a free port of this machine."""
    config = uvicorn.Config(
        RequestVerification(RecordingApp(), secrets=(NEW,)),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/slack/events"
        server.should_exit = True
        await serving


async def test_over_a_real_connection_an_oversized_body_is_answered_and_the_next_request_is_served(
    served: str,
) -> None:
    async def flood() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 64 * 1024

    async with httpx.AsyncClient(trust_env=False) as client:
        announced = await client.post(served, content=b"x" * 4 * LARGEST_BODY, headers=fresh(b""))
        endless = await client.post(served, content=flood(), headers=fresh(b""))
        good = await client.post(served, content=COMMAND, headers=fresh(COMMAND))
    assert (announced.status_code, endless.status_code) == (413, 413)
    assert (good.status_code, good.text) == (200, "through")
