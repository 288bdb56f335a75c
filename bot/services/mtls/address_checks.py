"""Links to the page that requests access from the address of a browser."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from typing import Final
from uuid import UUID, uuid4

from bot.domain.command_text import COMMAND
from bot.domain.method import Method
from bot.domain.mtls import address_check
from bot.domain.mtls.address_check import AddressCheck, CheckAnswer
from bot.domain.one_time_link import LIFE, SECRET_BYTES, digest
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import RequestDetails
from bot.services.access_requests import AccessRequestService
from bot.services.context import ServiceContext
from bot.services.request_input import RequestInput, require_start_now

_FOR_ANOTHER: Final = f"{COMMAND} mtls add 203.0.113.4 to billing for @ayumi"
"""A line for another person: their address is not that of the asker's browser."""

_KEY = "address check {id}"
"""Idempotency key of the request that a link leads to: two clicks record one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressLink:
    """A link at the one moment at which its secret is known."""

    id: UUID
    secret: str = field(repr=False)
    expires_at: datetime


class AddressCheckService:
    """Issues links, and records what is requested through them.

    Args:
        context: store, policy and clock.
        access_requests: records requests, with every check that a typed line has.
    """

    def __init__(self, context: ServiceContext, *, access_requests: AccessRequestService) -> None:
        self._context = context
        self._access_requests = access_requests

    async def issue(self, request_input: RequestInput, *, person: str) -> AddressLink:
        """Issues a link to request what was typed, from the address of the browser that opens it.

        Raises:
            Refused: the person may not ask, or it is for another person or begins later: neither would be
                kept, and ``me`` is nobody else.
            StoreUnavailableError: nothing was recorded.
        """
        if request_input.on_behalf is not None:
            raise Refused(Refusal.ADDRESS_ME, example=_FOR_ANOTHER)
        secret, now = secrets.token_urlsafe(SECRET_BYTES), self._context.now()
        check = AddressCheck(
            id=uuid4(),
            digest=digest(secret),
            owner=person,
            target=request_input.target,
            duration=request_input.duration,
            until=request_input.until,
            reason=request_input.reason,
            expires_at=now + LIFE,
        )
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            require_start_now(request_input, member, now=now)
            await tx.address_checks.add(check, now=now)
            await tx.commit()
        return AddressLink(id=check.id, secret=secret, expires_at=check.expires_at)

    async def submit(self, id: UUID, secret: str, address: IPv4Network) -> RequestDetails | CheckAnswer:
        """Requests access from an address for the person in whose name the link was made.

        Args:
            id: the link's public part.
            secret: as it came.
            address: that of the browser.

        Returns:
            The request, or why the link leads to none.

        Raises:
            Refused: the person may not ask, or the request cannot be granted as it stands; the link stays.
            StoreUnavailableError: nothing was recorded.
        """
        async with self._context.transaction() as tx:
            check = await tx.address_checks.find(id)
        answer = address_check.judge(check, secret, now=self._context.now())
        if check is None or answer is not CheckAnswer.OPEN:
            return answer
        request_input = RequestInput(
            address=str(address),
            target=check.target,
            duration=check.duration,
            until=check.until,
            reason=check.reason,
        )
        details = await self._access_requests.submit(
            Method.MTLS, request_input, person=check.owner, key=_KEY.format(id=id)
        )
        await self._use_up(id, details.request.id)
        return details

    async def _use_up(self, id: UUID, request: int) -> None:
        # After the request, by whose key a repeated click finds it: dying in between loses nothing.
        try:
            async with self._context.transaction() as tx:
                await tx.address_checks.record_request(id, request)
                await tx.commit()
        except StoreUnavailableError:
            return
