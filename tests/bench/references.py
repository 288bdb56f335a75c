"""What pgaccess is measured against: the least that could serve the same request. ``python -m`` runs one.

- ``bolt``: an empty Bolt application with default settings, in front of Slack's own answer to ``auth.test``;
- ``starlette``: an empty Starlette endpoint;
- ``rows``: a Starlette endpoint that verifies the signature and writes the rows of a request, one statement a
  table, one commit, through SQLAlchemy as we do;
- ``driver``: the same on the bare driver;
- ``row``: the same with one row only.
"""

import asyncio
import hmac
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any, Final, cast
from urllib.parse import parse_qs

import psycopg
import uvicorn
from psycopg.types.json import Jsonb
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.domain.method import Method
from bot.domain.request import Kind, RequestState
from bot.ports import MessageKind
from handlers.transport.request_verification import sign
from storage.engine import engine_for
from storage.tables import audit, idempotency_keys, outbox, requests
from tests.bench.load import PATH
from tests.bench.postgres import database

ANSWER: Final = {"response_type": "ephemeral", "text": "Taken."}
CONNECTIONS: Final = 15
"""Of the bare driver: as many as our pool has."""

_TARGET: Final = database(1).id


def bolt() -> ASGIApp:
    """An empty Bolt application; its client asks the emulated Slack who we are, once."""
    client = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"])

    async def taken(ack: AsyncAck) -> None:
        await ack(ANSWER["text"])

    app.command("/pgaccess")(taken)
    # An ASGI application, typed by Bolt more narrowly than ASGI is.
    inner = cast("ASGIApp", AsyncSlackRequestHandler(app, path=PATH))
    return Starlette(routes=[_READY, Route(PATH, inner, methods=["POST"])])


def starlette() -> ASGIApp:
    """An endpoint that does nothing."""

    async def taken(_: Request) -> Response:
        return JSONResponse(ANSWER)

    return Starlette(routes=[_READY, Route(PATH, taken, methods=["POST"])])


def rows() -> ASGIApp:
    """Writes what a request leaves, through SQLAlchemy."""
    return _writing(_through_sqlalchemy(engine_for(os.environ["DATABASE_URL"])))


def driver() -> ASGIApp:
    """Writes what a request leaves, on the bare driver."""
    return _writing(_Driver(os.environ["DATABASE_URL"]).write)


def row() -> ASGIApp:
    """Writes the key of a request alone."""
    engine = engine_for(os.environ["DATABASE_URL"])

    async def write(form: dict[str, str]) -> int:
        async with engine.begin() as connection:
            await connection.execute(insert(idempotency_keys).values(key=form["trigger_id"]))
        return 0

    return _writing(write)


Write = Callable[[dict[str, str]], Awaitable[int]]


def _writing(write: Write) -> ASGIApp:
    secret = os.environ["SLACK_SIGNING_SECRET"].encode()

    async def taken(request: Request) -> Response:
        body = await request.body()
        stamp = request.headers["x-slack-request-timestamp"].encode()
        given = request.headers["x-slack-signature"].encode()
        if not hmac.compare_digest(sign(secret, stamp, body), given):
            return Response(status_code=401)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return JSONResponse({**ANSWER, "text": f"Taken as {await write(form)}."})

    return Starlette(routes=[_READY, Route(PATH, taken, methods=["POST"])])


def _through_sqlalchemy(engine: AsyncEngine) -> Write:
    async def write(form: dict[str, str]) -> int:
        now = datetime.now(UTC)
        async with engine.begin() as connection:
            number = await _request(connection, form, now)
            await connection.execute(
                insert(idempotency_keys).values(key=form["trigger_id"], request_id=number)
            )
            await connection.execute(
                insert(audit).values(
                    at=now,
                    actor=form["user_id"],
                    subject="request",
                    request_id=number,
                    target_id=_TARGET,
                    before="",
                    after=RequestState.PENDING,
                )
            )
            await connection.execute(insert(outbox), _posts(form["user_id"], number))
        return number

    return write


async def _request(connection: AsyncConnection, form: dict[str, str], now: datetime) -> int:
    statement = insert(requests).values(
        kind=Kind.OPEN,
        rule="everything",
        required_approvals=1,
        expires_at=now + timedelta(hours=24),
        remind_at=now + timedelta(hours=1),
        method=Method.MTLS,
        target_id=_TARGET,
        subject=IPv4Network("203.0.113.4/32"),
        duration=timedelta(hours=8),
        reason=form["text"],
        requester=form["user_id"],
        state=RequestState.PENDING,
        asked_at=now,
    )
    number: int = (await connection.execute(statement.returning(requests.c.id))).scalar_one()
    return number


def _posts(person: str, number: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "recipient": to,
            "key": f"{kind}:{number}",
            "request_id": number,
        }
        for kind, to in ((MessageKind.CARD_APPROVAL, "C0APPROVALS"), (MessageKind.CARD_REQUESTER, person))
    ]


class _Driver:
    """The bare driver with a pool of its own: connections in a queue.

    Args:
        url: of the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: asyncio.Queue[psycopg.AsyncConnection[tuple[Any, ...]]] = asyncio.Queue()
        self._made = 0

    async def write(self, form: dict[str, str]) -> int:
        """Writes the rows; gives the number of the request."""
        connection = await self._connection()
        try:
            async with connection.transaction():
                return await _write_bare(connection, form)
        finally:
            self._free.put_nowait(connection)

    async def _connection(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        if self._free.empty() and self._made < CONNECTIONS:
            self._made += 1
            return await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        return await self._free.get()


async def _write_bare(connection: psycopg.AsyncConnection[tuple[Any, ...]], form: dict[str, str]) -> int:
    now = datetime.now(UTC)
    cursor = await connection.execute(
        "INSERT INTO requests (kind, rule, required_approvals, expires_at, remind_at, method, target_id,"
        " subject, duration, reason, requester, state, asked_at)"
        " VALUES ('open', 'everything', 1, %s, %s, 'mtls', %s,"
        " '203.0.113.4/32', '8 hours', %s, %s, 'pending', %s) RETURNING id",
        (now + timedelta(hours=24), now + timedelta(hours=1), _TARGET, form["text"], form["user_id"], now),
    )
    number: int = (await cursor.fetchone() or (0,))[0]
    await connection.execute(
        "INSERT INTO idempotency_keys (key, request_id) VALUES (%s, %s)", (form["trigger_id"], number)
    )
    await connection.execute(
        "INSERT INTO audit (at, actor, subject, request_id, target_id, before, after, details)"
        " VALUES (%s, %s, 'request', %s, %s, '', 'pending', %s)",
        (now, form["user_id"], number, _TARGET, Jsonb({})),
    )
    one, other = _posts(form["user_id"], number)
    await connection.execute(
        "INSERT INTO outbox (kind, recipient, key, request_id) VALUES (%s, %s, %s, %s), (%s, %s, %s, %s)",
        (*one.values(), *other.values()),
    )
    return number


async def _ready(_: Request) -> Response:
    return PlainTextResponse("ready")


_READY: Final = Route("/readyz", _ready)

_APPS: Final[dict[str, Callable[[], ASGIApp]]] = {
    made.__name__: made for made in (bolt, starlette, rows, driver, row)
}


if __name__ == "__main__":
    uvicorn.run(
        _APPS[sys.argv[1]](),
        port=int(os.environ["PORT"]),
        log_config=None,
        access_log=False,
        lifespan="off",
    )
