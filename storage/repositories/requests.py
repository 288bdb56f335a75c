"""Access requests and the decisions on them; every change of state writes its audit line."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    any_,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.overlap import Held
from bot.domain.policy.rules import Rule
from bot.domain.request import (
    Decision,
    Kind,
    Request,
    RequestState,
    Terms,
    Withdrawal,
    write_terms,
)
from bot.domain.subject import Subject
from bot.ports import AuditContext, NewRequest, RequestDetails, Requests, Standing, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import PostgresCertificates
from storage.repositories.request_details import IDS, RequestDetailsReader, request_of
from storage.repositories.standing import read_able, read_standing
from storage.tables import (
    DOING,
    OPEN,
    PENDING,
    decisions,
    grants,
    operations,
    requests,
)

_PENDING = literal_column(f"requests.{PENDING}", Boolean)
_OPEN = literal_column(f"grants.{OPEN}", Boolean)
_DOING = literal_column(f"operations.{DOING}", Boolean)
"""As text, as the partial indexes have them: a parameter would keep Postgres from using these."""

NONCE: Final = 8
"""Hexadecimal digits of a nonce: it is no secret, and only has to differ among requests of one number."""

FURTHEST: Final = 1_000_000
"""How far above the highest number a rebuilt request may be: a description that somebody else wrote must not
use up the numbers."""

REBUILDING: Final = 0x7067_6164
"""Advisory lock of giving a rebuilt request its number."""

REQUESTING: Final = 0x7067_6165
"""Class of the advisory locks by which the requests of one person wait for each other."""

_ADD = insert(requests).returning(requests.c.id)
_ADD_NUMBERED = insert_or_leave(requests).on_conflict_do_nothing().returning(requests.c.id)

_SEQUENCE: Final = "pg_get_serial_sequence('requests', 'id')"

_LAST_NUMBER: Final = text(f"SELECT coalesce(pg_sequence_last_value({_SEQUENCE}::regclass), 0)")

_NEXT_ABOVE: Final = text(f"SELECT setval({_SEQUENCE}, :number)")


def _held() -> CompoundSelect[Any]:
    """Built once: every typed request runs this."""
    target = bindparam("target", type_=requests.c.target_id.type)
    method = bindparam("method", type_=requests.c.method.type)
    waiting = select(
        requests.c.id.label("request"),
        requests.c.requester.label("owner"),
        requests.c.subject,
        literal(None, grants.c.ends_at.type).label("ends_at"),
        literal(value=True).label("pending"),
    ).where(
        _PENDING, requests.c.target_id == target, requests.c.method == method, requests.c.kind == Kind.OPEN
    )
    opened = select(
        grants.c.request_id, grants.c.owner, grants.c.subject, grants.c.ends_at, literal(value=False)
    ).where(
        _OPEN,
        grants.c.target_id == target,
        grants.c.method == method,
        # What was closed, or is about to be, keeps nobody from asking anew.
        grants.c.state.not_in((GrantState.ENDING, GrantState.INTERRUPTED)),
    )
    return union_all(waiting, opened)


_HELD: Final = _held()


class PostgresRequests(Requests):
    """Requests by number."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched
        self._reader = RequestDetailsReader(connection, PostgresCertificates(connection, touched))

    @override
    async def add(self, wanted: NewRequest, *, doing: AuditContext) -> Request:
        return await self._add(_new_row(wanted, doing), doing)

    @override
    async def add_rebuilt(self, wanted: NewRequest, *, number: int, doing: AuditContext) -> Request:
        row = _new_row(wanted, doing)
        row |= {"state": RequestState.APPROVED, "decided_at": row["asked_at"]}
        # Two that rebuild at once: the lower number of one must not follow the higher one of the other.
        await self._connection.execute(select(func.pg_advisory_xact_lock(REBUILDING)))
        last = (await self._connection.execute(_LAST_NUMBER)).scalar_one()
        if number <= last + FURTHEST:
            row["id"] = number
        if last < number <= last + FURTHEST:
            await self._connection.execute(_NEXT_ABOVE, {"number": number})
        return await self._add(row, doing)

    async def _add(self, row: dict[str, Any], doing: AuditContext) -> Request:
        number = None
        if "id" in row:
            number = (await self._connection.execute(_ADD_NUMBERED, row)).scalar_one_or_none()
        if number is None:
            # It has no number yet, or that is another request's by now.
            new = {name: value for name, value in row.items() if name != "id"}
            number = (await self._connection.execute(_ADD, new)).scalar_one()
        request = request_of({**row, "id": number})
        said = {**doing.details, "kind": request.kind, **write_terms(request.terms)}
        said |= {"owner": request.requester} if request.asker else {}
        said |= {"ticket": request.terms.ticket} if request.terms.ticket else {}
        await self._write(request, replace(doing, details=said), before="", after=request.state)
        return request

    @override
    async def lock(self, id: int) -> Request | None:
        statement = select(requests).where(requests.c.id == id).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)

    @override
    async def nonce(self, id: int) -> str | None:
        statement = select(func.coalesce(requests.c.nonce, "")).where(requests.c.id == id)
        found: str | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    @override
    async def lock_details(self, id: int) -> RequestDetails | None:
        found = await self._reader.read([id], lock=True)
        return found[0] if found else None

    @override
    async def decisions(self, id: int) -> tuple[Decision, ...]:
        return tuple((await self._reader.decisions([id]))[id])

    @override
    async def record_decision(self, id: int, decision: Decision) -> None:
        await self._connection.execute(
            insert(decisions).values(
                request_id=id,
                person=decision.person,
                verdict=decision.verdict,
                reason=decision.reason,
                at=decision.at,
            )
        )

    @override
    async def decide(self, request: Request, state: RequestState, *, doing: AuditContext) -> None:
        await self._connection.execute(
            # No condition on the state: callers have locked the request and seen that it is pending.
            update(requests).where(requests.c.id == request.id).values(state=state, decided_at=doing.at)
        )
        await self._write(request, doing, before=request.state, after=state)

    @override
    async def withdraw(self, request: Request, why: Withdrawal, *, doing: AuditContext) -> None:
        await self._connection.execute(
            update(requests)
            .where(requests.c.id == request.id)
            .values(
                state=RequestState.WITHDRAWN,
                decided_at=doing.at,
                withdrawn={"reason": why.reason, "values": dict(why.values)},
            )
        )
        await self._write(request, doing, before=request.state, after=RequestState.WITHDRAWN)

    @override
    async def recount(self, id: int, votes: Iterable[Decision]) -> None:
        for vote in votes:
            await self._connection.execute(
                update(decisions)
                .where(decisions.c.request_id == id, decisions.c.person == vote.person)
                .values(counts=vote.counts)
            )

    @override
    async def rejudge(
        self,
        request: Request,
        *,
        rule: str,
        needed: int,
        by_admins: bool | None = None,
        undecidable_at: datetime | None = None,
    ) -> Request:
        statement = (
            update(requests)
            .where(requests.c.id == request.id)
            .values(
                rule=rule,
                required_approvals=needed,
                by_admins=request.by_admins if by_admins is None else by_admins,
                undecidable_at=undecidable_at,
            )
            .returning(requests)
        )
        return request_of((await self._connection.execute(statement)).mappings().one())

    @override
    async def change_terms(self, request: Request, terms: Terms) -> Request:
        # Nobody can grant it after its own end, which may come sooner now.
        ends = request.expires_at if terms.until is None else min(request.expires_at, terms.until)
        statement = (
            update(requests)
            .where(requests.c.id == request.id)
            .values(
                expires_at=ends,
                subject=terms.subject,
                duration=terms.duration,
                until=terms.until,
                # Of several changes the first one has what was asked for.
                narrowed_from=func.coalesce(
                    requests.c.narrowed_from, literal(write_terms(request.terms), JSONB)
                ),
                version=requests.c.version + 1,
            )
            .returning(requests)
        )
        return request_of((await self._connection.execute(statement)).mappings().one())

    @override
    async def note_approval(self, request: Request, votes: int, *, doing: AuditContext) -> None:
        after = f"pending, {votes} of {request.needed}"
        await self._write(request, doing, before=request.state, after=after)

    @override
    async def expired(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        return await self._due(requests.c.expires_at, now, limit)

    @override
    async def to_remind(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        return await self._due(requests.c.remind_at, now, limit)

    @override
    async def reminded(self, request: Request, *, given: int, next_at: datetime | None) -> None:
        await self._connection.execute(
            update(requests).where(requests.c.id == request.id).values(reminders=given, remind_at=next_at)
        )

    @override
    async def next_moment(self) -> datetime | None:
        moments = [await self._first(requests.c.expires_at), await self._first(requests.c.remind_at)]
        return min((moment for moment in moments if moment is not None), default=None)

    @override
    async def pending(self, *, limit: int) -> tuple[RequestDetails, ...]:
        waiting = select(requests.c.id).where(_PENDING).order_by(requests.c.id.desc()).limit(limit)
        return await self._reader.read((await self._connection.execute(waiting)).scalars().all())

    @override
    async def standing(self, rule: Rule, *, but: str, asker: str = "") -> Standing:
        return await read_standing(self._connection, rule, but=but, asker=asker)

    @override
    async def lock_requester(self, person: str) -> None:
        lock = func.pg_advisory_xact_lock(REQUESTING, func.hashtext(person))
        await self._connection.execute(select(lock))

    @override
    async def held(self, target: UUID, method: Method) -> tuple[Held, ...]:
        rows = (await self._connection.execute(_HELD, {"target": target, "method": method})).mappings()
        return tuple(
            Held(
                request=row["request"],
                owner=row["owner"],
                subject=row["subject"],
                ends_at=row["ends_at"],
                pending=row["pending"],
            )
            for row in rows
        )

    @override
    async def reopening(self, grant: UUID) -> Request | None:
        return await self._reader.reopening(grant)

    @override
    async def all(self, ids: Collection[int]) -> tuple[Request, ...]:
        statement = select(requests).where(requests.c.id == any_(IDS))
        rows = (await self._connection.execute(statement, {"ids": sorted(ids)})).mappings()
        return tuple(request_of(row) for row in rows)

    @override
    async def pending_ids(self) -> tuple[int, ...]:
        statement = select(requests.c.id).where(_PENDING).order_by(requests.c.id)
        return tuple((await self._connection.execute(statement)).scalars())

    @override
    async def able(
        self,
        people: Collection[str],
        *,
        but: str,
        asker: str = "",
        limit: int,
        first: Collection[str] = (),
        mixed_by: str = "",
    ) -> tuple[str, ...]:
        return await read_able(
            self._connection, people, but=but, asker=asker, limit=limit, first=first, mixed_by=mixed_by
        )

    @override
    async def tell_directly(self, id: int, people: Collection[str]) -> None:
        statement = update(requests).where(requests.c.id == id)
        await self._connection.execute(statement.values(told_directly=sorted(people)))

    @override
    async def told_directly(self) -> tuple[int, ...]:
        statement = (
            select(requests.c.id)
            .where(_PENDING, func.cardinality(requests.c.told_directly) > 0)
            .order_by(requests.c.id)
        )
        return tuple((await self._connection.execute(statement)).scalars())

    @override
    async def under_way(self, target: UUID, method: Method) -> tuple[int, ...]:
        moving = (GrantState.APPLYING, GrantState.ENDING)
        found = union_all(
            select(grants.c.request_id).where(
                grants.c.target_id == target, grants.c.method == method, _OPEN, grants.c.state.in_(moving)
            ),
            select(operations.c.request_id).where(
                operations.c.target_id == target, operations.c.method == method, _DOING
            ),
        )
        return tuple((await self._connection.execute(found)).scalars())

    @override
    async def details(self, id: int) -> RequestDetails | None:
        found = await self._reader.read([id])
        return found[0] if found else None

    @override
    async def details_of(self, ids: Collection[int]) -> tuple[RequestDetails, ...]:
        return await self._reader.read(sorted(ids))

    @override
    async def open_details(
        self, *, requester: str | None, limit: int, target: UUID | None = None
    ) -> tuple[RequestDetails, ...]:
        found = union_all(
            _newest(requests, requests.c.id, requests.c.requester, _PENDING, requester, target, limit),
            _newest(grants, grants.c.request_id, grants.c.owner, _OPEN, requester, target, limit),
            _newest(
                operations, operations.c.request_id, operations.c.owner, _DOING, requester, target, limit
            ),
        ).subquery()
        # A request with an operation may have a grant as well.
        newest = select(found.c.id).distinct().order_by(found.c.id.desc()).limit(limit)
        return await self._reader.read((await self._connection.execute(newest)).scalars().all())

    @override
    async def newest_open(self, target: UUID, subject: Subject, kinds: Collection[Kind]) -> Request | None:
        pending = _about(requests, target, subject, kinds).with_only_columns(requests.c.id).where(_PENDING)
        under_way = (
            _about(operations, target, subject, kinds)
            .with_only_columns(operations.c.request_id)
            .where(_DOING)
        )
        found = union_all(pending, under_way).subquery()
        statement = select(requests).where(requests.c.id == select(func.max(found.c.id)).scalar_subquery())
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)

    async def _first(self, moment: ColumnElement[Any]) -> datetime | None:
        which = _PENDING & moment.is_not(None)
        statement = select(moment).where(which).order_by(moment).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def _due(self, moment: ColumnElement[Any], now: datetime, limit: int) -> tuple[Request, ...]:
        statement = select(requests).where(_PENDING, moment <= now).order_by(moment).limit(limit)
        # A request that somebody is deciding at this moment is left to them; a second later it is found if it
        # still waits.
        rows = (await self._connection.execute(statement.with_for_update(skip_locked=True))).mappings()
        return tuple(request_of(row) for row in rows)

    async def _write(self, request: Request, doing: AuditContext, *, before: str, after: str) -> None:
        await self._audit.write(
            doing,
            subject="request",
            before=before,
            after=after,
            request=request.id,
            target=request.terms.target,
        )
        self._touched.add(WorkerName.NOTIFIER)


def _new_row(wanted: NewRequest, doing: AuditContext) -> dict[str, Any]:
    """The columns of a request that waits for a decision."""
    terms = wanted.terms
    return {
        "kind": wanted.kind,
        "grant_id": wanted.grant,
        "rule": wanted.rule,
        "environment": wanted.environment,
        "required_approvals": wanted.needed,
        "expires_at": wanted.expires_at,
        "remind_at": wanted.remind_at,
        "method": terms.method,
        "target_id": terms.target,
        "subject": terms.subject,
        "enables_mtls": terms.enables_mtls,
        "duration": terms.duration,
        "until": terms.until,
        "reason": terms.reason,
        "alternatives": terms.alternatives,
        "requester": wanted.requester,
        "state": RequestState.PENDING,
        "version": 1,
        "reminders": 0,
        # As the column would return it, since the row is not read back.
        "asked_at": doing.at.astimezone(UTC),
        "decided_at": None,
        "withdrawn": None,
        "by_admins": wanted.by_admins,
        "undecidable_at": None,
        "narrowed_from": None,
        "told_directly": [],
        "nonce": uuid4().hex[:NONCE],
        "asker": wanted.asker or None,
        "ticket": terms.ticket,
    }


def _newest(
    table: Table,
    request: ColumnElement[int],
    owner: ColumnElement[str],
    which: ColumnElement[bool],
    requester: str | None,
    target: UUID | None,
    limit: int,
) -> Select[Any]:
    """The newest requests' numbers in one table: of a requester and at a target, where these are given."""
    statement = select(request.label("id")).select_from(table).where(which)
    if requester is not None:
        statement = statement.where(owner == requester)
    if target is not None:
        statement = statement.where(table.c.target_id == target)
    # A subquery: each of the three has an order and a limit of its own.
    return select(statement.order_by(request.desc()).limit(limit).subquery().c.id)


def _about(table: Table, target: UUID, subject: Subject, kinds: Collection[Kind]) -> Select[Any]:
    """The rows of requests or operations of some kinds about a subject."""
    return select(table).where(
        table.c.target_id == target, table.c.subject == subject, table.c.kind.in_(kinds)
    )
