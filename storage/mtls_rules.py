"""Our rules at Heroku, and the intents that every addition begins with."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drift import RecentRemovals
from bot.domain.grant import OPEN_STATES
from bot.domain.method import Method
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import Entry, Known, PendingCreation, Want
from bot.domain.owned_entry import Removal
from bot.domain.subject import Network, network_of
from bot.domain.timings import Timings
from bot.ports import ReconcileJob
from storage import recently_removed
from storage.tables import grants, mtls_rule_intents, mtls_rules

LATE: Final = timedelta(hours=1)
"""A rule that appears this long after its lost answer is still recognised by its mark as ours."""


class PostgresMtlsRules:
    """Entries and intents; callers hold the database's lease in the same transaction."""

    def __init__(self, connection: AsyncConnection, timings: Timings) -> None:
        self._connection = connection
        self._timings = timings

    async def known(self, job: ReconcileJob, now: datetime) -> Known:
        """What the store knows of a database's IP rules; by ``now``, business time, ends have passed."""
        target = job.target.id
        return Known(
            wants=tuple(await self._wants(target, now)),
            entries=tuple(await self._entries(target)),
            pending_creations=tuple(await self._attempts(target)),
        )

    async def intend_add(self, job: ReconcileJob, network: Network) -> tuple[UUID, str]:
        """Records that a rule is about to be added; returns the intent and the mark it carries."""
        intent = uuid4()
        mark = f"pgaccess/{job.installation} {intent}"
        await self._connection.execute(
            insert(mtls_rule_intents).values(
                id=intent,
                target_id=job.database.id,
                network=network,
                marker=mark,
                ambiguous_until=func.now() + self._timings.settled_after,
            )
        )
        return intent, mark

    async def made(self, job: ReconcileJob, intent: UUID, rule: IpRule) -> None:
        """Records the rule that an intent made: it is ours, and for the network that was asked for."""
        network = (
            select(mtls_rule_intents.c.network).where(mtls_rule_intents.c.id == intent).scalar_subquery()
        )
        await self._connection.execute(
            insert(mtls_rules)
            .values(rule_id=rule.id, target_id=job.database.id, intent_id=intent, network=network)
            .on_conflict_do_nothing()
        )
        await self._settle(intent, error="")

    async def unclear(self, intent: UUID, *, error: str) -> None:
        """Records that an answer was lost: the rule may still appear for a while."""
        await self._connection.execute(
            update(mtls_rule_intents)
            .where(mtls_rule_intents.c.id == intent)
            .values(ambiguous_until=func.now() + self._timings.quarantine, error=error)
        )

    async def nothing_made(self, intent: UUID, *, error: str) -> None:
        """Records that an intent made nothing: Heroku said no, or time has shown it."""
        await self._settle(intent, error=error)

    async def give_up(self, intents_lost: Iterable[UUID]) -> None:
        """Stops expecting intents that made nothing in all the time that a late write could need."""
        lost = list(intents_lost)
        if lost:
            await self._connection.execute(
                update(mtls_rule_intents)
                .where(mtls_rule_intents.c.id.in_(lost), mtls_rule_intents.c.at < func.now() - LATE)
                .values(resolved=True)
            )

    async def intend_remove(self, job: ReconcileJob, rules: Iterable[UUID]) -> None:
        """Records that rules of ours are about to be removed."""
        await self._connection.execute(
            update(mtls_rules)
            .where(mtls_rules.c.rule_id.in_(list(rules)))
            .values(removal_requested_at=func.now())
        )

    async def spared(self, job: ReconcileJob, rules: Iterable[UUID]) -> None:
        """Records that nobody was asked to remove these after all."""
        ids = list(rules)
        if ids:
            await self._connection.execute(
                update(mtls_rules).where(mtls_rules.c.rule_id.in_(ids)).values(removal_requested_at=None)
            )

    async def listed(self, rules: Iterable[UUID]) -> None:
        """Records that a list showed these entries."""
        await self._connection.execute(
            update(mtls_rules)
            .where(mtls_rules.c.rule_id.in_(list(rules)), ~mtls_rules.c.observed)
            .values(observed=True)
        )

    async def gone(self, rules: Iterable[UUID]) -> None:
        """Records that these entries are no longer at Heroku."""
        ids = list(rules)
        if ids:
            await self._connection.execute(
                update(mtls_rules).where(mtls_rules.c.rule_id.in_(ids)).values(absent_at=func.now())
            )

    async def returned(self, job: ReconcileJob, rules: Iterable[UUID]) -> tuple[Entry, ...]:
        """Takes back those of the listed rules that were thought gone, and returns them: they are ours.

        A list that lacked them was stale, or their removal was undone: it has to be asked for anew.
        """
        statement = (
            update(mtls_rules)
            .where(
                mtls_rules.c.rule_id.in_(list(rules)),
                mtls_rules.c.target_id == job.database.id,
                mtls_rules.c.absent_at.is_not(None),
            )
            .values(
                absent_at=None,
                # What was taken over stays, unless its removal was approved meanwhile.
                adopted=mtls_rules.c.adopted & mtls_rules.c.removal_requested_at.is_(None),
                removal_requested_at=None,
                observed=True,
            )
            .returning(mtls_rules.c.rule_id, mtls_rules.c.network, mtls_rules.c.adopted)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(
            Entry(
                rule=row["rule_id"],
                network=row["network"],
                listed=True,
                removal=Removal.NONE,
                adopted=row["adopted"],
            )
            for row in rows
        )

    async def adopt(self, job: ReconcileJob, rules: Iterable[IpRule]) -> None:
        """Takes rules over that somebody else made: they are ours, and stay without a grant.

        Two requests may have asked for the same rule; a statement takes each row once.
        """
        once = {rule.id: rule for rule in rules}
        rows = [
            {
                "rule_id": rule.id,
                "target_id": job.target.id,
                "network": rule.network,
                "observed": True,
                "adopted": True,
            }
            for rule in sorted(once.values(), key=lambda rule: rule.id)
        ]
        if rows:
            ours = {"adopted": True, "absent_at": None, "removal_requested_at": None}
            statement = insert(mtls_rules).values(rows)
            await self._connection.execute(
                statement.on_conflict_do_update(index_elements=["rule_id"], set_=ours)
            )

    async def recently_removed(self, database: UUID) -> RecentRemovals:
        """Networks of our rules that went within the last day: as we had asked, or taken over and lost."""
        return await recently_removed.went(self._connection, mtls_rules, mtls_rules.c.network, database)

    async def ours(self, database: UUID) -> frozenset[UUID]:
        """Ids of our rules at a database."""
        statement = select(mtls_rules.c.rule_id).where(
            mtls_rules.c.target_id == database, mtls_rules.c.absent_at.is_(None)
        )
        return frozenset((await self._connection.execute(statement)).scalars())

    async def _settle(self, intent: UUID, *, error: str) -> None:
        await self._connection.execute(
            update(mtls_rule_intents)
            .where(mtls_rule_intents.c.id == intent)
            .values(resolved=True, error=error)
        )

    async def _wants(self, target: UUID, now: datetime) -> list[Want]:
        statement = select(
            grants.c.id,
            grants.c.owner,
            grants.c.subject,
            grants.c.state,
            (grants.c.deadline_at <= func.now()).label("overdue"),
            func.coalesce(grants.c.ends_at <= now, False).label("over"),
        ).where(
            grants.c.target_id == target,
            grants.c.method == Method.MTLS,
            grants.c.state.in_(OPEN_STATES),
        )
        rows = (await self._connection.execute(statement)).mappings()
        return [
            Want(
                grant=row["id"],
                owner=row["owner"],
                network=network_of(row["subject"]),
                state=row["state"],
                overdue=row["overdue"],
                over=row["over"],
            )
            for row in rows
        ]

    async def _entries(self, target: UUID) -> list[Entry]:
        asked = mtls_rules.c.removal_requested_at
        removal = case(
            (asked.is_(None), Removal.NONE.value),
            (asked < func.now() - self._timings.removal_patience, Removal.OVERDUE.value),
            else_=Removal.ASKED.value,
        )
        statement = select(
            mtls_rules.c.rule_id,
            mtls_rules.c.network,
            mtls_rules.c.observed,
            mtls_rules.c.adopted,
            removal.label("removal"),
        ).where(mtls_rules.c.target_id == target, mtls_rules.c.absent_at.is_(None))
        rows = (await self._connection.execute(statement)).mappings()
        return [
            Entry(
                rule=row["rule_id"],
                network=row["network"],
                listed=row["observed"],
                removal=Removal(row["removal"]),
                adopted=row["adopted"],
            )
            for row in rows
        ]

    async def _attempts(self, target: UUID) -> list[PendingCreation]:
        statement = select(
            mtls_rule_intents.c.id,
            mtls_rule_intents.c.network,
            mtls_rule_intents.c.marker,
            (mtls_rule_intents.c.ambiguous_until > func.now()).label("waiting"),
        ).where(mtls_rule_intents.c.target_id == target, ~mtls_rule_intents.c.resolved)
        rows = (await self._connection.execute(statement)).mappings()
        return [
            PendingCreation(
                intent=row["id"], network=row["network"], mark=row["marker"], waiting=row["waiting"]
            )
            for row in rows
        ]
