"""Work queue of the reconciler: one row for each method of each target, with its last observation."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import OPEN_STATES
from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.operation import OperationState
from bot.domain.rate_budget import CallPriority
from bot.domain.reports.trouble import Trouble
from bot.domain.timings import Timings
from bot.ports import ReconcileJob, ReconcileQueue, WorkerName
from storage import leases
from storage.repositories.observations import observation_json, observation_of
from storage.repositories.targets import target_of
from storage.tables import (
    DOING,
    ENDING,
    certificates,
    grants,
    installation,
    mtls_rule_intents,
    mtls_rules,
    operations,
    outages,
    privatelink_accounts,
    reconcile_queue,
    targets,
    trusted_ranges,
)


def _closing() -> ColumnElement[bool]:
    """A grant of the row's target and method is to be closed. As text, so that its partial index is used."""
    ending = literal_column(f"grants.{ENDING}", Boolean)
    same = (grants.c.target_id == reconcile_queue.c.target_id) & (grants.c.method == reconcile_queue.c.method)
    return exists().where(same, ending)


def _has_operations() -> ColumnElement[bool]:
    """An operation of the row's target and method is unfinished. As text, as its partial index has it."""
    doing = literal_column(f"operations.{DOING}", Boolean)
    same = (operations.c.target_id == reconcile_queue.c.target_id) & (
        operations.c.method == reconcile_queue.c.method
    )
    return exists().where(same, doing)


_CLAIM = leases.claiming(
    reconcile_queue,
    reconcile_queue.c.due_at.is_not(None),
    # Postgres sorts false before true.
    _closing().desc(),
    (reconcile_queue.c.generation > reconcile_queue.c.reconciled_generation).desc(),
)

_CLAIMED = (
    select(
        targets,
        select(installation.c.marker).scalar_subquery().label("marker"),
        select(installation.c.earlier).scalar_subquery().label("earlier"),
        select(outages.c.trouble)
        .where(outages.c.id == reconcile_queue.c.outage_id)
        .scalar_subquery()
        .label("outage"),
        _closing().label("closing"),
        _has_operations().label("changing"),
        exists()
        .where(certificates.c.target_id == targets.c.id, certificates.c.absent_at.is_(None))
        .label("certified"),
    )
    .join(reconcile_queue, reconcile_queue.c.target_id == targets.c.id)
    .where(reconcile_queue.c.id == bindparam("job"))
)
"""Target of a claimed row, and what else has to be read: most have no operation, many no certificate."""

_OBSERVATION = select(
    reconcile_queue.c.method, reconcile_queue.c.observation, reconcile_queue.c.observed_at
).where(
    reconcile_queue.c.target_id == bindparam("target"),
    reconcile_queue.c.method == bindparam("method", type_=reconcile_queue.c.method.type),
)


class PostgresReconcileQueue(ReconcileQueue):
    """Rows by target and method."""

    def __init__(self, connection: AsyncConnection, touched: set[WorkerName], timings: Timings) -> None:
        self._connection = connection
        self._touched = touched
        self._timings = timings

    @override
    async def observation(self, target: UUID, method: Method) -> Observation | None:
        params = {"target": target, "method": method}
        row = (await self._connection.execute(_OBSERVATION, params)).mappings().one_or_none()
        return None if row is None else observation_of(row)

    @override
    async def observed_at(
        self, methods: Collection[tuple[UUID, Method]]
    ) -> Mapping[tuple[UUID, Method], datetime]:
        statement = select(
            reconcile_queue.c.target_id, reconcile_queue.c.method, reconcile_queue.c.observed_at
        ).where(
            tuple_(reconcile_queue.c.target_id, reconcile_queue.c.method).in_(sorted(methods)),
            reconcile_queue.c.observation.is_not(None),
        )
        rows = (await self._connection.execute(statement)).all()
        return {(target, method): at for target, method, at in rows}

    @override
    async def bump_generation(self, target: UUID, method: Method) -> None:
        await self._bump(_row(target, method))

    @override
    async def bump_generations(self, changed: Collection[tuple[UUID, Method]]) -> None:
        if changed:
            which = tuple_(reconcile_queue.c.target_id, reconcile_queue.c.method).in_(sorted(changed))
            await self._bump(reconcile_queue.c.id.in_(_locked(which)))

    async def _bump(self, which: ColumnElement[bool]) -> None:
        # Attempts begin anew: the gaps between observations are short again while the change takes effect.
        await self._connection.execute(
            update(reconcile_queue)
            .where(which)
            .values(
                generation=reconcile_queue.c.generation + 1, due_at=leases.soon(reconcile_queue), attempts=0
            )
        )
        self._touched.add(WorkerName.RECONCILER)

    @override
    async def refresh_all(self) -> None:
        await self._make_due(reconcile_queue.c.due_at.is_not(None))
        self._touched.add(WorkerName.RECONCILER)

    @override
    async def request_refresh(self, *targets_shown: UUID) -> None:
        await self._make_due(reconcile_queue.c.target_id.in_(targets_shown))
        self._touched.add(WorkerName.RECONCILER)

    @override
    async def claim(self) -> ReconcileJob | None:
        row = await leases.claim(self._connection, _CLAIM, lease=self._timings.lease)
        if row is None:
            return None
        target = (await self._connection.execute(_CLAIMED, {"job": row["id"]})).mappings().one()
        return ReconcileJob(
            id=row["id"],
            lease=row["lease"],
            target=target_of(target),
            method=row["method"],
            version=row["generation"],
            attempts=row["attempts"],
            failures=row["failures"],
            due_at=row["due_at"],
            installation=target["marker"],
            earlier=tuple(target["earlier"]),
            claimed_at=row["lease_until"] - self._timings.lease,  # set by this very statement
            purpose=_priority(row, closing=target["closing"]),
            observation=observation_of(row),
            changing=target["changing"],
            certified=target["certified"],
            trouble=row["trouble"],
            outage=target["outage"],
            timings=self._timings.after_failures(row["failures"]),
        )

    @override
    async def renew(self, job: ReconcileJob) -> bool:
        row = await self._hold(
            job, reconcile_queue.c.generation, lease_until=func.now() + self._timings.lease
        )
        return bool(row["generation"] == job.version)

    @override
    async def save_observation(self, job: ReconcileJob, observation: Observation) -> None:
        await self._hold(job, observed_at=func.now(), observation=observation_json(observation))

    @override
    async def note_trouble(self, job: ReconcileJob, trouble: Trouble, *, at: datetime) -> None:
        await self._hold(
            job, trouble=trouble, trouble_since=func.coalesce(reconcile_queue.c.trouble_since, at)
        )

    @override
    async def clear_trouble(self, job: ReconcileJob) -> None:
        await self._hold(job, trouble=None, trouble_since=None)

    @override
    async def release(
        self, job: ReconcileJob, *, again: timedelta, attempts: int, kept: bool, failures: int = 0
    ) -> None:
        unchanged = reconcile_queue.c.generation == job.version
        # A refresh that was requested meanwhile has left another time than the claimed one.
        not_requested = reconcile_queue.c.due_at == job.due_at
        await self._hold(
            job,
            # The generation that was planned on: one that was raised meanwhile stays ahead of it.
            reconciled_generation=job.version if kept else reconcile_queue.c.reconciled_generation,
            due_at=case(
                # Before all else: what this run has done no longer is all that the grants ask for.
                (~unchanged, func.now()),
                (~not_requested, reconcile_queue.c.due_at),
                (_nothing_left(), null()),
                else_=func.now() + again,
            ),
            attempts=case((unchanged, attempts), else_=0),
            failures=failures,
            lease=None,
            lease_until=None,
        )
        self._touched.add(WorkerName.RECONCILER)

    @override
    async def next_due(self) -> timedelta | None:
        return await leases.next_due(self._connection, reconcile_queue, reconcile_queue.c.due_at.is_not(None))

    async def _hold(self, job: ReconcileJob, *returning: Any, **values: Any) -> RowMapping:
        return await leases.write(self._connection, reconcile_queue, job.id, job.lease, *returning, **values)

    async def _make_due(self, which: ColumnElement[bool]) -> None:
        await self._connection.execute(
            update(reconcile_queue)
            .where(reconcile_queue.c.id.in_(_locked(which)))
            .values(due_at=leases.soon(reconcile_queue))
        )


def _locked(which: ColumnElement[bool]) -> ScalarSelect[int]:
    """Locks rows in the order of ids: two transactions that lock them in two orders would deadlock."""
    return (
        select(reconcile_queue.c.id)
        .where(which)
        .order_by(reconcile_queue.c.id)
        .with_for_update()
        .scalar_subquery()
    )


def _priority(row: RowMapping, *, closing: bool) -> CallPriority:
    # The run has the priority, not the call: what a removal has to read first is as urgent as the removal.
    if closing:
        return CallPriority.REMOVE
    under_way = row["generation"] > row["reconciled_generation"] or row["attempts"] > 0
    return CallPriority.ADD if under_way else CallPriority.OBSERVE


def _row(target: UUID, method: Method) -> ColumnElement[bool]:
    return and_(reconcile_queue.c.target_id == target, reconcile_queue.c.method == method)


def _nothing_left() -> ColumnElement[bool]:
    """Heroku no longer has the target, and nothing of ours is open, present or about to appear there."""
    absent = exists().where(targets.c.id == reconcile_queue.c.target_id, targets.c.absent_at.is_not(None))
    remaining = [
        exists().where(
            grants.c.target_id == reconcile_queue.c.target_id,
            grants.c.method == reconcile_queue.c.method,
            grants.c.state.in_(OPEN_STATES),
        ),
        exists().where(
            operations.c.target_id == reconcile_queue.c.target_id, operations.c.state == OperationState.DOING
        ),
        exists().where(
            mtls_rules.c.target_id == reconcile_queue.c.target_id, mtls_rules.c.absent_at.is_(None)
        ),
        exists().where(
            mtls_rule_intents.c.target_id == reconcile_queue.c.target_id, ~mtls_rule_intents.c.resolved
        ),
        exists().where(
            trusted_ranges.c.target_id == reconcile_queue.c.target_id, trusted_ranges.c.absent_at.is_(None)
        ),
        exists().where(
            privatelink_accounts.c.target_id == reconcile_queue.c.target_id,
            privatelink_accounts.c.absent_at.is_(None),
        ),
    ]
    return and_(absent, ~or_(*remaining))
