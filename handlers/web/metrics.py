"""``/metrics`` for Prometheus, behind a bearer token."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PATH = "/metrics"


def metrics_routes(
    token: str | None, text: Callable[[], Awaitable[bytes]], *, content_type: str
) -> list[Route]:
    """Returns the route ``/metrics``; without a token there is none, and the path is a 404 like any other.

    Args:
        token: what has to be sent as ``Authorization: Bearer …``.
        text: what is answered.
        content_type: of that.
    """
    if token is None:
        return []
    expected = token.encode()

    async def metrics(request: Request) -> Response:
        if not _is_authorized(request, expected):
            return PlainTextResponse(
                "This needs the token in PGACCESS_METRICS_TOKEN: Authorization: Bearer …\n",
                status_code=401,
                headers={"WWW-Authenticate": 'Bearer realm="pgaccess metrics"'},
            )
        return Response(await text(), media_type=content_type, headers={"Cache-Control": "no-store"})

    return [Route(PATH, metrics)]


def _is_authorized(request: Request, expected: bytes) -> bool:
    """Whether a request brings the token; compared in a time that says nothing of where it differs."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    # Latin-1 is how Starlette decodes headers: so every byte that was sent comes back.
    given = sent.strip().encode("latin-1")
    return hmac.compare_digest(given, expected) and scheme.lower() == "bearer"
