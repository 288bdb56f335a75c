"""What went lately of the entries that are ours, whichever of the three kinds: rules, accounts, ranges."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drift import RecentRemovals

RECENT: Final = timedelta(days=1)
"""An entry that is back, or was lost, within this long is told of as such."""


async def went(connection: AsyncConnection, table: Table, entry: Column[Any], target: UUID) -> RecentRemovals:
    """What went within the last day: as we had asked, or taken over and lost.

    Args:
        connection: in whose transaction.
        table: one with the columns of an entry that is ours.
        entry: its column that names an entry to a person.
        target: the database or space.
    """
    asked = table.c.removal_requested_at.is_not(None).label("asked")
    statement = select(entry, asked).where(
        table.c.target_id == target, table.c.absent_at > func.now() - RECENT, asked | table.c.adopted
    )
    rows = (await connection.execute(statement)).all()
    return RecentRemovals(
        removed=frozenset(str(name) for name, wanted in rows if wanted),
        lost=frozenset(str(name) for name, wanted in rows if not wanted),
    )
