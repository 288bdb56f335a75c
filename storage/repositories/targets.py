"""Targets: databases and spaces that Heroku has."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, bindparam, case, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.target import Database, KnownAs, Space, Target, methods_of, with_labels
from bot.ports import AuditContext, Targets, WorkerName
from storage import leases
from storage.repositories.audit import PostgresAudit
from storage.repositories.observations import observation_of
from storage.tables import reconcile_queue, target_names, targets

_EMPTY: Final = {
    **dict.fromkeys(("app", "space", "plan", "config_var", "generation", "shown_as"), ""),
    "space_id": None,
}
"""Columns that only one kind of target has; rows that are written together need the same columns."""

_THERE: Final = dict.fromkeys(("absent_at", "missing_at", "gone_at"))
"""What is recorded of the absence of a target that is there."""

_NAMES: Final = ("name", "app", "shown_as")
"""What people call a target."""

_DATABASE: Final = tuple(each.name for each in fields(Database) if each.compare)
_SPACE: Final = tuple(each.name for each in fields(Space) if each.compare)
"""What Heroku says of each kind; what the policy knows it by is written apart from that."""


_NAMED: Final = (
    select(targets, reconcile_queue.c.method, reconcile_queue.c.observation, reconcile_queue.c.observed_at)
    .outerjoin(
        reconcile_queue,
        (reconcile_queue.c.target_id == targets.c.id)
        & (reconcile_queue.c.method == bindparam("method", type_=reconcile_queue.c.method.type)),
    )
    .where(
        targets.c.absent_at.is_(None),
        ~targets.c.is_space,
        or_(
            bindparam("name").in_(
                [func.lower(targets.c.name), func.lower(targets.c.app), func.lower(targets.c.shown_as)]
            ),
            targets.c.entries.has_any(bindparam("entries", type_=ARRAY(Text))),
        ),
    )
)


def target_of(row: Mapping[Any, Any]) -> Target:
    """Reads a database or a space from a row of ``targets``."""
    if row["is_space"]:
        named = {name: row[name] for name in _SPACE}
        return Space(**named, known=_known_as(row), gone_at=row["gone_at"])
    return database_of(row)


def database_of(row: Mapping[Any, Any]) -> Database:
    """Reads a database from a row of ``targets``."""
    named = {name: row[name] for name in _DATABASE}
    listed = row["absent_at"] is None
    return Database(**named, known=_known_as(row), gone_at=row["gone_at"], listed=listed)


def _known_as(row: Mapping[Any, Any]) -> KnownAs:
    return KnownAs(
        entries={key: datetime.fromisoformat(at) for key, at in row["entries"].items()},
        contested=frozenset(row["contested"]),
        dismissed=frozenset(row["dismissed"]),
        listed_as=row["listed_as"],
        name=row["known_name"],
        app=row["known_app"],
        space=row["known_space"],
    )


class PostgresTargets(Targets):
    """Databases by Heroku's add-on UUID, spaces by theirs."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def databases(self) -> tuple[Database, ...]:
        return tuple(found for found in await self._present() if isinstance(found, Database))

    @override
    async def spaces(self) -> tuple[Space, ...]:
        return tuple(found for found in await self._present() if isinstance(found, Space))

    @override
    async def named(
        self, name: str, method: Method, *, entries: Collection[str] = ()
    ) -> tuple[tuple[Database, Observation | None], ...]:
        params = {"name": name.lower(), "method": method, "entries": sorted(entries)}
        rows = (await self._connection.execute(_NAMED, params)).mappings()
        return tuple((database_of(row), observation_of(row)) for row in rows)

    @override
    async def save_discovery(self, databases: Iterable[Database], spaces: Iterable[Space] = ()) -> None:
        present: list[Target] = [*with_labels(tuple(databases)), *spaces]
        found = {target.id: target for target in present}
        stored = {target.id: target for target in await self._present()}
        # One that is back after an absence is not among the stored ones, and so is written too.
        changed = [found[id] for id in sorted(found) if found[id] != stored.get(id)]
        missing = targets.c.id.in_(stored.keys() - found.keys())
        affected = or_(missing, targets.c.id.in_([target.id for target in changed]))
        await self._connection.execute(
            select(targets.c.id).where(affected).order_by(targets.c.id).with_for_update()
        )
        await self._connection.execute(
            update(targets).where(missing, targets.c.absent_at.is_(None)).values(absent_at=func.now())
        )
        if changed:
            await self._write(changed)
            self._touched.add(WorkerName.RECONCILER)
        await self._keep_names(found)

    @override
    async def find(self, id: UUID) -> Target | None:
        row = (await self._connection.execute(select(targets).where(targets.c.id == id))).mappings()
        found = row.one_or_none()
        return None if found is None else target_of(found)

    @override
    async def all(self, *, lock: bool = False) -> tuple[Target, ...]:
        statement = select(targets).order_by(targets.c.id)
        if lock:
            # Not against foreign keys: whoever records a request or a grant need not wait.
            statement = statement.with_for_update(key_share=True)
        return tuple(target_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def bind(self, changed: Mapping[UUID, KnownAs]) -> None:
        for id in sorted(changed):
            known = changed[id]
            await self._connection.execute(
                update(targets)
                .where(targets.c.id == id)
                .values(
                    entries={key: at.isoformat() for key, at in known.entries.items()},
                    contested=sorted(known.contested),
                    dismissed=sorted(known.dismissed),
                    listed_as=known.listed_as,
                    known_name=known.name,
                    known_app=known.app,
                    known_space=known.space,
                )
            )

    @override
    async def answer(self, target: Target, known: KnownAs, *, doing: AuditContext) -> None:
        await self.bind({target.id: known})
        before, after = (", ".join(sorted(each.entries)) for each in (target.known, known))
        await self._audit.write(doing, subject="target", before=before, after=after, target=target.id)

    @override
    async def rename(self, database: UUID, name: str) -> None:
        # The first name since the last discovery is kept: that one tells people, and decides what it means.
        listed_as = case((targets.c.listed_as == "", targets.c.name), else_=targets.c.listed_as)
        await self._connection.execute(
            update(targets).where(targets.c.id == database).values(name=name, listed_as=listed_as)
        )
        await self._keep_names([database])

    async def _present(self) -> tuple[Target, ...]:
        statement = (
            select(targets).where(targets.c.absent_at.is_(None)).order_by(targets.c.app, targets.c.name)
        )
        return tuple(target_of(row) for row in (await self._connection.execute(statement)).mappings())

    async def _keep_names(self, ids: Collection[UUID]) -> None:
        """Writes down what targets are called now, where that differs from their last row, in one statement.

        Of all targets and not only of changed ones: a process of the version before writes no names.
        """
        last = (
            select(target_names)
            .where(target_names.c.target_id == targets.c.id)
            .order_by(target_names.c.id.desc())
            .limit(1)
            .lateral()
        )
        named = [targets.c[column] for column in _NAMES]
        differs = or_(last.c.id.is_(None), *(last.c[column.name] != column for column in named))
        now = (
            select(targets.c.id, *named, case((last.c.id.is_not(None), func.now())))
            .select_from(targets.outerjoin(last, true()))
            .where(targets.c.id.in_(sorted(ids)), differs)
        )
        columns = ["target_id", *_NAMES, "since"]
        await self._connection.execute(insert(target_names).from_select(columns, now))

    async def _write(self, found: Sequence[Target]) -> None:
        """Writes targets that are new, differ, or are back after an absence; all of them are due at once."""
        rows = [_row(target) for target in found]
        statement = insert(targets)
        fresh = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={**fresh, **_THERE}), rows
        )
        queued = [
            {"target_id": target.id, "method": method} for target in found for method in methods_of(target)
        ]
        if queued:
            statement, due = insert(reconcile_queue), {"due_at": leases.soon(reconcile_queue)}
            await self._connection.execute(
                statement.on_conflict_do_update(index_elements=["target_id", "method"], set_=due), queued
            )


def _row(target: Target) -> dict[str, object]:
    """A row of ``targets`` without what the policy knows it by."""
    names = _SPACE if isinstance(target, Space) else _DATABASE
    return {
        **_EMPTY,
        **{name: getattr(target, name) for name in names},
        "is_space": isinstance(target, Space),
    }
