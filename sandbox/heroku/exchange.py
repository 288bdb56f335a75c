"""A request, its answer, and Heroku's errors.

Fact: Heroku Platform API reference, 2026-11, "Errors": an error's body is ``id`` and ``message``,
sometimes with ``resource``; each id belongs to one status. The Data API answers in the same form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote

Json = dict[str, Any]

Cut = Literal["instead", "inside"]
"""Where a connection is cut: instead of the answer, or inside its body."""

IDS: Final[Mapping[int, str]] = {
    400: "bad_request",
    401: "unauthorized",
    402: "delinquent",
    403: "forbidden",
    404: "not_found",
    406: "not_acceptable",
    409: "conflict",
    410: "gone",
    416: "requested_range_not_satisfiable",
    422: "invalid_params",
    423: "confirmation_required",
    429: "rate_limit",
    500: "internal_server_error",
}
"""The error id of a status, the first of its ids where it has several."""

OTHER_SERVER_ERROR: Final = "server_error"
"""The id of every status that is not in the table."""

JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What arrives.

    Attributes:
        path: As it travels, percent-encoded, without the query.
        headers: By lower-case name.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path; a slash inside a name stays inside its part."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    def json(self) -> Any:
        """Return the body; raises `Refused` ``bad_request`` unless it is empty (an empty object) or JSON."""
        if not self.body:
            return {}
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refused(400, "The request's body is not valid JSON.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered, and what the door has to do to it.

    Attributes:
        delay: Seconds the finished answer is late.
        cut: Where the connection is cut, if it is.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut: Cut | None = None

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Refused(Exception):
    """Heroku refuses: nothing was changed.

    Args:
        status: Decides the id unless one is given.
        message: For people.
        id: Heroku's error id.
        key: The body's key of the message.
        more: Further keys of the body, such as ``resource``.
    """

    def __init__(self, status: int, message: str, *, id: str = "", key: str = "message", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {**more, "id": id or IDS.get(status, OTHER_SERVER_ERROR), key: message}

    def answer(self) -> Answer:
        """The refusal as it travels."""
        return answered(self.status, self.body)


def missing(resource: str) -> Refused:
    """Return the refusal for something that is not there; `resource` is what kind of thing it is."""
    return Refused(404, f"Couldn't find that {resource}.", resource=resource)


def answered(status: int, body: object, **headers: str) -> Answer:
    """Return an answer in JSON, minified as Heroku's is; a 204 has no body."""
    content = b"" if status == 204 else json.dumps(body, separators=(",", ":")).encode()
    kind = {} if status == 204 else {"Content-Type": JSON_TYPE}
    return Answer(status=status, headers={**kind, **headers}, body=content)
