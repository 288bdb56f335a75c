"""AWS accounts that pgaccess allows on PrivateLink endpoints, from the intent to the proven end."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.owned_entry import OwnedEntry, Removal
from bot.domain.privatelink.plan import StoredAccounts
from bot.domain.subject import accounts_of
from bot.domain.timings import Timings
from bot.ports import PrivateLinkAccounts, ReconcileJob
from storage.repositories.entries.owned_entries import LATE, OwnedEntryTable, desired_grants
from storage.tables import privatelink_accounts


class PostgresPrivateLinkAccounts(OwnedEntryTable[str], PrivateLinkAccounts):
    """Accounts by target and ARN."""

    def __init__(self, connection: AsyncConnection, timings: Timings) -> None:
        arn = privatelink_accounts.c.arn
        super().__init__(connection, timings, table=privatelink_accounts, key=arn, name=arn)

    @override
    async def load(self, job: ReconcileJob, now: datetime) -> StoredAccounts:
        return StoredAccounts(
            grants=await desired_grants(self._connection, job, now, accounts_of),
            entries=await self._entries(job),
        )

    @override
    async def intend_creation(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        until = func.now() + self._timings.settled_after
        rows = [{"target_id": job.target.id, "arn": arn, "ambiguous_until": until} for arn in sorted(arns)]
        statement = insert(privatelink_accounts).values(rows)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["target_id", "arn"],
                index_where=privatelink_accounts.c.absent_at.is_(None),
                set_={
                    "requested_at": func.now(),
                    "ambiguous_until": until,
                    "removal_requested_at": None,
                    "error": "",
                },
            )
        )

    @override
    async def created(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        # Heroku answers a call with the list itself, so what it lists counts as observed.
        await self._update(job, arns, ambiguous_until=None, observed=True)

    @override
    async def ambiguous(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        await self._update(job, arns, ambiguous_until=func.now() + self._timings.quarantine, error=error)

    @override
    async def rejected(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        await self._update(job, arns, absent_at=func.now(), error=error)

    @override
    async def abandon(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        late = privatelink_accounts.c.requested_at < func.now() - LATE
        await self._update(job, arns, late, absent_at=func.now(), error="it never appeared")

    @override
    async def adopt(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        rows = [
            {"target_id": job.target.id, "arn": arn, "observed": True, "adopted": True}
            for arn in sorted(set(arns))
        ]
        if rows:
            await self._connection.execute(
                insert(privatelink_accounts)
                .values(rows)
                .on_conflict_do_update(
                    index_elements=["target_id", "arn"],
                    index_where=privatelink_accounts.c.absent_at.is_(None),
                    set_={"adopted": True},
                )
            )

    @override
    async def observed(self, job: ReconcileJob, keys: Iterable[str]) -> None:
        # An account that a list shows awaits no answer any more.
        unknown = ~privatelink_accounts.c.observed | privatelink_accounts.c.ambiguous_until.is_not(None)
        await self._update(job, keys, unknown, observed=True, ambiguous_until=None)

    @override
    async def rebuild(self, target: UUID, names: Iterable[str]) -> frozenset[str]:
        rows = [{"target_id": target, "arn": name, "observed": True} for name in sorted(set(names))]
        if not rows:
            return frozenset()
        statement = insert(privatelink_accounts).values(rows).on_conflict_do_nothing()
        recorded = statement.returning(privatelink_accounts.c.arn)
        return frozenset((await self._connection.execute(recorded)).scalars())

    async def _entries(self, job: ReconcileJob) -> tuple[OwnedEntry[str], ...]:
        ambiguous = func.coalesce(privatelink_accounts.c.ambiguous_until > func.now(), False)
        statement = (
            select(
                privatelink_accounts.c.arn,
                privatelink_accounts.c.observed,
                privatelink_accounts.c.adopted,
                ambiguous.label("ambiguous"),
                self._removal(job).label("removal"),
            )
            .where(self._present(job.target.id))
            .order_by(privatelink_accounts.c.arn)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(
            OwnedEntry(
                key=row["arn"],
                observed=row["observed"],
                adopted=row["adopted"],
                ambiguous=row["ambiguous"],
                removal=Removal(row["removal"]),
            )
            for row in rows
        )
