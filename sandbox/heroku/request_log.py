"""Log of every API call and its outcome."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sandbox.heroku.http_types import Answer, Json, Refused, Request

CAPACITY: Final = 10_000
"""Calls that are kept, so that a demo left running over night does not grow without bound."""

_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """An API call.

    Attributes:
        status: Status that the client saw; 0 if the connection was cut instead.
        body: Body of a write, parsed if it is JSON; None for a read.
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
    """API calls, oldest first. Headers are not kept, so no token is."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=CAPACITY)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def write(self, request: Request, answer: Answer, *, at: datetime) -> None:
        """Append a call."""
        entry = LoggedRequest(
            at=at,
            method=request.method,
            path=request.path,
            status=0 if answer.cut == "instead" else answer.status,
            body=None if request.method in _READS else _read(request),
        )
        self._entries.append(entry)

    def last(self, count: int) -> list[LoggedRequest]:
        """Return the latest calls, newest last."""
        return list(self._entries)[-count:]


def _read(request: Request) -> Any:
    try:
        return request.json()
    except Refused:
        return request.body.decode(errors="replace")
