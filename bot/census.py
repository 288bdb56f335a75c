"""Counts what is there, every so often: the databases at Heroku and the people in Slack."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.errors import HerokuError, SlackError
from bot.ports import Heroku, Slack, Store

DATABASES_EVERY: Final = timedelta(minutes=10)
"""How late a new database can be asked for; three calls at Heroku for up to 1,000 add-ons and apps."""

PEOPLE_EVERY: Final = timedelta(minutes=5)
"""Half of what the cache may be old; 2,000 people are ten calls of Slack's tier 2 (20 a minute)."""

AGAIN_AFTER_TROUBLE: Final = timedelta(seconds=30)
"""Pause before a count that failed is tried again."""

log = structlog.get_logger(__name__)


class Census:
    """Each count is a chore: done by whichever worker comes first, once in its time."""

    def __init__(self, *, store: Store, heroku: Heroku, slack: Slack) -> None:
        self._store = store
        self._heroku = heroku
        self._slack = slack

    async def run_due(self) -> None:
        """Does what is due."""
        await self.answer_questions()
        if await self._turn("databases", DATABASES_EVERY):
            await self._attempt("databases", self._count_databases)
        if await self._turn("people", PEOPLE_EVERY):
            await self._attempt("people", self._count_people)

    async def answer_questions(self) -> None:
        """Looks up the people who turned up unknown."""
        async with self._store.transaction() as tx:
            asked = await tx.people.asked_for()
        for id in asked:
            try:
                person = await self._slack.person(id)
            except SlackError as error:
                log.warning("census.person", code=error.code)
                return
            async with self._store.transaction() as tx:
                if person is None:
                    await tx.people.forget(id)
                else:
                    await tx.people.keep([person])
                await tx.commit()

    async def _count_databases(self) -> None:
        databases = await self._heroku.databases()
        async with self._store.transaction() as tx:
            await tx.targets.discovered(databases)
            await tx.commit()

    async def _count_people(self) -> None:
        people = [person async for person in self._slack.people()]
        async with self._store.transaction() as tx:
            await tx.people.keep(people)
            await tx.commit()

    async def _turn(self, name: str, every: timedelta) -> bool:
        async with self._store.transaction() as tx:
            mine = await tx.chores.claim(name, every=every)
            if mine:
                await tx.commit()
            return mine

    async def _attempt(self, name: str, count: Callable[[], Awaitable[None]]) -> None:
        """Counts; what cannot be reached is tried again sooner than the next turn."""
        try:
            await count()
        except (HerokuError, SlackError) as error:
            log.warning("census.failed", chore=name, error=str(error))
            async with self._store.transaction() as tx:
                await tx.chores.due_in(name, wait=AGAIN_AFTER_TROUBLE)
                await tx.commit()
