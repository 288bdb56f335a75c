"""Requests and the votes on them; every change of state writes its audit line."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    RowMapping,
    and_,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.grant import OPEN_STATES
from bot.domain.request import Decision, Request, RequestState, Terms
from bot.ports import Case, Doing, Loop
from storage.audit import PostgresAudit
from storage.grants import grant_of
from storage.tables import grants, requests, targets, votes
from storage.targets import database_of, look_of


def request_of(row: Mapping[Any, Any]) -> Request:
    """Reads a request from a row of ``requests``."""
    return Request(
        id=row["id"],
        terms=Terms(
            method=row["method"],
            target=row["target_id"],
            network=row["network"],
            duration=row["duration"],
            until=row["until"],
            reason=row["reason"],
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

    async def add(self, terms: Terms, *, requester: str, doing: Doing) -> Request:
        """Records a pending request."""
        statement = (
            insert(requests)
            .values(
                method=terms.method,
                target_id=terms.target,
                network=terms.network,
                duration=terms.duration,
                until=terms.until,
                reason=terms.reason,
                requester=requester,
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

    async def case(self, id: int) -> Case | None:
        """A request with everything that is shown of it."""
        found = await self._cases(requests.c.id == id, limit=1)
        return found[0] if found else None

    async def open_cases(self, *, requester: str | None, limit: int) -> tuple[Case, ...]:
        """Pending requests and those with an open grant, newest first."""
        pending = requests.c.state == RequestState.PENDING
        is_open = or_(pending, and_(grants.c.id.is_not(None), grants.c.state.in_(OPEN_STATES)))
        whose = is_open if requester is None else and_(is_open, requests.c.requester == requester)
        return await self._cases(whose, limit=limit)

    async def _cases(self, condition: ColumnElement[bool], *, limit: int) -> tuple[Case, ...]:
        statement = (
            select(requests, targets, grants)
            .join(targets, targets.c.id == requests.c.target_id)
            .outerjoin(grants, grants.c.request_id == requests.c.id)
            .where(condition)
            .order_by(requests.c.id.desc())
            .limit(limit)
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        rows = (await self._connection.execute(statement)).mappings().all()
        return tuple([await self._case(row) for row in rows])

    async def _case(self, row: RowMapping) -> Case:
        request = request_of(_part(row, "requests"))
        target = _part(row, "targets")
        return Case(
            request=request,
            database=database_of(target),
            decisions=() if request.decided_at is None else await self.votes(request.id),
            grant=None if row["grants_id"] is None else grant_of(_part(row, "grants")),
            look=look_of(target),
        )

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
