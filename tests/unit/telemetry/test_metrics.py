"""Metrics: what is counted, what is read of the store, and what labels can hold."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls.days_left import DAYS_LEFT, days_left
from bot.domain.outside.call_kinds import code_of, kind_of
from bot.domain.request import RequestState
from bot.errors import StoreUnavailableError
from bot.ports.figures import DECISION_BUCKETS, Durations, PastFigures, PresentFigures, StoreFigures
from bot.ports.telemetry import JobOutcome, Service
from bot.telemetry.exposition import Cached, Exposition
from bot.telemetry.process_metrics import ProcessMetrics
from handlers.web.metrics import metrics_routes
from tests.unit.factories import NOW

PRESENT: Final = PresentFigures(
    pending={Method.MTLS: 2},
    grants={(GrantState.IN_FORCE, Method.TRUSTED): 3},
    overdue=1,
    overdue_s=75.0,
    unsent=4,
    unsent_late_s=5.0,
    unsent_attempts=6,
    due=7,
    due_late_s=8.0,
    observed_s=None,
    held={},
    tokens=None,
    tokens_at_most=None,
    certificates={"under_7": 9},
    findings={"rule_unmanaged": 10},
    seal=11,
    head=bytes.fromhex("ffffffffffff") + bytes(26),
    sealed_s=12.0,
    unsealed=13,
    unsealed_s=14.0,
)
PAST: Final = PastFigures(
    requests={(RequestState.DENIED, Method.MTLS): 15},
    grants={(GrantState.ENDED, Method.MTLS): 16},
    decisions={
        Method.MTLS: Durations(at_most=tuple(range(1, len(DECISION_BUCKETS) + 1)), count=20, total_s=1234.5)
    },
    openings={},
)


class Figures(StoreFigures):
    """Figures that are given, or cannot be read."""

    def __init__(self, present: PresentFigures | None = PRESENT, past: PastFigures | None = PAST) -> None:
        self._present, self._past = present, past
        self.reads = 0

    async def present(self, now: datetime) -> PresentFigures:
        self.reads += 1
        if self._present is None:
            raise StoreUnavailableError("away")
        return self._present

    async def past(self) -> PastFigures:
        if self._past is None:
            raise StoreUnavailableError("slow")
        return self._past

    def connections(self) -> tuple[int, int]:
        return 1, 4


class Clock:
    def now(self) -> datetime:
        return NOW


async def exposed(figures: Figures, metrics: ProcessMetrics | None = None) -> dict[str, float]:
    metrics = metrics or ProcessMetrics(version="1.2.3", process="worker")
    text = (await Exposition(metrics=metrics, figures=figures, clock=Clock()).text()).decode()
    return {
        f"{sample.name}{{{','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_every_figure_is_told_under_its_name() -> None:
    found = await exposed(Figures())
    expected = {
        "pgaccess_store_up{}": 1,
        "pgaccess_requests{method=mtls,state=pending}": 2,
        "pgaccess_requests{method=mtls,state=denied}": 15,
        "pgaccess_grants{method=trusted,state=in_force}": 3,
        "pgaccess_grants{method=mtls,state=ended}": 16,
        "pgaccess_grants_overdue{}": 1,
        "pgaccess_grants_overdue_seconds{}": 75,
        "pgaccess_outbox_messages{}": 4,
        "pgaccess_outbox_late_seconds{}": 5,
        "pgaccess_outbox_attempts{}": 6,
        "pgaccess_reconcile_due{}": 7,
        "pgaccess_reconcile_late_seconds{}": 8,
        "pgaccess_certificates{days_left=under_7}": 9,
        "pgaccess_certificates{days_left=expired}": 0,
        "pgaccess_findings{kind=rule_unmanaged}": 10,
        "pgaccess_findings{kind=link_missing}": 0,
        "pgaccess_audit_seal{}": 11,
        "pgaccess_audit_head_prefix{}": 0xFFFFFFFFFFFF,
        "pgaccess_audit_seal_age_seconds{}": 12,
        "pgaccess_audit_unsealed_lines{}": 13,
        "pgaccess_audit_unsealed_age_seconds{}": 14,
        "pgaccess_request_decision_seconds_bucket{le=60.0,method=mtls}": 1,
        "pgaccess_request_decision_seconds_bucket{le=+Inf,method=mtls}": 20,
        "pgaccess_request_decision_seconds_sum{method=mtls}": 1234.5,
        "pgaccess_grant_opening_seconds_count{method=privatelink}": 0,
        "pgaccess_db_pool_connections_used{}": 1,
        "pgaccess_db_pool_connections_max{}": 4,
        "pgaccess_build_info{process=worker,version=1.2.3}": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    # What is not known has no series: 0 would be a budget that is spent, an observation of just now.
    for name in ("heroku_budget_tokens", "reconcile_observation_age_seconds"):
        assert f"pgaccess_{name}{{}}" not in found


async def test_without_the_store_the_process_still_tells_its_own() -> None:
    metrics = ProcessMetrics(version="1", process="web")
    metrics.call_ended(Service.SLACK, kind="", method="auth.test", status="ok", seconds=0.2)
    found = await exposed(Figures(present=None, past=None), metrics)
    assert found["pgaccess_store_up{}"] == 0
    assert found["pgaccess_slack_calls_total{method=auth.test,status=ok}"] == 1
    assert not [name for name in found if name.startswith(("pgaccess_grants", "pgaccess_audit"))]


async def test_a_slow_history_keeps_nothing_of_the_present_back() -> None:
    found = await exposed(Figures(past=None))
    assert found["pgaccess_requests{method=mtls,state=pending}"] == 2
    assert "pgaccess_requests{method=mtls,state=denied}" not in found


async def test_every_state_of_requests_and_grants_is_told_once() -> None:
    found = await exposed(Figures())
    told = [name for name in found if name.startswith(("pgaccess_requests{", "pgaccess_grants{"))]
    assert len(told) == len(Method) * (len(RequestState) + len(GrantState))


async def test_a_loops_age_is_the_time_since_it_last_completed_a_step() -> None:
    time = 100.0
    metrics = ProcessMetrics(version="1", process="worker", monotonic=lambda: time)
    metrics.step_ended("notifier", JobOutcome.DONE)
    time = 130.0
    metrics.step_ended("notifier", JobOutcome.FAILED)
    found = await exposed(Figures(), metrics)
    assert found["pgaccess_loop_age_seconds{loop=notifier}"] == 30
    assert found["pgaccess_loop_steps_total{loop=notifier,outcome=failed}"] == 1


# --- the cache ---------------------------------------------------------------------------------------


async def test_several_who_ask_at_once_cost_one_reading() -> None:
    reads = 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0)
        return reads

    cached = Cached(read, serves=timedelta(seconds=5))
    assert await asyncio.gather(*(cached.get(at_most=timedelta(seconds=1)) for _ in range(5))) == [1] * 5
    assert await cached.get(at_most=timedelta(seconds=1)) == 1


async def test_an_old_value_is_read_anew_and_never_told_in_its_place() -> None:
    time, answer = 0.0, "old"

    async def read() -> str:
        if answer == "":
            raise StoreUnavailableError("away")
        return answer

    cached = Cached(read, serves=timedelta(seconds=5), monotonic=lambda: time)
    assert await cached.get(at_most=timedelta(seconds=1)) == "old"
    time, answer = 5.0, ""
    assert await cached.get(at_most=timedelta(seconds=1)) is None
    answer = "new"
    assert await cached.get(at_most=timedelta(seconds=1)) == "new"


async def test_a_late_reading_goes_on_and_serves_the_next_who_asks() -> None:
    released = asyncio.Event()

    async def read() -> int:
        await released.wait()
        return 7

    cached = Cached(read, serves=timedelta(seconds=5))
    assert await cached.get(at_most=timedelta(milliseconds=1)) is None
    released.set()
    assert await cached.get(at_most=timedelta(seconds=1)) == 7


@pytest.mark.parametrize(("share", "reads"), [(0, 2), (50, 1)])
async def test_only_a_history_that_takes_long_to_read_serves_longer(share: int, reads: int) -> None:
    time, made = 0.0, 0

    async def read() -> int:
        nonlocal time, made
        time += 2.0
        made += 1
        return made

    cached = Cached(read, serves=timedelta(seconds=5), share=share, monotonic=lambda: time)
    await cached.get(at_most=timedelta(seconds=1))
    time = 90.0
    assert await cached.get(at_most=timedelta(seconds=1)) == reads


# --- words ------------------------------------------------------------------------------------------

UUID = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/addons", "addons"),
        (f"/addons/{UUID}", "addons"),
        ("/apps/billing-production/config-vars", "config-vars"),
        (f"/spaces/{UUID}/inbound-ruleset", "inbound-ruleset"),
        (f"/spaces/{UUID}/inbound-rulesets", "inbound-rulesets"),
        (f"/postgres/v0/databases/{UUID}/tls-endpoint", "tls-endpoint"),
        (f"/postgres/v0/databases/postgresql-curved-12345/tls-endpoint/ip-rules/{UUID}", "ip-rules"),
        (f"/postgres/v0/databases/{UUID}/tls-endpoint/certificates", "certificates"),
        (f"/private-link/v0/databases/{UUID}", "privatelink"),
        (f"/private-link/v0/databases/{UUID}/allowed_accounts", "allowed_accounts"),
        (f"/client/v11/databases/{UUID}", "databases"),
        ("/account/rate-limits", "rate-limits"),
        ("/", "other"),
        ("/something/new", "other"),
    ],
)
def test_a_call_is_about_one_of_few_words(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("error", "label"),
    [
        ("channel_not_found", "channel_not_found"),
        ("ok", "ok"),
        ("503", "503"),
        ("5031", "other"),
        ("response_url answered 404", "other"),
        ("U0LEAD", "other"),
        ("x" * 41, "other"),
        ("", "other"),
    ],
)
def test_only_a_code_becomes_a_label(error: str, label: str) -> None:
    assert code_of(error) == label


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-1, "expired"),
        (0, "expired"),
        (0.01, "under_7"),
        (7, "under_30"),
        (29.9, "under_30"),
        (30, "under_90"),
        (90, "over_90"),
        (400, "over_90"),
        (None, "unknown"),
    ],
)
def test_a_certificate_is_counted_by_the_days_that_are_left(days: float | None, name: str) -> None:
    assert days_left(None if days is None else NOW + timedelta(days=days), NOW) == name
    assert name in DAYS_LEFT


# --- the route ----------------------------------------------------------------------------------------

TOKEN: Final = "0123456789abcdef"


async def answer_to(token: str | None, header: str) -> httpx.Response:
    async def text() -> bytes:
        return b"pgaccess_store_up 1.0\n"

    app = Starlette(routes=metrics_routes(token, text, content_type="text/plain; version=0.0.4"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        return await client.get("/metrics", headers={b"Authorization": header.encode("latin-1")})


async def test_without_a_token_there_are_no_metrics() -> None:
    assert (await answer_to(None, "Bearer ")).status_code == 404


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN}0", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer", 401),
        ("Bearer é" + TOKEN, 401),
        ("", 401),
    ],
)
async def test_only_the_bearer_of_the_token_reads_them(header: str, status: int) -> None:
    answer = await answer_to(TOKEN, header)
    assert answer.status_code == status
    assert ("pgaccess_" in answer.text) is (status == 200)
    assert (answer.headers.get("WWW-Authenticate") is not None) is (status == 401)
