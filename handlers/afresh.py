"""Shows an answer that came from the last look once more, as soon as the keeper has looked again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from bot.access import Access
from bot.errands import Errands
from bot.errors import SlackError, StoreUnavailableError
from bot.ports import Desk, Message, Situation, SpaceSituation

AT_MOST: Final = timedelta(seconds=20)
"""How long a new look is waited for: a call at Heroku may take 15 s, and the keeper may be busy."""

BETWEEN: Final = timedelta(milliseconds=500)
"""Pause between two glances at the store; one read of it takes a millisecond or two."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Afresh:
    """Waits in memory only: whoever asked has an answer already, and its age is in it.

    Args:
        access: where the new look will be found.
        desk: what replaces the answer, through the command's own ``response_url``.
        errands: where the waiting is done.
    """

    def __init__(self, *, access: Access, desk: Desk, errands: Errands) -> None:
        self._access = access
        self._desk = desk
        self._errands = errands

    def follow(
        self, shown: Situation, *, url: str | None, person: str, draw: Callable[[Situation], Message]
    ) -> None:
        """Returns at once; the answer is replaced once, if a newer look comes in time.

        Args:
            shown: what the answer was drawn from.
            url: the command's ``response_url``; without one nothing can be replaced.
            person: who asked.
            draw: how the answer is drawn from the newer look.
        """
        if url is not None:
            again = partial(self._access.glance, shown.database, person=person)
            self._errands.run(self._replace(again, _seen, _seen(shown), url, draw))

    def follow_space(
        self, shown: SpaceSituation, *, url: str | None, draw: Callable[[SpaceSituation], Message]
    ) -> None:
        """The same for a space."""
        if url is not None:
            again = partial(self._access.space_glance, shown.space)
            self._errands.run(self._replace(again, _space_seen, _space_seen(shown), url, draw))

    async def _replace(
        self,
        again: Callable[[], Awaitable[T]],
        seen: Callable[[T], datetime | None],
        before: datetime | None,
        url: str,
        draw: Callable[[T], Message],
    ) -> None:
        try:
            newer = await self._newer(again, seen, before)
            if newer is not None:
                await self._desk.respond(url, draw(newer), replace=True)
        except (SlackError, StoreUnavailableError) as error:
            # The first answer stands, and says how old it is.
            log.info("handlers.not_afresh", error=type(error).__name__)

    async def _newer(
        self,
        again: Callable[[], Awaitable[T]],
        seen: Callable[[T], datetime | None],
        before: datetime | None,
    ) -> T | None:
        end = time.monotonic() + AT_MOST.total_seconds()
        while time.monotonic() < end:
            await asyncio.sleep(BETWEEN.total_seconds())
            found = await again()
            if seen(found) != before:
                return found
        return None


def _seen(situation: Situation) -> datetime | None:
    return None if situation.look is None else situation.look.at


def _space_seen(situation: SpaceSituation) -> datetime | None:
    return None if situation.look is None else situation.look.at
