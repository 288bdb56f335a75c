"""Directory sync: copies databases and spaces from Heroku, and people and groups from Slack, to the store."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from bot.directory.departures import DepartureReader
from bot.directory.groups import GroupReader
from bot.directory.lookups import LookupWorker
from bot.directory.people import PeopleReader
from bot.domain.policy.rules import Policy
from bot.domain.timings import DEFAULT, Timings
from bot.errors import HerokuError, SlackError, StoreUnavailableError
from bot.ports import Clock, Heroku, Slack, Store
from bot.services.targets.absences import DEPARTURES
from bot.services.targets.discovery import SYNC, record_discovery, set_next_discovery

DATABASES_EVERY: Final = timedelta(minutes=10)
"""How late a new database can be requested; four calls to Heroku for up to 1,000 add-ons, apps and spaces."""

CLAIMED_FOR: Final = timedelta(minutes=3)
"""How long a sync is left to one worker: longer than the scheduler lets one take (2 minutes)."""

log = structlog.get_logger(__name__)


class DirectorySync:
    """Reads what is due: whichever worker claims it first does it.

    Attributes:
        lookups: answers lookups of single people; a worker of its own loop, for somebody may wait for one.

    Args:
        store: what is brought up to date.
        heroku: source of databases and spaces.
        slack: source of people and groups.
        policy: names the user groups, and the targets that are bound when they are first seen.
        clock: business time, at which it is recorded that a target is gone.
        timings: with the pause after a sync that failed.
    """

    def __init__(
        self,
        *,
        store: Store,
        heroku: Heroku,
        slack: Slack,
        policy: Policy,
        clock: Clock,
        timings: Timings = DEFAULT,
    ) -> None:
        self._timings = timings
        self._store = store
        self._policy = policy
        self._heroku = heroku
        self._people = PeopleReader(store=store, slack=slack, policy=policy, timings=timings)
        self._groups = GroupReader(store=store, slack=slack, policy=policy, timings=timings)
        self._departures = DepartureReader(store=store, heroku=heroku, policy=policy, clock=clock)
        self.lookups = LookupWorker(store=store, slack=slack, groups=self._groups, timings=timings)

    async def run_due(self) -> None:
        """Runs what is due: people first, as requests need a known requester before they need a database."""
        await self.answer_lookups()
        await self.read_people()
        await self.read_groups()
        await self.read_targets()
        await self.read_departures()

    async def answer_lookups(self) -> None:
        """Looks up people whom a command or click needed and the cache lacked."""
        await self.lookups.answer_all()

    async def read_people(self) -> None:
        """Reads the next pages of everybody in the workspace, if they are due."""
        await self._people.step()

    async def read_groups(self) -> None:
        """Reads the policy's user groups that are due."""
        await self._groups.step()

    async def read_targets(self) -> None:
        """Reads databases and spaces, if they are due."""
        await self._attempt(SYNC, self._sync_targets)

    async def read_departures(self) -> None:
        """Asks about databases and spaces that the last reading did not find, if that is due."""
        await self._attempt(DEPARTURES, self._departures.read)

    async def _sync_targets(self) -> None:
        async with self._store.transaction() as tx:
            before, spaces_before = await tx.targets.databases(), await tx.targets.spaces()
        databases = await self._heroku.databases(before)
        spaces = await self._heroku.spaces(spaces_before)
        await self._heroku.learn_budget()
        async with self._store.transaction() as tx:
            found = await record_discovery(tx, self._policy, databases, spaces)
            await set_next_discovery(tx, wait=DATABASES_EVERY)
            await tx.commit()
        if found.renamed or found.contested:
            log.info("directory_sync.identity", renamed=len(found.renamed), contested=len(found.contested))

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
