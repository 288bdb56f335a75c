"""The cache of Slack's people: ten minutes old at most where it decides."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.person import Person
from bot.ports import Loop
from storage.tables import people

FRESH: Final = timedelta(minutes=10)
"""Older knowledge about a person decides nothing."""


class PostgresPeople:
    """People by Slack id."""

    def __init__(self, connection: AsyncConnection, touched: set[Loop]) -> None:
        self._connection = connection
        self._touched = touched

    async def find(self, id: str) -> Person | None:
        """A person; None when unknown or when what is known is too old."""
        statement = select(people).where(people.c.id == id, people.c.known_at > func.now() - FRESH)
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else Person(**{name: row[name] for name in Person.__dataclass_fields__})

    async def locale(self, id: str) -> str | None:
        """A person's Slack locale, however old."""
        return (await self._connection.execute(select(people.c.locale).where(people.c.id == id))).scalar()

    async def keep(self, found: Iterable[Person]) -> None:
        """Refreshes what is known."""
        rows = [asdict(person) for person in found]
        if not rows:
            return
        statement = insert(people).values(known_at=func.now())
        fresh = {name: statement.excluded[name] for name in (*rows[0], "known_at") if name != "id"}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=fresh), rows
        )

    async def ask_for(self, id: str) -> None:
        """Notes that somebody unknown turned up; one known too long ago becomes unknown."""
        statement = insert(people).values(id=id)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={"known_at": None})
        )
        self._touched.add(Loop.CLOCK)

    async def asked_for(self) -> tuple[str, ...]:
        """Ids of people who turned up unknown, a hundred at most: one minute's ``users.info`` calls."""
        statement = select(people.c.id).where(people.c.known_at.is_(None)).limit(100)
        return tuple((await self._connection.execute(statement)).scalars())

    async def forget(self, id: str) -> None:
        """Stops asking for somebody whom Slack does not know."""
        statement = people.delete().where(people.c.id == id, people.c.known_at.is_(None))
        await self._connection.execute(statement)
