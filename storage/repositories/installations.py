"""What this installation is called, as one row."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import Installation, Installations
from storage.tables import installation


class PostgresInstallations(Installations):
    """One row, which the migrations make."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def current(self) -> Installation:
        row = (await self._connection.execute(select(installation.c.marker, installation.c.earlier))).one()
        return Installation(name=row.marker, earlier=tuple(row.earlier))

    @override
    async def rename(self, name: str) -> None:
        without = func.array_remove(installation.c.earlier, name)
        await self._connection.execute(
            update(installation)
            .where(installation.c.marker != name)
            .values(marker=name, earlier=func.array_append(without, installation.c.marker))
        )
