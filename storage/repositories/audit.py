"""The audit trail: one line for each change of state, sealed into a chain of digests."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import Audit, AuditContext, AuditLine
from bot.ports.telemetry import NO_TELEMETRY, EventName, Telemetry
from storage.tables import audit, grants, requests
from storage.write_buffer import WriteBuffer

GENESIS: Final = bytes(32)
"""The digest before the first line."""

SEALER: Final = 0x7067_6163
"""Advisory lock of sealing: one process at a time extends the chain."""

_SEALED: Final = (
    "id", "at", "written_at", "actor", "subject", "request_id", "target_id", "before", "after", "details",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Result of verifying the chain.

    Attributes:
        sealed: how many lines fit their digests.
        broken: the id of the first line that does not fit its digest; None when all do.
        unsealed: ids of lines that no seal covers yet.
    """

    sealed: int
    broken: int | None
    unsealed: tuple[int, ...]


def digest(previous: bytes, seal: int, line: RowMapping | Mapping[str, Any]) -> bytes:
    """Computes the SHA-256 of the previous digest, the place in the chain, and the line in canonical JSON."""
    # jsonb keeps no order of keys, and JSON has no form of its own for times and ids: sorted texts are
    # canonical.
    content = {name: str(line[name]) if name != "details" else line[name] for name in _SEALED}
    canonical = json.dumps([seal, content], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + canonical.encode()).digest()


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
        previous, expected = GENESIS, 1
        unsealed = select(audit.c.id).where(audit.c.seal.is_(None)).order_by(audit.c.id)
        sealed = select(audit).where(audit.c.seal.is_not(None)).order_by(audit.c.seal)
        # Streamed: the trail only grows, and need not fit into memory.
        async with self._connection.stream(sealed) as lines:
            async for line in lines.mappings():
                previous = digest(previous, expected, line)
                if line["seal"] != expected or line["digest"] != previous:
                    return await self._verification(expected - 1, line["id"], unsealed)
                expected += 1
        return await self._verification(expected - 1, None, unsealed)

    async def _verification(self, sealed: int, broken: int | None, unsealed: Any) -> Verification:
        waiting = tuple((await self._connection.execute(unsealed)).scalars())
        return Verification(sealed=sealed, broken=broken, unsealed=waiting)

    async def _last(self) -> tuple[int, bytes]:
        newest = select(audit.c.seal, audit.c.digest).where(audit.c.seal.is_not(None))
        row = (await self._connection.execute(newest.order_by(audit.c.seal.desc()).limit(1))).one_or_none()
        return (0, GENESIS) if row is None else (row.seal, row.digest)
