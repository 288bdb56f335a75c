"""A small bot for these tests: it keeps every request and answers as it was told to."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True)
class Heard:
    """One request the bot received, as raw as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a form body."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def payload(self) -> dict[str, Any]:
        """What an interaction or an event says."""
        text = self.fields["payload"] if b"payload=" in self.body else self.body.decode()
        said: dict[str, Any] = json.loads(text)
        return said


@dataclass
class Bot:
    """Answers `status`, `body` and `headers` after `delay` seconds; `script` overrides them one by one."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    script: list[int] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    @property
    def last(self) -> Heard:
        """The request heard last."""
        return self.heard[-1]

    def says(self, **body: object) -> None:
        """Answer with this JSON from now on."""
        self.body, self.content_type = json.dumps(body), "application/json"

    def app(self) -> Starlette:
        """Return the bot as an application."""
        return Starlette(routes=[Route("/slack/events", self._events, methods=["POST"])])

    async def _events(self, request: Request) -> Response:
        self.heard.append(Heard(dict(request.headers), await request.body()))
        await asyncio.sleep(self.delay)
        status = self.script.pop(0) if self.script else self.status
        return Response(self.body, status, self.headers, media_type=self.content_type)
