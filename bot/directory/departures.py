"""Asks Heroku about targets that no discovery finds: a list that lacks one proves nothing."""

import structlog

from bot.domain.policy.rules import Policy
from bot.domain.rate_budget import CallPriority
from bot.errors import HerokuError
from bot.ports import BOT, AuditContext, Clock, Heroku, Store, with_priority
from bot.services.targets.absences import ASKED, DEPARTURES, EVERY, record_answer

log = structlog.get_logger(__name__)


class DepartureReader:
    """Proves departures, by Heroku's UUID and by two answers of two runs.

    Args:
        store: what is recorded of targets.
        heroku: the Platform API, which knows its add-ons and spaces.
        policy: names the channel of operations.
        clock: business time, for audit lines.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._heroku = heroku
        self._policy = policy
        self._clock = clock

    async def read(self) -> None:
        """Asks once about each target that is missing, and records what was answered."""
        async with self._store.transaction() as tx:
            missing = await tx.departures.missing(limit=ASKED)
        for target in missing:
            try:
                # Nothing waits for it that an addition or a removal would have to give way to.
                with with_priority(CallPriority.OBSERVE):
                    gone = await self._heroku.is_gone(target)
            except HerokuError as error:
                # Refused, too slow, out of order: whether it is there is as unknown as before.
                log.warning("departures.unread", target=target.name, error=str(error))
                continue
            async with self._store.transaction() as tx:
                doing = AuditContext(actor=BOT, at=self._clock.now(), details={"name": target.name})
                proven = await record_answer(tx, self._policy, target, gone=gone, doing=doing)
                await tx.commit()
            log.info("departures.answered", target=target.name, gone=gone, proven=proven)
        async with self._store.transaction() as tx:
            await tx.periodic_tasks.schedule(DEPARTURES, wait=EVERY)
            await tx.commit()
