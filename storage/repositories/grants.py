"""Grants; every change of state writes its audit line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, bindparam, exists, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import Grant, GrantState, Kept
from bot.domain.method import OPENING_DEADLINE, Method
from bot.domain.subject import Subject, names_of
from bot.ports import AuditContext, Grants, WorkerName
from storage.repositories.audit import Line, PostgresAudit, line_of
from storage.tables import OPEN, RUNNING, TO_WARN, grants
from storage.types import is_for

_CHANGE = update(grants).where(grants.c.id == bindparam("grant"))
_RUNNING = literal_column(f"({RUNNING})", Boolean)
_OPEN = literal_column(f"({OPEN})", Boolean)
_TO_WARN = literal_column(f"({TO_WARN})", Boolean)


def grant_of(row: Mapping[Any, Any]) -> Grant:
    """Reads a grant from a row of ``grants``."""
    return Grant(
        id=row["id"],
        request=row["request_id"],
        target=row["target_id"],
        method=row["method"],
        owner=row["owner"],
        subject=row["subject"],
        duration=row["duration"],
        state=row["state"],
        started_at=row["started_at"],
        verified_at=row["verified_at"],
        ends_at=row["ends_at"],
        extended=row["extended"],
        warn_at=row["warn_at"],
        closed_at=row["closed_at"],
        reason_code=row["reason_code"],
        detail=row["detail"],
        kept=_kept(row),
    )


def _kept(row: Mapping[Any, Any]) -> Kept | None:
    if row["kept_at"] is None:
        return None
    return Kept(at=row["kept_at"], by=row["kept_by"] or "", under=row["kept_under"] or "")


class PostgresGrants(Grants):
    """Grants by id."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def open(self, grant: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE) -> None:
        await self._connection.execute(
            insert(grants).values(
                id=grant.id,
                request_id=grant.request,
                target_id=grant.target,
                method=grant.method,
                owner=grant.owner,
                subject=grant.subject,
                duration=grant.duration,
                state=grant.state,
                started_at=grant.started_at,
                deadline_at=func.now() + within,
                # Set already where an open grant is recorded again.
                verified_at=grant.verified_at,
                ends_at=grant.ends_at,
                warn_at=grant.warn_at,
                reason_code=grant.reason_code,
            )
        )
        await self._write(grant, doing, before="", after=grant.state)

    @override
    async def lock(self, id: UUID) -> Grant:
        row = (
            await self._connection.execute(select(grants).where(grants.c.id == id).with_for_update())
        ).mappings()
        return grant_of(row.one())

    @override
    async def update(
        self, before: Grant, after: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE
    ) -> bool:
        opens = after.state is GrantState.APPLYING and before.state is not GrantState.APPLYING
        # Only a new attempt has a new deadline; an extension, for example, leaves it.
        deadline = func.now() + within if opens else grants.c.deadline_at
        statement = (
            update(grants)
            # A person, the scheduler and the reconciler may move one grant: whoever comes second finds
            # another state.
            .where(grants.c.id == before.id, grants.c.state == before.state)
            .values(deadline_at=deadline, **_mutable(after))
        )
        if (await self._connection.execute(statement)).rowcount == 0:
            return False
        await self._write(after, doing, before=before.state, after=after.state)
        return True

    @override
    async def lock_all(self, ids: Collection[UUID]) -> tuple[Grant, ...]:
        if not ids:
            return ()
        # In one order, as ``live`` and ``running``: two transactions that lock the same grants in two would
        # deadlock.
        statement = select(grants).where(grants.c.id.in_(sorted(ids))).order_by(grants.c.id).with_for_update()
        return tuple(grant_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def lock_moving(self, target: UUID, method: Method, *, also: Collection[UUID] = ()) -> None:
        moving = (
            (grants.c.target_id == target)
            & (grants.c.method == method)
            & _OPEN
            & grants.c.state.in_((GrantState.APPLYING, GrantState.ENDING))
        )
        which = select(grants.c.id).where(moving | grants.c.id.in_(sorted(also)))
        await self._connection.execute(which.order_by(grants.c.id).with_for_update())

    @override
    async def update_all(self, changes: Sequence[tuple[Grant, Grant, AuditContext]]) -> None:
        if not changes:
            return
        # No condition on the state: callers hold the locks of ``lock_all`` or ``past_end``.
        rows = [{"grant": after.id, **_mutable(after)} for _, after, _ in changes]
        await self._connection.execute(_CHANGE, rows)
        await self._audit.write_all(
            [_line(after, doing, before=before.state, after=after.state) for before, after, doing in changes]
        )
        self._touched.update((WorkerName.NOTIFIER, WorkerName.CLOCK))

    @override
    async def of_request(self, request: int) -> Grant | None:
        statement = select(grants).where(grants.c.request_id == request).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else grant_of(row)

    @override
    async def live(self, target: UUID, method: Method, subject: Subject) -> tuple[Grant, ...]:
        same = (grants.c.target_id == target) & (grants.c.method == method)
        which = same & is_for(grants.c.subject, names_of(subject))
        statement = select(grants).where(which, _RUNNING).order_by(grants.c.id).with_for_update()
        return tuple(grant_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def running(self, target: UUID, method: Method) -> tuple[Grant, ...]:
        same = (grants.c.target_id == target) & (grants.c.method == method)
        statement = select(grants).where(same, _RUNNING).order_by(grants.c.id).with_for_update()
        return tuple(grant_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def is_closing(self, target: UUID, method: Method, subject: Subject) -> bool:
        same = (grants.c.target_id == target) & (grants.c.method == method)
        which = same & is_for(grants.c.subject, names_of(subject)) & (grants.c.state == GrantState.ENDING)
        return bool((await self._connection.execute(select(exists().where(which)))).scalar())

    @override
    async def next_to_end(self, target: UUID, method: Method) -> Grant | None:
        same = (grants.c.target_id == target) & (grants.c.method == method)
        statement = select(grants).where(same, _RUNNING, grants.c.ends_at.is_not(None))
        row = (await self._connection.execute(statement.order_by(grants.c.ends_at).limit(1))).mappings()
        found = row.one_or_none()
        return None if found is None else grant_of(found)

    @override
    async def postpone(self, opening: Sequence[Grant], *, within: timedelta) -> None:
        if not opening:
            return
        later = update(grants).where(grants.c.id == bindparam("grant"), grants.c.state == GrantState.APPLYING)
        values = {
            "ends_at": bindparam("end", type_=grants.c.ends_at.type),
            "deadline_at": func.greatest(grants.c.deadline_at, func.now() + within),
        }
        rows = [{"grant": grant.id, "end": grant.ends_at} for grant in opening]
        await self._connection.execute(later.values(values), rows)
        self._touched.add(WorkerName.CLOCK)

    @override
    async def past_end(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        order = (grants.c.ends_at, grants.c.target_id)
        return await self._locked(_RUNNING & (grants.c.ends_at <= now), *order, limit=limit)

    @override
    async def to_warn(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        return await self._locked(_TO_WARN & (grants.c.warn_at <= now), grants.c.warn_at, limit=limit)

    @override
    async def warned(self, grant: Grant) -> None:
        await self._connection.execute(update(grants).where(grants.c.id == grant.id).values(warn_at=None))

    @override
    async def next_moment(self) -> datetime | None:
        # Two queries: each of the two moments has a partial index of its own.
        end = await self._first(grants.c.ends_at, _RUNNING)
        warning = await self._first(grants.c.warn_at, _TO_WARN)
        return min((moment for moment in (end, warning) if moment is not None), default=None)

    async def _first(self, moment: ColumnElement[Any], which: ColumnElement[bool]) -> datetime | None:
        statement = select(moment).where(which).order_by(moment).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def _locked(
        self, which: ColumnElement[bool], *order: ColumnElement[Any], limit: int
    ) -> tuple[Grant, ...]:
        statement = select(grants).where(which).order_by(*order).limit(limit)
        # A grant that somebody is changing at this moment is found again a second later.
        locked = statement.with_for_update(skip_locked=True)
        return tuple(grant_of(row) for row in (await self._connection.execute(locked)).mappings())

    async def _write(self, grant: Grant, doing: AuditContext, *, before: str, after: str) -> None:
        await self._audit.write_all([_line(grant, doing, before=before, after=after)])
        self._touched.update((WorkerName.NOTIFIER, WorkerName.CLOCK))


def _line(grant: Grant, doing: AuditContext, *, before: str, after: str) -> Line:
    said = dict(doing.details)
    if grant.ends_at is not None:
        said["ends"] = grant.ends_at.isoformat()
    if grant.reason_code is not None:
        said["why"] = grant.reason_code
        said["detail"] = grant.detail
    return line_of(
        replace(doing, details=said), "grant", before, after, request=grant.request, target=grant.target
    )


def _mutable(grant: Grant) -> dict[str, Any]:
    """Columns of a grant that change, except for its opening deadline."""
    return {
        "state": grant.state,
        "verified_at": grant.verified_at,
        "ends_at": grant.ends_at,
        "extended": grant.extended,
        "duration": grant.duration,
        "warn_at": grant.warn_at,
        "closed_at": grant.closed_at,
        "reason_code": grant.reason_code,
        "detail": grant.detail,
    }
