"""Reads everybody in the workspace, page by page; each page is kept as it comes.

A page and the cursor of the next one are one commit: the next step, of any process, goes on from there, after
a rate limit, a crash or a deploy.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.policy.rules import Policy
from bot.domain.timings import DEFAULT, Timings
from bot.errors import SlackError
from bot.ports import PeoplePage, Slack, Store

TASK: Final = "people"

PEOPLE_EVERY: Final = timedelta(minutes=5)
"""From the beginning of one reading to the next: half of the age that the cache may have."""

PAUSE: Final = timedelta(minutes=1)
"""The least between two readings, also when one takes longer than that; whoever acts is looked up singly."""

STEP: Final = timedelta(seconds=20)
"""How long one step reads on; shorter than the scheduler lets one take."""

CLAIMED_FOR: Final = timedelta(seconds=30)
"""How long a page is left to one worker: the deadline of a call, and its commit."""

log = structlog.get_logger(__name__)


class PeopleReader:
    """Reads everybody, one step at a time.

    Args:
        store: what is brought up to date.
        slack: where people are read.
        policy: names people who are looked up by themselves when they were never read.
        timings: with the pause after a call that failed.
    """

    def __init__(self, *, store: Store, slack: Slack, policy: Policy, timings: Timings = DEFAULT) -> None:
        self._store = store
        self._slack = slack
        self._policy = policy
        self._timings = timings

    async def step(self) -> None:
        """Reads the next pages, if they are due: until the last one, the step's time or Slack's limit."""
        async with self._store.transaction() as tx:
            if not await tx.periodic_tasks.claim(TASK, within=CLAIMED_FOR):
                return
            progress = await tx.periodic_tasks.progress(TASK)
            # Before Slack is asked: an answer is as old as its question, and must not replace a later one.
            read = await tx.slack_users.current_time()
            if not progress:
                await tx.slack_users.request_unread(self._policy.people)
            await tx.commit()
        ends = time.monotonic() + STEP.total_seconds()
        while time.monotonic() < ends:
            try:
                page = await self._slack.people_page(progress.get("cursor", ""))
            except SlackError as error:
                await self._failed(progress, error)
                return
            following = await self._save(page, progress, read=read)
            if not following:
                return
            progress = following
            async with self._store.transaction() as tx:
                read = await tx.slack_users.current_time()
        async with self._store.transaction() as tx:
            await tx.periodic_tasks.advance(TASK, before=progress, after=progress, wait=timedelta())
            await tx.commit()

    async def _save(
        self, page: PeoplePage, progress: Mapping[str, str], *, read: datetime
    ) -> Mapping[str, str]:
        """Saves a page with the cursor of the next one; returns the progress, empty where this step ends."""
        began = progress.get("began", read.isoformat())
        # A cursor that leads to itself would be followed for ever.
        ended = page.next_cursor in ("", progress.get("cursor"))
        after = {} if ended else {"cursor": page.next_cursor, "began": began}
        async with self._store.transaction() as tx:
            await tx.slack_users.save(page.people, read=read)
            now = await tx.slack_users.current_time()
            rest = PEOPLE_EVERY - (now - datetime.fromisoformat(began))
            wait = max(rest, PAUSE) if ended else CLAIMED_FOR
            mine = await tx.periodic_tasks.advance(TASK, before=progress, after=after, wait=wait)
            await tx.commit()
        if ended and mine:
            took = now - datetime.fromisoformat(began)
            log.info("directory.people_read", seconds=round(took.total_seconds()))
        return after if mine else {}

    async def _failed(self, progress: Mapping[str, str], error: SlackError) -> None:
        """Leaves the cursor for the next step, unless Slack does not take it any more."""
        after, wait = progress, self._timings.sync_retry
        if error.code == "invalid_cursor":
            after, wait = {}, timedelta()
        elif error.retry_after_s is not None:
            wait = timedelta(seconds=error.retry_after_s)
        log.info("directory.people_interrupted", code=error.code, seconds=wait.total_seconds())
        async with self._store.transaction() as tx:
            await tx.periodic_tasks.advance(TASK, before=progress, after=after, wait=wait)
            await tx.commit()
