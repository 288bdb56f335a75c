"""Metrics of the store: figures, which every process reads alike, as families of Prometheus. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls.days_left import DAYS_LEFT
from bot.domain.reports.trouble import Trouble
from bot.domain.request import RequestState
from bot.ports.assertions import TOPICS, Topic
from bot.ports.figures import DECISION_BUCKETS, OPENING_BUCKETS, Durations, PastFigures, PresentFigures

S = TypeVar("S", bound=StrEnum)
W = TypeVar("W", bound=str)

HEAD_BYTES: Final = 6
"""Bytes of the newest digest that its metric shows: as many as a double holds exactly (IEEE 754, 53 bits)."""

_OPEN: Final = tuple(state for state in GrantState if state not in (GrantState.ENDED, GrantState.FAILED))
_OVER: Final = (GrantState.ENDED, GrantState.FAILED)
_DECIDED: Final = tuple(state for state in RequestState if state is not RequestState.PENDING)
_FINDINGS: Final = tuple(
    sorted(kind.value.rpartition(".")[2] for kind, topic in TOPICS.items() if topic is Topic.FINDING)
)


def store_families(present: PresentFigures | None, past: PastFigures | None) -> Iterator[Metric]:
    """Returns the families of what could be read of the store; what could not be has none.

    A label's every value is there from the beginning, with 0: an alert on a series that is missing never
    fires.
    """
    yield _gauge(
        "pgaccess_store_up",
        "1 where the figures of the store below could be read within their deadline, else 0.",
        0 if present is None else 1,
    )
    if present is not None:
        yield from _present(present)
    yield from _states(present, past)
    if past is not None:
        yield _histogram(
            "pgaccess_request_decision_seconds",
            "Time from a request to its decision.",
            past.decisions,
            DECISION_BUCKETS,
        )
        yield _histogram(
            "pgaccess_grant_opening_seconds",
            "Time from an approval to access that was read back at Heroku.",
            past.openings,
            OPENING_BUCKETS,
        )


def _states(present: PresentFigures | None, past: PastFigures | None) -> Iterator[Metric]:
    """Requests and grants by state: those that are open from the present, the others from the past."""
    requests = GaugeMetricFamily(
        "pgaccess_requests", "Requests by state and method.", labels=("state", "method")
    )
    grants = GaugeMetricFamily("pgaccess_grants", "Grants by state and method.", labels=("state", "method"))
    if present is not None:
        pending = {(RequestState.PENDING, method): count for method, count in present.pending.items()}
        _fill(requests, (RequestState.PENDING,), pending)
        _fill(grants, _OPEN, present.grants)
    if past is not None:
        _fill(requests, _DECIDED, past.requests)
        _fill(grants, _OVER, past.grants)
    yield requests
    yield grants


def _fill(family: GaugeMetricFamily, states: Iterable[S], counts: Mapping[tuple[S, Method], int]) -> None:
    for state in states:
        for method in Method:
            family.add_metric((state.value, method.value), counts.get((state, method), 0))


def _present(now: PresentFigures) -> Iterator[Metric]:
    yield _gauge(
        "pgaccess_grants_overdue", "Grants that are not closed although their end has come.", now.overdue
    )
    yield _gauge(
        "pgaccess_grants_overdue_seconds", "How long the first of them is overdue; 0: none is.", now.overdue_s
    )
    yield _gauge(
        "pgaccess_outbox_messages", "Messages that Slack does not show as they are recorded.", now.unsent
    )
    yield _gauge(
        "pgaccess_outbox_late_seconds", "How long the first of them has been due.", now.unsent_late_s
    )
    yield _gauge(
        "pgaccess_outbox_attempts",
        "Attempts in vain at the one that was tried most often.",
        now.unsent_attempts,
    )
    yield _gauge("pgaccess_reconcile_due", "Targets' methods that are due and not under way.", now.due)
    yield _gauge(
        "pgaccess_reconcile_late_seconds", "How long the first of them has been due.", now.due_late_s
    )
    yield _gauge(
        "pgaccess_reconcile_observation_age_seconds",
        "Seconds since any target was last read from Heroku and recorded.",
        now.observed_s,
    )
    yield _labelled(
        "pgaccess_reconcile_held",
        "Targets' methods that trouble with Heroku holds up.",
        "trouble",
        Trouble,
        now.held,
    )
    yield _gauge("pgaccess_heroku_budget_tokens", "Calls left in the shared rate budget.", now.tokens)
    yield _gauge("pgaccess_heroku_budget_tokens_max", "Calls of a full rate budget.", now.tokens_at_most)
    yield _labelled(
        "pgaccess_certificates",
        "Client certificates that are ready, by days until they expire.",
        "days_left",
        DAYS_LEFT,
        now.certificates,
    )
    yield _labelled(
        "pgaccess_findings", "Findings that are still so, by kind.", "kind", _FINDINGS, now.findings
    )
    yield _gauge("pgaccess_audit_seal", "Number of the newest seal of the audit trail.", now.seal)
    yield _gauge(
        "pgaccess_audit_head_prefix",
        f"The first {HEAD_BYTES} bytes of the newest seal's digest, as a number.",
        int.from_bytes(now.head[:HEAD_BYTES], "big"),
    )
    yield _gauge(
        "pgaccess_audit_seal_age_seconds", "Seconds since the newest sealed line was written.", now.sealed_s
    )
    yield _gauge("pgaccess_audit_unsealed_lines", "Audit lines without a seal.", now.unsealed)
    yield _gauge(
        "pgaccess_audit_unsealed_age_seconds", "How long the first of them has had none.", now.unsealed_s
    )


def _gauge(name: str, does: str, value: float | None) -> GaugeMetricFamily:
    """A family of one value; without one it has no series, since 0 would say something else."""
    return GaugeMetricFamily(name, does, value=value)


def _labelled(
    name: str, does: str, label: str, values: Iterable[W], counts: Mapping[W, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, does, labels=(label,))
    for value in values:
        family.add_metric((str(value),), counts.get(value, 0))
    return family


def _histogram(
    name: str, does: str, durations: Mapping[Method, Durations], buckets: tuple[float, ...]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, does, labels=("method",))
    none = Durations(at_most=(0,) * len(buckets), count=0, total_s=0.0)
    for method in Method:
        found = durations.get(method, none)
        limits = [str(bucket) for bucket in buckets]
        pairs = [*zip(limits, map(float, found.at_most), strict=True), ("+Inf", float(found.count))]
        family.add_metric((method.value,), pairs, sum_value=found.total_s)
    return family
