"""What the code tells about itself: events for a SIEM, figures for Prometheus, spans of a trace."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from typing_extensions import override


class EventName(StrEnum):
    """Names of events, which stay as they are: ``docs/operations/events.md`` has their fields."""

    AUDIT_LINE = "audit.line"
    HEROKU_CHANGE = "heroku.change"
    ACTION_REFUSED = "action.refused"


class Service(StrEnum):
    """What is called."""

    HEROKU = "heroku"
    SLACK = "slack"


class JobOutcome(StrEnum):
    """What became of a step of a loop."""

    DONE = "done"
    TRY_AGAIN = "try_again"
    FAILED = "failed"


Attributes: TypeAlias = Mapping[str, str | int | tuple[int, ...]]
"""What a span says of its work: few words and numbers, never what people typed."""

Lazy: TypeAlias = Attributes | Callable[[], Attributes]
"""Attributes, or what returns them: it is only called for a span that is recorded."""

REQUESTS: Final = "pgaccess.requests"
"""Attribute with the numbers of the requests that a span had to do with: traces of one request meet there."""

REQUESTS_AT_MOST: Final = 50
"""Numbers in one attribute: a transaction may end a thousand grants at once."""

Note: TypeAlias = Callable[[Attributes], None]
"""Adds attributes to a span that is under way."""


def ignore(_: Attributes) -> None:
    """Adds nothing: for spans that nobody records."""


def requests_noted(numbers: Iterable[int]) -> Attributes:
    """Returns the attribute for some requests, in order; none for no request."""
    found = tuple(sorted(set(numbers)))[:REQUESTS_AT_MOST]
    return {REQUESTS: found} if found else {}


class Telemetry(Protocol):
    """Receives what happens in this process. No method raises, waits, or calls anything outside."""

    def event(self, name: EventName, fields: Mapping[str, object]) -> None:
        """Writes one event.

        Args:
            name: which one.
            fields: as JSON has them, or with times and ids, which are written as text.
        """
        ...

    def call_ended(self, service: Service, *, kind: str, method: str, status: str, seconds: float) -> None:
        """Counts one call to Heroku or Slack.

        Args:
            service: what was called.
            kind: what the call is about, one of few words.
            method: the HTTP method, or Slack's method.
            status: the HTTP status, ``ok``, or the error's code.
            seconds: how long it took.
        """
        ...

    def step_ended(self, loop: str, outcome: JobOutcome) -> None:
        """Counts one step of a loop: a look for work, or a job."""
        ...

    def span(self, name: str, attributes: Lazy) -> AbstractContextManager[Note]:
        """Records a span of the trace for the length of a ``with`` block; without tracing, nothing."""
        ...


class NoTelemetry(Telemetry):
    """Keeps nothing: for tests and commands that serve nobody."""

    @override
    def event(self, name: EventName, fields: Mapping[str, object]) -> None:
        pass

    @override
    def call_ended(self, service: Service, *, kind: str, method: str, status: str, seconds: float) -> None:
        pass

    @override
    def step_ended(self, loop: str, outcome: JobOutcome) -> None:
        pass

    @override
    def span(self, name: str, attributes: Lazy) -> AbstractContextManager[Note]:
        return nullcontext(ignore)


NO_TELEMETRY: Final = NoTelemetry()
"""For whoever is not told where to report."""
