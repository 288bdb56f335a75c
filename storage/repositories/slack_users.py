"""Cache of Slack users and groups; nothing is decided on entries older than ten minutes.

Slack's answers come late and out of order: an earlier answer never replaces a later one, so that a slow sync
cannot undo a deactivation.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.person import Person
from bot.ports import SlackUsers, UserLookup, WorkerName
from storage.tables import slack_groups, slack_users

FRESH: Final = timedelta(minutes=10)
"""Age up to which a cached user or group counts."""


_version: Final = cast(literal_column("slack_users.xmin"), Text)
"""The transaction that wrote a row last (PostgreSQL manual, "System Columns"): a version for free."""


def person_of(row: RowMapping) -> Person:
    """Reads a person from a row of ``slack_users``, without their groups."""
    return Person(**{name: row[name] for name in _OWN})


class PostgresSlackUsers(SlackUsers):
    """Users by Slack id."""

    def __init__(self, connection: AsyncConnection, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._touched = touched

    @override
    async def find(
        self, id: str, *, groups: Collection[str] = (), however_old: bool = False
    ) -> Person | None:
        params = {"id": id, "groups": sorted(groups)}
        statement = _FIND_LAST if however_old else _FIND
        row = (await self._connection.execute(statement, params)).mappings().one_or_none()
        if row is None:
            return None
        within, unknown = frozenset(row["within"] or ()), frozenset(row["unknown"] or ())
        return replace(person_of(row), groups=within, unknown_groups=unknown)

    @override
    async def locale(self, id: str) -> str | None:
        return (
            await self._connection.execute(select(slack_users.c.locale).where(slack_users.c.id == id))
        ).scalar()

    @override
    async def current_time(self) -> datetime:
        moment: datetime = (await self._connection.execute(select(func.now()))).scalar_one()
        return moment

    @override
    async def save(self, found: Iterable[Person], *, read: datetime | None = None) -> None:
        rows = sorted(map(_row, found), key=lambda row: str(row["id"]))
        if not rows:
            return
        statement = insert(slack_users).values(fetched_at=_moment(read), known_at=_moment(read))
        fresh = {
            name: statement.excluded[name] for name in (*rows[0], "fetched_at", "known_at") if name != "id"
        }
        # NULL, a requested lookup, is not older than anything: only the lookup's answer replaces it.
        newer = slack_users.c.fetched_at <= statement.excluded.fetched_at
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=fresh, where=newer), rows
        )

    @override
    async def save_group(self, id: str, members: Iterable[str], *, read: datetime | None = None) -> None:
        statement = insert(slack_groups).values(
            id=id, members=sorted(members), fetched_at=_moment(read), error=""
        )
        fresh = {name: statement.excluded[name] for name in ("members", "fetched_at", "error")}
        newer = slack_groups.c.fetched_at <= statement.excluded.fetched_at
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=fresh, where=newer)
        )

    @override
    async def request_lookup(self, id: str) -> None:
        # The row stays, for its locale and its version; only what is decided by it waits for the lookup.
        statement = insert(slack_users).values(id=id)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={"fetched_at": None})
        )
        self._touched.add(WorkerName.CLOCK)

    @override
    async def requested_lookups(self) -> tuple[str, ...]:
        statement = select(slack_users.c.id).where(slack_users.c.fetched_at.is_(None)).limit(100)
        return tuple((await self._connection.execute(statement)).scalars())

    @override
    async def requested_lookup(self, id: str) -> UserLookup | None:
        statement = select(_version, func.now()).where(
            slack_users.c.id == id, slack_users.c.fetched_at.is_(None)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else UserLookup(id=id, version=row[0], read=row[1])

    @override
    async def save_lookup(self, question: UserLookup, person: Person | None) -> None:
        asked = (
            slack_users.c.id == question.id,
            slack_users.c.fetched_at.is_(None),
            _version == question.version,
        )
        if person is None:
            await self._connection.execute(delete(slack_users).where(*asked))
            return
        known = {**_row(person), "fetched_at": question.read, "known_at": question.read}
        await self._connection.execute(update(slack_users).where(*asked).values(known))


_OWN: Final = tuple(name for name in Person.__dataclass_fields__ if not name.endswith("groups"))
"""Fields of a person that ``slack_users`` has; membership of groups is in ``slack_groups``."""


def _find(*, however_old: bool) -> Select[Any]:
    """Built once: every command, click and addition runs this."""
    fresh = func.now() - FRESH
    current = slack_groups.c.id.is_not(None) if however_old else slack_groups.c.fetched_at > fresh
    within = select(func.array_agg(slack_groups.c.id)).where(
        bindparam("id") == any_(slack_groups.c.members), current
    )
    asked = func.unnest(bindparam("groups", type_=ARRAY(Text))).column_valued("asked")
    known = exists().where(slack_groups.c.id == asked, current)
    unknown = select(func.array_agg(asked)).where(~known)
    columns = [slack_users.c[name] for name in _OWN]
    # A row without a reading is a lookup that was requested: nothing is known of that person at all.
    kept = slack_users.c.known_at.is_not(None) if however_old else slack_users.c.fetched_at > fresh
    return select(
        *columns, within.scalar_subquery().label("within"), unknown.scalar_subquery().label("unknown")
    ).where(slack_users.c.id == bindparam("id"), kept)


_FIND: Final = _find(however_old=False)
_FIND_LAST: Final = _find(however_old=True)


def _row(person: Person) -> dict[str, object]:
    """A row of ``slack_users``."""
    known = asdict(person)
    return {name: known[name] for name in _OWN}


def _moment(read: datetime | None) -> ColumnElement[datetime] | datetime:
    return func.now() if read is None else read
