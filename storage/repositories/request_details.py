"""Requests with everything that is shown of them: the joined rows behind every card and list."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    BigInteger,
    Boolean,
    RowMapping,
    any_,
    bindparam,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.grant import LIVE_STATES, GrantState
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.reach import NOTHING_NEARBY, Nearby
from bot.domain.reports.trouble import SHOWN_AFTER, Hold
from bot.domain.request import Decision, Kind, Request, RequestState, Terms, Withdrawal, read_terms
from bot.domain.subject import CertificateId, ends
from bot.domain.target import Target
from bot.errors import Refusal
from bot.ports import RequestDetails
from storage.repositories.certificates import PostgresCertificates
from storage.repositories.entries.nearby import NearbyReader
from storage.repositories.grants import grant_of
from storage.repositories.observations import observation_of
from storage.repositories.operations import operation_of
from storage.repositories.targets import target_of
from storage.tables import PENDING, decisions, grants, operations, reconcile_queue, requests, targets

_MAKES_CERTIFICATES = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
"""Kinds of requests for which a certificate is issued; enabling mTLS issues the first one by itself."""

IDS = bindparam("ids", type_=ARRAY(BigInteger))

_DECISIONS = (
    select(decisions).where(decisions.c.request_id == any_(IDS)).order_by(decisions.c.at, decisions.c.person)
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
    .where(requests.c.id == any_(IDS))
    .order_by(requests.c.id.desc())
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)
"""Built once: every card and every list runs this."""

# Postgres locks no nullable side of an outer join, and the queue's row is to be locked last.
_LOCKED = _DETAILS.with_for_update(of=requests)


def request_of(row: Mapping[Any, Any]) -> Request:
    """Reads a request from a row of ``requests``."""
    terms = Terms(
        method=row["method"],
        target=row["target_id"],
        subject=row["subject"],
        duration=row["duration"],
        until=row["until"],
        reason=row["reason"],
        enables_mtls=row["enables_mtls"],
        alternatives=row["alternatives"],
        ticket=row["ticket"],
    )
    return Request(
        id=row["id"],
        kind=row["kind"],
        grant=row["grant_id"],
        rule=row["rule"],
        needed=row["required_approvals"],
        expires_at=row["expires_at"],
        reminders=row["reminders"],
        terms=terms,
        requester=row["requester"],
        state=row["state"],
        version=row["version"],
        asked_at=row["asked_at"],
        decided_at=row["decided_at"],
        withdrawn=_withdrawal(row["withdrawn"]),
        by_admins=row["by_admins"],
        undecidable_at=row["undecidable_at"],
        narrowed_from=None if row["narrowed_from"] is None else read_terms(terms, row["narrowed_from"]),
        told_directly=tuple(row["told_directly"]),
        nonce=row["nonce"] or "",
        asker=row["asker"] or "",
    )


def _hold(queued: Mapping[str, Any]) -> Hold | None:
    """What keeps a target from being reconciled, unless it may be over within seconds."""
    if queued["trouble"] is None or queued["failures"] < SHOWN_AFTER:
        return None
    return Hold(trouble=queued["trouble"], since=queued["trouble_since"])


def _withdrawal(stored: Mapping[str, Any] | None) -> Withdrawal | None:
    return None if stored is None else Withdrawal(reason=Refusal(stored["reason"]), values=stored["values"])


class RequestDetailsReader:
    """Reads requests with what hangs on them: target, decisions, grant, operation, certificates.

    Args:
        connection: with its transaction.
        certificates: of the same transaction.
    """

    def __init__(self, connection: AsyncConnection, certificates: PostgresCertificates) -> None:
        self._connection = connection
        self._certificates = certificates
        self._nearby = NearbyReader(connection)

    async def read(self, ids: Sequence[int], *, lock: bool = False) -> tuple[RequestDetails, ...]:
        """Returns requests with everything that is shown of them, newest first.

        Args:
            ids: their numbers.
            lock: locks their rows until the transaction ends, and no others; what is nearby is left out then,
                since no decision depends on it.
        """
        if not ids:
            return ()
        rows = (
            (await self._connection.execute(_LOCKED if lock else _DETAILS, {"ids": list(ids)}))
            .mappings()
            .all()
        )
        decisions = await self.decisions(ids)
        asked = [(request_of(_part(row, "requests")), target_of(_part(row, "targets"))) for row in rows]
        nearby = {} if lock else await self._nearby.read(asked)
        return tuple(
            [
                await self._detail(
                    request, target, row, decisions[request.id], nearby.get(request.id, NOTHING_NEARBY)
                )
                for row, (request, target) in zip(rows, asked, strict=True)
            ]
        )

    async def _detail(
        self,
        request: Request,
        target: Target,
        row: RowMapping,
        decisions: Sequence[Decision],
        nearby: Nearby,
    ) -> RequestDetails:
        queued = _part(row, "reconcile_queue")
        return RequestDetails(
            request=request,
            target=target,
            decisions=tuple(decisions),
            grant=None if row["grants_id"] is None else grant_of(_part(row, "grants")),
            observation=None if queued["id"] is None else observation_of(queued),
            operation=None if row["operations_id"] is None else operation_of(_part(row, "operations")),
            closes=await self._closes(request),
            certificate=await self._certificate(request),
            issued=await self._issued(request),
            reopening=await self._reopening(request, row),
            nearby=nearby,
            hold=_hold(queued),
        )

    async def _reopening(self, request: Request, row: RowMapping) -> Request | None:
        """The pending request to open again what a request opened; asked only where there can be one."""
        closed = row["grants_state"] in (GrantState.INTERRUPTED, GrantState.FAILED)
        return await self.reopening(row["grants_id"]) if closed and request.kind is Kind.OPEN else None

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

    async def decisions(self, ids: Sequence[int]) -> Mapping[int, list[Decision]]:
        """Returns the decisions on each of these requests, oldest first."""
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

    async def reopening(self, grant: UUID) -> Request | None:
        """Returns the pending request to open a grant again."""
        statement = select(requests).where(
            literal_column(f"requests.{PENDING}", Boolean),
            requests.c.grant_id == grant,
            requests.c.kind == Kind.REOPEN,
        )
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else request_of(row)


def _part(row: RowMapping, table: str) -> dict[str, Any]:
    """One table's columns of a joined row, without the table's prefix."""
    prefix = f"{table}_"
    return {key.removeprefix(prefix): value for key, value in row.items() if key.startswith(prefix)}
