"""Counts what is there, every so often: the databases at Heroku and the people in Slack."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.domain.timings import DEFAULT, Timings
from bot.errors import HerokuError, SlackError, StoreUnavailableError
from bot.ports import Heroku, Slack, Store

DATABASES_EVERY: Final = timedelta(minutes=10)
"""How late a new database can be asked for; four calls at Heroku for up to 1,000 add-ons, apps and spaces."""

PEOPLE_EVERY: Final = timedelta(minutes=5)
"""Half of what the cache may be old; 2,000 people are ten calls of Slack's tier 2 (20 a minute)."""

TURN: Final = timedelta(minutes=3)
"""How long a count is left alone: longer than the clock lets one take (2 minutes), and short enough that the
people are counted again before the cache is too old (10 minutes) when the one who counted died."""

log = structlog.get_logger(__name__)


class DirectorySync:
    """Each count is a chore: done by whichever worker comes first, once in its time.

    Args:
        store: where the counts are kept.
        heroku: what has the databases.
        slack: what has the people.
        groups: user groups whose members the policy wants to know.
        timings: with the pause after a sync that failed.
    """

    def __init__(
        self,
        *,
        store: Store,
        heroku: Heroku,
        slack: Slack,
        groups: frozenset[str] = frozenset(),
        timings: Timings = DEFAULT,
    ) -> None:
        self._timings = timings
        self._store = store
        self._groups = groups
        self._heroku = heroku
        self._slack = slack

    async def run_due(self) -> None:
        """Does what is due; people first, for a database that can be asked for wants somebody to ask."""
        await self.answer_lookups()
        await self._attempt("people", self._sync_users)
        await self._attempt("databases", self._sync_targets)

    async def answer_lookups(self) -> None:
        """Looks up the people who turned up unknown."""
        async with self._store.transaction() as tx:
            asked = await tx.slack_users.asked_for()
        for id in asked:
            try:
                await self._answer_lookup(id)
            except SlackError as error:
                log.warning("directory_sync.person", code=error.code)
                return

    async def _answer_lookup(self, id: str) -> None:
        async with self._store.transaction() as tx:
            question = await tx.slack_users.question(id)
        if question is None:
            return  # another worker was quicker
        person = await self._slack.person(id)
        async with self._store.transaction() as tx:
            await tx.slack_users.answer(question, person)
            await tx.commit()

    async def _sync_targets(self) -> None:
        databases = await self._heroku.databases()
        spaces = await self._heroku.spaces()
        await self._heroku.learn_budget()
        async with self._store.transaction() as tx:
            await tx.targets.discovered(databases, spaces)
            await tx.periodic_tasks.due_in("databases", wait=DATABASES_EVERY)
            await tx.commit()

    async def _sync_users(self) -> None:
        async with self._store.transaction() as tx:
            read = await tx.slack_users.reading()
        people = [person async for person in self._slack.people()]
        members = {group: await self._slack.group_members(group) for group in sorted(self._groups)}
        async with self._store.transaction() as tx:
            await tx.slack_users.keep(people, read=read)
            for group, ids in members.items():
                await tx.slack_users.keep_group(group, ids, read=read)
            await tx.periodic_tasks.due_in("people", wait=PEOPLE_EVERY)
            await tx.commit()

    async def _attempt(self, name: str, count: Callable[[], Awaitable[None]]) -> None:
        """Counts if it is due: a count sets its next turn in its own commit, one that failed comes sooner."""
        if not await self._turn(name):
            return
        try:
            await count()
        except (HerokuError, SlackError, StoreUnavailableError) as error:
            log.warning("directory_sync.failed", task=name, error=str(error))
            async with self._store.transaction() as tx:
                await tx.periodic_tasks.due_in(name, wait=self._timings.sync_retry)
                await tx.commit()

    async def _turn(self, name: str) -> bool:
        async with self._store.transaction() as tx:
            mine = await tx.periodic_tasks.claim(name, within=TURN)
            if mine:
                await tx.commit()
            return mine
