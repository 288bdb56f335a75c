"""Commands and clicks that were acted on: the same one coming again is not acted on twice."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import received

_FIRST: Final = insert(received).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


class PostgresReceived:
    """Dedupe keys; a second transaction with the same key waits for the first one's commit."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first(self, key: str, *, request: int) -> bool:
        """Notes which request a key led to; False when it was acted on before."""
        taken = await self._connection.execute(_FIRST, {"key": key, "request_id": request})
        return taken.rowcount > 0

    async def request(self, key: str) -> int | None:
        """The request that a key led to."""
        statement = select(received.c.request_id).where(received.c.key == key)
        return (await self._connection.execute(statement)).scalar_one_or_none()
