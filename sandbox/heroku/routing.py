"""Route table: HTTP methods and paths with their handlers.

Fact: Heroku Platform API reference, 2026-11, "Errors": what does not exist is 404 ``not_found``; a path
that exists under another method is answered like one that does not exist at all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.heroku.http_types import Answer, Json, Refused, Request
from sandbox.heroku.model.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Arguments of a route's handler.

    Attributes:
        names: Variable parts of the path.
        given: JSON object of the request's body; empty if there is none.
    """

    account: Account
    request: Request
    names: Mapping[str, str]
    given: Json
    now: datetime


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route.

    Attributes:
        template: Path with variable parts in braces.
        counted: Whether a call takes a request token.
    """

    method: str
    template: str
    does: Handler
    counted: bool = True

    def names(self, request: Request) -> dict[str, str] | None:
        """Return the variable parts of a request's path; None if the route does not match."""
        expected, actual = self.template.split("/")[1:], request.segments
        if request.method != self.method or len(expected) != len(actual):
            return None
        pairs = list(zip(expected, actual, strict=True))
        if any(part != value and not part.startswith("{") for part, value in pairs):
            return None
        names = {part.strip("{}"): value for part, value in pairs if part.startswith("{")}
        return names if all(names.values()) else None


def no_endpoint() -> Refused:
    """Return the error for an unknown path or method."""
    return Refused(404, "There is no such endpoint: check the path and the HTTP verb.")


def match_route(routes: Iterable[Route], request: Request) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a request and the variable parts of its path; None if no route matches."""
    for route in routes:
        names = route.names(request)
        if names is not None:
            return route, names
    return None


def header_words(request: Request, header: str) -> frozenset[str]:
    """Return the comma-separated words of a header, such as ``Accept-Expansion``."""
    return frozenset(word.strip() for word in request.headers.get(header, "").split(","))


def required_text(given: Json, name: str) -> str:
    """Return a string of a body; raises `Refused` ``invalid_params`` if it is missing."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(422, f"{name} is required and must be a string.")
    return value


def optional_text(given: Json, name: str) -> str:
    """Return a string of a body, empty if it is missing; raises `Refused` for any other type."""
    return "" if given.get(name) is None else required_text(given, name)


def given(request: Request) -> Json:
    """Return a request's body; raises `Refused` ``bad_request`` unless it is empty or a JSON object."""
    found: Any = request.json()
    if not isinstance(found, dict):
        raise Refused(400, "The request's body must be a JSON object.")
    return found
