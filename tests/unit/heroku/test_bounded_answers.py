"""Answers that are too large, or do not end: an error like any other, and memory stays bounded."""

import asyncio
import contextlib
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from bot.domain.timings import DEFAULT
from bot.errors import HerokuAmbiguousError
from bot.heroku import transport
from bot.heroku.bounded_body import LARGEST
from bot.heroku.client import HerokuClient
from sandbox.environment import HEROKU_TOKEN
from sandbox.heroku import fault_injection
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fault_injection import Fault
from sandbox.heroku.http_types import Answer
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from tests.flow.actions import heroku_emulator
from tests.unit.factories import emulated_database

MOST = 6 * LARGEST
"""Bytes of memory that one answer may take on its way to an error."""

Call = Callable[[HerokuClient], Awaitable[Any]]
Streamed = Callable[[httpx.Request], tuple[dict[str, str], list[bytes]]]


@contextlib.asynccontextmanager
async def served(deadline: float = 15) -> AsyncIterator[tuple[HerokuEmulator, HerokuClient]]:
    """An emulated Heroku behind a socket."""
    heroku = heroku_emulator()
    timings = DEFAULT.faster(DEFAULT.heroku_call.total_seconds() / deadline)
    async with listening() as (socket, url), serving(heroku_server(heroku), socket):
        client = HerokuClient(token=HEROKU_TOKEN, platform_url=url, data_url=url, timings=timings)
        yield heroku, client
        await client.close()


CALLS: list[Call] = [
    lambda it: it.rules(emulated_database()),
    lambda it: it.databases(),
    lambda it: it.create_certificate(emulated_database()),
]


@pytest.mark.parametrize("call", CALLS, ids=["list", "pages", "write"])
@pytest.mark.parametrize("fault", [fault_injection.gzip_bomb(), fault_injection.endless_body()])
async def test_an_answer_that_is_too_large_is_an_error_in_little_memory(fault: Fault, call: Call) -> None:
    async with served() as (heroku, client):
        # Packed once for all: it is not the client that takes memory for it.
        fault_injection.gzip_bomb().applied_to(Answer(status=200))
        heroku.fault(fault, on="")
        tracemalloc.start()
        try:
            with pytest.raises(HerokuAmbiguousError, match="larger than 8 MiB") as error:
                await call(client)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (error.value.id, peak < MOST) == ("too_large", True)
        # The next call is answered as if nothing had been.
        assert len(await client.rules(emulated_database())) == 1


async def test_a_body_that_trickles_for_ever_ends_at_the_deadline() -> None:
    async with served(deadline=0.5) as (heroku, client):
        heroku.fault(fault_injection.dripping(60), on="ip-rules")
        began = asyncio.get_running_loop().time()
        with pytest.raises(HerokuAmbiguousError, match="no answer in time"):
            await client.rules(emulated_database())
        assert asyncio.get_running_loop().time() - began < 5


async def ask(streamed: Streamed, call: Call = lambda it: it.rules(emulated_database())) -> Any:
    """What the client makes of a body that arrives in these pieces."""

    async def pieces(parts: list[bytes]) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    def answer(request: httpx.Request) -> httpx.Response:
        headers, parts = streamed(request)
        status = 206 if "Next-Range" in headers else 200
        return httpx.Response(status, headers=headers, content=pieces(parts))

    base = "http://heroku.test"
    client = HerokuClient(token="t", platform_url=base, data_url=base, transport=httpx.MockTransport(answer))
    try:
        return await call(client)
    finally:
        await client.close()


RULE = {"id": str(UUID(int=1)), "cidr": "198.51.100.1/32", "status": "Authorized", "description": ""}
BODY = json.dumps([RULE]).encode()


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
async def test_a_packed_answer_is_unpacked_piece_by_piece(encoding: str) -> None:
    packed = zlib.compress(BODY) if encoding == "deflate" else gzip.compress(BODY)
    parts = [packed[at : at + 3] for at in range(0, len(packed), 3)]
    (rule,) = await ask(lambda _: ({"Content-Encoding": encoding}, parts))
    assert rule.id == UUID(int=1)


@pytest.mark.parametrize("blanks", [LARGEST - len(BODY), LARGEST - len(BODY) + 1])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_the_largest_answer_is_read_and_one_byte_more_is_not(blanks: int, encoding: str) -> None:
    body = BODY + b" " * blanks
    parts = [gzip.compress(body, 1)] if encoding == "gzip" else [body[: LARGEST // 2], body[LARGEST // 2 :]]
    if len(body) > LARGEST:
        with pytest.raises(HerokuAmbiguousError, match="larger than 8 MiB"):
            await ask(lambda _: ({"Content-Encoding": encoding}, parts))
    else:
        assert len(await ask(lambda _: ({"Content-Encoding": encoding}, parts))) == 1


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"not gzip"), ("gzip", gzip.compress(BODY)[:-9]), ("br", BODY), ("gzip, gzip", BODY)],
    # A packed body holds the time at which it was packed: by itself it would give each worker another name.
    ids=["not packed", "cut off", "unknown", "twice"],
)
async def test_what_is_packed_badly_or_unexpectedly_is_an_error(encoding: str, body: bytes) -> None:
    with pytest.raises(HerokuAmbiguousError):
        await ask(lambda _: ({"Content-Encoding": encoding}, [body]))


async def test_only_what_can_be_bounded_is_asked_for() -> None:
    seen: list[str] = []

    def streamed(request: httpx.Request) -> tuple[dict[str, str], list[bytes]]:
        seen.append(request.headers["Accept-Encoding"])
        return {}, [BODY]

    await ask(streamed)
    assert seen == ["gzip"]


async def test_a_list_whose_pages_do_not_end_is_an_error() -> None:
    pages: list[str] = []

    def streamed(request: httpx.Request) -> tuple[dict[str, str], list[bytes]]:
        pages.append(request.headers["Range"])
        return {"Next-Range": f"id {len(pages)}..; max=1000"}, [b"[]"]

    with pytest.raises(HerokuAmbiguousError, match="more than 50 pages"):
        await ask(streamed, lambda it: it.spaces())
    assert len(pages) == transport.PAGES


async def test_a_list_whose_pages_are_too_large_together_is_an_error() -> None:
    page = b"[]" + b" " * (LARGEST - 2)
    with pytest.raises(HerokuAmbiguousError, match="larger than 32 MiB"):
        await ask(lambda _: ({"Next-Range": "id x..; max=1000"}, [page]), lambda it: it.spaces())


async def test_a_list_whose_pages_take_too_long_together_is_an_error() -> None:
    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        return httpx.Response(206, headers={"Next-Range": "id x..; max=1"}, content=b"[]")

    base, timings = "http://heroku.test", DEFAULT.faster(50)
    client = HerokuClient(
        token="t", platform_url=base, data_url=base, timings=timings, transport=httpx.MockTransport(slowly)
    )
    with pytest.raises(HerokuAmbiguousError, match="the list was not read in time"):
        await client.rulesets(UUID(int=1))
    await client.close()
