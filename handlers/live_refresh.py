"""Shows an answer that came from the last look once more, as soon as the keeper has looked again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import structlog

from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.errors import SlackError, StoreUnavailableError
from bot.ports import DatabaseStatus, InteractiveSlack, Message, SpaceStatus
from bot.services import Services
from bot.worker import BackgroundTasks

AT_MOST: Final = timedelta(seconds=20)
"""How long a new look is waited for: a call at Heroku may take 15 s, and the keeper may be busy."""

BETWEEN: Final = timedelta(milliseconds=500)
"""Pause between two glances at the store, which only ask when the last looks were."""

T = TypeVar("T")

Way = tuple[UUID, Method]
"""A way into a database or a space."""

Observations = Mapping[Way, datetime | None]
"""When each way in was last looked at, as an answer has told it; None for one that never was."""

log = structlog.get_logger(__name__)


class LiveRefresh:
    """Waits in memory only: whoever asked has an answer already, and its age is in it.

    Args:
        access: where the new look will be found.
        desk: what replaces the answer, through the command's own ``response_url``.
        errands: where the waiting is done.
    """

    def __init__(
        self, *, services: Services, interactive: InteractiveSlack, background_tasks: BackgroundTasks
    ) -> None:
        self._services = services
        self._interactive = interactive
        self._background_tasks = background_tasks

    def follow(
        self,
        shown: DatabaseStatus,
        *,
        url: str | None,
        person: str,
        draw: Callable[[DatabaseStatus], Message],
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
            observations = {way: at for way, at in _observations(shown).items() if way[1] in ways}
            again = partial(self._services.queries.database_status, shown.database, person=person)
            self._background_tasks.run(self._replace(observations, again, url, draw))

    def follow_space(
        self, shown: SpaceStatus, *, url: str | None, draw: Callable[[SpaceStatus], Message]
    ) -> None:
        """The same for a space."""
        if url is not None:
            again = partial(self._services.queries.space_status, shown.space)
            self._background_tasks.run(self._replace(_space_observations(shown), again, url, draw))

    async def _replace(
        self,
        observations: Observations,
        again: Callable[[], Awaitable[T]],
        url: str,
        draw: Callable[[T], Message],
    ) -> None:
        try:
            if await self._are_newer(observations):
                await self._interactive.respond(url, draw(await again()), replace=True)
        except (SlackError, StoreUnavailableError) as error:
            # The first answer stands, and says how old it is.
            log.info("handlers.not_afresh", error=type(error).__name__)

    async def _are_newer(self, observations: Observations) -> bool:
        """Returns once every look is newer; or, when that takes too long, whether any of them is."""
        before = {way: at for way, at in observations.items() if at is not None}
        end, now = time.monotonic() + AT_MOST.total_seconds(), before
        while time.monotonic() < end:
            await asyncio.sleep(BETWEEN.total_seconds())
            now = dict(await self._services.queries.observed_at(observations))
            if now != before and all(now.get(way) != at for way, at in before.items()):
                return True
        return now != before


def _observations(situation: DatabaseStatus) -> Observations:
    """When each way in was looked at; one without a look yet may never have one."""
    target = situation.database.id
    observations: dict[Way, datetime | None] = {
        (target, Method.MTLS): _at(situation.observation),
        (target, Method.PRIVATELINK): _at(situation.link),
    }
    return (
        observations if situation.space is None else {**observations, **_space_observations(situation.space)}
    )


def _space_observations(situation: SpaceStatus) -> Observations:
    return {(situation.space.id, Method.TRUSTED): _at(situation.observation)}


def _at(observation: Observation | None) -> datetime | None:
    return None if observation is None else observation.at
