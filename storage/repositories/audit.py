"""The audit trail: one line for each change of state, sealed into a chain of digests."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, any_, bindparam, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import Audit, AuditContext, AuditLine, Head
from bot.ports.telemetry import NO_TELEMETRY, EventName, Telemetry
from storage.repositories.evidence.chain import GENESIS, digest
from storage.repositories.evidence.verification import Verification, verify_chain
from storage.tables import audit, grants, requests
from storage.write_buffer import WriteBuffer

SEALER: Final = 0x7067_6163
"""Advisory lock of sealing: one process at a time extends the chain."""

Line = dict[str, Any]
"""A line to write, by column."""

_request = bindparam("request", type_=BigInteger)
_related = (
    select(requests.c.id)
    .join(grants, grants.c.id == requests.c.grant_id)
    .where(grants.c.request_id == _request)
    .scalar_subquery()
)
_OF_REQUEST: Final = (
    select(audit)
    .where(
        or_(
            audit.c.request_id == _request,
            # As an array: with it the index on requests answers.
            audit.c.request_id == any_(func.array(_related, type_=ARRAY(BigInteger))),
        )
    )
    .order_by(audit.c.id)
)
"""Lines about a request, and about those that extend its grant or open it again."""

_newest = (
    select(audit.c.seal, audit.c.digest, audit.c.written_at)
    .where(audit.c.seal.is_not(None))
    .order_by(audit.c.seal.desc())
    .limit(1)
    .subquery()
)
_waiting = (
    select(func.count().label("unsealed"), func.min(audit.c.written_at).label("oldest"))
    .where(audit.c.seal.is_(None))
    .subquery()
)
_HEAD: Final = select(
    _newest.c.seal,
    _newest.c.digest,
    _newest.c.written_at.label("at"),
    _waiting.c.unsealed,
    _waiting.c.oldest,
    func.now().label("now"),
).select_from(_waiting.outerjoin(_newest, true()))
"""The newest line of the chain, and what is not in it yet."""

_SEAL: Final = update(audit).where(audit.c.id == bindparam("line"))


def line_of(
    doing: AuditContext, subject: str, before: str, after: str, *, request: int | None, target: UUID | None
) -> Line:
    """Builds the line of one change of state."""
    return {
        "at": doing.at,
        "actor": doing.actor,
        "subject": subject,
        "request_id": request,
        "target_id": target,
        "before": before,
        "after": after,
        "details": dict(doing.details),
    }


_EVENT: Final = {
    "line": "id", "at": "at", "recorded_at": "written_at", "actor": "actor", "subject": "subject",
    "request": "request_id", "target": "target_id", "before": "before", "after": "after",
    "details": "details", "terms": "terms",
}  # fmt: skip
"""Fields of an event, by the columns that they come from."""


def event_of(line: RowMapping | Mapping[str, Any], *, seal: int, digest: bytes) -> dict[str, object]:
    """Builds the event of a line that is just being sealed: the whole line, with its seal."""
    fields = {field: line[column] for field, column in _EVENT.items()}
    return {"seal": seal, "digest": digest, **fields}


class PostgresAudit(Audit):
    """Writes and seals audit lines; a trigger refuses to change or delete them."""

    def __init__(
        self, connection: AsyncConnection, buffer: WriteBuffer, telemetry: Telemetry = NO_TELEMETRY
    ) -> None:
        self._connection = connection
        self._buffer = buffer
        self._telemetry = telemetry

    async def write(
        self,
        doing: AuditContext,
        *,
        subject: str,
        before: str,
        after: str,
        request: int | None = None,
        target: UUID | None = None,
    ) -> None:
        """Writes the line of one change of state in the same transaction as the change."""
        self._buffer.add_lines([line_of(doing, subject, before, after, request=request, target=target)])

    async def write_all(self, lines: Sequence[Line]) -> None:
        """Writes lines that ``line_of`` has built, in the same transaction as their changes."""
        self._buffer.add_lines(lines)

    @override
    async def of_request(self, request: int) -> tuple[AuditLine, ...]:
        await self._buffer.flush()
        rows = (await self._connection.execute(_OF_REQUEST, {"request": request})).mappings()
        return tuple(
            AuditLine(
                request=row["request_id"],
                at=row["at"],
                actor=row["actor"],
                subject=row["subject"],
                before=row["before"],
                after=row["after"],
                details=row["details"],
            )
            for row in rows
        )

    @override
    async def seal(self, *, limit: int) -> int:
        await self._buffer.flush()
        # Not waited for: whoever has the lock is sealing, and the next attempt comes within a second.
        if not (await self._connection.execute(select(func.pg_try_advisory_xact_lock(SEALER)))).scalar():
            return 0
        # Ids are given out before the commit: a lower one may show after a higher one was sealed. So a line's
        # place in the chain is a number of its own.
        statement = select(audit).where(audit.c.seal.is_(None)).order_by(audit.c.id).limit(limit)
        lines = (await self._connection.execute(statement)).mappings().all()
        if not lines:
            return 0
        seal, previous = await self._last()
        seals = []
        for line in lines:
            seal += 1
            previous = digest(previous, seal, line)
            seals.append({"line": line["id"], "seal": seal, "digest": previous})
        await self._connection.execute(_SEAL, seals)
        # Before the commit: a process that dies in between has told a line twice, and never not at all.
        for line, sealed in zip(lines, seals, strict=True):
            event = event_of(line, seal=sealed["seal"], digest=sealed["digest"])
            self._telemetry.event(EventName.AUDIT_LINE, event)
        return len(lines)

    async def verify(self) -> Verification:
        """Verifies the whole chain from its beginning."""
        await self._buffer.flush()
        return await verify_chain(self._connection)

    @override
    async def head(self) -> Head:
        await self._buffer.flush()
        row = (await self._connection.execute(_HEAD)).one()
        return Head(
            number=row.seal or 0,
            digest=(row.digest or GENESIS).hex(),
            at=row.at,
            unsealed=row.unsealed,
            oldest_unsealed=row.oldest,
            now=row.now,
        )

    async def _last(self) -> tuple[int, bytes]:
        newest = select(audit.c.seal, audit.c.digest).where(audit.c.seal.is_not(None))
        row = (await self._connection.execute(newest.order_by(audit.c.seal.desc()).limit(1))).one_or_none()
        return (0, GENESIS) if row is None else (row.seal, row.digest)
