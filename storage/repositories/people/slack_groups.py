"""Cache of Slack's user groups, each read by itself: one that cannot be read spoils nothing else."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Interval,
    Select,
    Text,
    any_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import GROUP_READINGS, DueGroups, SlackUsers, WorkerName
from storage.tables import periodic_tasks, slack_groups

GROUPS_EVERY: Final = timedelta(minutes=5)
"""Half of the age up to which a cached group counts."""


class PostgresSlackGroups(SlackUsers):
    """The half of ``SlackUsers`` that is about user groups."""

    _connection: AsyncConnection
    _touched: set[WorkerName]

    @override
    async def save_group(self, id: str, members: Iterable[str], *, read: datetime | None = None) -> None:
        moment = func.now() if read is None else literal(read)
        statement = insert(slack_groups).values(
            id=id,
            members=sorted(members),
            fetched_at=moment,
            known_at=moment,
            due_at=func.now() + GROUPS_EVERY,
        )
        fresh: dict[str, Any] = {
            name: statement.excluded[name] for name in ("members", "fetched_at", "known_at", "due_at")
        }
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={**fresh, "doubted_at": None, "error": ""},
                where=settles(slack_groups, statement.excluded.fetched_at),
            )
        )

    @override
    async def group_failed(self, id: str, error: str, *, wait: timedelta) -> None:
        failed = update(slack_groups).where(slack_groups.c.id == id)
        await self._connection.execute(failed.values(error=error, due_at=func.now() + wait))

    @override
    async def postpone_groups(self, ids: Collection[str], *, by: timedelta) -> None:
        postponed = update(slack_groups).where(slack_groups.c.id == any_(literal(list(ids), ARRAY(Text))))
        await self._connection.execute(postponed.values(due_at=func.now() + by))

    @override
    async def doubt_group(self, id: str) -> None:
        # Only what the policy names has a row: of other groups nobody wants to know anything.
        doubted = update(slack_groups).where(slack_groups.c.id == id)
        await self._connection.execute(
            doubted.values(fetched_at=None, doubted_at=func.now(), due_at=func.now())
        )
        self._touched.add(WorkerName.DIRECTORY)

    @override
    async def request_group(self, id: str) -> bool:
        since = func.coalesce(slack_groups.c.doubted_at, func.now())
        wanted = update(slack_groups).where(slack_groups.c.id == id, slack_groups.c.error == "")
        # What is known stays until then: an earlier doubt, too, is as old as it was.
        found = await self._connection.execute(wanted.values(doubted_at=since, due_at=func.now()))
        self._touched.add(WorkerName.DIRECTORY)
        return bool(found.rowcount)

    @override
    async def claim_groups(self, ids: Collection[str], *, lease: timedelta) -> DueGroups:
        if not ids:
            return DueGroups(ids=(), read=await self.current_time())
        # Never read yet: due at once, and unknown.
        new = insert(slack_groups).values(members=[], fetched_at=None)
        rows = [{"id": id} for id in sorted(ids)]
        await self._connection.execute(new.on_conflict_do_nothing(index_elements=["id"]), rows)
        params = {"ids": sorted(ids), "lease": lease}
        return await self._claimed(_CLAIM_DUE, params)

    @override
    async def claim_doubtful_group(self, *, lease: timedelta) -> DueGroups:
        return await self._claimed(_CLAIM_DOUBTFUL, {"lease": lease})

    @override
    async def next_doubtful_group(self) -> timedelta | None:
        wait: timedelta | None = (await self._connection.execute(_NEXT_DOUBTFUL)).scalar_one()
        return wait

    @override
    async def untold(self, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        changed = (
            update(slack_groups)
            .where(
                slack_groups.c.id == any_(literal(sorted(ids), ARRAY(Text))),
                slack_groups.c.error != slack_groups.c.told,
                # Well again is said once it was read again, and not when it is merely in doubt.
                or_(slack_groups.c.error != "", slack_groups.c.fetched_at.is_not(None)),
            )
            .values(told=slack_groups.c.error)
            .returning(slack_groups.c.id, slack_groups.c.error)
        )
        found: defaultdict[str, list[str]] = defaultdict(list)
        for id, error in await self._connection.execute(changed):
            found[error].append(id)
        return {error: tuple(sorted(found[error])) for error in sorted(found)}

    async def _claimed(self, statement: Any, params: Mapping[str, Any]) -> DueGroups:
        rows = (await self._connection.execute(statement, params)).all()
        read = rows[0][2] if rows else await self.current_time()
        return DueGroups(ids=tuple(row[0] for row in sorted(rows, key=lambda row: row[1])), read=read)


def held(task: str) -> ColumnElement[bool]:
    """Whether Slack's rate limit keeps every worker from a task."""
    return (
        select(periodic_tasks.c.name)
        .where(periodic_tasks.c.name == task, periodic_tasks.c.due_at > func.now())
        .exists()
    )


def settles(table: FromClause, read: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether what was read at a moment is newer than what is known, and than any doubt of it."""
    newer = or_(table.c.known_at.is_(None), table.c.known_at <= read)
    return newer & or_(table.c.doubted_at.is_(None), table.c.doubted_at <= read)


def _claim(*due: ColumnElement[bool], limit: int | None = None) -> Any:
    chosen = (
        select(slack_groups.c.id, slack_groups.c.due_at)
        .where(*due, slack_groups.c.due_at <= func.now())
        .order_by(slack_groups.c.due_at, slack_groups.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    leased = update(slack_groups).where(slack_groups.c.id == chosen.c.id)
    return leased.values(due_at=func.now() + bindparam("lease", type_=Interval())).returning(
        slack_groups.c.id, chosen.c.due_at, func.now()
    )


_DOUBTFUL: Final = slack_groups.c.doubted_at.is_not(None)
_CLAIM_DUE: Final = _claim(slack_groups.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
_CLAIM_DOUBTFUL: Final = _claim(_DOUBTFUL, ~held(GROUP_READINGS), limit=1)


def next_due(due_at: ColumnElement[datetime], task: str, *which: ColumnElement[bool]) -> Select[Any]:
    """Builds the question how long it takes until a row is due, and its task not held; None without a row."""
    until = select(periodic_tasks.c.due_at).where(periodic_tasks.c.name == task).scalar_subquery()
    wait = func.greatest(func.greatest(func.min(due_at), until) - func.now(), timedelta())
    # ``greatest`` leaves out NULL: without a row it would be the end of the pause.
    return select(case((func.count() > 0, wait))).where(*which)


_NEXT_DOUBTFUL: Final = next_due(slack_groups.c.due_at, GROUP_READINGS, _DOUBTFUL)
