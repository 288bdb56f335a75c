"""Records what a keeper's pass has shown: grants, entries, and what is told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from bot.domain import grant as grants
from bot.domain import schedule
from bot.domain.grant import Grant, GrantState, Why
from bot.domain.policy import Policy
from bot.errors import HerokuError, HerokuUnauthorizedError, RateBudgetExhaustedError
from bot.ports import BOT, AuditContext, Clock, MessageKind, Notification, ReconcileJob, Store, Transaction
from bot.reconciler.backoff import next_run_after_failure, pause, release

LOUD_AFTER: Final = 5
"""Spoilt passes until operations hears of it: about three minutes where nothing works at all."""

Verdict = tuple[UUID, GrantState, Why | None, str]
"""What a look has proven of a grant: where it stands now, why, and Heroku's own words."""

log = structlog.get_logger(__name__)

_TOLD: Final = {
    GrantState.IN_FORCE: MessageKind.IN_FORCE,
    GrantState.ENDED: MessageKind.ENDED,
    GrantState.FAILED: MessageKind.FAILED,
    GrantState.INTERRUPTED: MessageKind.INTERRUPTED,
}


class Recorder:
    """The keeper's pen: one transaction for each pass.

    Args:
        store: the truth.
        policy: whom to tell, and when to warn.
        clock: business time.
    """

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def give_back(self, job: ReconcileJob, error: HerokuError) -> None:
        """Records that nothing could be seen; what was known before stays as it is."""
        log.warning("reconciler.trouble", database=job.target.name, status=error.status, id=error.id)
        async with self._store.transaction() as tx:
            await self.report(tx, job, error, self._clock.now())
            await release(tx, job, next_run_after_failure(job, pause(error, job), error))
            await tx.commit()

    async def broken(self, job: ReconcileJob, error: Exception) -> None:
        """Records, loudly, that a pass failed in a way that nobody has thought of."""
        async with self._store.transaction() as tx:
            answer = {"status": "unexpected", "id": type(error).__name__}
            await self._tell_trouble(tx, job, answer, self._clock.now())
            wait = schedule.gap(schedule.TROUBLE, job.failures)
            await release(tx, job, next_run_after_failure(job, wait, error))
            await tx.commit()

    # --- grants ----------------------------------------------------------------------------------

    async def settle(self, tx: Transaction, verdicts: Iterable[Verdict], now: datetime) -> None:
        """Moves grants as a look has proven them, together, but for those that a person moved meanwhile."""
        proven = list(verdicts)
        held = {grant.id: grant for grant in await tx.grants.get_all({id for id, *_ in proven})}
        moved: list[tuple[Grant, Grant, AuditContext]] = []
        for id, state, why, detail in proven:
            before = held[id]
            after = self._after(before, state, why, detail, now)
            if after is not None:
                moved.append((before, after, AuditContext(actor=BOT, at=now)))
                held[id] = after
        await tx.grants.change_all(moved)
        await tx.outbox.refresh_cards_of({after.request for _, after, _ in moved})
        await tx.outbox.tell_all(
            [said for before, after, _ in moved for said in self._said(before, after, now)]
        )

    def _said(self, before: Grant, after: Grant, now: datetime) -> Iterable[Notification]:
        """What is told of a grant that has moved."""
        if after.state is GrantState.ENDED and before.why is Why.EXPIRED and before.closed_at is not None:
            # It was interrupted, its owner was told then, and nothing ends for them now.
            return
        kind, key, request = _TOLD[after.state], f"{_TOLD[after.state]}:{after.id}", after.request
        yield Notification(kind=kind, to=after.owner, key=f"{key}:{now.isoformat()}", request=request)
        if after.state is GrantState.INTERRUPTED:
            operations = self._policy.operations_channel
            yield Notification(
                kind=kind, to=operations, key=f"{key}:operations:{now.isoformat()}", request=request
            )

    def _after(
        self, grant: Grant, state: GrantState, why: Why | None, detail: str, now: datetime
    ) -> Grant | None:
        """The grant as the look has proven it; None when that no longer follows from where it stands.

        Nothing is said to be in force whose end came while we looked.
        """
        match grant.state, state:
            case GrantState.APPLYING, GrantState.IN_FORCE if grant.ends_at is None or now < grant.ends_at:
                return grants.verified(grant, now=now, warn_before=self._policy.warn_before)
            case (
                (GrantState.APPLYING, GrantState.FAILED)
                | (GrantState.IN_FORCE, GrantState.INTERRUPTED)
                | (GrantState.ENDING, GrantState.ENDED)
            ):
                return grants.closed(grant, state, now=now, why=why, detail=detail)
        return None

    # --- what operations hears -------------------------------------------------------------------

    async def report(self, tx: Transaction, job: ReconcileJob, error: HerokuError, now: datetime) -> None:
        """Says once a day that the token is refused; and hourly what has failed for a while."""
        if isinstance(error, RateBudgetExhaustedError):
            return
        answer = {"status": str(error.status), "id": error.id}
        if isinstance(error, HerokuUnauthorizedError):
            await tx.outbox.tell(
                MessageKind.HEROKU_DENIED,
                to=self._policy.operations_channel,
                key=f"denied:{now.date().isoformat()}",
                params={"app": job.target.label, **answer},
            )
        elif job.failures + 1 >= LOUD_AFTER:
            await self._tell_trouble(tx, job, answer, now)

    async def _tell_trouble(
        self, tx: Transaction, job: ReconcileJob, answer: dict[str, str], now: datetime
    ) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0).isoformat()
        await tx.outbox.tell(
            MessageKind.HEROKU_TROUBLE,
            to=self._policy.operations_channel,
            key=f"trouble:{job.target.id}:{hour}",
            params={"app": job.target.label, **answer},
        )
