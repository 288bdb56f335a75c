"""Telemetry of one process: each thing that happens goes to the event log, the metrics and the trace."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import TextIO

import structlog
from typing_extensions import override

from bot.domain.outside.redaction import Redactor
from bot.ports.telemetry import EventName, JobOutcome, Lazy, Note, Service, Telemetry
from bot.telemetry.events import EventLog
from bot.telemetry.process_metrics import ProcessMetrics
from bot.telemetry.tracing import NoTracing, Tracing
from bot.telemetry.version import own_version

log = structlog.get_logger(__name__)


class ProcessTelemetry(Telemetry):
    """Distributes what happens.

    Args:
        redactor: removes secrets from events.
        process: ``web``, ``worker`` or ``run``.
        stream: where events are written; None writes none.
        tracing: records spans; None records none.

    Attributes:
        metrics: counters of this process.
    """

    def __init__(
        self,
        *,
        redactor: Redactor,
        process: str = "run",
        stream: TextIO | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.metrics = ProcessMetrics(version=own_version(), process=process)
        self._events = EventLog(stream, redactor=redactor, process=process)
        self._tracing = tracing or NoTracing()

    @override
    def event(self, name: EventName, fields: Mapping[str, object]) -> None:
        match name:
            case EventName.ACTION_REFUSED:
                self.metrics.refused()
            case EventName.HEROKU_CHANGE:
                self.metrics.changed(str(fields["change"]), str(fields["outcome"]))
        try:
            self._events.write(name, fields, now=datetime.now(UTC))
        except OSError as error:
            # An audit line stays unsealed, and is told again. The others must not keep what they tell of from
            # being done: with a full disk, nothing would be closed at Heroku.
            if name is EventName.AUDIT_LINE:
                raise
            # Standard error may be as broken.
            with suppress(OSError):
                log.error("events.not_written", name=name, error=type(error).__name__)

    @override
    def call_ended(self, service: Service, *, kind: str, method: str, status: str, seconds: float) -> None:
        self.metrics.call_ended(service, kind=kind, method=method, status=status, seconds=seconds)

    @override
    def step_ended(self, loop: str, outcome: JobOutcome) -> None:
        self.metrics.step_ended(loop, outcome)

    @override
    def span(self, name: str, attributes: Lazy) -> AbstractContextManager[Note]:
        return self._tracing.span(name, attributes)
