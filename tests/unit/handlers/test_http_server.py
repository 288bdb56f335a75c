"""The HTTP server: a request that does not arrive is not waited for, and one that has is always answered."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from handlers.transport import http_server
from handlers.transport.http_server import DeadlineProtocol, serve
from sandbox.free_port import free_port

WITHIN = 0.5
"""Seconds instead of 10: tests wait for them."""

MUCH = 32 * 2**20
"""Bytes of an answer that no buffer between server and client holds."""

GET = b"GET / HTTP/1.1\r\nHost: bot\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: bot\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n"


async def answer(request: Request) -> Response:
    with contextlib.suppress(ClientDisconnect):
        await request.body()
    return PlainTextResponse("answered")


async def answer_with_peer(request: Request) -> Response:
    return PlainTextResponse("unknown" if request.client is None else f"from {request.client.host}")


async def answer_late(_: Request) -> Response:
    await asyncio.sleep(3 * WITHIN)
    return PlainTextResponse("answered late")


async def answer_much(_: Request) -> Response:
    return Response(bytes(MUCH))


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Connections to the server, all closed at the end of a test."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def serving(port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Task[None]]:
    monkeypatch.setattr(DeadlineProtocol, "within", timedelta(seconds=WITHIN))
    monkeypatch.setattr(http_server, "REQUEST_AT_STOP", timedelta(seconds=WITHIN / 5))
    routes = [
        Route("/", answer, methods=["GET", "POST"]),
        Route("/peer", answer_with_peer),
        Route("/late", answer_late),
        Route("/large", answer_much),
    ]
    serving = asyncio.create_task(serve(Starlette(routes=routes), host="127.0.0.1", port=port))
    yield serving
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
async def client(serving: asyncio.Task[None], port: int) -> AsyncIterator[Client]:
    client = Client(port)
    for _ in range(1000):
        if await listens(client):
            break
        await asyncio.sleep(0.01)
    yield client
    await client.close()


async def listens(client: Client) -> bool:
    with contextlib.suppress(OSError):
        await client.connect()
        return True
    return False


async def until_closed(reader: asyncio.StreamReader) -> float:
    """Seconds until the server closes the connection, whatever it says before."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            await reader.read()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\r\n",
        b"GE",
        GET[:-2],
        POST,
        POST + b"abc",
        CHUNKED + b"3\r\nab",
        CHUNKED + b"3\r\nabc\r\n",
        POST.replace(b"Content", b"Expect: 100-continue\r\nContent"),
        GET + GET[:-2],
        GET + b"\r\n",
        b"POST /nowhere HTTP/1.1\r\nHost: bot\r\nContent-Length: 4\r\n\r\nab",
    ],
)
async def test_a_request_that_does_not_end_is_closed(client: Client, text: bytes) -> None:
    reader, writer = await client.connect()
    writer.write(text)
    assert await until_closed(reader) < WITHIN + 2


async def test_a_request_that_grows_byte_by_byte_is_closed_all_the_same(client: Client) -> None:
    reader, writer = await client.connect()
    closing = asyncio.create_task(until_closed(reader))
    for byte in GET[:-2]:
        writer.write(bytes([byte]))
        await asyncio.sleep(WITHIN / 10)
        if closing.done():
            break
    assert await closing < WITHIN + 2


async def test_an_answer_that_takes_longer_than_the_deadline_is_given(client: Client) -> None:
    reader, writer = await client.connect()
    writer.write(GET.replace(b"/ ", b"/late "))
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(len("answered late")) == b"answered late"


@pytest.mark.parametrize("text", [GET, POST + b"abcd", CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n"])
async def test_a_connection_serves_one_request_and_says_so(client: Client, text: bytes) -> None:
    reader, writer = await client.connect()
    writer.write(text)
    answer = await reader.readuntil(b"answered")
    assert b"200 OK" in answer
    assert b"connection: close" in answer.lower()
    assert await until_closed(reader) < 1


async def test_an_answer_that_nobody_reads_is_given_up(client: Client) -> None:
    reader, writer = await client.connect()
    writer.write(LARGE)
    await asyncio.sleep(2 * WITHIN)
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while some := await asyncio.wait_for(reader.read(2**16), 5):
            received += len(some)
    assert received < MUCH


async def test_above_the_limit_the_longest_unfinished_makes_room(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeadlineProtocol, "within", timedelta(seconds=30))
    monkeypatch.setattr(DeadlineProtocol, "at_most", 5)
    # The fixture's own is closed first.
    halves = [await client.connect() for _ in range(6)]
    assert await until_closed(halves[0][0]) < 1
    for _ in range(20):
        reader, writer = await client.connect()
        writer.write(GET)
        assert b"200 OK" in await reader.readuntil(b"answered")
    begun = time.monotonic()
    for _ in halves:
        await client.connect()
    await asyncio.gather(*(until_closed(reader) for reader, _ in halves))
    assert time.monotonic() - begun < 1


async def test_a_stop_answers_what_has_arrived_and_closes_what_has_not(
    client: Client, serving: asyncio.Task[None]
) -> None:
    (half, half_writer), (whole, whole_writer) = await client.connect(), await client.connect()
    half_writer.write(POST + b"ab")
    whole_writer.write(GET.replace(b"/ ", b"/late "))
    await asyncio.sleep(WITHIN / 10)
    serving.cancel()
    assert await until_closed(half) < WITHIN + 2
    assert b"answered late" in await whole.read()


async def test_no_header_changes_where_a_connection_comes_from(client: Client) -> None:
    reader, writer = await client.connect()
    writer.write(b"GET /peer HTTP/1.1\r\nHost: bot\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
    assert (await reader.read()).endswith(b"from 127.0.0.1")
