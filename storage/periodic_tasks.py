"""Work that is done every so often by whichever worker comes first."""

from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import periodic_tasks


class PostgresPeriodicTasks:
    """Chores by name; their turns are of Postgres' clock."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, name: str, *, within: timedelta) -> bool:
        """Takes a chore's turn if it is due.

        Args:
            name: of the chore.
            within: how long nobody else takes it. Whoever does the chore then sets its next turn; if they die
                before, it is due again after this.
        """
        statement = insert(periodic_tasks).values(name=name, due_at=func.now() + within)
        taken = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"due_at": statement.excluded.due_at},
            where=periodic_tasks.c.due_at <= func.now(),
        ).returning(periodic_tasks.c.name)
        return (await self._connection.execute(taken)).scalar_one_or_none() is not None

    async def turn(self, name: str, *, now: datetime, following: datetime) -> bool:
        """Takes a chore's turn by business time, and sets the next one; False while it is not due.

        A chore that was never heard of only has its next turn set. What is not due costs a look, not a write.

        Args:
            name: of a chore that is never claimed by Postgres' clock.
            now: business time.
            following: business time of the turn after this one.
        """
        due = update(periodic_tasks).where(periodic_tasks.c.name == name, periodic_tasks.c.due_at <= now)
        if (await self._connection.execute(due.values(due_at=following))).rowcount:
            return True
        first = insert(periodic_tasks).values(name=name, due_at=following)
        await self._connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
        return False

    async def due_in(self, name: str, *, wait: timedelta) -> None:
        """Sets a chore's next turn: it is done, it came to nothing, or there is reason to hurry."""
        await self._connection.execute(
            update(periodic_tasks).where(periodic_tasks.c.name == name).values(due_at=func.now() + wait)
        )
