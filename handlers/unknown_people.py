"""Waits shortly for the lookup of somebody who is not known, while whoever acted waits for an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from bot.domain.person import UserId
from bot.errors import Refusal, Refused
from bot.services import Services

WAITED: Final = timedelta(milliseconds=1200)
"""How long lookups are waited for, from the first attempt: what is left of ``ANSWER`` is for the last one."""

GAPS: Final = (0.05, 0.05, 0.1, 0.1, 0.15)
"""Seconds between looks into the store; the last one repeats. A lookup takes Slack some 0.1 to 0.3 s."""

T = TypeVar("T")


class UnknownPeople:
    """Attempts once more what was refused because somebody, or a user group, had to be read first.

    Nothing was recorded by an attempt that was refused, so that it can be made again.

    Args:
        services: knows who is known, and requests lookups.
    """

    def __init__(self, services: Services) -> None:
        self._members = services.members

    async def attempt(self, person: str, act: Callable[[], Awaitable[T]]) -> T:
        """Acts, and acts again each time that somebody who was missing becomes known in time.

        Args:
            person: Slack id of who acts.
            act: raises ``Refused`` as long as somebody is unknown.

        Raises:
            Refused: Slack was too slow, or what the person wants is refused for another reason.
        """
        until = time.monotonic() + WAITED.total_seconds()
        awaited: set[str] = set()
        while True:
            try:
                return await act()
            except Refused as refused:
                missing = _missing(refused, person)
                # Known by now and still refused: waiting once more would not help.
                if missing is None or missing in awaited or not await self._becomes_known(missing, until):
                    if missing is not None and refused.reason is Refusal.PERSON_UNKNOWN and missing != person:
                        raise Refused(Refusal.COLLEAGUE_UNKNOWN, person=UserId(missing)) from refused
                    raise
                awaited.add(missing)

    async def settle(self, person: str) -> None:
        """Has a person looked up who is not known, and waits shortly until they are."""
        await self._becomes_known(person, time.monotonic() + WAITED.total_seconds())

    async def _becomes_known(self, missing: str, until: float) -> bool:
        """Waits until a person or a user group was read; returns whether that was in time."""
        if await self._members.is_known(missing):
            return True
        if not missing.startswith("S"):
            await self._members.request_lookup(missing)
        elif not await self._members.request_group(missing):
            return False
        looks = 0
        while not await self._members.is_known(missing):
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(GAPS[min(looks, len(GAPS) - 1)])
            looks += 1
        return True


def _missing(refused: Refused, person: str) -> str | None:
    """The id of the person or user group that has to be read first, if that is why it was refused."""
    if refused.reason is Refusal.PERSON_UNKNOWN:
        return str(refused.params.get("person", person))
    if refused.reason is Refusal.GROUPS_UNKNOWN:
        return str(refused.params["group"])
    return None
