"""Figures of the store for ``/metrics``: one transaction each, that reads and locks nothing."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from typing import cast as typed

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    RowMapping,
    Select,
    case,
    cast,
    distinct,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import Text
from typing_extensions import override

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls.certificate import READY
from bot.domain.mtls.days_left import days_left
from bot.domain.rate_budget import Budget
from bot.domain.request import RequestState
from bot.ports.assertions import TOPICS, Topic
from bot.ports.figures import (
    DECISION_BUCKETS,
    OPENING_BUCKETS,
    Durations,
    PastFigures,
    PresentFigures,
    StoreFigures,
)
from bot.ports.messages import MessageKind
from storage.tables import (
    OPEN,
    PENDING,
    UNSETTLED,
    audit,
    certificates,
    closings,
    grants,
    outbox,
    rate_budget,
    reconcile_queue,
    requests,
)
from storage.transaction import translating

S = TypeVar("S", GrantState, RequestState)

PAST_AT_MOST: Final = timedelta(seconds=10)
"""How long a statement over the whole history may take: several million requests are read in that time."""

_FINDINGS: Final = tuple(kind for kind, topic in TOPICS.items() if topic is Topic.FINDING)
_OVER: Final = (GrantState.ENDED, GrantState.FAILED)
_DECIDED: Final = (RequestState.APPROVED, RequestState.DENIED)


def _seconds(span: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.extract("epoch", span)


def _late(due_at: ColumnElement[Any]) -> ColumnElement[Any]:
    """How long the first of some rows has been due, in seconds; negative where none is yet."""
    return _seconds(func.clock_timestamp() - func.min(due_at))


_pending: Final = select(requests.c.method, func.count()).where(text(PENDING)).group_by(requests.c.method)
_open_grants: Final = (
    select(grants.c.state, grants.c.method, func.count())
    .where(text(OPEN))
    .group_by(grants.c.state, grants.c.method)
)
_behind: Final = (
    select(
        func.count().label("unsent"),
        _late(outbox.c.due_at).label("late_s"),
        func.max(outbox.c.attempts).label("attempts"),
    )
    # As text: a prepared statement with parameters could not use the partial index.
    .where(text("sent_version < version"))
)
_free: Final = or_(
    reconcile_queue.c.lease_until.is_(None), reconcile_queue.c.lease_until < func.clock_timestamp()
)
_queue: Final = select(
    func.count().filter(reconcile_queue.c.due_at <= func.clock_timestamp(), _free).label("due"),
    _seconds(
        func.clock_timestamp()
        - func.min(reconcile_queue.c.due_at).filter(reconcile_queue.c.due_at <= func.clock_timestamp(), _free)
    ).label("late_s"),
    _seconds(func.clock_timestamp() - func.max(reconcile_queue.c.observed_at)).label("observed_s"),
)
_held: Final = (
    select(reconcile_queue.c.trouble, func.count())
    .where(reconcile_queue.c.trouble.is_not(None))
    .group_by(reconcile_queue.c.trouble)
)
_budget: Final = select(rate_budget, func.clock_timestamp().label("now"))
_ready_certificates: Final = select(certificates.c.expires_at).where(
    certificates.c.absent_at.is_(None), certificates.c.status == READY
)
_about: Final = func.unnest(outbox.c.about).table_valued("finding").render_derived(name="about_each")
_findings: Final = (
    select(outbox.c.kind, func.count(distinct(_about.c.finding)))
    .select_from(outbox.join(_about, true()))
    # Every array contains the empty one: so asked, the index over what is unsettled answers.
    .where(
        text(UNSETTLED),
        outbox.c.about.contains(literal([], ARRAY(Text))),
        outbox.c.kind.in_(_FINDINGS),
    )
    .group_by(outbox.c.kind)
)
_head: Final = (
    select(
        audit.c.seal,
        audit.c.digest,
        _seconds(func.clock_timestamp() - audit.c.written_at).label("age_s"),
    )
    .where(audit.c.seal.is_not(None))
    .order_by(audit.c.seal.desc())
    .limit(1)
)
_unsealed: Final = select(func.count().label("unsealed"), _late(audit.c.written_at).label("age_s")).where(
    audit.c.seal.is_(None)
)


class PostgresFigures(StoreFigures):
    """Reads figures on a connection of the process' pool.

    Args:
        engine: of transactions.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @override
    async def present(self, now: datetime) -> PresentFigures:
        async with self._reading() as connection:
            overdue = await _one(connection, _overdue(now))
            behind = await _one(connection, _behind)
            queue = await _one(connection, _queue)
            head = (await connection.execute(_head)).mappings().one_or_none()
            unsealed = await _one(connection, _unsealed)
            budget = await _read_budget(connection)
            ends = (await connection.execute(_ready_certificates)).scalars()
            return PresentFigures(
                pending=await _counts(connection, _pending),
                grants=await _by_state(connection, _open_grants),
                overdue=overdue["overdue"],
                overdue_s=_positive(overdue["overdue_s"]),
                unsent=behind["unsent"],
                unsent_late_s=_positive(behind["late_s"]),
                unsent_attempts=behind["attempts"] or 0,
                due=queue["due"],
                due_late_s=_positive(queue["late_s"]),
                observed_s=None if queue["observed_s"] is None else _positive(queue["observed_s"]),
                held=await _counts(connection, _held),
                tokens=None if budget is None else budget.tokens,
                tokens_at_most=None if budget is None else budget.size,
                certificates=Counter(days_left(end, now) for end in ends),
                findings={_word(kind): count for kind, count in await connection.execute(_findings)},
                seal=0 if head is None else head["seal"],
                head=b"" if head is None else head["digest"],
                sealed_s=None if head is None else _positive(head["age_s"]),
                unsealed=unsealed["unsealed"],
                unsealed_s=_positive(unsealed["age_s"]),
            )

    @override
    async def past(self) -> PastFigures:
        async with self._reading() as connection:
            # This transaction only: people wait for none of it.
            limit = int(PAST_AT_MOST.total_seconds() * 1000)
            await connection.execute(text(f"SET LOCAL statement_timeout = {limit}"))
            states: dict[tuple[RequestState, Method], int] = {}
            decisions: dict[Method, Durations] = {}
            for row in (await connection.execute(_requests_over())).mappings():
                _count(states, (row["state"], row["method"]), row["rows"])
                if row["state"] in _DECIDED:
                    _add(decisions, row["method"], row, DECISION_BUCKETS)
            over: dict[tuple[GrantState, Method], int] = {}
            openings: dict[Method, Durations] = {}
            for row in (await connection.execute(_grants_by_state())).mappings():
                if row["state"] in _OVER:
                    _count(over, (row["state"], row["method"]), row["rows"])
                _add(openings, row["method"], row, OPENING_BUCKETS)
            return PastFigures(requests=states, grants=over, decisions=decisions, openings=openings)

    @override
    def connections(self) -> tuple[int, int]:
        pool = typed("QueuePool", self._engine.sync_engine.pool)
        return pool.checkedout(), pool.size()

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose transaction is rolled back at the end."""
        async with translating(), self._engine.connect() as connection:
            yield connection


def _overdue(now: datetime) -> Select[Any]:
    """How many grants are not closed although their end has come, and for how long."""
    ended = func.least(grants.c.ends_at, closings.c.begun_at)
    due = case((grants.c.state == GrantState.ENDING, ended), else_=grants.c.ends_at)
    source: FromClause = grants.outerjoin(closings, closings.c.id == grants.c.closing_id)
    moment = literal(now, grants.c.ends_at.type)
    return (
        select(
            func.count().filter(due <= moment).label("overdue"),
            _seconds(moment - func.min(due)).label("overdue_s"),
        )
        .select_from(source)
        .where(text(OPEN))
    )


def _durations(span: ColumnElement[Any], buckets: tuple[float, ...]) -> list[ColumnElement[Any]]:
    """The columns of a histogram: in how many of the buckets a row is, and the sum of such rows' seconds.

    A clock that was set back counts as no time at all. A row without a duration has no bucket.
    """
    # One bucket for each row, and not one condition for each bucket: a third of the time over a long history.
    # Of negative values, since ``width_bucket`` counts the limits that are not above its first argument.
    seconds = func.greatest(cast(_seconds(span), Double), 0.0)
    limits = literal([-bucket for bucket in reversed(buckets)], ARRAY(Double))
    within = case((span.is_not(None), func.width_bucket(-seconds, limits)))
    return [within.label("within"), func.coalesce(func.sum(seconds), 0).label("total_s")]


def _requests_over() -> Select[Any]:
    columns = _durations(requests.c.decided_at - requests.c.asked_at, DECISION_BUCKETS)
    return (
        select(requests.c.state, requests.c.method, func.count().label("rows"), *columns)
        .where(requests.c.state != RequestState.PENDING)
        .group_by(requests.c.state, requests.c.method, text("within"))
    )


def _grants_by_state() -> Select[Any]:
    columns = _durations(grants.c.verified_at - grants.c.started_at, OPENING_BUCKETS)
    return select(grants.c.state, grants.c.method, func.count().label("rows"), *columns).group_by(
        grants.c.state, grants.c.method, text("within")
    )


def _add(found: dict[Method, Durations], method: Method, row: RowMapping, buckets: tuple[float, ...]) -> None:
    """Adds rows of one bucket to the histogram of their method."""
    if row["within"] is None:
        return
    size = len(buckets)
    before = found.get(method, Durations(at_most=(0,) * size, count=0, total_s=0.0))
    first = size - row["within"]
    found[method] = Durations(
        at_most=tuple(have + (row["rows"] if i >= first else 0) for i, have in enumerate(before.at_most)),
        count=before.count + row["rows"],
        total_s=before.total_s + float(row["total_s"]),
    )


async def _one(connection: AsyncConnection, statement: Select[Any]) -> RowMapping:
    row: RowMapping = (await connection.execute(statement)).mappings().one()
    return row


async def _counts(connection: AsyncConnection, statement: Select[Any]) -> Mapping[Any, int]:
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def _by_state(
    connection: AsyncConnection, statement: Select[Any]
) -> Mapping[tuple[GrantState, Method], int]:
    return {(state, method): count for state, method, count in await connection.execute(statement)}


async def _read_budget(connection: AsyncConnection) -> Budget | None:
    row = (await connection.execute(_budget)).one_or_none()
    if row is None:
        return None
    stored = Budget(
        size=row.size, refill=row.refill, tokens=row.tokens, observations=row.observations, at=row.at
    )
    return stored.later(row.now)


def _count(found: dict[tuple[S, Method], int], key: tuple[S, Method], rows: int) -> None:
    found[key] = found.get(key, 0) + rows


def _positive(seconds: Any) -> float:
    """Seconds of a row that may be missing, or lie a little ahead."""
    return 0.0 if seconds is None else max(0.0, float(seconds))


def _word(kind: MessageKind) -> str:
    return kind.value.rpartition(".")[2]
