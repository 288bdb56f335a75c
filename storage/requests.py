"""Requests and the votes on them; every change of state writes its audit line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    Boolean,
    ColumnElement,
    RowMapping,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import ChangeState
from bot.domain.grant import LIVE_STATES, OPEN_STATES
from bot.domain.request import Decision, Kind, Request, RequestState, Terms
from bot.ports import Case, Doing, Loop, Wanted
from storage.audit import PostgresAudit
from storage.changes import change_of
from storage.grants import grant_of
from storage.looks import look_of
from storage.tables import PENDING, changes, grants, lanes, requests, targets, votes
from storage.targets import target_of

_PENDING = literal_column(f"requests.{PENDING}", Boolean)


def request_of(row: Mapping[Any, Any]) -> Request:
    """Reads a request from a row of ``requests``."""
    return Request(
        id=row["id"],
        kind=row["kind"],
        grant=row["grant_id"],
        rule=row["rule"],
        needed=row["needed"],
        lapse_at=row["lapse_at"],
        reminders=row["reminders"],
        terms=Terms(
            method=row["method"],
            target=row["target_id"],
            subject=row["subject"],
            duration=row["duration"],
            until=row["until"],
            reason=row["reason"],
            enables=row["enables"],
        ),
        requester=row["requester"],
        state=row["state"],
        version=row["version"],
        asked_at=row["asked_at"],
        decided_at=row["decided_at"],
    )


class PostgresRequests:
    """Requests by the number that people use."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[Loop]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    async def add(self, wanted: Wanted, *, doing: Doing) -> Request:
        """Records a pending request."""
        terms = wanted.terms
        statement = (
            insert(requests)
            .values(
                kind=wanted.kind,
                grant_id=wanted.grant,
                rule=wanted.rule,
                needed=wanted.needed,
                lapse_at=wanted.lapse_at,
                remind_at=wanted.remind_at,
                method=terms.method,
                target_id=terms.target,
                subject=terms.subject,
                enables=terms.enables,
                duration=terms.duration,
                until=terms.until,
                reason=terms.reason,
                requester=wanted.requester,
                state=RequestState.PENDING,
                asked_at=doing.at,
            )
            .returning(requests)
        )
        request = request_of((await self._connection.execute(statement)).mappings().one())
        await self._write(request, doing, before="", after=RequestState.PENDING)
        return request

    async def lock(self, id: int) -> Request | None:
        """A request, locked until the transaction ends: decisions serialise on it."""
        statement = select(requests).where(requests.c.id == id).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)

    async def votes(self, id: int) -> tuple[Decision, ...]:
        """The votes on a request, oldest first."""
        statement = select(votes).where(votes.c.request_id == id).order_by(votes.c.at, votes.c.person)
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(
            Decision(person=row["person"], verdict=row["verdict"], reason=row["reason"], at=row["at"])
            for row in rows
        )

    async def vote(self, id: int, decision: Decision) -> None:
        """Records a vote; the primary key lets each person vote once."""
        await self._connection.execute(
            insert(votes).values(
                request_id=id,
                person=decision.person,
                verdict=decision.verdict,
                reason=decision.reason,
                at=decision.at,
            )
        )

    async def decide(self, request: Request, state: RequestState, *, doing: Doing) -> None:
        """Moves a pending request, locked by this transaction, to its final state."""
        await self._connection.execute(
            update(requests).where(requests.c.id == request.id).values(state=state, decided_at=doing.at)
        )
        await self._write(request, doing, before=request.state, after=state)

    async def change_terms(self, request: Request, terms: Terms) -> Request:
        """Writes new terms; buttons that show the old ones decide nothing from here on."""
        statement = (
            update(requests)
            .where(requests.c.id == request.id)
            .values(
                subject=terms.subject,
                duration=terms.duration,
                until=terms.until,
                version=requests.c.version + 1,
            )
            .returning(requests)
        )
        return request_of((await self._connection.execute(statement)).mappings().one())

    async def note_vote(self, request: Request, votes: int, *, doing: Doing) -> None:
        """Writes the audit line of an approval that does not decide yet."""
        stands = f"pending, {votes} of {request.needed}"
        await self._write(request, doing, before=request.state, after=stands)

    async def to_lapse(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose time is over, locked."""
        return await self._due(requests.c.lapse_at, now, limit)

    async def to_remind(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose approvers are to be reminded, locked."""
        return await self._due(requests.c.remind_at, now, limit)

    async def reminded(self, request: Request, *, given: int, next_at: datetime | None) -> None:
        """Notes that the approvers were reminded, and when to do so again."""
        await self._connection.execute(
            update(requests).where(requests.c.id == request.id).values(reminders=given, remind_at=next_at)
        )

    async def next_moment(self) -> datetime | None:
        """The next lapse or reminder."""
        moments = [await self._first(requests.c.lapse_at), await self._first(requests.c.remind_at)]
        return min((moment for moment in moments if moment is not None), default=None)

    async def pending(self, *, limit: int) -> tuple[Case, ...]:
        """Requests that wait for a decision, the oldest last."""
        return await self._cases(_PENDING, limit=limit)

    async def case(self, id: int) -> Case | None:
        """A request with everything that is shown of it."""
        found = await self._cases(requests.c.id == id, limit=1)
        return found[0] if found else None

    async def open_cases(
        self, *, requester: str | None, limit: int, target: UUID | None = None
    ) -> tuple[Case, ...]:
        """Pending requests and those with an open grant, newest first."""
        opened = (requests.c.kind == Kind.OPEN) & grants.c.state.in_(OPEN_STATES)
        which = or_(_PENDING, opened, changes.c.state == ChangeState.DOING)
        if requester is not None:
            which &= requests.c.requester == requester
        if target is not None:
            which &= requests.c.target_id == target
        return await self._cases(which, limit=limit)

    async def _first(self, moment: ColumnElement[Any]) -> datetime | None:
        which = _PENDING & moment.is_not(None)
        statement = select(moment).where(which).order_by(moment).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def _due(self, moment: ColumnElement[Any], now: datetime, limit: int) -> tuple[Request, ...]:
        statement = select(requests).where(_PENDING, moment <= now).order_by(moment).limit(limit)
        rows = (await self._connection.execute(statement.with_for_update(skip_locked=True))).mappings()
        return tuple(request_of(row) for row in rows)

    async def _cases(self, condition: ColumnElement[bool], *, limit: int) -> tuple[Case, ...]:
        lane = (lanes.c.target_id == requests.c.target_id) & (lanes.c.method == requests.c.method)
        statement = (
            select(requests, targets, lanes, grants, changes)
            .join(targets, targets.c.id == requests.c.target_id)
            .outerjoin(lanes, lane)
            .outerjoin(changes, changes.c.request_id == requests.c.id)
            .outerjoin(grants, or_(grants.c.request_id == requests.c.id, grants.c.id == requests.c.grant_id))
            .where(condition)
            .order_by(requests.c.id.desc())
            .limit(limit)
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        rows = (await self._connection.execute(statement)).mappings().all()
        return tuple([await self._case(row) for row in rows])

    async def _case(self, row: RowMapping) -> Case:
        request = request_of(_part(row, "requests"))
        lane = _part(row, "lanes")
        return Case(
            request=request,
            target=target_of(_part(row, "targets")),
            decisions=await self.votes(request.id),
            grant=None if row["grants_id"] is None else grant_of(_part(row, "grants")),
            look=None if lane["id"] is None else look_of(lane),
            change=None if row["changes_id"] is None else change_of(_part(row, "changes")),
            closes=await self._closes(request),
        )

    async def _closes(self, request: Request) -> tuple[int, ...]:
        """For a removal that is undecided: the requests whose grants it would close."""
        if request.kind is not Kind.REMOVE or request.state is not RequestState.PENDING:
            return ()
        terms = request.terms
        lane = (grants.c.target_id == terms.target) & (grants.c.method == terms.method)
        same = lane & (grants.c.subject == terms.subject)
        statement = select(grants.c.request_id).where(same, grants.c.state.in_(LIVE_STATES))
        return tuple((await self._connection.execute(statement.order_by(grants.c.request_id))).scalars())

    async def _write(self, request: Request, doing: Doing, *, before: str, after: str) -> None:
        await self._audit.write(
            doing,
            subject="request",
            before=before,
            after=after,
            request=request.id,
            target=request.terms.target,
        )
        self._touched.add(Loop.COURIER)


def _part(row: RowMapping, table: str) -> dict[str, Any]:
    """One table's columns of a joined row, under their own names."""
    prefix = f"{table}_"
    return {key.removeprefix(prefix): value for key, value in row.items() if key.startswith(prefix)}
