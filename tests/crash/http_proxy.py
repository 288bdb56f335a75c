"""Proxy of an emulated service that strikes the calling process before or after a call."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.crash.kill_points import Fault, KillPoints, Moment, PlannedFault


def fault_proxy(app: ASGIApp, kill_points: KillPoints, *, role: str, channel: str) -> ASGIApp:
    """Wraps a service as one process reaches it.

    Args:
        app: the service.
        kill_points: counts calls and strikes.
        role: the process that has this address.
        channel: ``heroku`` or ``slack``.
    """

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        plan = kill_points.met(role, channel, _called(scope)) if scope["type"] == "http" else None
        if plan is None:
            await app(scope, receive, send)
        elif plan.moment is Moment.BEFORE:
            kill_points.strike(plan)
            if plan.fault is Fault.KILL:
                await _hung_up(receive)
            else:
                # It is on its scenario, and arrives when everybody else has gone on without it.
                await plan.over.wait()
                await app(scope, receive, send)
        else:
            await app(scope, receive, _after(plan, kill_points, send))
            if plan.fault is Fault.KILL:
                await _hung_up(receive)

    return proxied


def _called(scope: Scope) -> str:
    """The call, without ids that differ each time."""
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", scope["path"])
    path = re.sub(r"/respond/.*", "/respond", path).removeprefix("/api/")
    return f"{scope['method']} {path}" if path.startswith("/") else path


def _after(plan: PlannedFault, kill_points: KillPoints, send: Send) -> Send:
    """Strikes when the response is ready; a killed process receives none."""

    async def struck(message: Message) -> None:
        if not plan.struck.is_set():
            kill_points.strike(plan)
        if plan.fault is Fault.STOP:
            await send(message)

    return struck


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
