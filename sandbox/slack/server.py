"""The emulated Slack's HTTP server: Web API, response URLs, Socket Mode, user actions and the page.

Fact: Slack developer documentation, Web API basics, 2026-11: arguments as a form or in the query, and for
methods that write also as JSON; the token in ``Authorization: Bearer`` or as the argument ``token``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.socket_mode.connections import TRANSPORT
from sandbox.slack.users.json_api import Extras, JsonApi
from sandbox.slack.users.simulated_users import People
from sandbox.slack.web_api.errors import ApiAnswer

Actions = Mapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]
"""More routes below ``/_emulator``, by name: JSON in, JSON out."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content Security Policy of the page: no external resources, no framing."""
FORM_ONLY = frozenset(
    {
        "chat.getPermalink",
        "conversations.history",
        "conversations.info",
        "conversations.list",
        "conversations.members",
        "conversations.replies",
        "team.info",
        "usergroups.list",
        "usergroups.users.list",
        "users.info",
        "users.list",
    }
)
"""Methods whose reference page does not list JSON as a content type: a JSON body is ignored."""
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def app(
    slack: SlackEmulator,
    people: People,
    *,
    extras: Extras | None = None,
    actions: Actions | None = None,
    page: Path | None = None,
) -> Starlette:
    """Return the ASGI application.

    Args:
        slack: The workspace.
        people: The simulated users.
        extras: More keys of ``/_emulator/state``, by name. A request that waits for changes returns when the
            ``version`` of one, an integer, has risen.
        actions: More ``POST /_emulator/…`` routes, by name.
        page: The folder with ``index.html``; without it there is no page.
    """
    api = JsonApi(slack, people, extras=extras or {})
    routes: list[BaseRoute] = [
        Route("/api/{method}", _api(slack), methods=["GET", "POST"]),
        Route("/respond/{secret}", _respond(slack), methods=["POST"]),
        WebSocketRoute("/link/", people.sockets.serve),
        *api.routes(actions or {}),
    ]
    if page is not None:
        routes += [
            Route("/", _index(page / "index.html"), methods=["GET"]),
            Mount("/page", StaticFiles(directory=page)),
        ]
    return _SlackServer(routes=routes)


class _SlackServer(Starlette):
    """Adds security headers to every response, and the transport to the scope so that a fault can cut it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn's `send` is a method of the exchange, which holds the connection; in-process there is none.
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await super().__call__(scope, receive, guarded)


class _Cut(Response):
    """Closes the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope[TRANSPORT]
        if transport is None:
            raise ConnectionResetError("the emulated Slack cut the connection")
        # ``abort`` drops what is still buffered: the client must not see a part of a response.
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _index(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def index(_: Request) -> Response:
        return FileResponse(path)

    return index


def _api(slack: SlackEmulator) -> Callable[[Request], Awaitable[Response]]:
    async def api(request: Request) -> Response:
        given, broken = _arguments(request, await request.body())
        if broken:
            return JSONResponse({"ok": False, "error": broken})
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        named = given.pop("token", None)  # removed in any case: the request log must not contain it
        token = bearer.strip() if scheme.lower() == "bearer" else named
        answer = slack.call(request.path_params["method"], given, token, now=datetime.now(UTC))
        return await _carried_out(answer)

    return api


def _respond(slack: SlackEmulator) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        return await _carried_out(slack.respond(request.path_params["secret"], body, now=datetime.now(UTC)))

    return respond


def _arguments(request: Request, body: bytes) -> tuple[dict[str, Any], str | None]:
    """Return a call's arguments from query and body, and Slack's error code if they cannot be read."""
    given: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return given, None
    if kind == "application/json" and request.path_params["method"] in FORM_ONLY:
        return given, None
    if kind == "application/json":
        try:
            found = json.loads(body)
        except ValueError:
            return given, "invalid_json"
        return (given, "json_not_object") if not isinstance(found, dict) else ({**given, **found}, None)
    if kind == "application/x-www-form-urlencoded":
        return {**given, **dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))}, None
    return given, "invalid_post_type" if kind else "missing_post_type"


async def _carried_out(answer: ApiAnswer) -> Response:
    if answer.delay:
        await asyncio.sleep(answer.delay)
    if answer.cut:
        return _Cut()
    return JSONResponse(answer.body, status_code=answer.status, headers=dict(answer.headers))
