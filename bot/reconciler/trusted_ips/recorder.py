"""Records what a pass over a space's list has shown: grants, sources, changes, and what is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.grant import GrantState, Why
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import network_of
from bot.domain.trusted_ips.merge import Merged, Written
from bot.domain.trusted_ips.plan import RangesPlan
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetObservation, RulesetRule
from bot.errors import HerokuError
from bot.ports import BOT, AuditContext, MessageKind, ReconcileJob, Transaction
from bot.reconciler.backoff import next_run, release
from bot.reconciler.lease import Reconciliation
from bot.reconciler.recorder import Recorder
from bot.reconciler.trusted_ips.drift import TrustedIpsDrift, allowed

SHOWN: Final = 25
"""Lines of a list that a finding shows; a space has 20 at most, unless Heroku's limit has grown."""


@dataclass(kw_only=True, slots=True)
class RangesOutcome:
    """What carrying out a plan brought, beyond the plan itself.

    Attributes:
        refused: grants whose source Heroku will not take, each with its words.
        outsiders: grants whose owner may not be let in any more.
        merged: how often somebody else's change was found in between, and kept.
        wait: how long the next write has to wait.
        changed: something was written, so the next look comes soon.
        trouble: what went wrong last with a call.
    """

    refused: dict[UUID, str] = field(default_factory=dict)
    outsiders: set[UUID] = field(default_factory=set)
    merged: int = 0
    wait: timedelta | None = None
    changed: bool = False
    trouble: HerokuError | None = None


class TrustedIpsRecorder(Recorder):
    """Records passes over spaces' lists."""

    async def record(
        self,
        run: Reconciliation,
        asked: Sequence[Operation],
        seen: Ruleset,
        plan: RangesPlan,
        outcome: RangesOutcome,
    ) -> None:
        """Records a pass, whether or not its write went well.

        Raises:
            LeaseLostError: the turn was over before; nothing is recorded.
        """
        job, now = run.job, self._clock.now()
        async with self._store.transaction() as tx:
            adopted = [each for each in asked if each.kind is Kind.ADOPT and _source(each) in allowed(seen)]
            await tx.trusted_ranges.adopt(job, [_source(each) for each in adopted])
            await self.settle(tx, _verdicts(plan, outcome), now)
            for operation in asked:
                await self._settle_operation(tx, job, operation, adopted, plan, now)
            await tx.trusted_ranges.listed(job, plan.listed)
            await tx.trusted_ranges.gone(job, plan.gone)
            ours = await tx.trusted_ranges.ours(job.target.id)
            finder = TrustedIpsDrift(operations=self._policy.operations_channel)
            observation = RulesetObservation(at=now, ruleset=seen, ours=ours & allowed(seen))
            await tx.reconcile_queue.observed(job, await finder.find(tx, job, plan, observation))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            again, attempts = _next_run(job, plan, outcome)
            rest = next_run(job, again, attempts, error=outcome.trouble, under_way=plan.under_way)
            await release(tx, job, rest)
            await tx.commit()

    async def tell_of_others(
        self, tx: Transaction, job: ReconcileJob, writes: Sequence[Written], found: Merged | None
    ) -> None:
        """Tells operations what could not be held or seen, in the commit that settles our writes.

        Args:
            tx: that commit.
            job: the turn.
            writes: ours, at least one.
            found: what the history has shown last; None where it does not tell.
        """
        if found is None:
            said = {"before": _written(writes[0].before), "after": _written(writes[-1].rules)}
            await self._find(tx, job, MessageKind.RANGES_UNSEEN, str(writes[-1].id), **said)
        elif not found.holds:
            by = found.newest.by or "–"
            await self._find(tx, job, MessageKind.RANGES_CONTENDED, str(writes[-1].id), by=by)

    async def _settle_operation(
        self,
        tx: Transaction,
        job: ReconcileJob,
        operation: Operation,
        adopted: Sequence[Operation],
        plan: RangesPlan,
        now: datetime,
    ) -> None:
        """Moves one change, if this pass has proven it or it is overdue, and has its owner told."""
        operation = await tx.operations.get(operation.id)
        if operation.state is not OperationState.DOING:
            return
        kind = MessageKind.DONE
        if any(each.id == operation.id for each in adopted) or _source(operation) in plan.undone:
            after = operations.done(operation, now=now)
        elif why := _failure(operation, plan):
            after, kind = operations.failed(operation, why, now=now), MessageKind.NOT_DONE
        else:
            return
        if await tx.operations.move(operation, after, doing=AuditContext(actor=BOT, at=now)):
            if kind is MessageKind.NOT_DONE and operation.kind is Kind.REMOVE_UNMANAGED:
                await tx.trusted_ranges.spared(job, [_source(operation)])
            await tx.outbox.refresh_cards(operation.request)
            key = f"{kind}:{operation.id}:{now.isoformat()}"
            await tx.outbox.tell(kind, to=operation.owner, key=key, request=operation.request)

    async def _find(
        self, tx: Transaction, job: ReconcileJob, kind: MessageKind, which: str, **said: str
    ) -> None:
        await tx.outbox.tell(
            kind,
            to=self._policy.operations_channel,
            key=f"{kind}:{job.target.id}:{which}",
            params={"space": job.target.label, **said},
        )


def _failure(operation: Operation, plan: RangesPlan) -> Why | None:
    """Why a change will not be made; None while it still may be."""
    if operation.kind is Kind.REMOVE_UNMANAGED and _source(operation) in plan.needed:
        return Why.NEEDED
    return Why.DEADLINE if operation.overdue else None


def _source(operation: Operation) -> str:
    return str(network_of(operation.subject))


def _written(rules: Sequence[RulesetRule]) -> str:
    return ", ".join(f"{rule.action} {rule.source}" for rule in rules[:SHOWN])


def _verdicts(plan: RangesPlan, outcome: RangesOutcome) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled."""
    for id in plan.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in plan.ended:
        yield id, GrantState.ENDED, None, ""
    for id in plan.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in plan.failed:
        yield id, GrantState.FAILED, why, ""
    for id in outcome.outsiders:
        yield id, GrantState.FAILED, Why.PERSON, ""
    for id, detail in outcome.refused.items():
        yield id, GrantState.FAILED, Why.REFUSED, detail


def _next_run(job: ReconcileJob, plan: RangesPlan, outcome: RangesOutcome) -> tuple[timedelta, int]:
    """When to look again: after a change once in a minute and once in ten, for others may undo it."""
    if outcome.wait is not None:
        return outcome.wait, job.attempts
    if outcome.changed:
        return schedule.READ_BACK[0], 1
    if plan.under_way:
        return schedule.gap(schedule.READ_BACK, job.attempts), job.attempts + 1
    recently_removed = bool(plan.ended or plan.gone or plan.listed)
    return (schedule.WATCH if recently_removed else schedule.IDLE), 0
