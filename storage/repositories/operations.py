"""One-time operations; every change of state writes its audit line."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.method import Method
from bot.domain.mtls.rotation import rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.ports import AuditContext, Operations, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.tables import TO_CHECK, operations

_DOING = literal_column("state = 'doing'", Boolean)
"""As text, as the partial index has it."""

_TO_CHECK = literal_column(f"({TO_CHECK})", Boolean)

# Judged by Postgres, whose clock has set the deadline.
OVERDUE = (operations.c.deadline_at <= func.now()).label("overdue")


def operation_of(row: Mapping[Any, Any]) -> Operation:
    """Reads an operation from a row of ``operations``; without a column ``overdue`` it is in time."""
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
        reason_code=row["reason_code"],
        detail=row["detail"],
        check_at=row["check_at"],
    )


class PostgresOperations(Operations):
    """Operations by id."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def start(self, operation: Operation, *, within: timedelta, doing: AuditContext) -> None:
        await self._connection.execute(
            insert(operations).values(
                id=operation.id,
                request_id=operation.request,
                target_id=operation.target,
                method=operation.method,
                kind=operation.kind,
                subject=operation.subject,
                owner=operation.owner,
                state=operation.state,
                started_at=operation.started_at,
                deadline_at=func.now() + within,
                progress=dict(operation.progress),
            )
        )
        await self._write(operation, doing, before="", after=_audit_state(operation))

    @override
    async def lock(self, id: UUID) -> Operation:
        statement = select(operations, OVERDUE).where(operations.c.id == id).with_for_update()
        return operation_of((await self._connection.execute(statement)).mappings().one())

    @override
    async def of_request(self, request: int) -> Operation | None:
        statement = select(operations, OVERDUE).where(operations.c.request_id == request).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else operation_of(row)

    @override
    async def unfinished(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        same = (operations.c.target_id == target) & (operations.c.method == method)
        # Not locked: ``update`` notices what was moved meanwhile.
        statement = select(operations, OVERDUE).where(same, _DOING).order_by(operations.c.request_id)
        return tuple(operation_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def adoptions(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        same = (operations.c.target_id == target) & (operations.c.method == method)
        done = (operations.c.kind == Kind.ADOPT) & (operations.c.state == OperationState.DONE)
        statement = select(operations).where(same & done).order_by(operations.c.request_id.desc())
        return tuple(operation_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def postpone(self, ids: Collection[UUID], *, within: timedelta) -> None:
        if ids:
            later = update(operations).where(operations.c.id.in_(sorted(ids)), _DOING)
            deadline = func.greatest(operations.c.deadline_at, func.now() + within)
            await self._connection.execute(later.values(deadline_at=deadline))

    @override
    async def update(
        self, before: Operation, after: Operation, *, doing: AuditContext, within: timedelta | None = None
    ) -> bool:
        opens = after.state is OperationState.DOING and before.state is not OperationState.DOING
        if opens and within is None:
            raise ValueError("an operation that starts again needs a deadline")
        statement = (
            update(operations)
            # A person may move it during a run: whoever comes second finds another state and writes nothing.
            .where(operations.c.id == before.id, operations.c.state == before.state)
            .values(
                state=after.state,
                deadline_at=operations.c.deadline_at if within is None else func.now() + within,
                closed_at=after.closed_at,
                progress=dict(after.progress),
                check_at=after.check_at,
                reason_code=after.reason_code,
                detail=after.detail,
            )
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            return False
        # Progress alone is no change of state: a run may note it any number of times.
        if _audit_state(after) != _audit_state(before):
            await self._write(after, doing, before=_audit_state(before), after=_audit_state(after))
        return True

    @override
    async def to_check(self, now: datetime, *, limit: int) -> tuple[Operation, ...]:
        statement = select(operations, OVERDUE).where(_TO_CHECK & (operations.c.check_at <= now))
        due = statement.order_by(operations.c.check_at).limit(limit).with_for_update(skip_locked=True)
        return tuple(operation_of(row) for row in (await self._connection.execute(due)).mappings())

    @override
    async def next_moment(self) -> datetime | None:
        statement = select(operations.c.check_at).where(_TO_CHECK).order_by(operations.c.check_at).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def _write(self, operation: Operation, doing: AuditContext, *, before: str, after: str) -> None:
        said = dict(doing.details)
        if operation.reason_code is not None:
            said |= {"why": operation.reason_code, "detail": operation.detail}
        await self._audit.write(
            replace(doing, details=said),
            subject=operation.kind,
            before=before,
            after=after,
            request=operation.request,
            target=operation.target,
        )
        self._touched.update((WorkerName.NOTIFIER, WorkerName.CLOCK))


def _audit_state(operation: Operation) -> str:
    """State of an operation for the audit trail; of a rotation under way, with its stage.

    A connection test reaches into a person's database: its request and its end are lines of their own.
    """
    if operation.kind is not Kind.ROTATE or operation.state is not OperationState.DOING:
        return operation.state
    found = rotation_of(operation)
    return f"{operation.state}, {found.stage}{'' if found.test_asked_at is None else ', testing'}"
