"""What the three tables of owned entries share: IP rules, AWS accounts and trusted ranges."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Case, Column, ColumnElement, Table, and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.drift import RecentRemovals
from bot.domain.grant import OPEN_STATES
from bot.domain.owned_entry import Address, DesiredGrant, Removal
from bot.domain.subject import Subject
from bot.domain.timings import Timings
from bot.ports import ReconcileJob
from bot.ports.owned_entries import OwnedEntries
from storage.tables import grants

LATE: Final = timedelta(hours=1)
"""A creation that appears this long after its lost answer is still recognised as owned."""

RECENT: Final = timedelta(days=1)
"""An entry that is back, or was lost, within this long is reported as such."""

Key = TypeVar("Key", str, UUID)


class OwnedEntryTable(OwnedEntries[Key], Generic[Key]):
    """One table of owned entries; callers hold the target's lease in the same transaction.

    Args:
        connection: in whose transaction.
        timings: how long calls may take, and removals to show.
        table: one with the columns of an owned entry.
        key: its column that identifies an entry of a target.
        name: its column that names an entry to people.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        timings: Timings,
        *,
        table: Table,
        key: Column[Any],
        name: Column[Any],
    ) -> None:
        self._connection = connection
        self._timings = timings
        self._table = table
        self._key = key
        self._name = name

    @override
    async def intend_removal(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        await self._update(job, keys, removal_requested_at=func.now())

    @override
    async def cancel_removal(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        await self._update(job, keys, removal_requested_at=None)

    @override
    async def observed(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        # Only what changes: a run observes everything again that the runs before it have observed.
        await self._update(job, keys, ~self._table.c.observed, observed=True)

    @override
    async def absent(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        await self._update(job, keys, absent_at=func.now())

    @override
    async def owned(self, target: UUID) -> frozenset[Key]:
        found = await self._connection.execute(select(self._key).where(self._present(target)))
        return frozenset(found.scalars())

    @override
    async def recent_removals(self, target: UUID) -> RecentRemovals:
        requested = self._table.c.removal_requested_at.is_not(None).label("requested")
        statement = select(self._name, requested).where(
            self._table.c.target_id == target,
            self._table.c.absent_at > func.now() - RECENT,
            requested | self._table.c.adopted,
        )
        rows = (await self._connection.execute(statement)).all()
        return RecentRemovals(
            removed=frozenset(str(name) for name, wanted in rows if wanted),
            lost=frozenset(str(name) for name, wanted in rows if not wanted),
        )

    def _present(self, target: UUID) -> ColumnElement[bool]:
        return and_(self._table.c.target_id == target, self._table.c.absent_at.is_(None))

    def _removal(self, job: ReconcileJob) -> Case[str]:
        """The progress of a removal, by Postgres' clock."""
        requested_at = self._table.c.removal_requested_at
        # What no list has shown yet is believed to be gone once its removal is overdue: never sooner.
        failed = self._table.c.observed & (requested_at < func.now() - job.timings.removal_patience)
        return case(
            (requested_at.is_(None), Removal.NONE.value),
            ((requested_at < func.now() - self._timings.removal_patience) | failed, Removal.OVERDUE.value),
            else_=Removal.REQUESTED.value,
        )

    async def _update(
        self, job: ReconcileJob, keys: Iterable[Key], *which: ColumnElement[bool], **values: Any
    ) -> None:
        named = sorted(keys)
        if named:
            await self._connection.execute(
                update(self._table)
                .where(self._present(job.target.id), self._key.in_(named), *which)
                .values(**values)
            )


async def desired_grants(
    connection: AsyncConnection,
    job: ReconcileJob,
    now: datetime,
    addresses: Callable[[Subject], Iterable[Address]],
) -> tuple[DesiredGrant[Address], ...]:
    """Returns the open grants of one method of one target, in the order of their requests.

    Args:
        connection: in whose transaction.
        job: names the target and the method.
        now: business time, by which ends have passed; deadlines are of Postgres' clock.
        addresses: reads what a grant opens from its subject.
    """
    statement = (
        select(
            grants.c.id,
            grants.c.owner,
            grants.c.subject,
            grants.c.state,
            grants.c.request_id,
            (grants.c.deadline_at <= func.now()).label("overdue"),
            # NULL is a grant without an end, which is never over.
            func.coalesce(grants.c.ends_at <= now, False).label("over"),
        )
        .where(
            grants.c.target_id == job.target.id,
            grants.c.method == job.method,
            grants.c.state.in_(OPEN_STATES),
        )
        .order_by(grants.c.request_id)
    )
    rows = (await connection.execute(statement)).mappings()
    return tuple(
        DesiredGrant(
            grant=row["id"],
            request=row["request_id"],
            owner=row["owner"],
            addresses=frozenset(addresses(row["subject"])),
            state=row["state"],
            overdue=row["overdue"],
            over=row["over"],
        )
        for row in rows
    )
