"""Departures: targets that Heroku no longer has, how that was proven, and what is still recorded of them."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Table,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy import union as union_of
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import Grant, GrantState
from bot.domain.mtls.certificate import DISABLED, READY, KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.operation import Operation, OperationState
from bot.domain.reports.trouble import Trouble
from bot.domain.target import Target
from bot.ports import AuditContext, Departures, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import known_of
from storage.repositories.download_links import BUSY, download_link_of
from storage.repositories.grants import grant_of
from storage.repositories.operations import OVERDUE, operation_of
from storage.repositories.targets import target_of
from storage.tables import (
    DOING,
    LINKED,
    OPEN,
    PENDING,
    certificates,
    download_links,
    grants,
    mtls_rule_intents,
    mtls_rules,
    operations,
    outbox,
    privatelink_accounts,
    reconcile_queue,
    requests,
    targets,
    trusted_ranges,
    unmanaged_entries,
)

_OPEN = literal_column(f"grants.{OPEN}", Boolean)
_PENDING = literal_column(f"requests.{PENDING}", Boolean)
_DOING = literal_column(f"operations.{DOING}", Boolean)
_LINKED = literal_column(f"download_links.{LINKED}", Boolean)
"""As text, as the partial indexes have them."""

_ENTRIES: Final = (mtls_rules, privatelink_accounts, trusted_ranges)
"""The tables of owned entries."""

_UNMARKED: Final = (
    (privatelink_accounts, privatelink_accounts.c.arn),
    (trusted_ranges, trusted_ranges.c.source),
)
"""Those of them that bear no marker at Heroku: only the store knows which are owned."""

LISTED: Final = 200
"""Targets that are gone and that a name is looked up among."""

_DENIALS: Final = case(
    # Of a space the Platform API itself is asked for the list; that of a database is the Data API's.
    (targets.c.is_space, reconcile_queue.c.trouble.in_((Trouble.REJECTED, Trouble.UNKNOWN_ADDON))),
    else_=reconcile_queue.c.trouble == Trouble.UNKNOWN_ADDON,
)
"""Whether the last run of a row of the queue was told that its target does not exist."""

_observed = (
    select(func.max(reconcile_queue.c.observed_at))
    .where(reconcile_queue.c.target_id == targets.c.id)
    .scalar_subquery()
)
_OBSERVED_SINCE: Final = func.coalesce(_observed >= targets.c.missing_at, False)
"""Whether a target was read after the first answer that it does not exist: whoever reads it finds it."""

_denied = (
    select(func.bool_and(func.coalesce(_DENIALS, False)))
    .where(reconcile_queue.c.target_id == targets.c.id)
    .correlate(targets)
    .scalar_subquery()
)
_DENIED: Final = func.coalesce(_denied, False)
"""Whether every row of the queue was told that."""

_other = targets.alias("other")
_ALONE: Final = ~exists().where(_other.c.absent_at == targets.c.absent_at, _other.c.id != targets.c.id)
"""Whether the discovery that no longer found a target missed no other: it writes one time for all."""


def _held(table: Table, which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(table.c.target_id == targets.c.id, which)


_SOMETHING_LEFT: Final = or_(
    _held(grants, _OPEN),
    _held(requests, _PENDING),
    _held(operations, _DOING),
    _held(download_links, _LINKED),
    _held(certificates, certificates.c.absent_at.is_(None)),
    _held(mtls_rule_intents, ~mtls_rule_intents.c.resolved),
    *(_held(table, table.c.absent_at.is_(None)) for table in _ENTRIES),
)


class PostgresDepartures(Departures):
    """Targets by Heroku's UUID; rows are locked in one order, from requests to entries."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def missing(self, *, limit: int) -> tuple[Target, ...]:
        unproven = select(targets).where(targets.c.absent_at.is_not(None), targets.c.gone_at.is_(None))
        # Those that may be proven with this answer come first, then those that were asked about longest ago.
        ordered = unproven.order_by(targets.c.missing_at.nulls_last(), targets.c.absent_at.desc())
        return tuple(target_of(row) for row in await self._rows(ordered.limit(limit)))

    @override
    async def record_absence(self, target: UUID, *, apart: timedelta, doing: AuditContext) -> bool:
        apart_enough = targets.c.missing_at <= func.now() - apart
        proven = apart_enough & ~_OBSERVED_SINCE & or_(_ALONE, _DENIED)
        # What was read since then makes this answer the first one.
        first = case((_OBSERVED_SINCE, func.now()), else_=func.coalesce(targets.c.missing_at, func.now()))
        statement = (
            update(targets)
            # One that a discovery has found meanwhile is there, whatever was answered before.
            .where(targets.c.id == target, targets.c.absent_at.is_not(None), targets.c.gone_at.is_(None))
            .values(missing_at=first, gone_at=case((proven, func.now())))
            .returning(targets.c.gone_at)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None or row.gone_at is None:
            return False
        await self._audit.write(doing, subject="target", before="", after="gone", target=target)
        there = (unmanaged_entries.c.target_id == target) & unmanaged_entries.c.absent_at.is_(None)
        await self._connection.execute(update(unmanaged_entries).where(there).values(absent_at=doing.at))
        self._touched.add(WorkerName.CLOCK)
        return True

    @override
    async def lost_together(self, target: UUID) -> tuple[datetime, tuple[Target, ...]] | None:
        moment = select(targets.c.absent_at).where(targets.c.id == target)
        at = (await self._connection.execute(moment)).scalar_one_or_none()
        if at is None:
            return None
        lost = select(targets).where(targets.c.absent_at == at).order_by(targets.c.id)
        return at, tuple(target_of(row) for row in await self._rows(lost))

    @override
    async def record_presence(self, target: UUID) -> None:
        which = (targets.c.id == target) & targets.c.missing_at.is_not(None) & targets.c.gone_at.is_(None)
        await self._connection.execute(update(targets).where(which).values(missing_at=None))

    @override
    async def gone(self) -> tuple[Target, ...]:
        statement = select(targets).where(targets.c.gone_at.is_not(None)).order_by(targets.c.gone_at.desc())
        return tuple(target_of(row) for row in await self._rows(statement.limit(LISTED)))

    @override
    async def unsettled(self, *, limit: int) -> tuple[Target, ...]:
        statement = select(targets).where(targets.c.gone_at.is_not(None), _SOMETHING_LEFT)
        return tuple(
            target_of(row) for row in await self._rows(statement.order_by(targets.c.id).limit(limit))
        )

    @override
    async def pending_of(self, target: UUID) -> tuple[int, ...]:
        there = select(requests).where(_PENDING, requests.c.target_id == target)
        return tuple(row["id"] for row in await self._rows(there.order_by(requests.c.id).with_for_update()))

    @override
    async def grants_of(self, target: UUID) -> tuple[Grant, ...]:
        there = select(grants).where(_OPEN, grants.c.target_id == target)
        return tuple(grant_of(row) for row in await self._rows(there.order_by(grants.c.id).with_for_update()))

    @override
    async def failed_of(self, target: UUID) -> tuple[int, ...]:
        failed = union_of(
            select(grants.c.request_id).where(
                grants.c.target_id == target, grants.c.state == GrantState.FAILED
            ),
            select(operations.c.request_id).where(
                operations.c.target_id == target, operations.c.state == OperationState.FAILED
            ),
        )
        return tuple((await self._connection.execute(failed)).scalars())

    @override
    async def operations_of(self, target: UUID) -> tuple[Operation, ...]:
        there = select(operations, OVERDUE).where(_DOING, operations.c.target_id == target)
        rows = await self._rows(there.order_by(operations.c.id).with_for_update())
        return tuple(operation_of(row) for row in rows)

    @override
    async def links_of(self, target: UUID) -> tuple[DownloadLink, ...]:
        there = select(download_links, BUSY).where(_LINKED, download_links.c.target_id == target)
        rows = await self._rows(there.order_by(download_links.c.id).with_for_update())
        return tuple(download_link_of(row) for row in rows)

    @override
    async def findings_of(self, target: UUID) -> tuple[str, ...]:
        reported = select(func.unnest(outbox.c.about).label("name")).where(outbox.c.settled_at.is_(None))
        named = reported.subquery().c.name
        found = select(named).where(named.startswith(f"{target} ")).distinct().order_by(named)
        return tuple((await self._connection.execute(found)).scalars())

    @override
    async def forget_entries(self, target: UUID) -> tuple[KnownCertificate, ...]:
        present = (certificates.c.target_id == target) & certificates.c.absent_at.is_(None)
        known = await self._rows(select(certificates).where(present).order_by(certificates.c.id))
        await self._connection.execute(
            update(certificates).where(present).values(absent_at=func.now(), status=DISABLED)
        )
        for table in _ENTRIES:
            owned = (table.c.target_id == target) & table.c.absent_at.is_(None)
            await self._connection.execute(update(table).where(owned).values(absent_at=func.now()))
        await self._connection.execute(
            update(mtls_rule_intents)
            .where(mtls_rule_intents.c.target_id == target, ~mtls_rule_intents.c.resolved)
            .values(resolved=True)
        )
        await self._connection.execute(
            update(reconcile_queue)
            .where(reconcile_queue.c.target_id == target)
            # A run that is under way finds another time than the one that it was claimed with, and leaves it.
            .values(due_at=None, reconciled_generation=reconcile_queue.c.generation)
        )
        return tuple(known_of(row) for row in known)

    @override
    async def restore_entries(self, target: UUID, *, since: datetime) -> tuple[int, ...]:
        for table, key in _UNMARKED:
            went = (table.c.target_id == target) & (table.c.absent_at >= since)
            newest = select(func.max(table.c.id)).where(went).group_by(key)
            requested = table.c.removal_requested_at.is_not(None)
            await self._connection.execute(
                update(table)
                .where(table.c.id.in_(newest))
                # What was adopted stays, unless its removal was approved before.
                .values(absent_at=None, adopted=table.c.adopted & ~requested, removal_requested_at=None)
            )
        back = (
            update(certificates)
            .where(certificates.c.target_id == target, certificates.c.absent_at >= since)
            .values(absent_at=None, status=READY)
            .returning(certificates.c.request_id)
        )
        numbers = (await self._connection.execute(back)).scalars()
        return tuple(sorted({number for number in numbers if number is not None}))

    async def _rows(self, statement: Select[Any]) -> list[Any]:
        return list((await self._connection.execute(statement)).mappings())
