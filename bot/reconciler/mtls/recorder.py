"""Records a reconcile run over a database's mTLS rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bot.domain import schedule
from bot.domain.drift import Drift
from bot.domain.grant import GrantState, Why
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.endpoint import DEPROVISIONING
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import Plan, orphans
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.errors import HerokuError
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.reconciler.backoff import NextRun, next_run, release
from bot.reconciler.mtls.certificate_inventory import CertificateInventory
from bot.reconciler.mtls.drift import MtlsDrift
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.recorder import Recorder


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What carrying out a plan brought, beyond the plan itself.

    Attributes:
        refused: networks that Heroku will not open, each with its words.
        outsiders: grants whose owner may not be let in any more.
        concluded: changes that are done or have failed: why, and Heroku's own words; None for done.
        adopted: rules of others that are taken over.
        waiting: a change waits for Heroku, so the next look comes soon.
        changed: something was written, so the next look comes soon.
        trouble: what went wrong last with a call; the rest of the plan was carried out as far as it goes.
    """

    refused: dict[Network, str] = field(default_factory=dict)
    outsiders: set[UUID] = field(default_factory=set)
    concluded: dict[UUID, tuple[Why, str] | None] = field(default_factory=dict)
    adopted: list[IpRule] = field(default_factory=list)
    waiting: bool = False
    changed: bool = False
    trouble: HerokuError | None = None

    def finish(self, operation: Operation) -> None:
        """Notes that a look has proven a change."""
        self.concluded[operation.id] = None

    def fail(self, operation: Operation, why: Why | None) -> None:
        """Notes that a change will not be made unless somebody says so."""
        self.concluded[operation.id] = (why or Why.DEADLINE, "")

    def refuse(self, operation: Operation, detail: str) -> None:
        """Notes that Heroku will not make a change, with its words."""
        self.concluded[operation.id] = (Why.REFUSED, detail)


class MtlsRecorder(Recorder):
    """Records passes over a database's mTLS."""

    async def record(self, run: MtlsReconciliation, seen: MtlsSnapshot, plan: Plan, outcome: Outcome) -> None:
        """Records a pass, whether or not all its calls went well.

        Raises:
            LeaseLostError: the turn was over before; nothing is recorded.
        """
        job, now = run.job, self._clock.now()
        inventory = CertificateInventory(operations=self._policy.operations_channel, now=now)
        async with self._store.transaction() as tx:
            await self.settle(tx, _verdicts(run, seen, plan, outcome), now)
            await inventory.keep(tx, run, seen)
            await inventory.conclude(tx, run, outcome.concluded)
            await tx.mtls_rules.spared(job, _kept_after_all(run, outcome))
            if not seen.enabled and run.operations_of(Kind.DISABLE):
                # They went with mTLS, as was approved: nobody took them away.
                await tx.mtls_rules.intend_remove(job, _adopted(run) & set(plan.gone))
            await tx.mtls_rules.adopt(job, outcome.adopted)
            await tx.mtls_rules.listed(rule.id for rule in seen.rules)
            await tx.mtls_rules.gone(plan.gone)
            await tx.mtls_rules.give_up(plan.lost)
            await self._report_orphans(tx, job, seen)
            ours = await tx.mtls_rules.ours(job.target.id)
            drifting = MtlsDrift(operations=self._policy.operations_channel, mark=_mark(job))
            found = await drifting.find(tx, run, seen, plan, ours)
            await tx.reconcile_queue.observed(job, _observation(seen, ours, now, found))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            await release(tx, job, _rest(job, seen, plan, outcome))
            await tx.commit()

    async def _report_orphans(self, tx: Transaction, job: ReconcileJob, seen: MtlsSnapshot) -> None:
        for rule in orphans(seen.known, seen.rules, mark=_mark(job)):
            await tx.outbox.tell(
                MessageKind.ORPHAN,
                to=self._policy.operations_channel,
                key=f"stray:{rule.id}",
                params={"app": job.target.label, "network": str(rule.network), "rule": str(rule.id)},
            )


def _mark(job: ReconcileJob) -> str:
    """What the description of every rule that this installation makes begins with."""
    return f"pgaccess/{job.installation} "


def _kept_after_all(run: MtlsReconciliation, outcome: Outcome) -> frozenset[UUID]:
    """Rules that were taken over and whose approved removal has failed: nobody wants them gone any more."""
    failed = [
        unmanaged_rules.rules_of(operation)
        for operation in run.operations_of(Kind.REMOVE_UNMANAGED)
        if outcome.concluded.get(operation.id) is not None
    ]
    return _adopted(run).intersection(frozenset().union(*failed))


def _adopted(run: MtlsReconciliation) -> frozenset[UUID]:
    return frozenset(entry.rule for entry in run.known.entries if entry.adopted)


def _observation(seen: MtlsSnapshot, ours: frozenset[UUID], now: datetime, drift: Drift) -> MtlsObservation:
    return MtlsObservation(
        at=now,
        enabled=seen.enabled and seen.status != DEPROVISIONING,
        rules=seen.rules,
        ours=ours,
        certificates=seen.certificates,
        certificates_at=seen.certificates_at,
        drift=drift,
    )


def _verdicts(
    run: MtlsReconciliation, seen: MtlsSnapshot, plan: Plan, outcome: Outcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled; while mTLS is being enabled, they wait for it."""
    enabling = any(outcome.concluded.get(each.id) is None for each in run.operations_of(Kind.ENABLE))
    for id in plan.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in plan.ended:
        yield id, GrantState.ENDED, None, ""
    for id in plan.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in plan.failed:
        yield id, GrantState.FAILED, why, ""
    for want in seen.known.wants:
        if want.grant in outcome.outsiders:
            yield want.grant, GrantState.FAILED, Why.PERSON, ""
        elif want.opens and want.network in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.network]
        elif want.opens and not seen.enabled and not enabling:
            yield want.grant, GrantState.FAILED, Why.NOT_ENABLED, ""


def _rest(job: ReconcileJob, seen: MtlsSnapshot, plan: Plan, outcome: Outcome) -> NextRun:
    """When to look again after a pass.

    What went wrong with one call does not keep the others from being read back; only a full rate limit and
    a refused token stop everything. Troubles are forgotten once nothing is under way any more.
    """
    again, attempts = _next_run(job, seen, plan, outcome)
    under_way = plan.under_way or outcome.waiting
    return next_run(job, again, attempts, error=outcome.trouble, under_way=under_way)


def _next_run(job: ReconcileJob, seen: MtlsSnapshot, plan: Plan, outcome: Outcome) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed or outcome.concluded:
        return schedule.READ_BACK[0], 1
    if plan.under_way or outcome.waiting:
        return schedule.gap(schedule.READ_BACK, job.attempts), job.attempts + 1
    # An addition whose answer was lost may show long after its quarantine, wanted or not.
    watched = seen.known.wants or seen.known.pending_creations
    return (schedule.WATCH if watched else schedule.IDLE), 0
