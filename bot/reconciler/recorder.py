"""Records the result of a reconcile run in one transaction: grants, operations, entries, and the next run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.access_history import OBSERVED_WITHIN
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.operation import OperationState
from bot.domain.owned_entry import Transition
from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.reports.trouble import Trouble
from bot.domain.unmanaged_entry import seen_entries
from bot.errors import HerokuError
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
from bot.reconciler.outages import (
    LOUD_AFTER,
    changes_cards,
    end_outage,
    postpone,
    show_trouble,
    tell_outage,
    trouble_met,
)
from bot.reconciler.outcome import OperationResult
from bot.services.reports.notes import needs_note, note_of

AT_ONCE: Final = (Trouble.DENIED, Trouble.UNEXPECTED)
"""Trouble that operations hear of with the first run that meets it: it does not pass by itself."""

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
        under_way, watched = plan.under_way or outcome.waiting, adapter.is_watched(run, plan)
        following = next_run(job, outcome, under_way=under_way, watched=watched)
        # Not at the first run that goes well: a call may fail in every other one.
        trouble, resumes = trouble_met(outcome.error), not following.failures
        # What the observation has proven of a grant counts before what an attempt has brought.
        found = {**outcome.grants, **plan.grants}
        async with self._store.transaction() as tx:
            if (trouble is not None or resumes) and changes_cards(job, trouble):
                await tx.grants.lock_moving(job.target.id, job.method, also=set(found))
            settled = await self._allowed_now(tx, job, found)
            if any(settled.get(id, each).state is not each.state for id, each in found.items()):
                # The plan took it for in force: what was opened for it goes with the next run, which is soon.
                soon = min(following.delay, job.timings.read_back[0])
                following = replace(following, delay=soon, reconciled=False)
            await self._settle_grants(tx, settled, now)
            for id, result in outcome.operations.items():
                await self._settle_operation(tx, adapter, id, result, now)
            if trouble is not None or resumes:
                await show_trouble(tx, job, trouble)
            # Grants and operations are locked before the queue's row, as button handlers lock them.
            observation = await adapter.record(tx, run, seen, plan, now)
            if adapter.is_complete(seen):
                found_there = seen_entries(observation)
                await tx.unmanaged_entries.record(job.target.id, job.method, found_there, at=now)
                await self._note_gap(tx, job, now)
            await tx.outbox.settle(findings.over(job.target.id, job.observation, observation), at=now)
            await tx.reconcile_queue.save_observation(job, observation)
            if trouble is not None and outcome.error is not None:
                error = outcome.error
                await self._report(tx, job, trouble, now, status=str(error.status), error=error.id)
            elif resumes and job.trouble is not None:
                await tx.reconcile_queue.clear_trouble(job)
            if resumes:
                await end_outage(tx, job, at=now, operations_channel=self._policy.operations_channel)
            await release(tx, job, following)
            await tx.commit()

    async def _note_gap(self, tx: Transaction, job: ReconcileJob, now: datetime) -> None:
        """Records for how long the list was not read before this run, where that was long."""
        if job.observation is None:
            await tx.access_history.note_gap(job.target.id, job.method, since=None, until=now)
            return
        # Both by Postgres' clock: how long it was is the same by every other one.
        unseen = job.claimed_at - job.observation.at
        if unseen > OBSERVED_WITHIN:
            await tx.access_history.note_gap(job.target.id, job.method, since=now - unseen, until=now)

    async def record_failure(
        self, adapter: MethodAdapter[Run, Seen, Planned], run: Run, error: HerokuError
    ) -> None:
        """Records that nothing could be observed; what was known before stays as it is, and waits."""
        job, now, trouble = run.job, self._clock.now(), trouble_met(error)
        log.warning("reconciler.trouble", target=job.target.name, status=error.status, id=error.id)
        async with self._store.transaction() as tx:
            await tx.grants.lock_moving(job.target.id, job.method)
            await postpone(tx, run, adapter.stored(run), at=now)
            if trouble is not None:
                await show_trouble(tx, job, trouble)
                await self._report(tx, job, trouble, now, status=str(error.status), error=error.id)
            await release(tx, job, next_run_after_failure(job, pause(error, job), error))
            await tx.commit()

    async def record_crash(self, job: ReconcileJob, error: Exception) -> None:
        """Records, and reports, that a run failed in an unexpected way."""
        trouble, name = Trouble.UNEXPECTED, type(error).__name__
        async with self._store.transaction() as tx:
            await tx.grants.lock_moving(job.target.id, job.method)
            await show_trouble(tx, job, trouble)
            await self._report(tx, job, trouble, self._clock.now(), status=trouble, error=name)
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
        if after.state is GrantState.ENDED and needs_note(after):
            yield note_of(after, self._policy, at=now)
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
        if needs_note(after) and after.state in (GrantState.IN_FORCE, GrantState.FAILED):
            yield note_of(after, self._policy, at=now)
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

    # --- trouble ------------------------------------------------------------------------------------

    async def _report(
        self, tx: Transaction, job: ReconcileJob, trouble: Trouble, now: datetime, *, status: str, error: str
    ) -> None:
        """Records trouble; tells a rejected token and a crash at once, and the rest once it has lasted."""
        await tx.reconcile_queue.note_trouble(job, trouble, at=now)
        if trouble in AT_ONCE or job.failures + 1 >= LOUD_AFTER:
            await tell_outage(
                tx,
                job,
                trouble,
                status=status,
                error=error,
                at=now,
                operations_channel=self._policy.operations_channel,
            )
