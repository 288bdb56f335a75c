"""What tests read and change in the store behind the bot's back, without SQL text.

Tables are those of ``storage.tables``; columns are given by name. Conditions are keyword arguments: a value
is equality, None is ``IS NULL``, ``PRESENT`` is ``IS NOT NULL``, a tuple, list or set is ``IN``, and a text
that ends with ``%`` is a prefix. Every helper runs one statement in a transaction of its own.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Interval, Table, Text, func, literal, null, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import audit, grants, operations, outbox, reconcile_queue, requests

PRESENT: Final = object()
"""As a condition: the column is not null."""


def matching(table: Table, where: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """The conditions of a statement, from keyword arguments; see the module's docstring."""
    return [_condition(table.c[name], wanted) for name, wanted in where.items()]


async def rows(
    engine: AsyncEngine, table: Table, *columns: str, order_by: str | None = None, **where: Any
) -> list[tuple[Any, ...]]:
    """Rows of a table, with all its columns or the given ones.

    Args:
        engine: of the database.
        table: one of ``storage.tables``.
        columns: names; none means all.
        order_by: name of a column; the table's first one unless given.
        where: conditions.
    """
    shown = [table.c[name] for name in columns] or list(table.c)
    order = table.c[order_by] if order_by else next(iter(table.c))
    statement = select(*shown).where(*matching(table, where)).order_by(order)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


async def values(
    engine: AsyncEngine, table: Table, column: str, *, order_by: str | None = None, **where: Any
) -> list[Any]:
    """One column of the rows of a table."""
    return [value for (value,) in await rows(engine, table, column, order_by=order_by, **where)]


async def value(engine: AsyncEngine, table: Table, column: str, **where: Any) -> Any:
    """One column of the only row that matches; raises ``ValueError`` for any other number."""
    (found,) = await values(engine, table, column, **where)
    return found


async def row(engine: AsyncEngine, table: Table, *columns: str, **where: Any) -> tuple[Any, ...]:
    """Columns of the only row that matches; raises ``ValueError`` for any other number."""
    (found,) = await rows(engine, table, *columns, **where)
    return found


async def count(engine: AsyncEngine, table: Table, **where: Any) -> int:
    """How many rows match."""
    statement = select(func.count()).select_from(table).where(*matching(table, where))
    async with engine.connect() as connection:
        return (await connection.execute(statement)).scalar_one()


async def update_rows(engine: AsyncEngine, table: Table, new: Mapping[str, object], **where: Any) -> None:
    """Overwrites columns of the rows that match; a value may be an SQL expression such as ``func.now()``."""
    async with engine.begin() as connection:
        await connection.execute(update(table).where(*matching(table, where)).values(dict(new)))


async def make_older(engine: AsyncEngine, table: Table, *columns: str, by: timedelta, **where: Any) -> None:
    """Moves times of the rows that match into the past, as if so much time of Postgres' clock had passed."""
    await update_rows(
        engine, table, {name: table.c[name] - literal(by, Interval) for name in columns}, **where
    )


async def make_due(engine: AsyncEngine, table: Table, **where: Any) -> None:
    """Makes rows of a work queue due at once: ``reconcile_queue``, ``outbox`` or ``periodic_tasks``."""
    await update_rows(engine, table, {"due_at": func.now()}, **where)


async def end_leases(engine: AsyncEngine, table: Table, **where: Any) -> None:
    """Lets the leases of rows run out, as if their holders had died a while ago."""
    held = table.c.lease.is_not(None)
    async with engine.begin() as connection:
        await connection.execute(
            update(table).where(held, *matching(table, where)).values(lease_until=func.now())
        )


async def time_left(engine: AsyncEngine, table: Table, column: str, **where: Any) -> timedelta:
    """Time until a moment that the only row that matches has, by Postgres' clock; negative once it passed."""
    left = select(table.c[column] - func.now()).where(*matching(table, where))
    async with engine.connect() as connection:
        found: timedelta = (await connection.execute(left)).scalar_one()
        return found


async def now(engine: AsyncEngine) -> datetime:
    """Postgres' time."""
    async with engine.connect() as connection:
        found: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        return found


# --- Named questions: what most tests ask ----------------------------------------------------------


async def outbox_messages(
    engine: AsyncEngine, *columns: str, order_by: str | None = None, **where: Any
) -> list[tuple[Any, ...]]:
    """Messages of the outbox in the order of recording; kind and recipient unless others are named."""
    return await rows(engine, outbox, *(columns or ("kind", "recipient")), order_by=order_by or "id", **where)


async def outbox_kinds(engine: AsyncEngine, **where: Any) -> list[str]:
    """Kinds of the outbox's messages in the order of recording."""
    return [str(kind) for kind in await values(engine, outbox, "kind", order_by="id", **where)]


async def unsent_messages(engine: AsyncEngine) -> int:
    """How many messages Slack does not show as they are to be."""
    async with engine.connect() as connection:
        behind = select(func.count()).where(outbox.c.sent_version < outbox.c.version)
        return (await connection.execute(behind)).scalar_one()


async def audit_lines(engine: AsyncEngine, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """Audit lines in the order of writing; actor, subject, before and after unless others are named."""
    shown = columns or ("actor", "subject", "before", "after")
    return await rows(engine, audit, *shown, order_by="id", **where)


async def audit_details(engine: AsyncEngine, key: str, **where: Any) -> list[str | None]:
    """One detail of audit lines, in the order of writing; None where a line lacks it."""
    return [details.get(key) for details in await values(engine, audit, "details", order_by="id", **where)]


async def request_states(engine: AsyncEngine, **where: Any) -> list[str]:
    """States of requests by number."""
    return [str(state) for state in await values(engine, requests, "state", order_by="id", **where)]


async def grant_states(engine: AsyncEngine, **where: Any) -> list[str]:
    """States of grants by their requests' numbers."""
    return [str(state) for state in await values(engine, grants, "state", order_by="request_id", **where)]


async def grant_reason(engine: AsyncEngine, **where: Any) -> str | None:
    """Why the only grant that matches ended or failed, as its reason code; None while it has not."""
    found = await value(engine, grants, "reason_code", **where)
    return None if found is None else str(found)


async def operation_outcomes(engine: AsyncEngine, **where: Any) -> list[tuple[str, str | None]]:
    """State and reason code of operations by their requests' numbers."""
    found = await rows(engine, operations, "state", "reason_code", order_by="request_id", **where)
    return [(str(state), None if code is None else str(code)) for state, code in found]


async def generation(engine: AsyncEngine, **where: Any) -> int:
    """The generation of the only row of the reconcile queue that matches."""
    found: int = await value(engine, reconcile_queue, "generation", **where)
    return found


async def set_progress(engine: AsyncEngine, progress: Mapping[str, object], **where: Any) -> None:
    """Overwrites some of what operations have noted for their next reconcile run; the rest stays."""
    async with engine.begin() as connection:
        added = operations.c.progress.concat(type_coerce(dict(progress), operations.c.progress.type))
        await connection.execute(
            update(operations).where(*matching(operations, where)).values(progress=added)
        )


async def set_observation(engine: AsyncEngine, fields: Mapping[str, object], **where: Any) -> None:
    """Overwrites some fields of stored observations; the rest stays."""
    async with engine.begin() as connection:
        kept = reconcile_queue.c.observation
        added = kept.concat(type_coerce(dict(fields), kept.type))
        await connection.execute(
            update(reconcile_queue).where(*matching(reconcile_queue, where)).values(observation=added)
        )


def _condition(column: ColumnElement[Any], wanted: object) -> ColumnElement[bool]:
    if wanted is None:
        return column.is_(null())
    if wanted is PRESENT:
        return column.is_not(null())
    if isinstance(wanted, tuple | list | set | frozenset):
        return column.in_(list(wanted))
    if isinstance(wanted, str) and wanted.endswith("%"):
        # As text: a column of an enumeration refuses what is none of its values.
        return type_coerce(column, Text).startswith(wanted.removesuffix("%"), autoescape=True)
    return column == wanted
