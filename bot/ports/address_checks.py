"""Protocol for requests that wait for the address of their requester's browser."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.mtls.address_check import AddressCheck


class AddressChecks(Protocol):
    """Requests that lack only their address, by the public id of their link."""

    async def add(self, check: AddressCheck, *, now: datetime) -> None:
        """Adds one, and deletes those that have been over for a day."""
        ...

    async def find(self, id: UUID) -> AddressCheck | None:
        """Returns one by its id."""
        ...

    async def record_request(self, id: UUID, request: int) -> None:
        """Records the request that one has led to; its link is used up."""
        ...
