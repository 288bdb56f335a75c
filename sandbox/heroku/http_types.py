"""HTTP request and response of the emulated Heroku, and Heroku's errors.

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
"""Where a connection is cut: instead of the response, or inside its body."""

IDS: Final[Mapping[int, tuple[str, ...]]] = {
    400: ("bad_request", "missing_version", "confirmation_required"),
    401: ("unauthorized",),
    402: ("delinquent",),
    403: ("forbidden", "suspended", "two_factor"),
    404: ("not_found",),
    406: ("not_acceptable",),
    409: ("conflict",),
    410: ("gone",),
    416: ("requested_range_not_satisfiable",),
    422: ("invalid_params", "verification_needed", "multiple_matches"),
    423: ("confirmation_required",),
    429: ("rate_limit",),
    500: ("internal_server_error",),
}
"""Error ids of each status, the usual one first."""

OTHER_SERVER_ERROR: Final = "server_error"
"""Error id of every other status."""

JSON_TYPE: Final = "application/json"

DATA_API: Final = ("/postgres/v0/", "/private-link/v0/", "/client/v11/", "/data/")
"""Path prefixes of the Data API; both APIs share a port, as the official CLI needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request.

    Attributes:
        path: Percent-encoded path without the query.
        headers: Headers by lower-case name.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """Decoded parts of the path; an encoded slash stays inside its part."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    @property
    def of_data_api(self) -> bool:
        """Whether the request is for the Data API."""
        return self.path.startswith(DATA_API)

    def json(self) -> Any:
        """Parse the body, empty as an empty object; raises `Refused` ``bad_request`` if it is not JSON."""
        if not self.body:
            return {}
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refused(400, "The request's body is not valid JSON.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response, and how the server has to send it.

    Attributes:
        delay: Seconds to wait before it is sent.
        drip: Seconds over which its body is sent.
        cut: Where the connection is cut, if it is.
        endless: Whether blanks follow the body until the client has gone.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drip: float = 0.0
    cut: Cut | None = None
    endless: bool = False

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


class Refused(Exception):
    """Heroku rejects a request; nothing was changed.

    Args:
        status: HTTP status; decides the id unless one is given.
        message: Message for people.
        id: Heroku's error id.
        key: Key of the message in the body.
        more: Further keys of the body, such as ``resource``.
    """

    def __init__(self, status: int, message: str, *, id: str = "", key: str = "message", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {**more, "id": id or IDS.get(status, (OTHER_SERVER_ERROR,))[0], key: message}

    def answer(self) -> Answer:
        """Return the error response."""
        return answered(self.status, self.body)


def missing(resource: str, *, status: int = 404) -> Refused:
    """Return the error for a missing resource; `resource` is its kind."""
    return Refused(status, f"Couldn't find that {resource}.", resource=resource)


def answered(status: int, body: object, **headers: str) -> Answer:
    """Return a JSON response, minified as Heroku's is; a 204 has no body."""
    content = b"" if status == 204 else json.dumps(body, separators=(",", ":")).encode()
    kind = {} if status == 204 else {"Content-Type": JSON_TYPE}
    return Answer(status=status, headers={**kind, **headers}, body=content)
