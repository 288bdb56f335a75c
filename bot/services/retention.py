"""Deletes what the policy no longer wants kept, once a day, in small steps that yield to other work."""

import asyncio
from datetime import timedelta
from typing import Final

from bot.domain.retention import BATCH, Expired, following, keep_of
from bot.services.context import ServiceContext

TASK: Final = "retention"
"""The periodic task."""

STEPS: Final = 20
"""Transactions in one run, after which the scheduler does what else is due."""

PAUSE: Final = timedelta(milliseconds=50)
"""Between two transactions: other work of this process goes first."""

HELD: Final = timedelta(minutes=5)
"""How long no other process takes over; a run takes seconds."""

DAILY: Final = timedelta(days=1)


class RetentionService:
    """Goes through what may be old enough, one batch after the other.

    How far it has come is in the store: a process that dies in between has lost one batch, and whoever is
    next goes on from there.

    Args:
        context: store, policy and clock.
        pause: between two transactions.
    """

    def __init__(self, context: ServiceContext, *, pause: timedelta = PAUSE) -> None:
        self._context = context
        self._pause = pause

    async def run_due(self) -> None:
        """Does some of what is due; the rest in the next runs, and then nothing for a day."""
        # Nothing is deleted by a policy that cannot be read.
        if not self._context.policy.readable:
            return
        async with self._context.transaction() as tx:
            # Asked first: a claim in vain writes all the same, and the scheduler asks every few seconds.
            if await tx.periodic_tasks.is_held(TASK):
                return
            claimed = await tx.periodic_tasks.claim(TASK, within=HELD)
            await tx.commit()
        if not claimed:
            return
        for _ in range(STEPS):
            if not await self._step():
                return
            await asyncio.sleep(self._pause.total_seconds())
        async with self._context.transaction() as tx:
            # What is left is for the next run, of any process.
            await tx.periodic_tasks.schedule(TASK, wait=timedelta())
            await tx.commit()

    async def _step(self) -> bool:
        """Deletes one batch; returns whether there is more to do."""
        async with self._context.transaction() as tx:
            before = await tx.periodic_tasks.progress(TASK)
            current = Expired(before["of"]) if before else following(None)
            if current is None:
                raise ValueError("there is nothing that is ever deleted")
            keep = keep_of(current, self._context.policy.keep)
            after = None
            if keep is not None:
                after = await tx.retention.delete(
                    current, keep=keep, now=self._context.now(), after=before.get("after", ""), limit=BATCH
                )
            goes_on = current if after is not None else following(current)
            progress = {} if goes_on is None else {"of": str(goes_on), "after": after or ""}
            wait = DAILY if goes_on is None else HELD
            if not await tx.periodic_tasks.advance(TASK, before=before, after=progress, wait=wait):
                return False
            await tx.commit()
        return goes_on is not None
