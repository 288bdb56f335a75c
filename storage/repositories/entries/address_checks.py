"""Requests that wait for the address of their requester's browser."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.mtls.address_check import AddressCheck
from bot.ports import AddressChecks
from storage.tables import address_checks

KEPT: Final = timedelta(days=1)
"""From the end of a link to its deletion: until then its page can say what became of it."""


class PostgresAddressChecks(AddressChecks):
    """Links by public id."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def add(self, check: AddressCheck, *, now: datetime) -> None:
        over = address_checks.c.expires_at < now - KEPT
        await self._connection.execute(delete(address_checks).where(over))
        await self._connection.execute(
            insert(address_checks).values(
                id=check.id,
                digest=check.digest,
                owner=check.owner,
                target=check.target,
                duration=check.duration,
                until=check.until,
                reason=check.reason,
                expires_at=check.expires_at,
            )
        )

    @override
    async def find(self, id: UUID) -> AddressCheck | None:
        statement = select(address_checks).where(address_checks.c.id == id)
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        return AddressCheck(
            id=row["id"],
            digest=row["digest"],
            owner=row["owner"],
            target=row["target"],
            duration=row["duration"],
            until=row["until"],
            reason=row["reason"],
            expires_at=row["expires_at"],
            request=row["request_id"],
        )

    @override
    async def record_request(self, id: UUID, request: int) -> None:
        await self._connection.execute(
            update(address_checks).where(address_checks.c.id == id).values(request_id=request)
        )
