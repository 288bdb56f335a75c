"""Leases of rows, by Postgres' clock: any number of workers may claim, and any of them may die."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Interval,
    RowMapping,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from bot.errors import LeaseLostError


def claiming(table: Table, due: ColumnElement[bool], *before: Any) -> ReturningUpdate[Any]:
    """Builds the statement that claims the row due the longest, skipping rows that others hold or claim.

    Built once, and executed by ``claim``.

    Args:
        table: one with the columns of a lease.
        due: which rows can be due at all.
        before: what sorts rows before the time at which they are due.
    """
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())
    # UPDATE has no LIMIT. The row is locked as it is chosen: otherwise two workers could both get it.
    first = (
        select(table.c.id)
        .where(due, table.c.due_at <= func.now(), free)
        .order_by(*before, table.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    held = {
        "lease": bindparam("new_lease", type_=table.c.lease.type),
        # ``now()`` is when the transaction began: a wait within it makes the lease shorter, never longer.
        "lease_until": func.now() + bindparam("lease_for", type_=Interval()),
    }
    return update(table).where(table.c.id == first).values(held).returning(table)


async def claim(
    connection: AsyncConnection, statement: ReturningUpdate[Any], *, lease: timedelta
) -> RowMapping | None:
    """Claims a row for the time of a lease; returns it as it now is, or None when none is due."""
    row: RowMapping | None = (
        (await connection.execute(statement, {"new_lease": uuid4(), "lease_for": lease}))
        .mappings()
        .one_or_none()
    )
    return row


def soon(table: Table) -> ColumnElement[Any]:
    """The time that makes a row due at once.

    A row that is due already keeps its place in the queue; one that is held shows, by another time than
    it was claimed with, that a refresh was requested meanwhile.
    """
    return case((table.c.lease.is_(None), func.least(table.c.due_at, func.now())), else_=func.now())


async def write(
    connection: AsyncConnection, table: Table, id: object, lease: UUID, /, *returning: Any, **values: Any
) -> RowMapping:
    """Writes to a row that a lease holds.

    Raises:
        LeaseLostError: the lease does not hold the row any more; nothing was written.
    """
    # A lease that has run out is lost, even while nobody has claimed the row since: from then on anybody may.
    held = and_(table.c.id == id, table.c.lease == lease, table.c.lease_until > func.now())
    statement = update(table).where(held).values(**values).returning(table.c.id, *returning)
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise LeaseLostError(f"the lease on {table.name} {id} is lost")
    return row


async def next_due(connection: AsyncConnection, table: Table, due: ColumnElement[bool]) -> timedelta | None:
    """Time until a row can be claimed: zero when one can, None when none will ever be."""
    # Postgres' ``greatest`` leaves NULL out: a row without a lease is free when it is due.
    free_at = func.greatest(table.c.due_at, table.c.lease_until)
    wait = (await connection.execute(select(func.min(free_at) - func.now()).where(due))).scalar()
    return None if wait is None else max(wait, timedelta())
