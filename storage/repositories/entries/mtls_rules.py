"""Owned IP rules of databases, and the intents that every addition begins with."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import GrantState
from bot.domain.mtls.lost_rules import LostRule
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import OwnedRule, PendingCreation, StoredRules
from bot.domain.mtls.rule_description import RuleHolder, write_description
from bot.domain.owned_entry import Removal
from bot.domain.subject import Network, networks_of
from bot.domain.timings import Timings
from bot.ports import MtlsRules, ReconcileJob
from storage.repositories.entries.owned_entries import LATE, OwnedEntryTable, desired_grants
from storage.tables import grants, mtls_rule_intents, mtls_rules
from storage.types import is_for


class PostgresMtlsRules(OwnedEntryTable[UUID], MtlsRules):
    """Rules by Heroku's id; two of them may have one network."""

    def __init__(self, connection: AsyncConnection, timings: Timings) -> None:
        super().__init__(
            connection, timings, table=mtls_rules, key=mtls_rules.c.rule_id, name=mtls_rules.c.network
        )

    @override
    async def load(self, job: ReconcileJob, now: datetime) -> StoredRules:
        target = job.target.id
        return StoredRules(
            grants=await desired_grants(self._connection, job, now, networks_of),
            entries=await self._entries(job),
            pending_creations=await self._pending_creations(target),
        )

    @override
    async def intend_creation(self, job: ReconcileJob, network: Network) -> tuple[UUID, str]:
        intent = uuid4()
        description = write_description(job.installation, intent, await self._holders(job, network))
        await self._connection.execute(
            insert(mtls_rule_intents).values(
                id=intent,
                target_id=job.database.id,
                network=network,
                # Whole: the version before compares all of it with what Heroku lists.
                marker=description,
                # From its commit on: a process that dies before it records an answer leaves it ambiguous.
                ambiguous_until=func.now() + self._timings.settled_after,
            )
        )
        return intent, description

    @override
    async def created(self, job: ReconcileJob, intent: UUID, rule: IpRule) -> None:
        # From the intent: approvals are for the network that was asked for, whatever the answer says.
        network = (
            select(mtls_rule_intents.c.network).where(mtls_rule_intents.c.id == intent).scalar_subquery()
        )
        await self._connection.execute(
            insert(mtls_rules)
            .values(rule_id=rule.id, target_id=job.database.id, intent_id=intent, network=network)
            .on_conflict_do_nothing()
        )
        await self._resolve(intent, error="")

    @override
    async def ambiguous(self, intent: UUID, *, error: str) -> None:
        await self._connection.execute(
            update(mtls_rule_intents)
            .where(mtls_rule_intents.c.id == intent)
            .values(ambiguous_until=func.now() + self._timings.quarantine, error=error)
        )

    @override
    async def rejected(self, intent: UUID, *, error: str) -> None:
        await self._resolve(intent, error=error)

    @override
    async def abandon(self, intents: Iterable[UUID]) -> None:
        lost = list(intents)
        if lost:
            await self._connection.execute(
                update(mtls_rule_intents)
                .where(mtls_rule_intents.c.id.in_(lost), mtls_rule_intents.c.at < func.now() - LATE)
                .values(resolved=True)
            )

    @override
    async def intents(self, among: Collection[UUID]) -> frozenset[UUID]:
        statement = select(mtls_rule_intents.c.id).where(mtls_rule_intents.c.id.in_(sorted(among)))
        return frozenset((await self._connection.execute(statement)).scalars())

    @override
    async def rebuild(self, target: UUID, lost: LostRule) -> bool:
        statement = insert(mtls_rule_intents).values(
            id=lost.description.intent,
            target_id=target,
            network=lost.network,
            marker=lost.description.marker,
            resolved=True,
            ambiguous_until=func.now(),
        )
        # One transaction of several waits here for the first, and then does nothing.
        recorded = statement.on_conflict_do_nothing().returning(mtls_rule_intents.c.id)
        if (await self._connection.execute(recorded)).scalar_one_or_none() is None:
            return False
        await self._connection.execute(
            insert(mtls_rules)
            .values(
                rule_id=lost.rule,
                target_id=target,
                intent_id=lost.description.intent,
                network=lost.network,
                observed=True,
            )
            .on_conflict_do_nothing()
        )
        return True

    @override
    async def restore(self, job: ReconcileJob, rules: Iterable[UUID]) -> tuple[OwnedRule, ...]:
        statement = (
            update(mtls_rules)
            .where(
                mtls_rules.c.rule_id.in_(list(rules)),
                mtls_rules.c.target_id == job.database.id,
                mtls_rules.c.absent_at.is_not(None),
            )
            .values(
                absent_at=None,
                # What was adopted stays, unless its removal was approved meanwhile.
                adopted=mtls_rules.c.adopted & mtls_rules.c.removal_requested_at.is_(None),
                removal_requested_at=None,
                observed=True,
            )
            .returning(
                mtls_rules.c.rule_id, mtls_rules.c.network, mtls_rules.c.observed, mtls_rules.c.adopted
            )
        )
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(_rule(row, Removal.NONE) for row in rows)

    @override
    async def adopt(self, job: ReconcileJob, rules: Iterable[IpRule]) -> None:
        # Postgres refuses a statement whose ON CONFLICT would change one row twice.
        once = {rule.id: rule for rule in rules}
        rows: list[dict[str, Any]] = [
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
            adopted = {"adopted": True, "absent_at": None, "removal_requested_at": None}
            statement = insert(mtls_rules).values(rows)
            await self._connection.execute(
                statement.on_conflict_do_update(index_elements=["rule_id"], set_=adopted)
            )

    async def _holders(self, job: ReconcileJob, network: Network) -> list[RuleHolder]:
        """The grants that a rule of a network is for, with the ends that they have at this moment."""
        statement = select(grants.c.request_id, grants.c.owner, grants.c.ends_at).where(
            grants.c.target_id == job.target.id,
            grants.c.method == job.method,
            is_for(grants.c.subject, [str(network)]),
            grants.c.state.in_((GrantState.APPLYING, GrantState.IN_FORCE)),
        )
        rows = (await self._connection.execute(statement)).all()
        return [RuleHolder(request=row.request_id, owner=row.owner, ends_at=row.ends_at) for row in rows]

    async def _resolve(self, intent: UUID, *, error: str) -> None:
        await self._connection.execute(
            update(mtls_rule_intents)
            .where(mtls_rule_intents.c.id == intent)
            .values(resolved=True, error=error)
        )

    async def _entries(self, job: ReconcileJob) -> tuple[OwnedRule, ...]:
        statement = select(
            mtls_rules.c.rule_id,
            mtls_rules.c.network,
            mtls_rules.c.observed,
            mtls_rules.c.adopted,
            self._removal(job).label("removal"),
        ).where(self._present(job.target.id))
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(_rule(row, Removal(row["removal"])) for row in rows)

    async def _pending_creations(self, target: UUID) -> tuple[PendingCreation, ...]:
        statement = select(
            mtls_rule_intents.c.id.label("intent"),
            mtls_rule_intents.c.network,
            mtls_rule_intents.c.marker,
            (mtls_rule_intents.c.ambiguous_until > func.now()).label("ambiguous"),
        ).where(mtls_rule_intents.c.target_id == target, ~mtls_rule_intents.c.resolved)
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(PendingCreation(**row) for row in rows)


def _rule(row: RowMapping, removal: Removal) -> OwnedRule:
    return OwnedRule(
        key=row["rule_id"],
        network=row["network"],
        observed=row["observed"],
        removal=removal,
        adopted=row["adopted"],
    )
