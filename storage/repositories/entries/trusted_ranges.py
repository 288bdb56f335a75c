"""Sources that pgaccess wrote into spaces' lists, and whether data services follow those lists."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.owned_entry import OwnedEntry, Removal
from bot.domain.subject import names_of
from bot.domain.timings import Timings
from bot.domain.trusted_ips.merge import Rules, Written
from bot.domain.trusted_ips.plan import Edit, StoredRanges
from bot.domain.trusted_ips.ruleset import DataServices, RulesetRule
from bot.ports import AuditContext, ReconcileJob, TrustedRanges
from storage.repositories.audit import PostgresAudit
from storage.repositories.entries.owned_entries import OwnedEntryTable, desired_grants
from storage.tables import data_service_access, ruleset_writes, trusted_ranges


class PostgresTrustedRanges(OwnedEntryTable[str], TrustedRanges):
    """Sources by space."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, timings: Timings) -> None:
        source = trusted_ranges.c.source
        super().__init__(connection, timings, table=trusted_ranges, key=source, name=source)
        self._audit = audit

    @override
    async def load(self, job: ReconcileJob, now: datetime) -> StoredRanges:
        space = job.target.id
        may_land = func.coalesce(data_service_access.c.ambiguous_until > func.now(), False)
        ambiguous = select(may_land).where(data_service_access.c.target_id == space)
        return StoredRanges(
            grants=await desired_grants(self._connection, job, now, names_of),
            entries=await self._entries(job),
            ambiguous=bool((await self._connection.execute(ambiguous)).scalar()),
            recently_removed=(await self.recent_removals(space)).removed,
        )

    @override
    async def writes(self, space: UUID) -> tuple[Written, ...]:
        statement = select(ruleset_writes).where(ruleset_writes.c.target_id == space)
        rows = (await self._connection.execute(statement.order_by(ruleset_writes.c.at))).mappings()
        return tuple(
            Written(
                id=row["id"],
                base=row["base_id"],
                before=_rules(row["before"]),
                rules=_rules(row["rules"]),
                edit=Edit(add=tuple(row["added"]), remove=tuple(row["removed"])),
                ruleset=row["ruleset_id"],
            )
            for row in rows
        )

    @override
    async def intend_write(self, job: ReconcileJob, write: Written) -> None:
        # All in one commit: a process that dies behind it leaves a write that the next run can settle.
        space, edit = job.target.id, write.edit
        if edit.add:
            statement = insert(trusted_ranges).values(
                [{"target_id": space, "source": each} for each in edit.add]
            )
            await self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["target_id", "source"],
                    index_where=trusted_ranges.c.absent_at.is_(None),
                    set_={"requested_at": func.now(), "removal_requested_at": None},
                )
            )
        await self._update(job, edit.remove, removal_requested_at=func.now())
        await self._connection.execute(
            insert(ruleset_writes).values(
                id=write.id,
                target_id=space,
                base_id=write.base,
                before=_json(write.before),
                rules=_json(write.rules),
                added=list(edit.add),
                removed=list(edit.remove),
            )
        )
        await self._set_space(
            space, ambiguous_until=func.now() + self._timings.settled_after, written_at=func.now()
        )

    @override
    async def created(self, job: ReconcileJob, write: UUID, ruleset: UUID) -> None:
        which = ruleset_writes.c.id == write
        await self._connection.execute(update(ruleset_writes).where(which).values(ruleset_id=ruleset))
        await self._set_space(job.target.id, ambiguous_until=None)

    @override
    async def ambiguous(self, job: ReconcileJob) -> None:
        await self._set_space(job.target.id, ambiguous_until=func.now() + self._timings.quarantine)

    @override
    async def rejected(self, job: ReconcileJob, write: Written) -> None:
        await self._update(job, write.edit.add, ~trusted_ranges.c.observed, absent_at=func.now())
        await self._update(job, write.edit.remove, removal_requested_at=None)
        await self._connection.execute(delete(ruleset_writes).where(ruleset_writes.c.id == write.id))
        await self._set_space(job.target.id, ambiguous_until=None)

    @override
    async def settle_writes(self, job: ReconcileJob, *, theirs: Iterable[str]) -> None:
        # What others have added meanwhile is theirs: it must not be removed with the grant.
        await self.absent(job, theirs)
        await self._connection.execute(
            delete(ruleset_writes).where(ruleset_writes.c.target_id == job.target.id)
        )
        await self._set_space(job.target.id, ambiguous_until=None)

    @override
    async def adopt(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        rows = [
            {"target_id": job.target.id, "source": each, "observed": True, "adopted": True}
            for each in sorted(set(sources))
        ]
        if rows:
            statement = insert(trusted_ranges).values(rows)
            await self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["target_id", "source"],
                    index_where=trusted_ranges.c.absent_at.is_(None),
                    set_={"adopted": True},
                )
            )

    @override
    async def since_write(self, space: UUID) -> timedelta | None:
        since = select(func.now() - data_service_access.c.written_at).where(
            data_service_access.c.target_id == space
        )
        found = (await self._connection.execute(since)).scalar_one_or_none()
        return found if isinstance(found, timedelta) else None

    @override
    async def services(self, space: UUID, *, lock: bool = True) -> DataServices:
        if not lock:
            seen = select(data_service_access.c.state).where(data_service_access.c.target_id == space)
            return (await self._connection.execute(seen)).scalar_one_or_none() or DataServices.UNKNOWN
        await self._connection.execute(
            insert(data_service_access).values(target_id=space).on_conflict_do_nothing()
        )
        statement = select(data_service_access.c.state).where(data_service_access.c.target_id == space)
        found: DataServices = (await self._connection.execute(statement.with_for_update())).scalar_one()
        return found

    @override
    async def set_services(self, space: UUID, state: DataServices, *, doing: AuditContext) -> None:
        before = await self.services(space)
        values: dict[str, Any] = {"state": state}
        if state is DataServices.WAITING:
            values["requested_at"] = doing.at
        else:
            values |= {"decided_by": doing.actor, "decided_at": doing.at}
        await self._set_space(space, **values)
        await self._audit.write(
            doing, subject="data_services", before=before, after=state, request=None, target=space
        )

    async def _set_space(self, space: UUID, **values: Any) -> None:
        statement = insert(data_service_access).values(target_id=space, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["target_id"], set_=values)
        )

    @override
    async def rebuild(self, target: UUID, names: Iterable[str]) -> frozenset[str]:
        rows = [{"target_id": target, "source": name, "observed": True} for name in sorted(set(names))]
        if not rows:
            return frozenset()
        statement = insert(trusted_ranges).values(rows).on_conflict_do_nothing()
        recorded = statement.returning(trusted_ranges.c.source)
        return frozenset((await self._connection.execute(recorded)).scalars())

    async def _entries(self, job: ReconcileJob) -> tuple[OwnedEntry[str], ...]:
        statement = (
            select(
                trusted_ranges.c.source,
                trusted_ranges.c.observed,
                trusted_ranges.c.adopted,
                self._removal(job).label("removal"),
            )
            .where(self._present(job.target.id))
            .order_by(trusted_ranges.c.source)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(
            OwnedEntry(
                key=row["source"],
                observed=row["observed"],
                adopted=row["adopted"],
                removal=Removal(row["removal"]),
            )
            for row in rows
        )


def _json(rules: Rules) -> list[list[str]]:
    return [[rule.action, rule.source] for rule in rules]


def _rules(stored: Iterable[Sequence[str]]) -> Rules:
    return tuple(RulesetRule(action, source) for action, source in stored)
