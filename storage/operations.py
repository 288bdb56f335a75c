"""Changes that happen once; every change of state writes its audit line."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.method import Method
from bot.domain.mtls.rotation import rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.ports import AuditContext, WorkerName
from storage.audit import PostgresAudit
from storage.tables import TO_WAKE, changes

_DOING = literal_column("state = 'doing'", Boolean)
"""In words, as the partial index has it."""

_TO_WAKE = literal_column(f"({TO_WAKE})", Boolean)

_OVERDUE = (changes.c.overdue_at <= func.now()).label("overdue")


def change_of(row: Mapping[Any, Any]) -> Operation:
    """Reads a change from a row of ``changes``; without the column ``overdue`` it is taken to be in time."""
    return Operation(
        id=row["id"],
        request=row["request_id"],
        target=row["target_id"],
        method=row["method"],
        kind=row["kind"],
        subject=row["subject"],
        owner=row["owner"],
        state=row["state"],
        started_at=row["started_at"],
        overdue=row.get("overdue", False),
        closed_at=row["closed_at"],
        progress=row["progress"],
        why=row["why"],
        detail=row["detail"],
        wake_at=row["wake_at"],
    )


class PostgresOperations:
    """Changes by their internal id."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    async def start(self, change: Operation, *, within: timedelta, doing: AuditContext) -> None:
        """Records a change that is to be made, with a deadline that runs by Postgres' clock."""
        await self._connection.execute(
            insert(changes).values(
                id=change.id,
                request_id=change.request,
                target_id=change.target,
                method=change.method,
                kind=change.kind,
                subject=change.subject,
                owner=change.owner,
                state=change.state,
                started_at=change.started_at,
                overdue_at=func.now() + within,
                progress=dict(change.progress),
            )
        )
        await self._write(change, doing, before="", after=_stands(change))

    async def get(self, id: UUID) -> Operation:
        """One change, locked until the transaction ends."""
        statement = select(changes, _OVERDUE).where(changes.c.id == id).with_for_update()
        return change_of((await self._connection.execute(statement)).mappings().one())

    async def of_request(self, request: int) -> Operation | None:
        """The change that a request brought about, locked until the transaction ends."""
        statement = select(changes, _OVERDUE).where(changes.c.request_id == request).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else change_of(row)

    async def under_way(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Changes of a target and method that are to be made, oldest first."""
        lane = (changes.c.target_id == target) & (changes.c.method == method)
        statement = select(changes, _OVERDUE).where(lane, _DOING).order_by(changes.c.request_id)
        return tuple(change_of(row) for row in (await self._connection.execute(statement)).mappings())

    async def taken_over(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Changes by which entries of others were taken over, the newest first."""
        lane = (changes.c.target_id == target) & (changes.c.method == method)
        done = (changes.c.kind == Kind.ADOPT) & (changes.c.state == OperationState.DONE)
        statement = select(changes).where(lane & done).order_by(changes.c.request_id.desc())
        return tuple(change_of(row) for row in (await self._connection.execute(statement)).mappings())

    async def move(
        self, before: Operation, after: Operation, *, doing: AuditContext, within: timedelta | None = None
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more."""
        opens = after.state is OperationState.DOING and before.state is not OperationState.DOING
        if opens and within is None:
            raise ValueError("a change that begins again needs a deadline")
        statement = (
            update(changes)
            .where(changes.c.id == before.id, changes.c.state == before.state)
            .values(
                state=after.state,
                overdue_at=changes.c.overdue_at if within is None else func.now() + within,
                closed_at=after.closed_at,
                progress=dict(after.progress),
                wake_at=after.wake_at,
                why=after.why,
                detail=after.detail,
            )
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            return False
        if _stands(after) != _stands(before):
            await self._write(after, doing, before=_stands(before), after=_stands(after))
        return True

    async def to_wake(self, now: datetime, *, limit: int) -> tuple[Operation, ...]:
        """Changes that wait for a person and that the clock is to look at, locked."""
        statement = select(changes, _OVERDUE).where(_TO_WAKE & (changes.c.wake_at <= now))
        due = statement.order_by(changes.c.wake_at).limit(limit).with_for_update(skip_locked=True)
        return tuple(change_of(row) for row in (await self._connection.execute(due)).mappings())

    async def next_moment(self) -> datetime | None:
        """When the clock is to look at one next."""
        statement = select(changes.c.wake_at).where(_TO_WAKE).order_by(changes.c.wake_at).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def _write(self, change: Operation, doing: AuditContext, *, before: str, after: str) -> None:
        await self._audit.write(
            doing,
            subject=change.kind,
            before=before,
            after=after,
            request=change.request,
            target=change.target,
        )
        self._touched.update((WorkerName.COURIER, WorkerName.CLOCK))


def _stands(change: Operation) -> str:
    """Where a change stands, for the audit trail; of a rotation under way, also how far it has come.

    A test connects to somebody's database: when it is asked for and when it is over are lines of their own.
    """
    if change.kind is not Kind.ROTATE or change.state is not OperationState.DOING:
        return change.state
    found = rotation_of(change)
    return f"{change.state}, {found.stage}{'' if found.test_asked_at is None else ', testing'}"
