"""JSON API below ``/_emulator``: what people see and do, for the page and for tests in other processes.

Every body is JSON; ``as`` is the id of the acting person. An impossible action is answered with HTTP 400 and
``{"ok": false, "error": …}``, a failed one with 200 and ``ok: false``.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model import visible_state
from sandbox.slack.users.administration import Administration
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused

Extras = Mapping[str, Callable[[], object]]
"""More keys of the state, by name."""

WAIT_MOST = 25.0  # seconds that a poll may wait for a change; proxies and browsers give up at 30
POLL_INTERVAL = 0.05  # seconds between checks of the version while a poll waits

_Act = Callable[[Json], Awaitable[Json]]


@runtime_checkable
class Versioned(Protocol):
    """A value whose `version` rises with each change."""

    version: int


class JsonApi:
    """Routes of the JSON API."""

    def __init__(self, slack: SlackEmulator, people: People, *, extras: Extras) -> None:
        self._slack = slack
        self._people = people
        self._administration = Administration(slack, people)
        self._extras = extras

    def routes(self, actions: Mapping[str, _Act]) -> list[Route]:
        """Return the routes, with those of `actions`."""
        own: dict[str, _Act] = {
            "command": self._command,
            "click": self._click,
            "suggest": self._suggest,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close,
            "say": self._say,
            "home": self._home,
            "sockets": self._sockets,
            "admin": self._admin,
        }
        posts = [
            Route(f"/_emulator/{name}", _posted(act), methods=["POST"])
            for name, act in {**own, **actions}.items()
        ]
        return [Route("/_emulator/state", self._state, methods=["GET"]), *posts]

    @property
    def version(self) -> int:
        """A number that rises with each change of the workspace or of an extra."""
        return self._slack.version + sum(_version(extra) for extra in self._extras.values())

    async def _state(self, request: Request) -> Response:
        query = request.query_params
        try:
            since, wait = int(query.get("since", "0")), float(query.get("wait", "0"))
            me = self._slack.acts.who(query.get("as", ""))
        except (ValueError, Refused) as problem:
            code = problem.error if isinstance(problem, Refused) else "invalid_arguments"
            return _error(code)
        await self._changed(request, since, min(wait, WAIT_MOST))
        version = self.version
        if version == since:
            return Response(status_code=204)
        extras = {name: extra() for name, extra in self._extras.items()}
        return JSONResponse({"version": version, **visible_state.state(self._slack.workspace, me), **extras})

    async def _changed(self, request: Request, since: int, seconds: float) -> None:
        """Return when something changed, after the timeout, or when the client disconnected."""
        until = time.monotonic() + seconds
        while self.version == since and time.monotonic() < until:
            await asyncio.sleep(POLL_INTERVAL)
            if await request.is_disconnected():
                return

    async def _command(self, given: Json) -> Json:
        return _told(await self._people.types(given["as"], given["text"], channel=given["channel"]))

    async def _click(self, given: Json) -> Json:
        where = {"action_id": given["action_id"], "block_id": given.get("block_id")}
        selected = given.get("selected")
        if "view_id" in given:
            return _told(
                await self._people.clicks_in_view(
                    given["as"], view_id=given["view_id"], selected=selected, **where
                )
            )
        return _told(
            await self._people.clicks(
                given["as"], channel=given["channel"], ts=given["ts"], selected=selected, **where
            )
        )

    async def _suggest(self, given: Json) -> Json:
        outcome = await self._people.suggests(
            given["as"],
            view_id=given["view_id"],
            block_id=given["block_id"],
            action_id=given["action_id"],
            value=given["value"],
        )
        return {**_told(outcome), **({"options": list(outcome.options)} if outcome.ok else {})}

    async def _shortcut(self, given: Json) -> Json:
        return _told(await self._people.shortcut(given["as"], given["callback_id"]))

    async def _submit(self, given: Json) -> Json:
        outcome = await self._people.submits(given["as"], given.get("values"), view_id=given["view_id"])
        return {"ok": False, "errors": outcome.errors} if outcome.errors else _told(outcome)

    async def _close(self, given: Json) -> Json:
        front = self._slack.view_for(given["as"])
        if front is None or front["id"] != given["view_id"]:
            raise Refused("not_found")
        return _told(await self._people.closes(given["as"]))

    async def _say(self, given: Json) -> Json:
        return _told(await self._people.says(given["as"], given["text"], channel=given["channel"]))

    async def _home(self, given: Json) -> Json:
        return _told(await self._people.opens_home(given["as"]))

    async def _admin(self, given: Json) -> Json:
        """Carry out an administrator's action: ``do`` names it, its arguments are beside it."""
        return _told(await self._administration.does(given))

    async def _sockets(self, given: Json) -> Json:
        """Announce the end of Socket Mode connections, cut them, or count them."""
        match given.get("do"):
            case "refresh":
                return {"ok": True, "connections": await self._people.sockets.refresh()}
            case "cut":
                return {"ok": True, "connections": self._people.sockets.cut()}
        return {"ok": True, "connections": self._people.sockets.connected}


def _version(extra: object) -> int:
    return extra.version if isinstance(extra, Versioned) else 0


def _posted(act: _Act) -> Callable[[Request], Awaitable[Response]]:
    async def posted(request: Request) -> Response:
        # A page elsewhere could send a form here, but not this content type: browsers ask first.
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _error("invalid_post_type")
        try:
            given = json.loads(await request.body())
            if not isinstance(given, dict):
                raise Refused("json_not_object")
            return JSONResponse(await act(given))
        except json.JSONDecodeError:
            return _error("invalid_json")
        except KeyError as missing:
            return _error("invalid_arguments", missing=str(missing.args[0]))
        except Refused as refused:
            return _error(refused.error)

    return posted


def _told(outcome: Outcome) -> Json:
    if not outcome.ok and outcome.delivery is None:
        raise Refused(outcome.error or "failed")  # impossible, so nothing was sent
    told: Json = {"ok": outcome.ok, "ms": round(outcome.ms, 1)}
    return told if outcome.ok else told | {"error": outcome.error}


def _error(code: str, **more: Any) -> Response:
    return JSONResponse({"ok": False, "error": code, **more}, status_code=400)
