"""Reports of unexpected errors to Sentry; switched on by ``SENTRY_DSN``, and imported only then.

Facts: sentry-sdk 2.75: local variables of each frame, which may be keys and tokens, are reported unless that
is switched off; ``data_collection`` says so in the place of ``send_default_pii``, which is deprecated;
integrations that are found installed are switched on by themselves, and add bodies and headers of requests;
long values are cut before ``before_send`` sees them.
"""

import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from typing_extensions import override

from bot.domain.outside.redaction import REDACTED, Redactor
from bot.domain.outside.secret_text import holds_secret
from bot.errors import MisconfiguredError

if TYPE_CHECKING:
    from sentry_sdk._types import DataCollectionUserOptions
    from sentry_sdk.transport import Transport

SETTING: Final = "SENTRY_DSN"

LONGEST_VALUE: Final = 100_000
"""Characters of a value that Sentry's client leaves whole: a part of a secret would not be recognized."""

NOTHING_PERSONAL: Final["DataCollectionUserOptions"] = {
    "user_info": False,
    "http_bodies": [],
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 0,
}
"""What Sentry's client collects by itself: nothing about people, no variables, no lines of sources."""

READ: Final = 4000
"""Characters of a text that are searched for what looks like a credential; more are left out of a report."""

FLUSH_S: Final = 2.0
"""Seconds that a process waits, when it stops, for its last reports to be sent."""


class ErrorReports(Protocol):
    """Where unexpected errors are reported."""

    def report(self, error: BaseException, tags: Mapping[str, str]) -> None:
        """Reports an error; returns at once."""
        ...

    def close(self) -> None:
        """Sends what is left, for a short time."""
        ...


def sentry_reports(
    dsn: str, *, redactor: Redactor, release: str, process: str, transport: "Transport | None" = None
) -> ErrorReports:
    """Switches reports on.

    Args:
        dsn: Sentry's address of the project.
        redactor: removes our own secrets.
        release: version of pgaccess.
        process: ``web``, ``worker`` or ``run``.
        transport: for tests; None sends to Sentry.

    Raises:
        MisconfiguredError: the extra is not installed, or the address is none.
    """
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError as error:
        raise MisconfiguredError(
            f"{SETTING} is set, and sentry-sdk is not installed: install `pgaccess[sentry]`, or leave it out"
        ) from error

    def before_send(event: Any, _hint: Any) -> Any:
        # None is asked for; what an earlier use of the SDK in this process has left is not ours to send.
        event["breadcrumbs"] = {"values": []}
        return scrubbed(event, redactor)

    try:
        sentry_sdk.init(
            dsn=dsn,
            release=release,
            transport=transport,
            before_send=before_send,
            data_collection=NOTHING_PERSONAL,
            default_integrations=False,
            auto_enabling_integrations=False,
            max_breadcrumbs=0,
            max_value_length=LONGEST_VALUE,
            # A sample of nothing: traces are OpenTelemetry's.
            traces_sample_rate=None,
            shutdown_timeout=FLUSH_S,
        )
    except BadDsn as error:
        # Its own sentence repeats what was set.
        raise MisconfiguredError(
            f"{SETTING} is not an address such as https://key@sentry.example.com/1"
        ) from error
    return _Sentry(process)


class _Sentry(ErrorReports):
    """Sentry's client, which has been switched on."""

    def __init__(self, process: str) -> None:
        self._process = process

    @override
    def report(self, error: BaseException, tags: Mapping[str, str]) -> None:
        import sentry_sdk

        with sentry_sdk.new_scope() as scope:
            for name, value in {"process": self._process, **tags}.items():
                scope.set_tag(name, value)
            sentry_sdk.capture_exception(error)

    @override
    def close(self) -> None:
        import sentry_sdk

        sentry_sdk.flush(timeout=FLUSH_S)


def scrubbed(value: Any, redactor: Redactor) -> Any:
    """Returns a report without our secrets, and without any text that looks like somebody's credential."""
    match value:
        case str():
            return _scrubbed_text(value, redactor)
        case dict():
            return {name: scrubbed(inner, redactor) for name, inner in value.items()}
        case list() | tuple():
            return [scrubbed(inner, redactor) for inner in value]
    return value


def _scrubbed_text(text: str, redactor: Redactor) -> str:
    # Redacted whole, then cut: the other way round a part of a secret would stay.
    shown = redactor.text(text)[:READ]
    return REDACTED if holds_secret(" ".join(shown.split())) else shown


def reporting_processor(reports: ErrorReports) -> Any:
    """Returns a processor of structlog that reports what is logged with an exception.

    Every unexpected error is logged so, at the borders that catch it: nothing else has to know of reports.
    """

    def process(_logger: Any, _level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        error = _error_of(event.get("exc_info"))
        if error is not None:
            tags = {name: str(event[name]) for name in ("event", "loop", "reference") if name in event}
            reports.report(error, tags)
        return event

    return process


def _error_of(exc_info: Any) -> BaseException | None:
    """The exception of a log line, in each form in which structlog takes it."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
    return None
