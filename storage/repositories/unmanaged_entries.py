"""Which unmanaged entries were seen at Heroku, and until when they are ignored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.method import Method
from bot.domain.outside.text import DESCRIPTION, clean
from bot.domain.unmanaged_entry import SeenEntry
from bot.ports import BOT, AuditContext
from bot.ports.unmanaged_entries import UnmanagedEntries, UnmanagedEntry
from storage.repositories.audit import PostgresAudit
from storage.tables import IGNORED as IS_IGNORED
from storage.tables import unmanaged_entries

SUBJECT: Final = "unmanaged_entry"
PRESENT: Final = "present"
IGNORED: Final = "ignored"
"""What audit lines say of an entry: as what it stands, and where it is ignored."""

_IS_IGNORED: Final = literal_column(IS_IGNORED, Boolean)
"""As text, as the partial index has it: a parameter would keep Postgres from using that."""


class PostgresUnmanagedEntries(UnmanagedEntries):
    """Unmanaged entries by target, method and name; a row for each time that one was there."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit) -> None:
        self._connection = connection
        self._audit = audit

    @override
    async def record(self, target: UUID, method: Method, seen: Sequence[SeenEntry], *, at: datetime) -> None:
        known = {each.entry: each for each in await self.present(target) if each.method is method}
        shown = {each.entry: each for each in seen}
        gone = [each.id for name, each in known.items() if name not in shown]
        if gone:
            absent = update(unmanaged_entries).where(unmanaged_entries.c.id.in_(gone)).values(absent_at=at)
            await self._connection.execute(absent)
        rows = [
            {
                "target_id": target,
                "method": method,
                "entry": each.entry,
                "subject": each.subject,
                "description": clean(each.description, limit=DESCRIPTION),
                "created_by": clean(each.created_by),
                "first_seen_at": at,
            }
            for name, each in shown.items()
            if name not in known
        ]
        if rows:
            await self._connection.execute(insert(unmanaged_entries), rows)

    @override
    async def present(self, target: UUID) -> Sequence[UnmanagedEntry]:
        there = (unmanaged_entries.c.target_id == target) & unmanaged_entries.c.absent_at.is_(None)
        statement = select(unmanaged_entries).where(there).order_by(unmanaged_entries.c.id)
        return [entry_of(row) for row in (await self._connection.execute(statement)).mappings()]

    @override
    async def find(self, id: int) -> UnmanagedEntry | None:
        statement = select(unmanaged_entries).where(unmanaged_entries.c.id == id)
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else entry_of(row)

    @override
    async def decide_alone(self, id: int) -> None:
        # Not its row: the reconciler locks that after grants, and a request before them.
        name = func.hashtextextended(f"unmanaged entry {id}", 0)
        await self._connection.execute(select(func.pg_advisory_xact_lock(name)))

    @override
    async def ignore(
        self, entry: UnmanagedEntry, *, until: datetime, by: str, because: str, at: datetime
    ) -> bool:
        there = (unmanaged_entries.c.id == entry.id) & unmanaged_entries.c.absent_at.is_(None)
        values = {"ignored_until": until, "ignored_by": by, "ignored_because": because}
        changed = (
            await self._connection.execute(update(unmanaged_entries).where(there).values(**values))
        ).rowcount
        if changed:
            said = {**_said(entry), "until": until.isoformat(), "because": because}
            await self._write(entry, AuditContext(actor=by, at=at, details=said), after=IGNORED)
        return changed > 0

    @override
    async def ignored_past(self, now: datetime, *, limit: int) -> Sequence[UnmanagedEntry]:
        statement = (
            select(unmanaged_entries)
            .where(unmanaged_entries.c.ignored_until <= now, _IS_IGNORED)
            .order_by(unmanaged_entries.c.ignored_until, unmanaged_entries.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [entry_of(row) for row in (await self._connection.execute(statement)).mappings()]

    @override
    async def end_ignoring(self, entry: UnmanagedEntry, *, at: datetime) -> None:
        none = {"ignored_until": None, "ignored_by": None, "ignored_because": None}
        same = unmanaged_entries.c.id == entry.id
        await self._connection.execute(update(unmanaged_entries).where(same).values(**none))
        await self._write(entry, AuditContext(actor=BOT, at=at, details=_said(entry)), after=PRESENT)

    async def _write(self, entry: UnmanagedEntry, doing: AuditContext, *, after: str) -> None:
        before = PRESENT if entry.ignored_until is None else IGNORED
        await self._audit.write(doing, subject=SUBJECT, before=before, after=after, target=entry.target)


def _said(entry: UnmanagedEntry) -> dict[str, str]:
    """What an audit line names an entry by."""
    return {"method": entry.method, "entry": entry.entry, "subject": entry.subject}


def entry_of(row: Mapping[Any, Any]) -> UnmanagedEntry:
    """Reads an entry from a row of ``unmanaged_entries``."""
    return UnmanagedEntry(
        id=row["id"],
        target=row["target_id"],
        method=row["method"],
        entry=row["entry"],
        subject=row["subject"],
        description=row["description"],
        created_by=row["created_by"],
        first_seen_at=row["first_seen_at"],
        absent_at=row["absent_at"],
        ignored_until=row["ignored_until"],
        ignored_by=row["ignored_by"],
        ignored_because=row["ignored_because"],
    )
