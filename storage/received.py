"""Commands and clicks that were acted on: the same one coming again is not acted on twice."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import received


class PostgresReceived:
    """Dedupe keys; a second transaction with the same key waits for the first one's commit."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first(self, key: str) -> bool:
        """Takes a key; False when it was taken before."""
        statement = insert(received).values(key=key).on_conflict_do_nothing().returning(received.c.key)
        return (await self._connection.execute(statement)).scalar_one_or_none() is not None

    async def conclude(self, key: str, *, request: int) -> None:
        """Notes which request a key led to."""
        await self._connection.execute(
            update(received).where(received.c.key == key).values(request_id=request)
        )

    async def request(self, key: str) -> int | None:
        """The request that a key led to."""
        statement = select(received.c.request_id).where(received.c.key == key)
        return (await self._connection.execute(statement)).scalar_one_or_none()
