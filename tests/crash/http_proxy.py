"""Stands before a played service, and strikes the caller when its call arrives or is answered."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.crash.kill_points import Blow, Instants, Moment, Plan


def gate(app: ASGIApp, instants: Instants, *, role: str, channel: str) -> ASGIApp:
    """A service as one process reaches it.

    Args:
        app: the service.
        instants: what is counted and planned.
        role: the process that has this address.
        channel: ``heroku`` or ``slack``.
    """

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        plan = instants.met(role, channel, _called(scope)) if scope["type"] == "http" else None
        if plan is None:
            await app(scope, receive, send)
        elif plan.moment is Moment.BEFORE:
            instants.strike(plan)
            if plan.blow is Blow.KILL:
                await _hung_up(receive)
            else:
                # It is on its way, and arrives when everybody else has gone on without it.
                await plan.over.wait()
                await app(scope, receive, send)
        else:
            await app(scope, receive, _after(plan, instants, send))
            if plan.blow is Blow.KILL:
                await _hung_up(receive)

    return gated


def _called(scope: Scope) -> str:
    """What is called, without what differs each time."""
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", scope["path"])
    path = re.sub(r"/respond/.*", "/respond", path).removeprefix("/api/")
    return f"{scope['method']} {path}" if path.startswith("/") else path


def _after(plan: Plan, instants: Instants, send: Send) -> Send:
    """Strikes when the answer is ready; the dead are told nothing."""

    async def struck(message: Message) -> None:
        if not plan.struck.is_set():
            instants.strike(plan)
        if plan.blow is Blow.STOP:
            await send(message)

    return struck


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
