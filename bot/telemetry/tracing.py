"""Traces with OpenTelemetry; switched on by ``OTEL_EXPORTER_OTLP_ENDPOINT``, and imported only then.

A command is one trace, from the gate to its commit, and each reconcile run is one, from its first call to its
record: between the two lie seconds or days. They meet in ``pgaccess.requests``, the numbers of the requests
that a transaction changed or a run had to do with. Nothing of a trace is kept in the store.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, Protocol

from typing_extensions import override

from bot.domain.outside.redaction import Redactor
from bot.errors import MisconfiguredError
from bot.ports.telemetry import Attributes, Lazy, Note, ignore

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

SETTINGS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Settings of which either switches traces on (OpenTelemetry, "OTLP Exporter Configuration")."""


class Tracing(Protocol):
    """Where spans are recorded."""

    def span(self, name: str, attributes: Lazy) -> AbstractContextManager[Note]:
        """Records a span for the length of a ``with`` block, below the one around it."""
        ...

    def close(self) -> None:
        """Sends what is left, for a short time."""
        ...


class NoTracing(Tracing):
    """Records nothing."""

    @override
    def span(self, name: str, attributes: Lazy) -> AbstractContextManager[Note]:
        return nullcontext(ignore)

    @override
    def close(self) -> None:
        pass


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether traces are switched on."""
    return any(environ.get(name, "").strip() for name in SETTINGS)


def open_telemetry(
    *, redactor: Redactor, version: str, process: str, exporter: "SpanExporter | None" = None
) -> Tracing:
    """Switches traces on; OpenTelemetry's own settings say where they go.

    Args:
        redactor: removes our secrets from attributes.
        version: of pgaccess.
        process: ``web``, ``worker`` or ``run``.
        exporter: for tests; None sends over OTLP as the settings say.

    Raises:
        MisconfiguredError: the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise MisconfiguredError(
            f"{SETTINGS[0]} is set, and OpenTelemetry is not installed: install `pgaccess[otel]`, "
            "or leave it out"
        ) from error
    own = {"service.name": "pgaccess", "service.version": version, "pgaccess.process": process}
    # What an operator sets, such as OTEL_SERVICE_NAME, goes before our own.
    resource = Resource(own).merge(OTELResourceDetector().detect())
    # Not at exit, where nothing bounds it: the process closes it itself.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    return _OpenTelemetry(provider.get_tracer("pgaccess", version), redactor, provider.shutdown)


class _OpenTelemetry(Tracing):
    """Spans of OpenTelemetry."""

    def __init__(self, tracer: "Tracer", redactor: Redactor, shutdown: Callable[[], None]) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._tracer = tracer
        self._redactor = redactor
        self._shutdown = shutdown
        self._failed: Callable[[str], Status] = lambda error: Status(StatusCode.ERROR, error)

    @override
    @contextlib.contextmanager
    def span(self, name: str, attributes: Lazy) -> Iterator[Note]:
        # Exceptions are not recorded by OpenTelemetry: their text may be what somebody typed.
        started = self._tracer.start_as_current_span(
            name,
            attributes=self._redacted(attributes() if callable(attributes) else attributes),
            record_exception=False,
            set_status_on_exception=False,
        )
        with started as span:
            try:
                yield lambda more: span.set_attributes(self._redacted(more))
            except BaseException as error:
                span.set_status(self._failed(type(error).__name__))
                raise

    @override
    def close(self) -> None:
        self._shutdown()

    def _redacted(self, attributes: Attributes) -> dict[str, str | int | tuple[int, ...]]:
        return {
            name: self._redactor.text(value) if isinstance(value, str) else value
            for name, value in attributes.items()
        }
