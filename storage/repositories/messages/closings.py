"""Closings, with the grants and operations that each consists of."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Table,
    exists,
    false,
    insert,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import ReasonCode
from bot.domain.operation import OperationState
from bot.domain.reports.closing import LATE_AFTER, Closing, ClosingPart
from bot.ports import Closings, WorkerName
from storage.tables import DOING, NOT_CLOSED, OPEN, closings, grants, operations

_NOT_CLOSED = literal_column(f"closings.{NOT_CLOSED}", Boolean)
"""As text, as the partial index has it."""

_STATES = {grants: OPEN, operations: DOING}
"""What is under way: grants that are open, operations that are being done."""

_FAILED: dict[Table, ColumnElement[bool]] = {
    # An end never gives up.
    grants: false(),
    # With its target everything is gone that an operation was to remove.
    operations: (operations.c.state == OperationState.FAILED)
    & operations.c.reason_code.is_distinct_from(ReasonCode.TARGET_GONE),
}
"""What is not closed, and is not tried again unless somebody asks for it."""


def _open(table: Table) -> ColumnElement[bool]:
    return literal_column(f"({table.name}.{_STATES[table]})", Boolean)


def _is_part(table: Table) -> ColumnElement[bool]:
    # The second condition is that of the partial index.
    return (table.c.closing_id == closings.c.id) & table.c.closing_id.is_not(None)


def _has(table: Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_is_part(table), condition)


_IS_UNDER_WAY = _has(grants, _open(grants)) | _has(operations, _open(operations))
_IS_OVER = ~_has(grants, _open(grants)) & ~_has(operations, _open(operations) | _FAILED[operations])


class PostgresClosings(Closings):
    """Closings by number."""

    def __init__(self, connection: AsyncConnection, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._touched = touched

    @override
    async def begin(
        self,
        person: str,
        *,
        at: datetime,
        grants: Collection[UUID] = (),
        operations: Collection[UUID] = (),
    ) -> None:
        if not grants and not operations:
            return
        values = {"person": person, "begun_at": at, "late_at": at + LATE_AFTER}
        statement = insert(closings).values(**values).returning(closings.c.id)
        number = (await self._connection.execute(statement)).scalar_one()
        for table, ids in zip(_STATES, (grants, operations), strict=True):
            if ids:
                mine = update(table).where(table.c.id.in_(sorted(ids)))
                await self._connection.execute(mine.values(closing_id=number))

    @override
    async def due(self, now: datetime, *, limit: int) -> tuple[Closing, ...]:
        statement = (
            select(closings)
            .where(_NOT_CLOSED, _IS_OVER | (_IS_UNDER_WAY & (closings.c.late_at <= now)))
            .order_by(closings.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = (await self._connection.execute(statement)).mappings().all()
        if not rows:
            return ()
        parts = await self._parts([row["id"] for row in rows])
        return tuple(
            Closing(
                id=row["id"],
                person=row["person"],
                begun_at=row["begun_at"],
                late_at=row["late_at"],
                parts=tuple(parts[row["id"]]),
            )
            for row in rows
        )

    @override
    async def told_late(self, closing: Closing) -> None:
        await self._set(closing, late_at=None)

    @override
    async def finish(self, closing: Closing, *, at: datetime) -> None:
        await self._set(closing, closed_at=at)

    @override
    async def retry(self, operation: UUID, *, at: datetime) -> None:
        part = select(operations.c.closing_id).where(operations.c.id == operation).scalar_subquery()
        # Whoever was told already reads on that message what becomes of it.
        untold = update(closings).where(closings.c.id == part, closings.c.late_at.is_not(None), _NOT_CLOSED)
        await self._connection.execute(untold.values(late_at=at + LATE_AFTER))

    async def _set(self, closing: Closing, **values: Any) -> None:
        await self._connection.execute(update(closings).where(closings.c.id == closing.id).values(**values))
        self._touched.add(WorkerName.NOTIFIER)

    async def _parts(self, ids: Collection[int]) -> dict[int, list[ClosingPart]]:
        """What each closing consists of, in the order of requests."""
        found: dict[int, list[ClosingPart]] = {id: [] for id in ids}
        parts = union_all(
            *(
                select(
                    table.c.closing_id,
                    table.c.request_id,
                    table.c.owner,
                    _open(table).label("is_open"),
                    _FAILED[table].label("is_failed"),
                    literal(table is grants).label("is_grant"),
                ).where(table.c.closing_id.in_(ids), table.c.closing_id.is_not(None))
                for table in _STATES
            )
        ).subquery()
        statement = select(parts).order_by(parts.c.request_id)
        for row in (await self._connection.execute(statement)).mappings():
            found[row["closing_id"]].append(
                ClosingPart(
                    request=row["request_id"],
                    owner=row["owner"],
                    is_open=row["is_open"],
                    is_failed=row["is_failed"],
                    is_grant=row["is_grant"],
                )
            )
        return found
