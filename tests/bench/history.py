"""Row f: every query of clock, keeper, courier, ``list``, ``status`` and App Home, with years of history.

Two stores with the same open grants, one with a thousand past requests and one with a million. Each piece of
work is timed on both by turns, and the plan of each of its statements is looked at: how many rows Postgres
touched, whether it used them or threw them away.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.policy.loader import parse_policy
from bot.ports import ReconcileJob, Transaction
from bot.reconciler.controller import Controller
from bot.services import Services, open_services
from sandbox.movable_clock import MovableClock
from storage.engine import engine_for
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.bench.machine import median
from tests.bench.marks import MARKS, Line, at_most, reported
from tests.bench.postgres import ENGINEER, LEAD, POLICY, Ground, database, settle

FEW: Final = 1_000
MANY: Final = 1_000_000
OPEN: Final = 5_000
"""Open grants, in both stores."""

TARGETS: Final = 100
"""Databases that they are on."""

TIMES: Final = 21
"""Runs of each piece of work on each store."""

PAGE: Final = 50
"""Rows that do not count: a plan of a few rows may well touch a few more."""

Work = Callable[[], Awaitable[object]]


@dataclass(kw_only=True)
class Past:
    """A store with so much history, and everything that asks it."""

    engine: AsyncEngine
    url: str
    services: Services
    store: PostgresStore
    reconciler: Controller
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def works(self) -> dict[str, Work]:
        """Every piece of work by its name."""
        services = self.services
        return {
            "clock": services.deadlines.run_due,
            "seal": services.deadlines.seal_audit_log,
            "keeper: claim": self._claim_lane,
            "keeper: record": self._in_transaction(_record),
            "keeper: next": self.reconciler.next_due,
            "courier: claim": self._in_transaction(lambda tx: tx.outbox.claim()),
            "courier: next": self._in_transaction(lambda tx: tx.outbox.next_due()),
            "courier: a card": self._in_transaction(lambda tx: tx.requests.details(1)),
            "list": lambda: services.queries.requests(None, person=ENGINEER),
            "list mine": lambda: services.queries.requests("mine", person=ENGINEER),
            "list pending": lambda: services.queries.requests("pending", person=ENGINEER),
            "list of a database": lambda: services.queries.requests("app-7", person=ENGINEER),
            "status": lambda: services.queries.refresh_database("app-7", person=ENGINEER),
            "App Home of an engineer": lambda: services.queries.home_summary(ENGINEER),
            "App Home of a lead": lambda: services.queries.home_summary(LEAD),
            "show": lambda: services.queries.request(1),
        }

    async def _claim_lane(self) -> None:
        """Claims the lane of a database with open grants, reads what is known of it, and gives it back."""
        async with self.store.transaction() as tx:
            job = await _claimed(tx)
            await tx.mtls_rules.load(job, datetime.now(UTC))
            await tx.reconcile_queue.observation(job.target.id, job.method)
            await tx.mtls_rules.owned(job.target.id)

    def _in_transaction(self, ask: Callable[[Transaction], Awaitable[object]]) -> Work:
        async def work() -> None:
            async with self.store.transaction() as tx:
                await ask(tx)

        return work

    def listen(self) -> None:
        """Notes every statement from now on."""

        def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
            if statement.startswith(("SELECT", "UPDATE", "WITH")):
                self.asked.append((statement, parameters))

        event.listen(self.engine.sync_engine, "before_cursor_execute", note)

    def touched(self) -> int:
        """Rows that the plans of the noted statements touch, all together; what they change is undone."""
        rows = 0
        with psycopg.connect(self.url) as connection:
            for statement, parameters in self.asked:
                explained = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
                (plan,) = explained.fetchone() or ("[]",)
                rows += sum(_rows(each["Plan"]) for each in plan)
            connection.rollback()
        self.asked.clear()
        return rows


async def _record(tx: Transaction) -> None:
    """Claims a job, and asks and writes what a quiet run does at its end."""
    job = await _claimed(tx)
    owned = await tx.mtls_rules.owned(job.target.id)
    await tx.mtls_rules.observed(job, owned)
    await tx.mtls_rules.recent_removals(job.target.id)


async def _claimed(tx: Transaction) -> ReconcileJob:
    await tx.reconcile_queue.request_refresh(database(7).id)
    job = await tx.reconcile_queue.claim()
    if job is None:
        raise RuntimeError("no job is due")
    return job


async def growth(ground: Ground) -> list[Line]:
    """Measures every piece of work on both stores."""
    many = ground.sized(MANY, quick=MANY // 50)
    async with past(ground, FEW) as young, past(ground, many) as old:
        times, took = {}, {}
        for name in young.works():
            took[name] = await _by_turns(young.works()[name], old.works()[name])
            times[name] = took[name][1] / took[name][0]
        young.listen()
        old.listen()
        rows = {}
        for name in young.works():
            rows[name] = (await _touched(young, name), await _touched(old, name))
    slowest = max(times, key=lambda name: times[name])
    said = f"{slowest}: {took[slowest][0]:.1f} ms with {FEW:,}, {took[slowest][1]:.1f} ms with {many:,}"
    widest = max(rows, key=lambda name: _growth(rows[name]))
    return [
        at_most(
            "f",
            f"slowest growing of {len(times)} works",
            [times[slowest]],
            limit=MARKS["f times"],
            unit="",
            reference=said,
        ),
        at_most(
            "f",
            "rows that its plans touch, most growing work",
            [_growth(rows[widest])],
            limit=MARKS["f rows"],
            unit="",
            reference=f"{widest}: {rows[widest][0]} and {rows[widest][1]}",
        ),
        *(
            reported(
                "f", f"{name}, with {many:,}", [took[name][1]], unit="ms", reference=_said(took, rows, name)
            )
            for name in took
        ),
    ]


def _said(took: dict[str, tuple[float, float]], rows: dict[str, tuple[int, int]], name: str) -> str:
    return f"{took[name][0]:.1f} ms with {FEW:,}; rows {rows[name][0]} and {rows[name][1]}"


def _growth(rows: tuple[int, int]) -> float:
    return max(rows[1] - PAGE, rows[0]) / max(rows[0], 1)


async def _by_turns(young: Work, old: Work) -> tuple[float, float]:
    """Median milliseconds of the same work on both, run by turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(TIMES):
        for work, times in zip((young, old), took, strict=True):
            begun = time.perf_counter()
            await work()
            times.append((time.perf_counter() - begun) * 1000)
    return median(took[0][3:]), median(took[1][3:])


async def _touched(store: Past, name: str) -> int:
    store.asked.clear()
    await store.works()[name]()
    return store.touched()


def _rows(node: dict[str, Any]) -> int:
    """Rows that a plan's node and all below it gave or threw away."""
    each = node["Actual Rows"] + sum(
        count for name, count in node.items() if name.startswith("Rows Removed by")
    )
    below = sum(_rows(one) for one in node.get("Plans", ()))
    return int(each * node["Actual Loops"]) + below


@contextlib.asynccontextmanager
async def past(ground: Ground, count: int) -> AsyncIterator[Past]:
    """A store with so many past requests and the open grants."""
    url = ground.new_database()
    engine = engine_for(url)
    async with PostgresWakeups(url=url) as wakeups:
        store = PostgresStore(engine, wakeups)
        await settle(store, databases=[database(number) for number in range(1, TARGETS + 1)])
        fill(url, count)
        policy, clock = parse_policy(POLICY, source="the benchmark's policy"), MovableClock()
        try:
            yield Past(
                engine=engine,
                url=url,
                store=store,
                services=open_services(store=store, policy=policy, clock=clock),
                reconciler=Controller(store=store, policy=policy, clock=clock, adapters={}),
            )
        finally:
            await engine.dispose()


def fill(url: str, count: int) -> None:
    """Writes the open grants, pending requests and a history, with everything that they leave behind."""
    with psycopg.connect(url, autocommit=True) as connection:
        # Foreign keys are checked by triggers, one row at a time; what is written here fits.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        for statement in _FILL:
            connection.execute(statement, {"open": OPEN, "count": count, "targets": TARGETS})
        connection.execute("VACUUM (ANALYZE)")


_FILL: Final[Sequence[Any]] = (
    """CREATE TEMP TABLE one AS SELECT n, n <= %(open)s AS open,
       n <= %(open)s + 200 AND n > %(open)s AS pending,
       (SELECT array_agg(id ORDER BY app) FROM targets)[n %% %(targets)s + 1] AS target_id,
       gen_random_uuid() AS grant_id, gen_random_uuid() AS rule_id,
       now() - interval '1 minute' * (%(open)s + %(count)s + 200 - n) - interval '1 day' AS at,
       CASE WHEN n %% 7 = 0 THEN 'U0ENGINEER' ELSE 'U' || n %% 500 END AS who,
       host(inet '100.0.0.0' + n) || '/32' AS network
       FROM generate_series(1, %(open)s + 200 + %(count)s) AS n""",
    """INSERT INTO requests (kind, method, target_id, rule, required_approvals, subject, duration, reason,
       requester, state, asked_at, decided_at, expires_at)
       SELECT 'open', 'mtls', target_id, 'everything', 1, network, '8 hours', 'quarterly migration',
       who,
       CASE WHEN pending THEN 'pending' ELSE 'approved' END, at, CASE WHEN NOT pending THEN at END,
       now() + interval '1 day' FROM one ORDER BY n""",
    """INSERT INTO grants (id, request_id, target_id, method, owner, subject, duration, state, started_at,
       deadline_at, verified_at, ends_at, warn_at, closed_at)
       SELECT grant_id, n, target_id, 'mtls', who, network, '8 hours',
       CASE WHEN open THEN 'in_force' ELSE 'ended' END, at, at, at,
       now() + interval '1 day', CASE WHEN open THEN now() + interval '20 hours' END,
       CASE WHEN NOT open THEN at END FROM one WHERE NOT pending""",
    """INSERT INTO decisions SELECT n, 'U0LEAD', 'approve', '', at FROM one WHERE NOT pending""",
    """INSERT INTO idempotency_keys (key, request_id) SELECT 'command:' || n, n FROM one""",
    """INSERT INTO mtls_rule_intents (id, target_id, network, marker, resolved, ambiguous_until)
       SELECT rule_id, target_id, network::cidr, 'pgaccess/x ' || rule_id, true, at
       FROM one WHERE NOT pending""",
    """INSERT INTO mtls_rules (rule_id, target_id, intent_id, network, observed, absent_at)
       SELECT rule_id, target_id, rule_id, network::cidr, true, CASE WHEN NOT open THEN at END
       FROM one WHERE NOT pending""",
    """INSERT INTO outbox (key, kind, recipient, request_id, channel, ts, sent_version)
       SELECT kind || ':' || n, kind, who, n, 'C0APPROVALS', '1700000000.' || n, 1
       FROM one, (VALUES ('card_approval'), ('card_requester')) AS kinds (kind)""",
    """INSERT INTO audit (at, actor, subject, request_id, target_id, before, after, seal, digest)
       SELECT at, who, 'grant', n, target_id, 'applying', 'in_force', row_number() OVER (), '\\x00'
       FROM one, generate_series(1, 2)""",
)
