"""Access requests and the decisions on them; every change of state writes its audit line."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    BigInteger,
    Boolean,
    ColumnElement,
    RowMapping,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import LIVE_STATES, GrantState
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.policy.rules import Rule
from bot.domain.request import Decision, Kind, Request, RequestState, Terms, Withdrawal
from bot.domain.subject import CertificateId, Subject, ends
from bot.errors import Refusal
from bot.ports import AuditContext, NewRequest, RequestDetails, Requests, Standing, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import PostgresCertificates
from storage.repositories.grants import grant_of
from storage.repositories.observations import observation_of
from storage.repositories.operations import operation_of
from storage.repositories.targets import target_of
from storage.tables import (
    DOING,
    OPEN,
    PENDING,
    decisions,
    grants,
    operations,
    reconcile_queue,
    requests,
    slack_groups,
    slack_users,
    targets,
)

_MAKES_CERTIFICATES = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
"""Kinds of requests for which a certificate is issued; enabling mTLS issues the first one by itself."""

_PENDING = literal_column(f"requests.{PENDING}", Boolean)
_OPEN = literal_column(f"grants.{OPEN}", Boolean)
_DOING = literal_column(f"operations.{DOING}", Boolean)
"""As text, as the partial indexes have them: a parameter would keep Postgres from using these."""

_ADD = insert(requests).returning(requests.c.id)

_IDS = bindparam("ids", type_=ARRAY(BigInteger))

_DECISIONS = (
    select(decisions).where(decisions.c.request_id == any_(_IDS)).order_by(decisions.c.at, decisions.c.person)
)

_DETAILS = (
    select(requests, targets, reconcile_queue, grants, operations)
    .join(targets, targets.c.id == requests.c.target_id)
    .outerjoin(
        reconcile_queue,
        (reconcile_queue.c.target_id == requests.c.target_id)
        & (reconcile_queue.c.method == requests.c.method),
    )
    .outerjoin(operations, operations.c.request_id == requests.c.id)
    # One row at most: a request that extends a grant opens none itself.
    .outerjoin(grants, or_(grants.c.request_id == requests.c.id, grants.c.id == requests.c.grant_id))
    .where(requests.c.id == any_(_IDS))
    .order_by(requests.c.id.desc())
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)
"""Built once: every card and every list runs this."""

# Postgres locks no nullable side of an outer join, and the queue's row is to be locked last.
_LOCKED = _DETAILS.with_for_update(of=requests)


def _standing() -> Select[Any]:
    """Built once: every request runs this."""
    approvers, person = bindparam("approvers", type_=ARRAY(Text)), bindparam("person", type_=Text)
    named = select(func.unnest(approvers).label("id"))
    # Of a group that cannot be read nobody can decide, whoever its last known members are.
    members = select(func.unnest(slack_groups.c.members)).where(
        slack_groups.c.id == any_(approvers), slack_groups.c.error == ""
    )
    able = union(named, members).subquery("able")
    outside = slack_users.c.deactivated | slack_users.c.bot | slack_users.c.guest | slack_users.c.external
    count = (
        select(func.count())
        .select_from(able.outerjoin(slack_users, slack_users.c.id == able.c.id))
        # Groups stand for their members, and a request is never decided by its requester.
        .where(~able.c.id.startswith("S"), able.c.id != person, ~func.coalesce(outside, False))
    )
    waiting = select(func.count()).select_from(requests).where(_PENDING, requests.c.requester == person)
    read = (
        select(func.count())
        .select_from(slack_groups)
        .where(
            slack_groups.c.id == any_(approvers),
            slack_groups.c.error == "",
            slack_groups.c.fetched_at.is_not(None),
        )
    )
    return select(waiting.scalar_subquery(), count.scalar_subquery(), read.scalar_subquery())


_STANDING: Final = _standing()


def request_of(row: Mapping[Any, Any]) -> Request:
    """Reads a request from a row of ``requests``."""
    return Request(
        id=row["id"],
        kind=row["kind"],
        grant=row["grant_id"],
        rule=row["rule"],
        needed=row["required_approvals"],
        expires_at=row["expires_at"],
        reminders=row["reminders"],
        terms=Terms(
            method=row["method"],
            target=row["target_id"],
            subject=row["subject"],
            duration=row["duration"],
            until=row["until"],
            reason=row["reason"],
            enables_mtls=row["enables_mtls"],
        ),
        requester=row["requester"],
        state=row["state"],
        version=row["version"],
        asked_at=row["asked_at"],
        decided_at=row["decided_at"],
        withdrawn=_withdrawal(row["withdrawn"]),
        by_admins=row["by_admins"],
        undecidable_at=row["undecidable_at"],
    )


def _withdrawal(stored: Mapping[str, Any] | None) -> Withdrawal | None:
    return None if stored is None else Withdrawal(reason=Refusal(stored["reason"]), values=stored["values"])


class PostgresRequests(Requests):
    """Requests by number."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched
        self._certificates = PostgresCertificates(connection, touched)

    @override
    async def add(self, wanted: NewRequest, *, doing: AuditContext) -> Request:
        terms = wanted.terms
        row = {
            "kind": wanted.kind,
            "grant_id": wanted.grant,
            "rule": wanted.rule,
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
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        request = request_of({**row, "id": number})
        await self._write(request, doing, before="", after=RequestState.PENDING)
        return request

    @override
    async def lock(self, id: int) -> Request | None:
        statement = select(requests).where(requests.c.id == id).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)

    @override
    async def lock_details(self, id: int) -> RequestDetails | None:
        found = await self._details([id], _LOCKED)
        return found[0] if found else None

    @override
    async def decisions(self, id: int) -> tuple[Decision, ...]:
        return tuple((await self._decisions([id]))[id])

    async def _decisions(self, ids: Sequence[int]) -> Mapping[int, list[Decision]]:
        """Decisions on each of these requests, oldest first."""
        found: dict[int, list[Decision]] = {id: [] for id in ids}
        for row in (await self._connection.execute(_DECISIONS, {"ids": list(ids)})).mappings():
            found[row["request_id"]].append(
                Decision(
                    person=row["person"],
                    verdict=row["verdict"],
                    reason=row["reason"],
                    at=row["at"],
                    counts=row["counts"],
                )
            )
        return found

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
        return await self._details((await self._connection.execute(waiting)).scalars().all())

    @override
    async def standing(self, rule: Rule, *, but: str) -> Standing:
        waiting, missing, certain = 0, 0, True
        for part in rule.each:
            params = {"approvers": sorted(part.approvers), "person": but}
            waiting, able, read = (await self._connection.execute(_STANDING, params)).one()
            missing = max(missing, part.approvals - able)
            groups = sum(id.startswith("S") for id in part.approvers)
            certain = certain and read == groups
        return Standing(waiting=waiting, missing=missing, certain=certain)

    @override
    async def reopening(self, grant: UUID) -> Request | None:
        statement = select(requests).where(
            _PENDING, requests.c.grant_id == grant, requests.c.kind == Kind.REOPEN
        )
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)

    @override
    async def all(self, ids: Collection[int]) -> tuple[Request, ...]:
        statement = select(requests).where(requests.c.id == any_(_IDS))
        rows = (await self._connection.execute(statement, {"ids": sorted(ids)})).mappings()
        return tuple(request_of(row) for row in rows)

    @override
    async def pending_ids(self) -> tuple[int, ...]:
        statement = select(requests.c.id).where(_PENDING).order_by(requests.c.id)
        return tuple((await self._connection.execute(statement)).scalars())

    @override
    async def details(self, id: int) -> RequestDetails | None:
        found = await self._details([id])
        return found[0] if found else None

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
        return await self._details((await self._connection.execute(newest)).scalars().all())

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

    async def _details(
        self, ids: Sequence[int], statement: Select[Any] = _DETAILS
    ) -> tuple[RequestDetails, ...]:
        """Requests with everything that is shown of them, newest first."""
        if not ids:
            return ()
        rows = (await self._connection.execute(statement, {"ids": list(ids)})).mappings().all()
        decisions = await self._decisions(ids)
        return tuple([await self._detail(row, decisions[row["requests_id"]]) for row in rows])

    async def _detail(self, row: RowMapping, decisions: Sequence[Decision]) -> RequestDetails:
        request = request_of(_part(row, "requests"))
        queued = _part(row, "reconcile_queue")
        return RequestDetails(
            request=request,
            target=target_of(_part(row, "targets")),
            decisions=tuple(decisions),
            grant=None if row["grants_id"] is None else grant_of(_part(row, "grants")),
            observation=None if queued["id"] is None else observation_of(queued),
            operation=None if row["operations_id"] is None else operation_of(_part(row, "operations")),
            closes=await self._closes(request),
            certificate=await self._certificate(request),
            issued=await self._issued(request),
            reopening=await self._reopening(row),
        )

    async def _reopening(self, row: RowMapping) -> Request | None:
        """The pending request to open again what a request opened; asked only where there can be one."""
        closed = row["grants_state"] in (GrantState.INTERRUPTED, GrantState.FAILED)
        return await self.reopening(row["grants_id"]) if closed else None

    async def _certificate(self, request: Request) -> KnownCertificate | None:
        subject = request.terms.subject
        return await self._certificates.find(subject.id) if isinstance(subject, CertificateId) else None

    async def _issued(self, request: Request) -> KnownCertificate | None:
        makes = request.terms.enables_mtls or request.kind in _MAKES_CERTIFICATES
        return await self._certificates.of_request(request.id) if makes else None

    async def _closes(self, request: Request) -> tuple[int, ...]:
        """Requests whose grants an undecided removal would close."""
        closes = request.kind in (Kind.REMOVE, Kind.DISABLE, Kind.CLOSE)
        if not closes or request.state is not RequestState.PENDING:
            return ()
        terms = request.terms
        same = (grants.c.target_id == terms.target) & (grants.c.method == terms.method)
        statement = select(grants.c.request_id, grants.c.subject).where(same, grants.c.state.in_(LIVE_STATES))
        rows = (await self._connection.execute(statement.order_by(grants.c.request_id))).all()
        return tuple(row.request_id for row in rows if ends(terms.subject, row.subject))

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


def _part(row: RowMapping, table: str) -> dict[str, Any]:
    """One table's columns of a joined row, without the table's prefix."""
    prefix = f"{table}_"
    return {key.removeprefix(prefix): value for key, value in row.items() if key.startswith(prefix)}
