"""Idempotency keys of commands and clicks that were executed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.ports import IdempotencyKeys
from storage.tables import idempotency_keys
from storage.write_buffer import WriteBuffer


class PostgresIdempotencyKeys(IdempotencyKeys):
    """Keys by their text; the write buffer writes them with everything else."""

    def __init__(self, connection: AsyncConnection, buffer: WriteBuffer) -> None:
        self._connection = connection
        self._buffer = buffer

    @override
    async def claim(self, key: str, *, request: int) -> bool:
        return await self._buffer.flush_with_key(key, request)

    @override
    async def request(self, key: str) -> int | None:
        statement = select(idempotency_keys.c.request_id).where(idempotency_keys.c.key == key)
        return (await self._connection.execute(statement)).scalar_one_or_none()
