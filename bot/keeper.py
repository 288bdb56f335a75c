"""Keeps Heroku in step with the store: claims what is due, and hands it to the method that it belongs to.

A pass is short; reading back is the next pass, soon after. Between two passes nothing is held but rows.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.budget import Purpose
from bot.domain.methods import Method
from bot.keeping import turns
from bot.keeping.turns import Pass
from bot.ports import Store, calling_for


@dataclass(frozen=True, slots=True)
class Taken:
    """A claimed lane: the pass that is to be made, and what its calls are for."""

    making: Pass
    purpose: Purpose


class Keeper:
    """Takes one lane at a time: one method of one target.

    Args:
        store: the truth.
        methods: how each way in is kept in step.
    """

    def __init__(self, *, store: Store, methods: Mapping[Method, turns.Method]) -> None:
        self._store = store
        self._methods = methods

    async def claim(self) -> Taken | None:
        """Takes a lane that is due; None when none is."""
        since = time.monotonic()
        async with self._store.transaction() as tx:
            job = await tx.lanes.claim()
            if job is None:
                return None
            making = await self._methods[job.method].take(tx, job, held_since=since)
            await tx.commit()
            return Taken(making, job.purpose)

    async def next_due(self) -> timedelta | None:
        """How long until there is something to claim."""
        async with self._store.transaction() as tx:
            return await tx.lanes.next_due()

    async def work(self, taken: Taken) -> None:
        """Makes the pass; its calls draw on the budget for what they are for."""
        with calling_for(taken.purpose):
            await taken.making.run()

    async def failed(self, taken: Taken, error: Exception) -> None:
        """Gives a lane back whose pass failed in a way that nobody has thought of."""
        await taken.making.failed(error)
