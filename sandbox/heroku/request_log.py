"""Every call that was made, and how it ended."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sandbox.heroku.http_types import Answer, Json, Refused, Request

KEPT: Final = 10_000
"""Calls that are remembered: a demo left alone over night must not grow without end."""

_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call.

    Attributes:
        status: As the client saw it; 0 when the connection was cut instead.
        body: What a write brought, read if it can be; None for a read.
    """

    at: datetime
    method: str
    path: str
    status: int
    body: Any = None

    def line(self) -> Json:
        """Return the call without its body."""
        return {"at": self.at.isoformat(), "method": self.method, "path": self.path, "status": self.status}


class RequestLog:
    """The calls, oldest first. No header is kept, so no token is."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def write(self, request: Request, answer: Answer, *, at: datetime) -> None:
        """Remember a call."""
        entry = Entry(
            at=at,
            method=request.method,
            path=request.path,
            status=0 if answer.cut == "instead" else answer.status,
            body=None if request.method in _READS else _read(request),
        )
        self._entries.append(entry)

    def last(self, count: int) -> list[Entry]:
        """Return the latest calls, newest last."""
        return list(self._entries)[-count:]


def _read(request: Request) -> Any:
    try:
        return request.json()
    except Refused:
        return request.body.decode(errors="replace")
