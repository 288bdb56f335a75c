"""Looks up single people, those first who wait for an answer; and reads groups that an event put in doubt."""

import time
from datetime import timedelta
from typing import Final

import structlog

from bot.directory.groups import GroupReader
from bot.domain.timings import DEFAULT, Timings
from bot.errors import SlackError
from bot.ports import LOOKUPS, DueGroups, Slack, Store, UserLookup

AT_ONCE: Final = 4
"""Lookups at the same time in a process: one that Slack is slow to answer holds up nobody else's."""

UNASKED_BURST: Final = 10
UNASKED_EVERY: Final = timedelta(seconds=2)
"""Lookups that nobody waits for: so many at once, then one each. A directory that reports thousands of
changes at a time must leave calls for those who act; Slack takes some fifty to a hundred a minute."""

log = structlog.get_logger(__name__)

Job = UserLookup | DueGroups


class LookupWorker:
    """Claims and answers lookups; a worker of a ``WorkLoop``.

    Args:
        store: knows whom to look up.
        slack: where people are read.
        groups: reads a group.
        timings: with the deadline of a call, and the pause after one that failed.
    """

    def __init__(
        self, *, store: Store, slack: Slack, groups: GroupReader, timings: Timings = DEFAULT
    ) -> None:
        self._store = store
        self._slack = slack
        self._groups = groups
        self._timings = timings
        self._unasked = Allowance(burst=UNASKED_BURST, every=UNASKED_EVERY)

    async def claim(self) -> Job | None:
        """Claims the next lookup or group; None when none is due."""
        lease = self._timings.slack_call + self._timings.margin
        async with self._store.transaction() as tx:
            lookup = await tx.slack_users.claim_lookup(lease=lease, waited_for=True)
            if lookup is None and self._unasked.wait() == timedelta():
                lookup = await tx.slack_users.claim_lookup(lease=lease)
                if lookup is not None:
                    self._unasked.take()
            job: Job | None = lookup
            if job is None:
                group = await tx.slack_users.claim_doubtful_group(lease=lease)
                job = group if group.ids else None
            if job is not None:
                await tx.commit()
            return job

    async def work(self, job: Job) -> None:
        """Asks Slack, and saves what it answers."""
        if isinstance(job, DueGroups):
            await self._groups.read_doubtful(job)
            return
        try:
            person = await self._slack.person(job.id)
        except SlackError as error:
            await self._failed(job, error)
            return
        async with self._store.transaction() as tx:
            await tx.slack_users.save_lookup(job, person)
            await tx.commit()

    async def next_due(self) -> timedelta | None:
        """Time until a lookup or a group is due; None when none will be."""
        async with self._store.transaction() as tx:
            asked = await tx.slack_users.next_lookup(waited_for=True)
            unasked = await tx.slack_users.next_lookup()
            group = await tx.slack_users.next_doubtful_group()
        if unasked is not None:
            unasked = max(unasked, self._unasked.wait())
        return min((each for each in (asked, unasked, group) if each is not None), default=None)

    async def answer_all(self) -> None:
        """Answers every lookup that is due, one after another."""
        while (job := await self.claim()) is not None:
            await self.work(job)

    async def _failed(self, job: UserLookup, error: SlackError) -> None:
        """Leaves one lookup for later; for a rate limit, which is of the method, the others wait as well."""
        limited = error.retry_after_s is not None
        # As long as it has waited already: the gaps double without being counted.
        patience = min(max(job.read - job.since, self._timings.retry[0]), self._timings.retry[-1])
        wait = timedelta(seconds=error.retry_after_s or 0) if limited else patience
        log.warning("directory.lookup_failed", code=error.code, seconds=wait.total_seconds())
        async with self._store.transaction() as tx:
            if limited:
                await tx.periodic_tasks.hold(LOOKUPS, wait=wait)
            await tx.slack_users.postpone_lookup(job.id, by=wait)
            await tx.commit()


class Allowance:
    """Calls that one process allows itself: a burst, then one every so often."""

    def __init__(self, *, burst: int, every: timedelta) -> None:
        self._every = every.total_seconds()
        self._room = burst * self._every
        # The moment at which everything taken is paid back.
        self._paid_at = time.monotonic()

    def wait(self) -> timedelta:
        """Time until there is one to take."""
        ahead = self._paid_at + self._every - self._room - time.monotonic()
        return timedelta(seconds=max(0.0, ahead))

    def take(self) -> None:
        """Takes one."""
        self._paid_at = max(self._paid_at, time.monotonic()) + self._every
