"""Reports to Sentry: what is in them, and that nothing of it is loaded while they are off."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import sentry_sdk
import structlog
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from bot.domain.outside.redaction import REDACTED, Redactor
from bot.errors import MisconfiguredError
from bot.telemetry.error_reports import ErrorReports, reporting_processor, scrubbed, sentry_reports
from bot.telemetry.process_telemetry import ProcessTelemetry
from bot.telemetry.start import StartedTelemetry, start_telemetry

TOKEN: Final = "HRKU-0123456789abcdef"
DSN: Final = "https://0123456789@sentry.example.com/1"
REDACTOR: Final = Redactor((TOKEN,))
KEY: Final = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQ\n"
    "-----END PRIVATE KEY-----"
)


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__({"dsn": DSN})
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event is not None:
            self.events.append(json.loads(json.dumps(event, default=str)))


def told_in(value: Any) -> set[str]:
    """Names of everything in a report that is not empty."""
    if isinstance(value, dict):
        return {name for name, inner in value.items() if inner} | told_in([*value.values()])
    if isinstance(value, list):
        return {name for inner in value for name in told_in(inner)}
    return set()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def reports(kept: Kept) -> Iterator[ErrorReports]:
    yield sentry_reports(DSN, redactor=REDACTOR, release="1.2.3", process="worker", transport=kept)
    sentry_sdk.init()


def fail(said: str) -> None:
    password = f"local {TOKEN}"
    raise ValueError(f"{said} {len(password)}")


def logged(reports: ErrorReports, said: str) -> None:
    """Logs an error as the borders do that catch every one."""
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[reporting_processor(reports), structlog.processors.JSONRenderer(default=str)],
    )
    try:
        fail(said)
    except ValueError:
        log.exception("loop.failed", loop="reconciler", job={"token": TOKEN})


def test_an_error_that_is_logged_is_reported_with_where_it_was(kept: Kept, reports: ErrorReports) -> None:
    logged(reports, "unexpected")
    (event,) = kept.events
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "unexpected 27")
    assert event["release"] == "1.2.3"
    assert event["tags"] == {"process": "worker", "event": "loop.failed", "loop": "reconciler"}
    assert [frame["function"] for frame in error["stacktrace"]["frames"]] == ["logged", "fail"]


@pytest.mark.parametrize(
    "said",
    [
        TOKEN,
        f"long {'x' * 5000} {TOKEN}",
        f"{'x' * 3990}{TOKEN}",
        "postgres://pgaccess:hunter2hunter2@db.example.com/main",
        KEY,
        "Authorization: Bearer abcdefghij0123456789",
    ],
)
def test_no_secret_is_in_a_report(kept: Kept, reports: ErrorReports, said: str) -> None:
    logged(reports, said)
    text = json.dumps(kept.events)
    for secret in (TOKEN, TOKEN[5:], "hunter2", "MIIEvAIBADANBg", "abcdefghij0123456789"):
        assert secret not in text
    # No local variable, no line of a source, no environment, no argument of the command line.
    personal = {"vars", "context_line", "pre_context", "post_context", "extra", "user", "request", "modules"}
    assert personal & told_in(kept.events) == set()
    assert kept.events[0]["breadcrumbs"] == {"values": []}
    assert "password" not in text


def test_a_line_without_an_exception_is_not_reported(kept: Kept, reports: ErrorReports) -> None:
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[reporting_processor(reports), structlog.processors.JSONRenderer(default=str)],
    )
    log.warning("loop.try_again", error="away")
    log.error("handlers.no_options", exc_info=None)
    assert kept.events == []


def test_an_error_given_to_the_log_is_reported_with_its_reference(kept: Kept, reports: ErrorReports) -> None:
    process = reporting_processor(reports)
    process(None, "error", {"event": "handlers.failed", "reference": "0a1b", "exc_info": ValueError("x")})
    (event,) = kept.events
    assert event["tags"]["reference"] == "0a1b"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": [TOKEN, 1, None, True]}, {"a": [REDACTED, 1, None, True]}),
        ("connection refused", "connection refused"),
        ({"cookie": f"token={TOKEN}"}, {"cookie": REDACTED}),
        (("a", 2), ["a", 2]),
    ],
)
def test_each_text_of_a_report_is_scrubbed(value: object, shown: object) -> None:
    found = scrubbed(value, REDACTOR)
    assert TOKEN not in str(found)
    assert found == shown or found == json.loads(json.dumps(shown).replace(REDACTED, f"token={REDACTED}"))


def test_an_address_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        start_telemetry(
            {"SENTRY_DSN": f"nonsense-{TOKEN}"}, redactor=REDACTOR, process="web", stream=sys.stdout
        )
    assert "SENTRY_DSN" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_what_is_off_is_not_even_imported() -> None:
    code = (
        "import sys, bot.__main__, bot.app, bot.telemetry.start as start\n"
        "from bot.domain.outside.redaction import Redactor\n"
        "start.start_telemetry({}, redactor=Redactor(), process='web', stream=sys.stdout)\n"
        "print([name for name in ('opentelemetry', 'sentry_sdk') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("setting", "module", "extra"),
    [
        ({"SENTRY_DSN": DSN}, "sentry_sdk", "pgaccess[sentry]"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
            "opentelemetry.sdk.trace",
            "pgaccess[otel]",
        ),
    ],
)
def test_a_setting_without_its_extra_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, setting: dict[str, str], module: str, extra: str
) -> None:
    # As Python has it for a module that is not there.
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MisconfiguredError) as caught:
        start_telemetry(setting, redactor=REDACTOR, process="web", stream=sys.stdout)
    assert extra in str(caught.value)
    assert next(iter(setting)) in str(caught.value)


async def test_a_process_that_stops_sends_what_is_left_and_waits_no_longer_than_it_may() -> None:
    sent, never = threading.Event(), threading.Event()

    def wait() -> None:
        never.wait(60)

    started = StartedTelemetry(
        telemetry=ProcessTelemetry(redactor=REDACTOR),
        closing=[wait, sent.set],
        at_most=timedelta(milliseconds=50),
    )
    began = time.monotonic()
    async with started:
        pass
    assert sent.is_set()
    assert time.monotonic() - began < 5
    never.set()
