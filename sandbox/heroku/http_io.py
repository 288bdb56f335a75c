"""Reads ASGI requests and sends responses, slowly or with a cut connection where a fault says so."""

import asyncio
from typing import Any, Final

import httpx
from starlette.types import Receive, Scope, Send

from sandbox.heroku.http_types import Answer, Request

BLANKS: Final = b" " * 2**16
"""What a body without end goes on with: blanks, which JSON allows anywhere."""

CHUNKS: Final = 20
"""Number of chunks of a body that arrives slowly."""


async def request_of(scope: Scope, receive: Receive) -> Request:
    """Read a request with its body."""
    # As it was sent: decoded, a slash inside of a name would become a separator.
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


async def send_answer(answer: Answer, receive: Receive, send: Send) -> None:
    """Send a response with its delay and its cut.

    Raises:
        httpx.RemoteProtocolError: The connection is to be cut, but the client is in this process and has no
            socket: it gets the error that a client at a socket would have got.
    """
    await asyncio.sleep(answer.delay)
    if answer.endless:
        await _send_for_ever(answer, receive, send)
    elif answer.cut != "instead":
        await _send(answer, send)
    if answer.cut:
        await _cut(receive, send)


async def _send(answer: Answer, send: Send) -> None:
    """Send a response; of one that is cut inside, half the body with the whole length in its header."""
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


async def _send_for_ever(answer: Answer, receive: Receive, send: Send) -> None:
    """Send a body that does not end, until the client has gone; it needs a socket, as a cut does."""
    if getattr(getattr(send, "__self__", None), "transport", None) is None:
        raise httpx.RemoteProtocolError("A body without end needs a socket.")
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    gone = asyncio.ensure_future(receive())
    body = answer.body
    while not gone.done():
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = BLANKS
        # Sending does not wait while the client reads as fast.
        await asyncio.sleep(0)


async def _drip(body: bytes, seconds: float, send: Send) -> bytes:
    """Send all but the last chunk of a body evenly over some seconds, and return the last."""
    size = max(1, -(-len(body) // CHUNKS))
    chunks = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    for chunk in chunks[:-1]:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(seconds / len(chunks))
    return chunks[-1]


async def _cut(receive: Receive, send: Send) -> None:
    # ASGI cannot cut a connection, but uvicorn's `send` is a method of the object that holds the transport.
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("The emulated Heroku cut the connection.")
    transport.close()  # flushes what was sent
    while (await receive())["type"] != "http.disconnect":
        pass
