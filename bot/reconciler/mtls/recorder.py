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

    def finish(self, change: Operation) -> None:
        """Notes that a look has proven a change."""
        self.concluded[change.id] = None

    def fail(self, change: Operation, why: Why | None) -> None:
        """Notes that a change will not be made unless somebody says so."""
        self.concluded[change.id] = (why or Why.DEADLINE, "")

    def refuse(self, change: Operation, detail: str) -> None:
        """Notes that Heroku will not make a change, with its words."""
        self.concluded[change.id] = (Why.REFUSED, detail)


class MtlsRecorder(Recorder):
    """Records passes over a database's mTLS."""

    async def record(
        self, turn: MtlsReconciliation, seen: MtlsSnapshot, drawn: Plan, outcome: Outcome
    ) -> None:
        """Records a pass, whether or not all its calls went well.

        Raises:
            LeaseLostError: the turn was over before; nothing is recorded.
        """
        job, now = turn.job, self._clock.now()
        inventory = CertificateInventory(operations=self._policy.operations_channel, now=now)
        async with self._store.transaction() as tx:
            await self.settle(tx, _verdicts(turn, seen, drawn, outcome), now)
            await inventory.keep(tx, turn, seen)
            await inventory.conclude(tx, turn, outcome.concluded)
            await tx.entries.spared(job, _kept_after_all(turn, outcome))
            if not seen.enabled and turn.changes_of(Kind.DISABLE):
                # They went with mTLS, as was approved: nobody took them away.
                await tx.entries.intend_remove(job, _adopted(turn) & set(drawn.gone))
            await tx.entries.adopt(job, outcome.adopted)
            await tx.entries.listed(rule.id for rule in seen.rules)
            await tx.entries.gone(drawn.gone)
            await tx.entries.give_up(drawn.lost)
            await self._report_strays(tx, job, seen)
            ours = await tx.entries.ours(job.target.id)
            drifting = MtlsDrift(operations=self._policy.operations_channel, mark=_mark(job))
            found = await drifting.find(tx, turn, seen, drawn, ours)
            await tx.lanes.looked(job, _look(seen, ours, now, found))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            await release(tx, job, _rest(job, seen, drawn, outcome))
            await tx.commit()

    async def _report_strays(self, tx: Transaction, job: ReconcileJob, seen: MtlsSnapshot) -> None:
        for rule in orphans(seen.known, seen.rules, mark=_mark(job)):
            await tx.posts.tell(
                MessageKind.NOTICE_STRAY,
                to=self._policy.operations_channel,
                key=f"stray:{rule.id}",
                params={"app": job.target.label, "network": str(rule.network), "rule": str(rule.id)},
            )


def _mark(job: ReconcileJob) -> str:
    """What the description of every rule that this installation makes begins with."""
    return f"pgaccess/{job.installation} "


def _kept_after_all(turn: MtlsReconciliation, outcome: Outcome) -> frozenset[UUID]:
    """Rules that were taken over and whose approved removal has failed: nobody wants them gone any more."""
    failed = [
        unmanaged_rules.rules_of(change)
        for change in turn.changes_of(Kind.UNDO)
        if outcome.concluded.get(change.id) is not None
    ]
    return _adopted(turn).intersection(frozenset().union(*failed))


def _adopted(turn: MtlsReconciliation) -> frozenset[UUID]:
    return frozenset(entry.rule for entry in turn.known.entries if entry.adopted)


def _look(seen: MtlsSnapshot, ours: frozenset[UUID], now: datetime, drift: Drift) -> MtlsObservation:
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
    turn: MtlsReconciliation, seen: MtlsSnapshot, drawn: Plan, outcome: Outcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled; while mTLS is being enabled, they wait for it."""
    enabling = any(outcome.concluded.get(each.id) is None for each in turn.changes_of(Kind.ENABLE))
    for id in drawn.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in drawn.ended:
        yield id, GrantState.ENDED, None, ""
    for id in drawn.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in drawn.failed:
        yield id, GrantState.FAILED, why, ""
    for want in seen.known.wants:
        if want.grant in outcome.outsiders:
            yield want.grant, GrantState.FAILED, Why.PERSON, ""
        elif want.opens and want.network in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.network]
        elif want.opens and not seen.enabled and not enabling:
            yield want.grant, GrantState.FAILED, Why.NOT_ENABLED, ""


def _rest(job: ReconcileJob, seen: MtlsSnapshot, drawn: Plan, outcome: Outcome) -> NextRun:
    """When to look again after a pass.

    What went wrong with one call does not keep the others from being read back; only a full rate limit and
    a refused token stop everything. Troubles are forgotten once nothing is under way any more.
    """
    again, tries = _next_look(job, seen, drawn, outcome)
    under_way = drawn.under_way or outcome.waiting
    return next_run(job, again, tries, error=outcome.trouble, under_way=under_way)


def _next_look(job: ReconcileJob, seen: MtlsSnapshot, drawn: Plan, outcome: Outcome) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed or outcome.concluded:
        return schedule.READ_BACK[0], 1
    if drawn.under_way or outcome.waiting:
        return schedule.gap(schedule.READ_BACK, job.tries), job.tries + 1
    # An addition whose answer was lost may show long after its quarantine, wanted or not.
    watched = seen.known.wants or seen.known.attempts
    return (schedule.WATCH if watched else schedule.IDLE), 0
