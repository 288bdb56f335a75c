"""Channels that take no messages, by their Slack id."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import RowMapping, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.reports.lost_channel import LostChannel
from bot.ports import LostChannels, WorkerName
from storage.tables import lost_channels


class PostgresLostChannels(LostChannels):
    """One row for each channel that is lost; usually there is none."""

    def __init__(self, connection: AsyncConnection, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._touched = touched

    @override
    async def find(self, id: str) -> LostChannel | None:
        statement = select(lost_channels).where(lost_channels.c.id == id)
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else _channel_of(row)

    @override
    async def lose(self, id: str, error: str, *, at: datetime, told: Collection[str]) -> LostChannel | None:
        values = {"id": id, "error": error, "since": at, "told": sorted(told)}
        # Nobody could be told: since when it takes no messages stays as it was recorded.
        new = insert(lost_channels).values(**values)
        new = new.on_conflict_do_update(
            index_elements=["id"],
            set_={"told": new.excluded.told},
            where=and_(func.cardinality(lost_channels.c.told) == 0, func.cardinality(new.excluded.told) > 0),
        )
        row = (await self._connection.execute(new.returning(lost_channels))).mappings().one_or_none()
        # Those who decide are told directly at once.
        self._touched.add(WorkerName.CLOCK)
        return None if row is None else _channel_of(row)

    @override
    async def restore(self, id: str) -> None:
        await self._connection.execute(delete(lost_channels).where(lost_channels.c.id == id))
        self._touched.add(WorkerName.CLOCK)


def _channel_of(row: RowMapping) -> LostChannel:
    return LostChannel(id=row["id"], error=row["error"], since=row["since"], told=tuple(row["told"]))
