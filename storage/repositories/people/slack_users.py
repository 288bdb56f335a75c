"""Cache of Slack users; nothing is decided on entries older than ten minutes, or in doubt.

Slack's answers come late and out of order: an earlier answer never replaces a later one, so that a slow sync
cannot undo a deactivation; and an answer to a question from before Slack reported a change settles nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Interval,
    RowMapping,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.person import Person
from bot.ports import LOOKUPS, SlackUsers, UserLookup, WorkerName
from storage.repositories.people.slack_groups import PostgresSlackGroups, held, next_due, settles
from storage.tables import RUNNING, grants, slack_groups, slack_users

FRESH: Final = timedelta(minutes=10)
"""Age up to which a cached user or group counts."""

_FRESH_USER: Final = slack_users.c.fetched_at > func.now() - FRESH
_FRESH_GROUP: Final = and_(slack_groups.c.fetched_at > func.now() - FRESH, slack_groups.c.error == "")
_PENDING: Final = slack_users.c.fetched_at.is_(None)
_HOLDS_ACCESS: Final = exists().where(
    literal_column(f"(grants.{RUNNING})", Boolean), grants.c.owner == slack_users.c.id
)


def person_of(row: RowMapping) -> Person:
    """Reads a person from a row of ``slack_users``, without their groups."""
    return Person(**{name: row[name] for name in _OWN})


class PostgresSlackUsers(PostgresSlackGroups, SlackUsers):
    """Users and user groups by Slack id."""

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
    async def is_known(self, id: str) -> bool:
        statement = select(
            or_(
                exists().where(slack_users.c.id == id, _FRESH_USER),
                exists().where(slack_groups.c.id == id, _FRESH_GROUP),
            )
        )
        return bool((await self._connection.execute(statement)).scalar_one())

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
        # By id: Slack may list somebody twice while pages move, and a statement changes a row only once.
        people = [person for _, person in sorted({person.id: person for person in found}.items())]
        if not people:
            return
        # One array a column: a page of a thousand rows is one statement, written in the order of its ids.
        columns = {name: [getattr(person, name) for person in people] for name in _OWN}
        given = (
            func.unnest(*(bindparam(name, type_=ARRAY(slack_users.c[name].type)) for name in _OWN))
            .table_valued(*_OWN, name="given")
            .render_derived()
        )
        moment = func.now() if read is None else literal(read)
        statement = insert(slack_users).from_select(
            [*_OWN, "fetched_at", "known_at"], select(*given.c, moment, moment)
        )
        fresh = {name: statement.excluded[name] for name in (*_OWN, "fetched_at", "known_at") if name != "id"}
        # Slack goes on listing whoever has left, and a name that was deleted must not come back with it.
        forgotten = slack_users.c.left_at.is_not(None) & (slack_users.c.name == "")
        still = forgotten & statement.excluded.deactivated
        name = {"name": case((still, slack_users.c.name), else_=statement.excluded.name)}
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_=fresh | name | _SETTLED,
                where=settles(slack_users, statement.excluded.fetched_at),
            ),
            columns,
        )

    # --- lookups ---------------------------------------------------------------------------------

    @override
    async def doubt(self, id: str) -> None:
        # The row stays, for its locale and for closing; only what is decided by it waits for the lookup.
        doubted = {"fetched_at": None, "doubted_at": func.now(), "lookup_at": func.now()}
        statement = insert(slack_users).values(id=id, **doubted)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=doubted))
        self._touched.add(WorkerName.DIRECTORY)

    @override
    async def request_lookup(self, id: str) -> None:
        requested = {"doubted_at": func.now(), "lookup_at": func.now(), "waited_for": True}
        statement = insert(slack_users).values(id=id, **requested)
        anew = {
            name: case((_PENDING, slack_users.c[name]), else_=func.now())
            for name in ("doubted_at", "lookup_at")
        }
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={"fetched_at": None, "waited_for": True, **anew},
                where=or_(_PENDING, ~_FRESH_USER),
            )
        )
        self._touched.add(WorkerName.DIRECTORY)

    @override
    async def request_unread(self, ids: Collection[str]) -> None:
        if not ids:
            return
        rows = [{"id": id} for id in sorted(ids)]
        statement = insert(slack_users).values(doubted_at=func.now(), lookup_at=func.now())
        await self._connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]), rows)
        self._touched.add(WorkerName.DIRECTORY)

    @override
    async def requested_lookups(self) -> tuple[str, ...]:
        statement = select(slack_users.c.id).where(_PENDING).order_by(slack_users.c.lookup_at).limit(100)
        return tuple((await self._connection.execute(statement)).scalars())

    @override
    async def requested_lookup(self, id: str) -> UserLookup | None:
        statement = select(slack_users.c.doubted_at, func.now()).where(slack_users.c.id == id, _PENDING)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else UserLookup(id=id, since=row[0], read=row[1])

    @override
    async def claim_lookup(self, *, lease: timedelta, waited_for: bool = False) -> UserLookup | None:
        row = (await self._connection.execute(_CLAIM[waited_for], {"lease": lease})).one_or_none()
        return None if row is None else UserLookup(id=row[0], since=row[1], read=row[2])

    @override
    async def save_lookup(self, lookup: UserLookup, person: Person | None) -> None:
        asked = (slack_users.c.id == lookup.id, _PENDING, slack_users.c.doubted_at <= lookup.read)
        if person is None:
            # Somebody who was known and is not any more has left, and so has whoever holds access that was
            # recorded again from a lost store; of any other stranger there is nothing to keep.
            await self._connection.execute(
                delete(slack_users).where(*asked, slack_users.c.known_at.is_(None), ~_HOLDS_ACCESS)
            )
            left = {"deactivated": True, "fetched_at": lookup.read, "known_at": lookup.read, **_SETTLED}
            await self._connection.execute(update(slack_users).where(*asked).values(left))
            self._touched.add(WorkerName.CLOCK)
            return
        own = {name: getattr(person, name) for name in _OWN}
        known = {**own, "fetched_at": lookup.read, "known_at": lookup.read, **_SETTLED}
        await self._connection.execute(update(slack_users).where(*asked).values(known))
        # What was learnt may be that they have left: what they have ends at once.
        self._touched.add(WorkerName.CLOCK)

    @override
    async def postpone_lookup(self, id: str, *, by: timedelta) -> None:
        waiting = update(slack_users).where(slack_users.c.id == id, _PENDING)
        await self._connection.execute(waiting.values(lookup_at=func.now() + by))

    @override
    async def next_lookup(self, *, waited_for: bool = False) -> timedelta | None:
        wait: timedelta | None = (await self._connection.execute(_NEXT[waited_for])).scalar_one()
        return wait


_OWN: Final = tuple(name for name in Person.__dataclass_fields__ if not name.endswith("groups"))
"""Fields of a person that ``slack_users`` has; membership of groups is in ``slack_groups``."""

_SETTLED: Final[dict[str, Any]] = {"doubted_at": None, "lookup_at": None, "waited_for": False}


def _find(*, however_old: bool) -> Select[Any]:
    """Built once: every command, click and addition runs this."""
    current = slack_groups.c.known_at.is_not(None) if however_old else _FRESH_GROUP
    within = select(func.array_agg(slack_groups.c.id)).where(
        bindparam("id") == any_(slack_groups.c.members), current
    )
    asked = func.unnest(bindparam("groups", type_=ARRAY(Text))).column_valued("asked")
    known = exists().where(slack_groups.c.id == asked, current)
    unknown = select(func.array_agg(asked)).where(~known)
    columns = [slack_users.c[name] for name in _OWN]
    # A row without a reading is a lookup that was requested: nothing is known of that person at all.
    kept = slack_users.c.known_at.is_not(None) if however_old else _FRESH_USER
    return select(
        *columns, within.scalar_subquery().label("within"), unknown.scalar_subquery().label("unknown")
    ).where(slack_users.c.id == bindparam("id"), kept)


_FIND: Final = _find(however_old=False)
_FIND_LAST: Final = _find(however_old=True)


def _wanted(waited_for: bool) -> tuple[ColumnElement[bool], ...]:
    return (_PENDING, slack_users.c.waited_for) if waited_for else (_PENDING,)


def _claim(waited_for: bool) -> Any:
    first = (
        select(slack_users.c.id)
        .where(*_wanted(waited_for), slack_users.c.lookup_at <= func.now(), ~held(LOOKUPS))
        .order_by(slack_users.c.waited_for.desc(), slack_users.c.lookup_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    leased = update(slack_users).where(slack_users.c.id == first)
    return leased.values(lookup_at=func.now() + bindparam("lease", type_=Interval())).returning(
        slack_users.c.id, slack_users.c.doubted_at, func.now()
    )


_CLAIM: Final = {waited_for: _claim(waited_for) for waited_for in (False, True)}
_NEXT: Final = {
    waited_for: next_due(slack_users.c.lookup_at, LOOKUPS, *_wanted(waited_for))
    for waited_for in (False, True)
}
