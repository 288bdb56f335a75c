"""Reads what is recorded of targets, grants and entries as they were at a moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, Table, insert, literal_column, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.access_history import (
    AdoptedEntry,
    Approval,
    Gap,
    GrantChange,
    ObservedList,
    RecordedGrant,
    SightedEntry,
    TargetName,
)
from bot.domain.method import Method
from bot.domain.operation import OperationState
from bot.domain.request import Kind, RequestState, Verdict
from bot.domain.subject import Network, names_of, networks_of
from bot.ports.access_history import AccessHistory
from storage.repositories.grants import grant_of
from storage.tables import (
    ENDED,
    NETWORKS,
    OPEN,
    SEVERAL,
    audit,
    decisions,
    grants,
    mtls_rule_intents,
    mtls_rules,
    observation_gaps,
    operations,
    privatelink_accounts,
    reconcile_queue,
    requests,
    target_names,
    targets,
    trusted_ranges,
    unmanaged_entries,
)
from storage.types import is_for

_OPEN: Final = literal_column(OPEN, Boolean)
_ENDED: Final = literal_column(ENDED, Boolean)
_NETWORKS: Final = literal_column(NETWORKS, Boolean)
_SEVERAL: Final = literal_column(f"({SEVERAL})", Boolean)
"""As text, as the partial indexes have them."""

_ENTRIES: Final[Mapping[Method, tuple[Table, ColumnElement[Any], ColumnElement[Any]]]] = {
    Method.MTLS: (mtls_rules, mtls_rules.c.rule_id, mtls_rules.c.network),
    Method.PRIVATELINK: (privatelink_accounts, privatelink_accounts.c.arn, privatelink_accounts.c.arn),
    Method.TRUSTED: (trusted_ranges, trusted_ranges.c.source, trusted_ranges.c.source),
}
"""The table of each method's owned entries, with the columns of an entry's name and of what it allows."""


class PostgresAccessHistory(AccessHistory):
    """What was, by moment: nothing here is locked, and nothing but gaps is written.

    Args:
        connection: in whose transaction.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def note_gap(
        self, target: UUID, method: Method, *, since: datetime | None, until: datetime
    ) -> None:
        values = {"target_id": target, "method": method, "since": since, "until": until}
        await self._connection.execute(insert(observation_gaps), values)

    @override
    async def names(self) -> Sequence[TargetName]:
        statement = (
            select(target_names, targets.c.gone_at, targets.c.space_id)
            .join(targets, targets.c.id == target_names.c.target_id)
            .order_by(target_names.c.id)
        )
        return [
            TargetName(
                target=row["target_id"],
                name=row["name"],
                app=row["app"],
                label=row["shown_as"],
                since=row["since"],
                gone_at=row["gone_at"],
                space=row["space_id"],
            )
            for row in await self._rows(statement)
        ]

    @override
    async def grants(
        self, targets: Collection[UUID], at: datetime, *, limit: int | None = None
    ) -> Sequence[RecordedGrant]:
        begun = (grants.c.target_id.in_(sorted(targets)), grants.c.started_at <= at)
        # Two queries, each with a partial index of its own.
        found = union_all(
            select(grants.c.id).where(*begun, _OPEN),
            select(grants.c.id).where(*begun, _ENDED, grants.c.closed_at > at),
        ).subquery()
        statement = (
            select(grants, requests.c.reason)
            .join(requests, requests.c.id == grants.c.request_id)
            .where(grants.c.id.in_(select(found.c.id)))
            .order_by(grants.c.request_id)
            .limit(limit)
        )
        rows = await self._rows(statement)
        changes = await self._changes([row["request_id"] for row in rows])
        approvals = await self._approvals(rows)
        rules = await self._rules(rows, at)
        return [
            RecordedGrant(
                grant=grant_of(row),
                changes=tuple(changes[row["request_id"]]),
                approvals=tuple(approvals[row["request_id"]]),
                reason=row["reason"],
                entries=tuple(
                    rule
                    for network in (networks_of(row["subject"]) if row["method"] is Method.MTLS else ())
                    for rule in rules[row["target_id"], network]
                ),
            )
            for row in rows
        ]

    @override
    async def adopted(self, targets: Collection[UUID], at: datetime) -> Sequence[AdoptedEntry]:
        statement = (
            select(operations, requests.c.requester)
            .join(requests, requests.c.id == operations.c.request_id)
            .where(
                operations.c.target_id.in_(sorted(targets)),
                operations.c.kind == Kind.ADOPT,
                operations.c.state == OperationState.DONE,
                operations.c.closed_at <= at,
            )
            .order_by(operations.c.closed_at)
        )
        done = await self._rows(statement)
        # The last adoption by then counts: an entry may be adopted, go, and be adopted again.
        adopters = {
            (row["target_id"], row["method"], name): row for row in done for name in names_of(row["subject"])
        }
        if not adopters:
            return []
        approvals = await self._approved([row["request_id"] for row in done])
        found: list[AdoptedEntry] = []
        for method, (table, key, subject) in _ENTRIES.items():
            there = or_(table.c.absent_at.is_(None), table.c.absent_at > at)
            named = select(table.c.target_id, key.label("entry"), subject.label("allows"), table.c.absent_at)
            adopted = named.where(table.c.target_id.in_(sorted(targets)), table.c.adopted, there)
            for row in await self._rows(adopted):
                by = adopters.get((row["target_id"], method, str(row["allows"])))
                if by is not None:
                    found.append(_adopted(row, method, by, approvals[by["request_id"]]))
        return found

    @override
    async def unmanaged(self, targets: Collection[UUID], at: datetime) -> Sequence[SightedEntry]:
        absent_at = unmanaged_entries.c.absent_at
        statement = (
            select(unmanaged_entries)
            .where(
                unmanaged_entries.c.target_id.in_(sorted(targets)),
                unmanaged_entries.c.first_seen_at <= at,
                or_(absent_at.is_(None), absent_at > at),
            )
            .order_by(unmanaged_entries.c.id)
        )
        return [
            SightedEntry(
                target=row["target_id"],
                method=row["method"],
                entry=row["entry"],
                subject=row["subject"],
                description=row["description"],
                created_by=row["created_by"],
                first_seen_at=row["first_seen_at"],
                absent_at=row["absent_at"],
            )
            for row in await self._rows(statement)
        ]

    @override
    async def observed_lists(self, targets: Collection[UUID]) -> Sequence[ObservedList]:
        which = sorted(targets)
        unread = select(observation_gaps).where(observation_gaps.c.target_id.in_(which))
        gaps: defaultdict[tuple[UUID, Method], list[Gap]] = defaultdict(list)
        for row in await self._rows(unread):
            gaps[row["target_id"], row["method"]].append(Gap(since=row["since"], until=row["until"]))
        queued = (
            select(reconcile_queue.c.target_id, reconcile_queue.c.method, reconcile_queue.c.observed_at)
            .where(reconcile_queue.c.target_id.in_(which))
            .order_by(reconcile_queue.c.id)
        )
        return [
            ObservedList(
                target=row["target_id"],
                method=row["method"],
                observed_at=row["observed_at"],
                gaps=tuple(gaps[row["target_id"], row["method"]]),
            )
            for row in await self._rows(queued)
        ]

    @override
    async def ended(
        self, targets: Collection[UUID] | None, *, owner: str, before: int | None, limit: int
    ) -> Sequence[int]:
        which = [_ENDED, grants.c.closed_at.is_not(None)]
        if targets is not None:
            which.append(or_(grants.c.target_id.in_(sorted(targets)), grants.c.owner == owner))
        if before is not None:
            moment = select(grants.c.closed_at).where(grants.c.request_id == before).scalar_subquery()
            same = (grants.c.closed_at == moment) & (grants.c.request_id < before)
            which.append(or_(grants.c.closed_at < moment, same))
        order = (grants.c.closed_at.desc(), grants.c.request_id.desc())
        statement = select(grants.c.request_id).where(*which).order_by(*order).limit(limit)
        return list((await self._connection.execute(statement)).scalars())

    @override
    async def of_person(
        self, person: str, targets: Collection[UUID] | None, *, before: int | None, limit: int
    ) -> Sequence[int]:
        which = [requests.c.requester == person]
        if targets is not None:
            which.append(requests.c.target_id.in_(sorted(targets)))
        return await self._newest(which, before=before, limit=limit)

    @override
    async def of_networks(
        self,
        networks: Collection[str],
        targets: Collection[UUID] | None,
        *,
        owner: str,
        before: int | None,
        limit: int,
    ) -> Sequence[int]:
        alone = requests.c.subject.in_([Network(each) for each in sorted(networks)]) & _NETWORKS
        # Rows of the union, not an OR: Postgres would answer that by reading the whole index of subjects.
        several = select(requests.c.id).where(is_for(requests.c.subject, networks), _SEVERAL)
        found = union_all(select(requests.c.id).where(alone), several).subquery()
        which: list[ColumnElement[bool]] = [requests.c.id.in_(select(found.c.id))]
        if targets is not None:
            which.append(or_(requests.c.target_id.in_(sorted(targets)), requests.c.requester == owner))
        return await self._newest(which, before=before, limit=limit)

    async def _newest(
        self, which: Sequence[ColumnElement[bool]], *, before: int | None, limit: int
    ) -> Sequence[int]:
        statement = select(requests.c.id).where(*which)
        if before is not None:
            statement = statement.where(requests.c.id < before)
        newest = statement.order_by(requests.c.id.desc()).limit(limit)
        return list((await self._connection.execute(newest)).scalars())

    async def _changes(self, numbers: Collection[int]) -> Mapping[int, list[GrantChange]]:
        statement = (
            select(
                audit.c.request_id, audit.c.at, audit.c.after, audit.c.details["ends"].astext.label("ends")
            )
            .where(audit.c.request_id.in_(sorted(numbers)), audit.c.subject == "grant")
            .order_by(audit.c.id)
        )
        found: defaultdict[int, list[GrantChange]] = defaultdict(list)
        for row in await self._rows(statement):
            ends = None if row["ends"] is None else datetime.fromisoformat(row["ends"])
            found[row["request_id"]].append(GrantChange(at=row["at"], after=row["after"], ends=ends))
        return found

    async def _approvals(self, rows: Sequence[Mapping[Any, Any]]) -> Mapping[int, list[Approval]]:
        """Approvals by the number of the request that opened each grant: its own, and of later ones."""
        owners = {row["id"]: row["request_id"] for row in rows}
        later = select(requests.c.id, requests.c.grant_id).where(requests.c.grant_id.in_(sorted(owners)))
        of_request = {number: number for number in owners.values()}
        of_request |= {row["id"]: owners[row["grant_id"]] for row in await self._rows(later)}
        approved = await self._approved(of_request)
        found: defaultdict[int, list[Approval]] = defaultdict(list)
        for number in sorted(of_request):
            found[of_request[number]] += approved[number]
        return found

    async def _approved(self, numbers: Iterable[int]) -> Mapping[int, list[Approval]]:
        """Approvals of requests that were approved, by their numbers."""
        statement = (
            select(decisions.c.request_id, decisions.c.person, decisions.c.at)
            .join(requests, requests.c.id == decisions.c.request_id)
            .where(
                decisions.c.request_id.in_(sorted(numbers)),
                decisions.c.verdict == Verdict.APPROVE,
                # Of somebody who might no longer approve when it was decided, it did not.
                decisions.c.counts,
                requests.c.state == RequestState.APPROVED,
            )
            .order_by(decisions.c.at)
        )
        found: defaultdict[int, list[Approval]] = defaultdict(list)
        for row in await self._rows(statement):
            approval = Approval(request=row["request_id"], person=row["person"], at=row["at"])
            found[row["request_id"]].append(approval)
        return found

    async def _rules(
        self, rows: Sequence[Mapping[Any, Any]], at: datetime
    ) -> Mapping[tuple[UUID, Any], list[str]]:
        """Heroku's ids of the IP rules of some grants at a moment, by target and network."""
        of_rules = [row["subject"] for row in rows if row["method"] is Method.MTLS]
        networks = {network for subject in of_rules for network in networks_of(subject)}
        found: defaultdict[tuple[UUID, Any], list[str]] = defaultdict(list)
        if not networks:
            return found
        made = or_(mtls_rules.c.intent_id.is_(None), mtls_rule_intents.c.at <= at)
        statement = (
            select(mtls_rules.c.target_id, mtls_rules.c.network, mtls_rules.c.rule_id)
            .outerjoin(mtls_rule_intents, mtls_rule_intents.c.id == mtls_rules.c.intent_id)
            .where(
                mtls_rules.c.target_id.in_(sorted({row["target_id"] for row in rows})),
                mtls_rules.c.network.in_(sorted(networks)),
                or_(mtls_rules.c.absent_at.is_(None), mtls_rules.c.absent_at > at),
                made,
            )
            .order_by(mtls_rules.c.rule_id)
        )
        for row in await self._rows(statement):
            found[row["target_id"], row["network"]].append(str(row["rule_id"]))
        return found

    async def _rows(self, statement: Select[Any]) -> Sequence[Mapping[Any, Any]]:
        return list((await self._connection.execute(statement)).mappings())


def _adopted(
    row: Mapping[Any, Any], method: Method, by: Mapping[Any, Any], approvals: Sequence[Approval]
) -> AdoptedEntry:
    return AdoptedEntry(
        target=row["target_id"],
        method=method,
        entry=str(row["entry"]),
        subject=str(row["allows"]),
        request=by["request_id"],
        requester=by["requester"],
        since=by["closed_at"],
        absent_at=row["absent_at"],
        approvals=tuple(approvals),
    )
