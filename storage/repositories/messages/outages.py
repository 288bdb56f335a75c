"""Outages of Heroku, and the targets that are part of each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, case, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.reports.trouble import SHARED, Outage, Trouble
from bot.ports import Outages, ReconcileJob
from storage.repositories.targets import target_of
from storage.tables import NOT_OVER, outages, reconcile_queue, targets

_NOT_OVER = literal_column(f"outages.{NOT_OVER}", Boolean)
"""As text, as the partial index has it."""


class PostgresOutages(Outages):
    """Outages by number."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def join(
        self, job: ReconcileJob, trouble: Trouble, *, status: str, error: str, at: datetime
    ) -> Outage:
        scope = "" if trouble in SHARED else str(job.target.id)
        label = job.target.label
        met = {"trouble": trouble, "scope": scope, "status": status, "error": error}
        new = insert(outages).values(**met, labels=[label], since=at)
        known = func.array_append(func.array_remove(outages.c.labels, label), label)
        # One statement: of two targets that meet it first, the second waits and joins the same outage.
        statement = new.on_conflict_do_update(
            index_elements=["trouble", "scope"], index_where=_NOT_OVER, set_={"labels": known}
        ).returning(outages.c.id)
        id = (await self._connection.execute(statement)).scalar_one()
        mine = update(reconcile_queue).where(reconcile_queue.c.id == job.id)
        await self._connection.execute(mine.values(outage_id=id))
        return await self._read(id)

    @override
    async def leave(self, job: ReconcileJob, *, at: datetime) -> Outage | None:
        return await self._leave(job.id, at)

    @override
    async def leave_all(self, target: UUID, *, at: datetime) -> tuple[Outage, ...]:
        part = (reconcile_queue.c.target_id == target) & reconcile_queue.c.outage_id.is_not(None)
        held = select(reconcile_queue.c.id).where(part).order_by(reconcile_queue.c.id)
        left = [
            await self._leave(id, at, gone=target)
            for id in (await self._connection.execute(held)).scalars().all()
        ]
        return tuple(outage for outage in left if outage is not None)

    async def _leave(self, queued: int, at: datetime, *, gone: UUID | None = None) -> Outage | None:
        part = select(reconcile_queue.c.outage_id).where(reconcile_queue.c.id == queued)
        id = (await self._connection.execute(part)).scalar_one()
        if id is None:
            return None
        # Of two that leave at once, the second waits here, and then sees that the first has left.
        await self._connection.execute(select(outages.c.id).where(outages.c.id == id).with_for_update())
        mine = update(reconcile_queue).where(reconcile_queue.c.id == queued)
        await self._connection.execute(mine.values(outage_id=None))
        if gone is not None:
            await self._forget(id, gone)
        outage = await self._read(id)
        if outage.is_over:
            await self._connection.execute(update(outages).where(outages.c.id == id).values(ended_at=at))
        return outage

    async def _forget(self, id: int, target: UUID) -> None:
        """Takes a target that is gone out of those that an all-clear names: it is not in sync again."""
        row = (await self._connection.execute(select(targets).where(targets.c.id == target))).mappings().one()
        # Its label may be another one by now; an outage of one target has no others.
        others = case(
            (outages.c.scope == str(target), []),
            else_=func.array_remove(outages.c.labels, target_of(row).label),
        )
        await self._connection.execute(update(outages).where(outages.c.id == id).values(labels=others))

    async def _read(self, id: int) -> Outage:
        row = (await self._connection.execute(select(outages).where(outages.c.id == id))).mappings().one()
        held = (
            select(targets)
            .join(reconcile_queue, reconcile_queue.c.target_id == targets.c.id)
            .where(reconcile_queue.c.outage_id == id)
        )
        found = (await self._connection.execute(held)).mappings()
        return Outage(
            id=row["id"],
            trouble=row["trouble"],
            since=row["since"],
            held=tuple(sorted({target_of(each).label for each in found})),
            labels=tuple(sorted(row["labels"])),
            status=row["status"],
            error=row["error"],
        )
