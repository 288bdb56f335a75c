"""A span around each request from Slack: the first of a trace."""

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.ports.telemetry import Telemetry


class Traced:
    """ASGI middleware that records a span for each request; what the request says of traces is not believed.

    Args:
        app: the application behind.
        telemetry: records the spans.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI scope."""
        with self._telemetry.span("slack.request", {}):
            await self._app(scope, receive, send)
