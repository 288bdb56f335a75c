"""Live refresh: replaces an answer that came from the last observation as soon as there is a newer one."""

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
"""How long to wait for a newer observation: a call to Heroku may take 15 s, and the reconciler be busy."""

BETWEEN: Final = timedelta(milliseconds=500)
"""Pause between two queries of the store, which read observation times only."""

T = TypeVar("T")

TargetMethod = tuple[UUID, Method]
"""An access method of a database or a space."""

ObservedAt = Mapping[TargetMethod, datetime | None]
"""When each was last observed, as an answer showed it; None if never."""

log = structlog.get_logger(__name__)


class LiveRefresh:
    """Waits for newer observations in the background.

    Nothing of it is stored: a process that dies leaves the first answer, which says how old it is.

    Args:
        access: reads observations.
        interactive: replaces the answer, through the command's own ``response_url``.
        background_tasks: run the waiting.
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
        render: Callable[[DatabaseStatus], Message],
        methods: Collection[Method] = tuple(Method),
    ) -> None:
        """Returns at once; later replaces the answer once, if newer observations come in time.

        Args:
            shown: the status that the answer shows.
            url: the command's ``response_url``; without one nothing can be replaced.
            person: Slack id of the person who asked.
            render: makes the answer from a newer status.
            methods: those that the answer shows.
        """
        if url is not None:
            observed_at = {key: at for key, at in _observed_at(shown).items() if key[1] in methods}
            load = partial(self._services.queries.database_status, shown.database, person=person)
            self._background_tasks.run(self._replace(observed_at, load, url, render))

    def follow_space(
        self, shown: SpaceStatus, *, url: str | None, render: Callable[[SpaceStatus], Message]
    ) -> None:
        """Does the same for the status of a space."""
        if url is not None:
            load = partial(self._services.queries.space_status, shown.space)
            self._background_tasks.run(self._replace(_space_observed_at(shown), load, url, render))

    async def _replace(
        self,
        shown: ObservedAt,
        load: Callable[[], Awaitable[T]],
        url: str,
        render: Callable[[T], Message],
    ) -> None:
        try:
            if await self._are_newer(shown):
                await self._interactive.respond(url, render(await load()), replace=True)
        except (SlackError, StoreUnavailableError) as error:
            # The first answer stays, and says how old it is.
            log.info("handlers.not_refreshed", error=type(error).__name__)

    async def _are_newer(self, shown: ObservedAt) -> bool:
        """Returns once all observations are newer; after ``AT_MOST``, whether any of them is."""
        # What was never observed may never be: waiting for it would take the whole time.
        before = {key: at for key, at in shown.items() if at is not None}
        end, now = time.monotonic() + AT_MOST.total_seconds(), before
        while time.monotonic() < end:
            # Polled: any process may make the observation, and wake-ups are for workers only.
            await asyncio.sleep(BETWEEN.total_seconds())
            now = dict(await self._services.queries.observed_at(shown))
            if now != before and all(now.get(key) != at for key, at in before.items()):
                return True
        return now != before


def _observed_at(status: DatabaseStatus) -> ObservedAt:
    """When each method of a database was observed; a method without access may never be."""
    target = status.database.id
    observed_at: dict[TargetMethod, datetime | None] = {
        (target, Method.MTLS): _at(status.observation),
        (target, Method.PRIVATELINK): _at(status.link),
    }
    return observed_at if status.space is None else {**observed_at, **_space_observed_at(status.space)}


def _space_observed_at(status: SpaceStatus) -> ObservedAt:
    return {(status.space.id, Method.TRUSTED): _at(status.observation)}


def _at(observation: Observation | None) -> datetime | None:
    return None if observation is None else observation.at
