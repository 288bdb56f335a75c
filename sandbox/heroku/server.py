"""The emulated Heroku's HTTP door: both APIs, and what tests of other processes may do below ``/_emulator``."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.heroku.admin_api import PREFIX, control
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_io import carry_out, request_of
from sandbox.heroku.http_types import Answer, Request

Now = Callable[[], datetime]


def real_time() -> datetime:
    """The present; Heroku's transitions take real seconds."""
    return datetime.now(UTC)


def app(heroku: HerokuEmulator, *, now: Now = real_time) -> ASGIApp:
    """Return the door as an ASGI application.

    Args:
        heroku: What answers.
        now: Where the time comes from; faults wait in real seconds whatever it says.
    """
    emulated, server = control(heroku, now), _Server(heroku, now)

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        outside = scope["type"] == "http" and not scope["path"].startswith(f"{PREFIX}/")
        await (server if outside else emulated)(scope, receive, send)

    return chosen


class _Server:
    """Hands requests in and carries the answers out."""

    def __init__(self, heroku: HerokuEmulator, now: Now) -> None:
        self._heroku = heroku
        self._now = now
        self._working: set[asyncio.Task[Answer]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = await request_of(scope, receive)
        # A request that is on its way arrives, also when the client in this process has given up by then.
        work = asyncio.create_task(self._work(request))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        await carry_out(await asyncio.shield(work), receive, send)

    async def _work(self, request: Request) -> Answer:
        await asyncio.sleep(self._heroku.held_back(request))
        return self._heroku.answer(request, now=self._now())
