"""Periodic tasks: done by whichever worker claims them first."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import PeriodicTasks
from storage.tables import periodic_tasks


class PostgresPeriodicTasks(PeriodicTasks):
    """Tasks by name, due by Postgres' clock or by business time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def claim(self, name: str, *, within: timedelta) -> bool:
        statement = insert(periodic_tasks).values(name=name, due_at=func.now() + within)
        # One statement: of two workers, the second waits for the row of the first and then finds it not due.
        claimed = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"due_at": statement.excluded.due_at},
            where=periodic_tasks.c.due_at <= func.now(),
        ).returning(periodic_tasks.c.name)
        return (await self._connection.execute(claimed)).scalar_one_or_none() is not None

    @override
    async def claim_at(self, name: str, *, now: datetime, following: datetime) -> bool:
        due = update(periodic_tasks).where(periodic_tasks.c.name == name, periodic_tasks.c.due_at <= now)
        if (await self._connection.execute(due.values(due_at=following))).rowcount:
            return True
        first = insert(periodic_tasks).values(name=name, due_at=following)
        await self._connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
        return False

    @override
    async def due_at(self, name: str) -> datetime | None:
        statement = select(periodic_tasks.c.due_at).where(periodic_tasks.c.name == name)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    @override
    async def schedule(self, name: str, *, wait: timedelta) -> None:
        await self._connection.execute(
            update(periodic_tasks).where(periodic_tasks.c.name == name).values(due_at=func.now() + wait)
        )

    @override
    async def hold(self, name: str, *, wait: timedelta) -> None:
        statement = insert(periodic_tasks).values(name=name, due_at=func.now() + wait)
        later = {"due_at": func.greatest(periodic_tasks.c.due_at, statement.excluded.due_at)}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=later))

    @override
    async def is_held(self, name: str) -> bool:
        later = (periodic_tasks.c.name == name, periodic_tasks.c.due_at > func.now())
        return bool((await self._connection.execute(select(exists().where(*later)))).scalar_one())

    @override
    async def progress(self, name: str) -> Mapping[str, str]:
        statement = select(periodic_tasks.c.progress).where(periodic_tasks.c.name == name)
        return (await self._connection.execute(statement)).scalar() or {}

    @override
    async def advance(
        self, name: str, *, before: Mapping[str, str], after: Mapping[str, str], wait: timedelta
    ) -> bool:
        statement = (
            update(periodic_tasks)
            .where(periodic_tasks.c.name == name, periodic_tasks.c.progress == dict(before))
            .values(progress=dict(after), due_at=func.now() + wait)
        )
        return bool((await self._connection.execute(statement)).rowcount)
