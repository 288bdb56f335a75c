"""Changes that happen once; every change of state writes its audit line."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Change, ChangeState
from bot.domain.methods import Method
from bot.ports import Doing, Loop
from storage.audit import PostgresAudit
from storage.tables import changes

_DOING = literal_column("state = 'doing'", Boolean)
"""In words, as the partial index has it."""

_OVERDUE = (changes.c.overdue_at <= func.now()).label("overdue")


def change_of(row: Mapping[Any, Any]) -> Change:
    """Reads a change from a row of ``changes``; without the column ``overdue`` it is taken to be in time."""
    return Change(
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
    )


class PostgresChanges:
    """Changes by their internal id."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[Loop]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    async def start(self, change: Change, *, within: timedelta, doing: Doing) -> None:
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
        await self._write(change, doing, before="", after=change.state)

    async def get(self, id: UUID) -> Change:
        """One change, locked until the transaction ends."""
        statement = select(changes, _OVERDUE).where(changes.c.id == id).with_for_update()
        return change_of((await self._connection.execute(statement)).mappings().one())

    async def of_request(self, request: int) -> Change | None:
        """The change that a request brought about, locked until the transaction ends."""
        statement = select(changes, _OVERDUE).where(changes.c.request_id == request).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else change_of(row)

    async def under_way(self, target: UUID, method: Method) -> tuple[Change, ...]:
        """Changes of a target and method that are to be made, oldest first."""
        lane = (changes.c.target_id == target) & (changes.c.method == method)
        statement = select(changes, _OVERDUE).where(lane, _DOING).order_by(changes.c.request_id)
        return tuple(change_of(row) for row in (await self._connection.execute(statement)).mappings())

    async def move(
        self, before: Change, after: Change, *, doing: Doing, within: timedelta | None = None
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more."""
        opens = after.state is ChangeState.DOING and before.state is not ChangeState.DOING
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
                why=after.why,
                detail=after.detail,
            )
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            return False
        if after.state is not before.state:
            await self._write(after, doing, before=before.state, after=after.state)
        return True

    async def _write(self, change: Change, doing: Doing, *, before: str, after: str) -> None:
        await self._audit.write(
            doing,
            subject=change.kind,
            before=before,
            after=after,
            request=change.request,
            target=change.target,
        )
        self._touched.update((Loop.COURIER, Loop.CLOCK))
