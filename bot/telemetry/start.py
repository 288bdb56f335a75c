"""Starts the telemetry of a process, with what its operator has switched on."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self, TextIO

from bot.domain.outside.redaction import Redactor
from bot.telemetry import error_reports, tracing
from bot.telemetry.process_telemetry import ProcessTelemetry
from bot.telemetry.version import own_version

CLOSING: Final = timedelta(seconds=3)
"""How long a process that stops waits for its last spans and reports to be sent. Exporters that reach nobody
try for 10 s, and the platform ends the process after 30 s."""


@dataclass(kw_only=True, slots=True)
class StartedTelemetry:
    """Telemetry of a process, for the length of a ``with`` block; at its end what is left is sent.

    Attributes:
        telemetry: receives what happens.
        log_processors: processors of structlog that report errors.
        closing: each sends what is left.
        at_most: how long they may take together.
    """

    telemetry: ProcessTelemetry
    log_processors: Sequence[Any] = ()
    closing: list[Callable[[], None]] = field(default_factory=list)
    at_most: timedelta = CLOSING

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # In threads, since they wait for the network; daemons, which Python does not wait for at its end.
        threads = [threading.Thread(target=close, daemon=True) for close in self.closing]
        for thread in threads:
            thread.start()
        await asyncio.to_thread(_join, threads, until=time.monotonic() + self.at_most.total_seconds())


def _join(threads: Sequence[threading.Thread], *, until: float) -> None:
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def start_telemetry(
    environ: Mapping[str, str], *, redactor: Redactor, process: str, stream: TextIO
) -> StartedTelemetry:
    """Starts telemetry: events and metrics always, traces and error reports where a setting says so.

    Args:
        environ: of the process.
        redactor: removes secrets from all of it.
        process: ``web``, ``worker`` or ``run``.
        stream: where events are written.

    Raises:
        MisconfiguredError: something was switched on that is not installed, or has no address.
    """
    version, closing = own_version(), list[Callable[[], None]]()
    spans: tracing.Tracing = tracing.NoTracing()
    if tracing.is_wanted(environ):
        spans = tracing.open_telemetry(redactor=redactor, version=version, process=process)
        closing.append(spans.close)
    processors = []
    if dsn := environ.get(error_reports.SETTING, "").strip():
        reports = error_reports.sentry_reports(dsn, redactor=redactor, release=version, process=process)
        processors.append(error_reports.reporting_processor(reports))
        closing.append(reports.close)
    return StartedTelemetry(
        telemetry=ProcessTelemetry(redactor=redactor, process=process, stream=stream, tracing=spans),
        log_processors=processors,
        closing=closing,
    )
