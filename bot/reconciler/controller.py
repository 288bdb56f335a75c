"""Keeps Heroku in step with the store: claims what is due, and hands it to the method that it belongs to.

A pass is short; reading back is the next pass, soon after. Between two passes nothing is held but rows.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.method import Method
from bot.domain.schedule import TROUBLE, gap
from bot.errors import StoreUnavailableError
from bot.ports import ReconcileJob, Store, with_priority
from bot.reconciler import lease
from bot.reconciler.lease import Pass


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A claimed lane: the pass that is to be made, and the turn that it is made in."""

    making: Pass
    job: ReconcileJob


class Controller:
    """Takes one lane at a time: one method of one target.

    Args:
        store: the truth.
        methods: how each way in is kept in step.
    """

    def __init__(self, *, store: Store, methods: Mapping[Method, lease.Method]) -> None:
        self._store = store
        self._methods = methods

    async def claim(self) -> ClaimedJob | None:
        """Takes a lane that is due; None when none is."""
        since = time.monotonic()
        async with self._store.transaction() as tx:
            job = await tx.reconcile_queue.claim()
            if job is None:
                return None
            making = await self._methods[job.method].take(tx, job, held_since=since)
            await tx.commit()
            return ClaimedJob(making, job)

    async def next_due(self) -> timedelta | None:
        """How long until there is something to claim."""
        async with self._store.transaction() as tx:
            return await tx.reconcile_queue.next_due()

    async def work(self, taken: ClaimedJob) -> None:
        """Makes the pass; its calls draw on the budget for what they are for.

        Raises:
            StoreUnavailableError: Postgres was out of reach for a moment; the lane is given back if it is
                there again, else the lease runs out.
        """
        try:
            with with_priority(taken.job.purpose):
                await taken.making.run()
        except StoreUnavailableError:
            await self._leave(taken.job)
            raise

    async def failed(self, taken: ClaimedJob, error: Exception) -> None:
        """Gives a lane back whose pass failed in a way that nobody has thought of."""
        await taken.making.failed(error)

    async def _leave(self, job: ReconcileJob) -> None:
        """Ends a turn whose pass could not be recorded: what it had begun its intents tell the next one."""
        async with self._store.transaction() as tx:
            again = gap(TROUBLE, 0)
            await tx.reconcile_queue.release(
                job, again=again, attempts=job.attempts, kept=False, failures=job.failures
            )
            await tx.commit()
