"""Records the policy in the store while it can be read, and reports loudly when it cannot."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.policy.rules import Policy
from bot.domain.policy.stand_in import state_of
from bot.errors import TryAgainError
from bot.ports import Clock, MessageKind, Store, Transaction

LOGGED_EVERY: Final = timedelta(minutes=1)
"""How often the log says that the policy cannot be read."""

TOLD_EVERY: Final = timedelta(hours=1)
"""How often the operations channel is told."""

SYNCS: Final = ("people", "databases")
"""Syncs that a changed policy has run at once: it may name other groups, and other targets to be bound."""

EDITED_BACK: Final = timedelta(days=7)
"""How old messages may be that are still edited when the policy can be read again."""

log = structlog.get_logger(__name__)


class PolicyReporter:
    """Keeps what a process needs that cannot read the policy, and tells operations of such a process.

    Args:
        store: where the last readable policy is kept.
        policy: today's, or the stand-in for one that cannot be read.
        clock: business time.
    """

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def record(self) -> None:
        """Records a policy that can be read; if that was not so before, operations hear that it is again.

        Raises:
            TryAgainError: the store could not be reached.
        """
        async with self._store.transaction() as tx:
            before = await tx.policy_states.last()
            if not await tx.policy_states.record(state_of(self._policy)):
                return
            if before is not None and before.unreadable_since is not None:
                await self._tell_readable(tx, before.unreadable_since)
            for task in SYNCS:
                await tx.periodic_tasks.schedule(task, wait=timedelta())
            await tx.commit()
        log.info("policy.recorded", digest=self._policy.digest)

    async def run(self) -> None:
        """Reports until cancelled; a restart is what ends it, with a policy that can be read."""
        while True:
            log.error("policy.unreadable", error=self._policy.problem, opened="nothing", ended="as promised")
            try:
                await self._tell_unreadable()
            except TryAgainError as error:
                log.warning("policy.not_told", error=str(error))
            await asyncio.sleep(LOGGED_EVERY.total_seconds())

    async def _tell_unreadable(self) -> None:
        """Tells operations once an hour, however many processes there are."""
        now = self._clock.now()
        async with self._store.transaction() as tx:
            await tx.policy_states.note_unreadable(now)
            await tx.outbox.add(
                MessageKind.POLICY_UNREADABLE,
                to=self._policy.operations_channel,
                key=_key(now),
                params={"problem": self._policy.problem},
            )
            await tx.commit()

    async def _tell_readable(self, tx: Transaction, since: datetime) -> None:
        """Tells operations that it is over, and has the messages edited that said otherwise."""
        now = self._clock.now()
        told = max(since, now - EDITED_BACK)
        while told < now + TOLD_EVERY:
            await tx.outbox.refresh(_key(told))
            told += TOLD_EVERY
        key = f"{MessageKind.POLICY_READABLE}:{since.isoformat()}"
        await tx.outbox.add(MessageKind.POLICY_READABLE, to=self._policy.operations_channel, key=key)


def _key(at: datetime) -> str:
    """What makes a message unique: the hour that it is of."""
    return f"{MessageKind.POLICY_UNREADABLE}:{at:%Y-%m-%dT%H}"
