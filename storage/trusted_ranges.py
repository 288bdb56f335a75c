"""Sources that we wrote into spaces' lists, and how each space stands with Heroku's support."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drift import RecentRemovals
from bot.domain.grant import OPEN_STATES
from bot.domain.method import Method
from bot.domain.subject import network_of
from bot.domain.timings import Timings
from bot.domain.trusted_ips.merge import Rules, Written
from bot.domain.trusted_ips.plan import Edit, OurRange, RangesKnown, RangeWant
from bot.domain.trusted_ips.ruleset import RulesetRule, Services
from bot.ports import AuditContext, ReconcileJob
from storage import recently_removed
from storage.audit import PostgresAudit
from storage.tables import data_service_access, grants, ruleset_writes, trusted_ranges


class PostgresTrustedRanges:
    """Sources by space; callers hold the lane's lease in the same transaction."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, timings: Timings) -> None:
        self._connection = connection
        self._audit = audit
        self._timings = timings

    async def known(self, job: ReconcileJob, now: datetime) -> RangesKnown:
        """What the store knows of a space's list; by ``now``, business time, ends have passed."""
        space = job.target.id
        waits = func.coalesce(data_service_access.c.ambiguous_until > func.now(), False)
        waiting = select(waits).where(data_service_access.c.target_id == space)
        return RangesKnown(
            wants=tuple(await self._wants(space, now)),
            ours=tuple(await self._ours(space)),
            waiting=bool((await self._connection.execute(waiting)).scalar()),
            removed=(await self.recently_removed(space)).removed,
        )

    async def writes(self, space: UUID) -> tuple[Written, ...]:
        """Lists that we wrote and around which nobody has looked yet, in their order."""
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

    async def intend(self, job: ReconcileJob, write: Written) -> None:
        """Records that a list is about to be written; it may land until its outcome is recorded."""
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
        await self._set(job, edit.remove, removal_requested_at=func.now())
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

    async def answered(self, job: ReconcileJob, write: UUID, ruleset: UUID) -> None:
        """Records what Heroku made of a list."""
        which = ruleset_writes.c.id == write
        await self._connection.execute(update(ruleset_writes).where(which).values(ruleset_id=ruleset))
        await self._set_space(job.target.id, ambiguous_until=None)

    async def unclear(self, job: ReconcileJob) -> None:
        """Records that an answer was lost: the list may still land for a while."""
        await self._set_space(job.target.id, ambiguous_until=func.now() + self._timings.quarantine)

    async def nothing_written(self, job: ReconcileJob, write: Written) -> None:
        """Records that Heroku said no: sources that appear now are somebody else's."""
        await self._set(job, write.edit.add, ~trusted_ranges.c.observed, absent_at=func.now())
        await self._set(job, write.edit.remove, removal_requested_at=None)
        await self._connection.execute(delete(ruleset_writes).where(ruleset_writes.c.id == write.id))
        await self._set_space(job.target.id, ambiguous_until=None)

    async def checked(self, job: ReconcileJob, *, theirs: Iterable[str]) -> None:
        """Records that it is known what others wrote around our lists, or that nobody can tell."""
        await self.gone(job, theirs)
        await self._connection.execute(
            delete(ruleset_writes).where(ruleset_writes.c.target_id == job.target.id)
        )
        await self._set_space(job.target.id, ambiguous_until=None)

    async def spared(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that the removal of these sources, which were taken over, will not be made."""
        await self._set(job, sources, trusted_ranges.c.adopted, removal_requested_at=None)

    async def listed(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that a look showed these sources of ours."""
        await self._set(job, sources, ~trusted_ranges.c.observed, observed=True)

    async def gone(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that these sources of ours are there no longer."""
        await self._set(job, sources, absent_at=func.now())

    async def adopt(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Takes sources over that somebody else wrote, each once however often it was asked for."""
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

    async def ours(self, space: UUID) -> frozenset[str]:
        """Sources that we wrote, or may have."""
        statement = select(trusted_ranges.c.source).where(_present(space))
        return frozenset((await self._connection.execute(statement)).scalars())

    async def recently_removed(self, space: UUID) -> RecentRemovals:
        """Sources of ours that went within the last day: as we had asked, or taken over and lost."""
        return await recently_removed.went(self._connection, trusted_ranges, trusted_ranges.c.source, space)

    async def since_write(self, space: UUID) -> timedelta | None:
        """How long ago a list of ours was last written; None when it never was."""
        since = select(func.now() - data_service_access.c.written_at).where(
            data_service_access.c.target_id == space
        )
        found = (await self._connection.execute(since)).scalar_one_or_none()
        return found if isinstance(found, timedelta) else None

    async def services(self, space: UUID, *, lock: bool = True) -> Services:
        """How a space stands with Heroku's support, locked until the transaction ends unless only read."""
        if not lock:
            seen = select(data_service_access.c.state).where(data_service_access.c.target_id == space)
            return (await self._connection.execute(seen)).scalar_one_or_none() or Services.UNKNOWN
        await self._connection.execute(
            insert(data_service_access).values(target_id=space).on_conflict_do_nothing()
        )
        statement = select(data_service_access.c.state).where(data_service_access.c.target_id == space)
        found: Services = (await self._connection.execute(statement.with_for_update())).scalar_one()
        return found

    async def set_services(self, space: UUID, state: Services, *, doing: AuditContext) -> None:
        """Records how a space stands with Heroku's support, with its audit line."""
        before = await self.services(space)
        said: dict[str, Any] = {"state": state}
        if state is Services.WAITING:
            said["requested_at"] = doing.at
        else:
            said |= {"decided_by": doing.actor, "decided_at": doing.at}
        await self._set_space(space, **said)
        await self._audit.write(
            doing, subject="data_services", before=before, after=state, request=None, target=space
        )

    async def _set(
        self, job: ReconcileJob, sources: Iterable[str], *which: ColumnElement[bool], **values: Any
    ) -> None:
        named = trusted_ranges.c.source.in_(sorted(sources))
        await self._connection.execute(
            update(trusted_ranges).where(_present(job.target.id), named, *which).values(**values)
        )

    async def _set_space(self, space: UUID, **values: Any) -> None:
        statement = insert(data_service_access).values(target_id=space, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["target_id"], set_=values)
        )

    async def _wants(self, space: UUID, now: datetime) -> list[RangeWant]:
        statement = (
            select(
                grants.c.id,
                grants.c.owner,
                grants.c.subject,
                grants.c.state,
                (grants.c.deadline_at <= func.now()).label("overdue"),
                func.coalesce(grants.c.ends_at <= now, False).label("over"),
            )
            .where(
                grants.c.target_id == space,
                grants.c.method == Method.TRUSTED,
                grants.c.state.in_(OPEN_STATES),
            )
            .order_by(grants.c.request_id)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return [
            RangeWant(
                grant=row["id"],
                owner=row["owner"],
                network=network_of(row["subject"]),
                state=row["state"],
                overdue=row["overdue"],
                over=row["over"],
            )
            for row in rows
        ]

    async def _ours(self, space: UUID) -> list[OurRange]:
        leaving = trusted_ranges.c.removal_requested_at.is_not(None).label("leaving")
        statement = select(
            trusted_ranges.c.source, trusted_ranges.c.observed, trusted_ranges.c.adopted, leaving
        ).where(_present(space))
        rows = (await self._connection.execute(statement.order_by(trusted_ranges.c.source))).mappings()
        return [OurRange(**row) for row in rows]


def _json(rules: Rules) -> list[list[str]]:
    return [[rule.action, rule.source] for rule in rules]


def _rules(kept: Iterable[Sequence[str]]) -> Rules:
    return tuple(RulesetRule(action, source) for action, source in kept)


def _present(space: UUID) -> ColumnElement[bool]:
    return and_(trusted_ranges.c.target_id == space, trusted_ranges.c.absent_at.is_(None))
