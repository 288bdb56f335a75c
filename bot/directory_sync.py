"""Directory sync: copies databases and spaces from Heroku, and people and groups from Slack, to the store."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.domain.policy.rules import Policy
from bot.domain.timings import DEFAULT, Timings
from bot.errors import HerokuError, SlackError, StoreUnavailableError
from bot.ports import Heroku, Slack, Store
from bot.services.targets.discovery import record_discovery

DATABASES_EVERY: Final = timedelta(minutes=10)
"""How late a new database can be requested; four calls to Heroku for up to 1,000 add-ons, apps and spaces."""

PEOPLE_EVERY: Final = timedelta(minutes=5)
"""Half of the age that the cache may have; 2,000 people are ten calls of Slack's tier 2 (20 a minute)."""

CLAIMED_FOR: Final = timedelta(minutes=3)
"""How long a sync is left to one worker: longer than the scheduler lets one take (2 minutes), and short
enough that people are read again before the cache is too old (10 minutes) when that worker died."""

log = structlog.get_logger(__name__)


class DirectorySync:
    """Runs each sync as a periodic task: the worker that claims it first does it.

    Args:
        store: what is brought up to date.
        heroku: source of databases and spaces.
        slack: source of people and groups.
        policy: names the user groups, and the targets that are bound when they are first seen.
        timings: with the pause after a sync that failed.
    """

    def __init__(
        self,
        *,
        store: Store,
        heroku: Heroku,
        slack: Slack,
        policy: Policy,
        timings: Timings = DEFAULT,
    ) -> None:
        self._timings = timings
        self._store = store
        self._policy = policy
        self._heroku = heroku
        self._slack = slack

    async def run_due(self) -> None:
        """Runs what is due: people first, as requests need a known requester before they need a database."""
        await self.answer_lookups()
        await self._attempt("people", self._sync_users)
        await self._attempt("databases", self._sync_targets)

    async def answer_lookups(self) -> None:
        """Looks up people whom a command or click needed and the cache lacked."""
        async with self._store.transaction() as tx:
            requested = await tx.slack_users.requested_lookups()
        for id in requested:
            try:
                await self._answer_lookup(id)
            except SlackError as error:
                # What keeps Slack from answering, such as its rate limit, concerns the others too: they wait.
                log.warning("directory_sync.lookup_failed", code=error.code)
                return

    async def _answer_lookup(self, id: str) -> None:
        async with self._store.transaction() as tx:
            lookup = await tx.slack_users.requested_lookup(id)
        if lookup is None:
            return  # another worker has answered it
        person = await self._slack.person(id)
        async with self._store.transaction() as tx:
            await tx.slack_users.save_lookup(lookup, person)
            await tx.commit()

    async def _sync_targets(self) -> None:
        databases = await self._heroku.databases()
        spaces = await self._heroku.spaces()
        await self._heroku.learn_budget()
        async with self._store.transaction() as tx:
            found = await record_discovery(tx, self._policy, databases, spaces)
            await tx.periodic_tasks.schedule("databases", wait=DATABASES_EVERY)
            await tx.commit()
        if found.renamed or found.contested:
            log.info("directory_sync.identity", renamed=len(found.renamed), contested=len(found.contested))

    async def _sync_users(self) -> None:
        async with self._store.transaction() as tx:
            # Before Slack is asked: an answer is as old as its question, and must not replace a later one.
            read = await tx.slack_users.current_time()
        people = [person async for person in self._slack.people()]
        members = {group: await self._slack.group_members(group) for group in sorted(self._policy.groups)}
        async with self._store.transaction() as tx:
            await tx.slack_users.save(people, read=read)
            for group, ids in members.items():
                await tx.slack_users.save_group(group, ids, read=read)
            await tx.periodic_tasks.schedule("people", wait=PEOPLE_EVERY)
            await tx.commit()

    async def _attempt(self, name: str, sync: Callable[[], Awaitable[None]]) -> None:
        """Runs a sync if it is due. It sets its next run in its own commit, a sooner one after a failure."""
        if not await self._claim(name):
            return
        try:
            await sync()
        except (HerokuError, SlackError, StoreUnavailableError) as error:
            log.warning("directory_sync.failed", task=name, error=str(error))
            async with self._store.transaction() as tx:
                await tx.periodic_tasks.schedule(name, wait=self._timings.sync_retry)
                await tx.commit()

    async def _claim(self, name: str) -> bool:
        async with self._store.transaction() as tx:
            claimed = await tx.periodic_tasks.claim(name, within=CLAIMED_FOR)
            if claimed:
                await tx.commit()
            return claimed
