"""Reconciles a database's mTLS: IP rules, the endpoint, and client certificates."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.grant import BY_PEOPLE, ReasonCode
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.endpoint import DEPROVISIONING
from bot.domain.mtls.lost_rules import Fate, LostRule, lost_rules
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import MtlsPlan, StoredRules, make_plan, orphans, plan_without_list
from bot.domain.mtls.rule_description import read_description
from bot.domain.observation import Observation, mtls_observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.request import Kind
from bot.errors import HerokuError
from bot.ports import Clock, ConnectionTest, Heroku, MessageKind, ReconcileJob, Store, Transaction
from bot.reconciler.adapter import Completion, MethodAdapter
from bot.reconciler.mtls import certificate_inventory
from bot.reconciler.mtls.certificate_inventory import CertificateInventory
from bot.reconciler.mtls.certificates import CONCERNED, CertificateExecutor
from bot.reconciler.mtls.drift import MtlsDrift
from bot.reconciler.mtls.endpoint import EndpointExecutor
from bot.reconciler.mtls.executor import RuleExecutor
from bot.reconciler.mtls.observer import MtlsObserver, MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.rotation import RotationExecutor
from bot.reconciler.mtls.unmanaged_rules import UnmanagedRulesExecutor
from bot.reconciler.outcome import STOPPING
from bot.reconciler.reconciliation import load_operations
from bot.services.mtls.rebuilding import rebuild_rule


class MtlsAdapter(MethodAdapter[MtlsReconciliation, MtlsSnapshot, MtlsPlan]):
    """Connects mTLS to the reconciler.

    Args:
        store: the source of truth.
        heroku: the external system.
        policy: names the channel that hears of findings.
        clock: business time.
        probe: tests new certificates; None where that is switched off.
    """

    def __init__(
        self,
        *,
        store: Store,
        heroku: Heroku,
        policy: Policy,
        clock: Clock,
        probe: ConnectionTest | None = None,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._operations_channel = policy.operations_channel
        self._observer = observer = MtlsObserver(
            store=store, heroku=heroku, operations=policy.operations_channel
        )
        self._unmanaged = UnmanagedRulesExecutor(clock=clock)
        self._rules = RuleExecutor(observer=observer, heroku=heroku, policy=policy, unmanaged=self._unmanaged)
        self._endpoint = EndpointExecutor(observer=observer, heroku=heroku, clock=clock, policy=policy)
        self._certificates = CertificateExecutor(observer=observer, heroku=heroku, clock=clock, policy=policy)
        self._rotation = RotationExecutor(
            observer=observer,
            heroku=heroku,
            clock=clock,
            policy=policy,
            certificates=self._certificates,
            probe=probe,
        )

    async def load(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> MtlsReconciliation:
        """Reads what the store knows of the database's mTLS."""
        stored = await tx.mtls_rules.load(job, self._clock.now())
        operations = await load_operations(tx, job)
        removals = unmanaged_rules.approved_removals(
            operations.values(), now=job.claimed_at, timings=job.timings
        )
        return MtlsReconciliation(
            job=job,
            held_since=held_since,
            operations=operations,
            stored=replace(stored, approved_removals=removals),
            observation=mtls_observation(job.observation),
            inventory=await tx.certificates.present(job.target.id) if job.certified else (),
        )

    def stored(self, run: MtlsReconciliation) -> StoredRules:
        """Returns what the store knew when the run began."""
        return run.stored

    async def observe(self, run: MtlsReconciliation) -> MtlsSnapshot:
        """Reads the endpoint's status, where an operation needs it, and the rules."""
        seen = await self._observer.observe(run)
        await self._observer.require_own_list(run)
        return seen

    def plan(self, run: MtlsReconciliation, seen: MtlsSnapshot) -> MtlsPlan:
        """Compares stored rules with the list."""
        return make_plan(run.stored, seen.rules) if seen.settled else plan_without_list(run.stored)

    async def apply(self, run: MtlsReconciliation, seen: MtlsSnapshot, plan: MtlsPlan) -> MtlsSnapshot:
        """Enables or disables the endpoint, writes rules, and works on certificates."""
        # A removal names an owned rule by its id, which no other database has: it needs no confirmed name.
        # Ids of unmanaged rules come from observations, and those may have been of another database.
        if plan.add or plan.concludes or run.operations_of(*unmanaged_rules.KINDS):
            await self._observer.confirm_name(run)
        # Before anything is removed or added: a rule that is not known as owned would stay for ever.
        await self._rules.recognise(run, plan)
        with run.outcome.halting():
            await self._endpoint.work(run, seen)
            # What goes with mTLS as a whole is not removed piece by piece.
            if not run.operations_of(Kind.DISABLE):
                await self._rules.carry_out(run, plan, enabled=seen.enabled)
            self._unmanaged.conclude(run, seen, plan)
            seen = await self._certify(run, seen, plan)
        _fail_without_endpoint(run, seen)
        # What an operation's end makes possible, or shows, is read back at once.
        run.outcome.changed |= bool(run.outcome.operations)
        return seen

    async def record(
        self, tx: Transaction, run: MtlsReconciliation, seen: MtlsSnapshot, plan: MtlsPlan, now: datetime
    ) -> Observation:
        """Writes down rules and certificates, and reports orphans and drift."""
        job = run.job
        await CertificateInventory(operations=self._operations_channel).keep(tx, run, seen, now=now)
        failed = (unmanaged_rules.rules_of(operation) for operation in run.failed_removals())
        await tx.mtls_rules.cancel_removal(job, run.stored.adopted.intersection(frozenset().union(*failed)))
        if not seen.enabled and run.operations_of(Kind.DISABLE):
            # They went with mTLS, as was approved: nobody else removed them.
            await tx.mtls_rules.intend_removal(job, run.stored.adopted.intersection(plan.absent))
        await tx.mtls_rules.adopt(job, run.adopted)
        await tx.mtls_rules.observed(job, plan.observed)
        await tx.mtls_rules.absent(job, plan.absent)
        await tx.mtls_rules.abandon(plan.abandoned)
        await self._take_up_orphans(tx, run, seen, now)
        # Read after everything above: the observation has to agree with the rows of this very commit.
        owned = await tx.mtls_rules.owned(job.target.id)
        drift = MtlsDrift(policy=self._policy, markers=_markers(job))
        return MtlsObservation(
            at=now,
            # An endpoint that is being taken away still answers; no new request may count on it.
            enabled=seen.enabled and seen.status != DEPROVISIONING,
            rules=seen.rules,
            ours=owned,
            certificates=seen.certificates,
            certificates_at=seen.certificates_at,
            drift=await drift.find(tx, run, seen, plan, owned, now),
        )

    def is_complete(self, seen: MtlsSnapshot) -> bool:
        """Whether the rules were read: while an endpoint is being provisioned they are not."""
        return seen.settled

    def is_watched(self, run: MtlsReconciliation, plan: MtlsPlan) -> bool:
        """Whether there are open grants, or an addition whose answer was lost: it may show very late."""
        return bool(run.stored.grants or run.stored.pending_creations)

    async def completion(self, tx: Transaction, before: Operation, after: Operation) -> Completion:
        """Decides how the end of an operation is announced, with the certificate that was made for it."""
        return await certificate_inventory.completion(tx, before, after)

    async def _certify(self, run: MtlsReconciliation, seen: MtlsSnapshot, plan: MtlsPlan) -> MtlsSnapshot:
        """Works on certificates where an operation concerns them; else reads them when there is time."""
        if not seen.settled:
            for operation in run.operations_of(*CONCERNED):
                run.outcome.waiting = True
                # Enabling is judged by the endpoint's executor, which knows the endpoint's status.
                if operation.overdue and operation.kind is not Kind.ENABLE:
                    run.outcome.fail(operation, ReasonCode.DEADLINE)
            return seen
        if not run.operations_of(*CONCERNED):
            quiet = seen.enabled and plan.is_quiet and not run.outcome.waiting
            return await self._observer.read_certificates(run, seen) if quiet else seen
        listed: list[Certificate] = []
        try:
            if seen.enabled:
                listed.extend(await self._observer.certificates(run))
        # These stop every further call, so they must not pass for one call that failed.
        except STOPPING:
            raise
        except HerokuError as error:
            run.outcome.error = error
            return seen
        await self._certificates.work(run, listed, seen)
        await self._rotation.work(run, listed, seen)
        if not seen.enabled:
            return seen
        return replace(seen, certificates=tuple(listed), certificates_at=run.job.claimed_at)

    async def _take_up_orphans(
        self, tx: Transaction, run: MtlsReconciliation, seen: MtlsSnapshot, now: datetime
    ) -> None:
        """Records again what a lost or restored store does not know any more, and reports other orphans."""
        found = orphans(run.stored, seen.rules, markers=_markers(run.job))
        if not found:
            return
        lost = {each.rule: each for each in await self._lost(tx, run, found)}
        for rule in found:
            known = lost.get(rule.id)
            fate = Fate.UNREADABLE if known is None else known.fate(now)
            if known is not None and fate is Fate.CONTINUES:
                covered = [each.request for each in run.stored.grants if known.network in each.addresses]
                await rebuild_rule(tx, self._policy, run.job.target, known, now=now, covered=covered)
            else:
                overdue = fate is Fate.OVERDUE
                await self._report_orphan(tx, run.job, rule, overdue=overdue)

    async def _lost(
        self, tx: Transaction, run: MtlsReconciliation, found: Iterable[IpRule]
    ) -> tuple[LostRule, ...]:
        described = [read_description(rule.description) for rule in found]
        named = [each.intent for each in described if each is not None]
        job = run.job
        return lost_rules(
            found,
            installations=(job.installation, *job.earlier),
            owned=await tx.mtls_rules.owned(job.target.id),
            intents=await tx.mtls_rules.intents(named),
        )

    async def _report_orphan(
        self, tx: Transaction, job: ReconcileJob, rule: IpRule, *, overdue: bool
    ) -> None:
        await tx.outbox.add(
            MessageKind.ORPHAN_OVERDUE if overdue else MessageKind.ORPHAN,
            to=self._operations_channel,
            key=f"orphan:overdue:{rule.id}" if overdue else f"orphan:{rule.id}",
            params={"app": job.target.label, "network": str(rule.network), "rule": str(rule.id)},
            about=(findings.unmanaged(job.target.id, rule.id),),
        )


def _markers(job: ReconcileJob) -> tuple[str, ...]:
    """What the description of every rule begins with that this installation makes, or has made."""
    return tuple(f"pgaccess/{each} " for each in (job.installation, *job.earlier))


def _fail_without_endpoint(run: MtlsReconciliation, seen: MtlsSnapshot) -> None:
    """Fails grants that cannot be opened because mTLS is off, unless it is being enabled for them."""
    results = [run.outcome.operations.get(operation.id) for operation in run.operations_of(Kind.ENABLE)]
    enabling = any(result is None or result.failure is None for result in results)
    if not seen.enabled and not enabling:
        opening = (grant.grant for grant in run.stored.grants if grant.opens)
        # What somebody undid is not tried again under the old decision: the grant says why its step failed.
        undone = {result.failure for result in results if result is not None and result.failure in BY_PEOPLE}
        run.outcome.fail_grants(opening, min(undone, default=None) or ReasonCode.NOT_ENABLED)
