"""Metrics of one process: what it called, and what its loops did."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from bot.domain.outside.call_kinds import code_of
from bot.ports.telemetry import JobOutcome, Service

CALL_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
"""Seconds of a call; its total deadline is 15 s at Heroku and 10 s at Slack."""


class ProcessMetrics:
    """Counters of this process, in a registry of their own: nothing is shared between processes.

    Args:
        version: of pgaccess.
        process: ``web``, ``worker`` or ``run``.
        monotonic: seconds; for tests.

    Attributes:
        registry: everything that is counted here.
    """

    def __init__(
        self, *, version: str, process: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        # Twice as many series, to say when each of them began: the process' start says nearly the same.
        disable_created_metrics()
        self._monotonic = monotonic
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("pgaccess_build", "Version of pgaccess, and which process this is.", registry=registry).info(
            {"version": version, "process": process}
        )
        self._calls: Mapping[Service, Counter] = {
            Service.HEROKU: Counter(
                "pgaccess_heroku_calls",
                "Calls to Heroku: what about, HTTP method, and HTTP status or error.",
                ("kind", "method", "status"),
                registry=registry,
            ),
            Service.SLACK: Counter(
                "pgaccess_slack_calls",
                "Calls to Slack: its method, and ok or its error code.",
                ("method", "status"),
                registry=registry,
            ),
        }
        self._seconds: Mapping[Service, Histogram] = {
            service: Histogram(
                f"pgaccess_{service}_call_seconds",
                f"How long calls to {service.capitalize()} took, answer read.",
                buckets=CALL_BUCKETS,
                registry=registry,
            )
            for service in Service
        }
        self._steps = Counter(
            "pgaccess_loop_steps",
            "Steps of the loops of this process: looks for work, and jobs.",
            ("loop", "outcome"),
            registry=registry,
        )
        self._refused = Counter(
            "pgaccess_actions_refused",
            "Commands, clicks and forms that were refused.",
            registry=registry,
        )
        self._changes = Counter(
            "pgaccess_heroku_changes",
            "Changes at Heroku: what, and what became of it.",
            ("change", "outcome"),
            registry=registry,
        )
        self._done: dict[str, float] = {}
        registry.register(_LoopAges(self.loop_ages))

    def call_ended(self, service: Service, *, kind: str, method: str, status: str, seconds: float) -> None:
        """Counts one call; as ``Telemetry`` has it."""
        counter = self._calls[service]
        if service is Service.HEROKU:
            counter.labels(kind, method, status).inc()
        else:
            counter.labels(method, code_of(status)).inc()
        self._seconds[service].observe(seconds)

    def step_ended(self, loop: str, outcome: JobOutcome) -> None:
        """Counts one step of a loop, and remembers when one was last done."""
        self._steps.labels(loop, outcome.value).inc()
        if outcome is JobOutcome.DONE:
            self._done[loop] = self._monotonic()

    def loop_ages(self) -> Mapping[str, float]:
        """Returns the seconds since each loop of this process last completed a step."""
        now = self._monotonic()
        return {loop: now - done for loop, done in self._done.items()}

    def refused(self) -> None:
        """Counts an action that was refused."""
        self._refused.inc()

    def changed(self, change: str, outcome: str) -> None:
        """Counts a change at Heroku."""
        self._changes.labels(change, outcome).inc()


class _LoopAges(Collector):
    """Ages of the loops, computed when they are asked for."""

    def __init__(self, ages: Callable[[], Mapping[str, float]]) -> None:
        self._ages = ages

    @override
    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "pgaccess_loop_age_seconds",
            "Seconds since a loop of this process last completed a step.",
            labels=("loop",),
        )
        for loop, seconds in self._ages().items():
            family.add_metric((loop,), seconds)
        yield family
