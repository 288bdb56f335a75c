"""HTTP server of the emulated Heroku: both APIs, and the admin API below ``/_emulator``."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.heroku.admin_api import PREFIX, admin_app
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_io import request_of, send_answer
from sandbox.heroku.http_types import Answer, Request

Now = Callable[[], datetime]


def real_time() -> datetime:
    """Return the present; Heroku's transitions take real seconds."""
    return datetime.now(UTC)


def app(heroku: HerokuEmulator, *, now: Now = real_time) -> ASGIApp:
    """Return both APIs and the admin API as an ASGI application.

    Args:
        heroku: The emulated Heroku.
        now: Returns the present; faults wait in real seconds in any case.
    """
    admin, api = admin_app(heroku, now), _ApiServer(heroku, now)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and not scope["path"].startswith(f"{PREFIX}/")
        await (api if is_api else admin)(scope, receive, send)

    return dispatch


class _ApiServer:
    """Passes requests to the emulator and sends its responses."""

    def __init__(self, heroku: HerokuEmulator, now: Now) -> None:
        self._heroku = heroku
        self._now = now
        self._tasks: set[asyncio.Task[Answer]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = await request_of(scope, receive)
        # A task of its own: a request that was sent is carried out even if the client has given up by then.
        task = asyncio.create_task(self._answer(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await send_answer(await asyncio.shield(task), receive, send)

    async def _answer(self, request: Request) -> Answer:
        await asyncio.sleep(self._heroku.arrival_delay(request))
        return self._heroku.answer(request, now=self._now())
