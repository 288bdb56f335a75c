"""Shows an answer that came from the last look once more, as soon as the keeper has looked again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from bot.access import Access
from bot.domain.looks import AnyLook
from bot.domain.methods import Method
from bot.errands import Errands
from bot.errors import SlackError, StoreUnavailableError
from bot.ports import Desk, Message, Situation, SpaceSituation

AT_MOST: Final = timedelta(seconds=20)
"""How long a new look is waited for: a call at Heroku may take 15 s, and the keeper may be busy."""

BETWEEN: Final = timedelta(milliseconds=500)
"""Pause between two glances at the store; one read of it takes a millisecond or two."""

T = TypeVar("T")

Moments = Mapping[Method, datetime]
"""When each way in was last looked at."""

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
        self,
        shown: Situation,
        *,
        url: str | None,
        person: str,
        draw: Callable[[Situation], Message],
        ways: Collection[Method] = tuple(Method),
    ) -> None:
        """Returns at once; the answer is replaced once, if newer looks come in time.

        Args:
            shown: what the answer was drawn from.
            url: the command's ``response_url``; without one nothing can be replaced.
            person: who asked.
            draw: how the answer is drawn from the newer looks.
            ways: in that the answer tells of.
        """
        if url is not None:
            again, seen = partial(self._access.glance, shown.database, person=person), _seen_of(ways)
            self._errands.run(self._replace(again, seen, seen(shown), url, draw))

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
        seen: Callable[[T], Moments],
        before: Moments,
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
        seen: Callable[[T], Moments],
        before: Moments,
    ) -> T | None:
        """What is known once every look is newer; or, when that takes too long, once any of them is."""
        end, newer = time.monotonic() + AT_MOST.total_seconds(), None
        while time.monotonic() < end:
            await asyncio.sleep(BETWEEN.total_seconds())
            found = await again()
            now = seen(found)
            newer = found if now != before else None
            if newer is not None and all(now.get(way) != at for way, at in before.items()):
                return found
        return newer


def _seen_of(ways: Collection[Method]) -> Callable[[Situation], Moments]:
    """Tells when each way in was looked at; one without a look yet may never have one."""

    def seen(situation: Situation) -> Moments:
        looks: dict[Method, AnyLook | None] = {
            Method.MTLS: situation.look,
            Method.PRIVATELINK: situation.link,
        }
        looks[Method.TRUSTED] = None if situation.space is None else situation.space.look
        return {way: look.at for way, look in looks.items() if way in ways and look is not None}

    return seen


def _space_seen(situation: SpaceSituation) -> Moments:
    return {} if situation.look is None else {Method.TRUSTED: situation.look.at}
