"""Records the result of a reconcile run in one transaction: grants, operations, entries, and the next run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from bot.domain import findings, schedule
from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.operation import OperationState
from bot.domain.owned_entry import Transition
from bot.domain.policy.rules import Policy
from bot.errors import HerokuError, HerokuUnauthorizedError, RateBudgetExhaustedError
from bot.ports import (
    BOT,
    AuditContext,
    Clock,
    MessageKind,
    Notification,
    ReconcileJob,
    Store,
    Transaction,
    assertions,
)
from bot.reconciler.adapter import MethodAdapter, Planned, Run, Seen
from bot.reconciler.backoff import next_run, next_run_after_failure, pause, release
from bot.reconciler.membership import REASONS, Opening, OpeningStatus, opening_statuses
from bot.reconciler.outcome import OperationResult

LOUD_AFTER: Final = 5
"""Failed runs until operations hears of it: about three minutes where nothing works at all."""

log = structlog.get_logger(__name__)

_MESSAGES: Final = {
    GrantState.IN_FORCE: MessageKind.IN_FORCE,
    GrantState.ENDED: MessageKind.ENDED,
    GrantState.FAILED: MessageKind.FAILED,
    GrantState.INTERRUPTED: MessageKind.INTERRUPTED,
}


class Recorder:
    """Writes the result of reconcile runs.

    Args:
        store: the source of truth.
        policy: whom to notify, and when to warn.
        clock: business time.
    """

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def record(
        self, adapter: MethodAdapter[Run, Seen, Planned], run: Run, seen: Seen, plan: Planned
    ) -> None:
        """Records a run, whether or not all its calls went well.

        Raises:
            LeaseLostError: the lease was lost before; nothing is recorded.
        """
        job, outcome, now = run.job, run.outcome, self._clock.now()
        async with self._store.transaction() as tx:
            # What the observation has proven of a grant counts before what an attempt has brought.
            settled = await self._allowed_now(tx, job, {**outcome.grants, **plan.grants})
            await self._settle_grants(tx, settled, now)
            for id, result in outcome.operations.items():
                await self._settle_operation(tx, adapter, id, result, now)
            # Grants and operations are locked before the queue's row, as button handlers lock them.
            observation = await adapter.record(tx, run, seen, plan, now)
            over = findings.over(job.target.id, job.observation, observation)
            if job.failures and outcome.error is None:
                over |= {findings.trouble(job.target.id, job.method)}
            await tx.outbox.settle(over, at=now)
            await tx.reconcile_queue.save_observation(job, observation)
            if outcome.error is not None:
                await self._report(tx, job, outcome.error, now)
            under_way, watched = plan.under_way or outcome.waiting, adapter.is_watched(run, plan)
            await release(tx, job, next_run(job, outcome, under_way=under_way, watched=watched))
            await tx.commit()

    async def record_failure(self, job: ReconcileJob, error: HerokuError) -> None:
        """Records that nothing could be observed; what was known before stays as it is."""
        log.warning("reconciler.trouble", target=job.target.name, status=error.status, id=error.id)
        async with self._store.transaction() as tx:
            await self._report(tx, job, error, self._clock.now())
            await release(tx, job, next_run_after_failure(job, pause(error, job), error))
            await tx.commit()

    async def record_crash(self, job: ReconcileJob, error: Exception) -> None:
        """Records, and reports, that a run failed in an unexpected way."""
        async with self._store.transaction() as tx:
            answer = {"status": "unexpected", "id": type(error).__name__}
            await self._report_trouble(tx, job, answer, self._clock.now())
            # Released rather than left to its lease, so that the pause grows with each failure.
            wait = schedule.gap(job.timings.retry, job.failures)
            await release(tx, job, next_run_after_failure(job, wait, error))
            await tx.commit()

    async def _allowed_now(
        self, tx: Transaction, job: ReconcileJob, transitions: Mapping[UUID, Transition]
    ) -> Mapping[UUID, Transition]:
        """Keeps what may not be opened any more from being in force because its address is allowed anyway.

        Such a grant fails; one of which it is not known waits for the next run.
        """
        opening = [id for id, each in transitions.items() if each.state is GrantState.IN_FORCE]
        if not opening:
            return transitions
        held = {grant.id: grant for grant in await tx.grants.lock_all(set(opening))}
        asked = {
            id: Opening(owner=grant.owner, request=grant.request)
            for id, grant in held.items()
            if grant.state is GrantState.APPLYING
        }
        statuses = await opening_statuses(tx, self._policy, job, asked.values())
        kept = dict(transitions)
        for id, each in asked.items():
            status = statuses[each]
            if status in REASONS:
                kept[id] = Transition(state=GrantState.FAILED, reason=REASONS[status])
            elif status is OpeningStatus.UNKNOWN:
                del kept[id]
        return kept

    # --- grants ----------------------------------------------------------------------------------

    async def _settle_grants(
        self, tx: Transaction, transitions: Mapping[UUID, Transition], now: datetime
    ) -> None:
        """Moves grants as they are proven, together, but for those that a person moved meanwhile."""
        held = {grant.id: grant for grant in await tx.grants.lock_all(set(transitions))}
        moved: list[tuple[Grant, Grant, AuditContext]] = []
        for id, transition in transitions.items():
            before = held[id]
            after = self._after(before, transition, now)
            if after is not None:
                moved.append((before, after, AuditContext(actor=BOT, at=now)))
        await tx.grants.update_all(moved)
        await tx.outbox.refresh_cards_of({after.request for _, after, _ in moved})
        await tx.outbox.add_all(
            [message for before, after, _ in moved for message in self._messages(before, after, now)]
        )

    def _messages(self, before: Grant, after: Grant, now: datetime) -> Iterable[Notification]:
        """The notifications about a grant that has moved."""
        if (
            after.state is GrantState.ENDED
            and before.reason_code is ReasonCode.EXPIRED
            and before.closed_at is not None
        ):
            # It was interrupted before, its owner was told then, and nothing ends for them now.
            return
        kind, request = _MESSAGES[after.state], after.request
        asserts = None if kind is MessageKind.ENDED else assertions.of_grant(kind, after)
        # The time is part of each key: a grant that was retried or reopened is announced once more.
        key = f"{kind}:{after.id}"
        told = Notification(
            kind=kind, to=after.owner, key=f"{key}:{now.isoformat()}", request=request, asserts=asserts
        )
        yield told
        if after.state is GrantState.INTERRUPTED:
            operations = self._policy.operations_channel
            yield replace(told, to=operations, key=f"{key}:operations:{now.isoformat()}")

    def _after(self, grant: Grant, transition: Transition, now: datetime) -> Grant | None:
        """The grant as it is proven; None when that no longer follows from its present state.

        A grant whose end came during the run is not announced as in force.
        """
        match grant.state, transition.state:
            case GrantState.APPLYING, GrantState.IN_FORCE if grant.ends_at is None or now < grant.ends_at:
                return grants.verified(grant, now=now, warn_before=self._policy.warn_before)
            case (
                (GrantState.APPLYING, GrantState.FAILED)
                | (GrantState.IN_FORCE, GrantState.INTERRUPTED)
                | (GrantState.ENDING, GrantState.ENDED)
            ):
                return grants.closed(
                    grant, transition.state, now=now, reason_code=transition.reason, detail=transition.detail
                )
        return None

    # --- operations ---------------------------------------------------------------------------

    async def _settle_operation(
        self,
        tx: Transaction,
        adapter: MethodAdapter[Run, Seen, Planned],
        id: UUID,
        result: OperationResult,
        now: datetime,
    ) -> None:
        """Moves an operation that is done or has failed, unless a person moved it, and tells its owner."""
        before = await tx.operations.lock(id)
        if before.state is not OperationState.DOING:
            return
        after = operations.done(before, now=now)
        if result.failure is not None:
            after = operations.failed(before, result.failure, now=now, detail=result.detail)
        completion = await adapter.completion(tx, before, after)
        context = AuditContext(actor=BOT, at=now, details=completion.details)
        if not await tx.operations.update(before, after, doing=context):
            return
        await tx.outbox.refresh_cards(before.request)
        if completion.message is not None:
            key = f"{completion.message}:{id}:{now.isoformat()}"
            # What the policy itself decided is told where people decide.
            to = self._policy.approvals_channel if after.owner == BOT else after.owner
            asserts = assertions.of_operation(after)
            await tx.outbox.add(completion.message, to=to, key=key, request=after.request, asserts=asserts)

    # --- reports to operations -------------------------------------------------------------------

    async def _report(self, tx: Transaction, job: ReconcileJob, error: HerokuError, now: datetime) -> None:
        """Reports a rejected token once a day, and hourly what has failed for a while."""
        # Nothing is wrong at Heroku then: the rate budget only puts calls off.
        if isinstance(error, RateBudgetExhaustedError):
            return
        answer = {"status": str(error.status), "id": error.id}
        if isinstance(error, HerokuUnauthorizedError):
            await tx.outbox.add(
                MessageKind.HEROKU_DENIED,
                to=self._policy.operations_channel,
                key=f"denied:{now.date().isoformat()}",
                params={"app": job.target.label, **answer},
                about=(findings.trouble(job.target.id, job.method),),
            )
        elif job.failures + 1 >= LOUD_AFTER:
            await self._report_trouble(tx, job, answer, now)

    async def _report_trouble(
        self, tx: Transaction, job: ReconcileJob, answer: dict[str, str], now: datetime
    ) -> None:
        # The outbox takes a key once, so this is one message an hour for each target.
        hour = now.replace(minute=0, second=0, microsecond=0).isoformat()
        await tx.outbox.add(
            MessageKind.HEROKU_TROUBLE,
            to=self._policy.operations_channel,
            key=f"trouble:{job.target.id}:{hour}",
            params={"app": job.target.label, **answer},
            about=(findings.trouble(job.target.id, job.method),),
        )
