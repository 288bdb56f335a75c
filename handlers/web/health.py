"""Health checks: liveness and readiness of this process."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import TryAgainError


def health_routes(ready: Callable[[], Awaitable[object]], *, policy_readable: bool = True) -> list[Route]:
    """Return the routes ``/healthz`` and ``/readyz``.

    Args:
        ready: Raises ``TryAgainError`` while this process cannot do its own work.
        policy_readable: Whether the policy could be read; without it the process still closes and answers.
    """

    # Depends on nothing outside of the process: a restart would bring neither Postgres nor Slack back.
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        try:
            await ready()
        except TryAgainError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        if not policy_readable:
            # Not 503: a platform that took the process away would keep people from ending access.
            return PlainTextResponse("ready, but the policy cannot be read: nothing is opened\n")
        return PlainTextResponse("ready\n")

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
