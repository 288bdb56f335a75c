"""Carries an answer out on a connection, also where the connection has to be cut."""

import asyncio
from typing import Any, Final

import httpx
from starlette.types import Receive, Scope, Send

from sandbox.heroku.http_types import Answer, Request

DROPS: Final = 20
"""Pieces of a body that arrives slowly."""


async def request_of(scope: Scope, receive: Receive) -> Request:
    """Return what arrived, body included."""
    path = scope.get("raw_path") or scope["path"].encode()
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=path.decode("ascii", "replace"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def carry_out(answer: Answer, receive: Receive, send: Send) -> None:
    """Send an answer, late or cut if it says so.

    Raises:
        httpx.RemoteProtocolError: There is no socket to cut, because the client is in this process: it gets
            what a client at a socket would have seen.
    """
    await asyncio.sleep(answer.delay)
    if answer.cut != "instead":
        await _send(answer, send)
    if answer.cut:
        await _cut(receive, send)


async def _send(answer: Answer, send: Send) -> None:
    """Send an answer, or the first half of one that is cut inside while its length promises the whole."""
    length = {} if answer.status == 204 else {"Content-Length": str(len(answer.body))}
    headers = [
        (name.lower().encode(), value.encode()) for name, value in {**answer.headers, **length}.items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    cut = answer.cut == "inside"
    body = answer.body[: len(answer.body) // 2] if cut else answer.body
    if answer.drip:
        body = await _drip(body, answer.drip, send)
    await send({"type": "http.response.body", "body": body, "more_body": cut})


async def _drip(body: bytes, seconds: float, send: Send) -> bytes:
    """Send all but the last piece of a body, evenly over some seconds, and return that one."""
    size = max(1, -(-len(body) // DROPS))
    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(seconds / len(pieces))
    return pieces[-1]


async def _cut(receive: Receive, send: Send) -> None:
    # ASGI has no way to cut a connection, but uvicorn's `send` is a method of the object that holds it.
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("The emulated Heroku cut the connection.")
    transport.close()  # what was sent still leaves; nothing more does
    while (await receive())["type"] != "http.disconnect":
        pass
