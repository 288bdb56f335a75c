"""Reconciles a space's trusted IP ranges: one list, replaced whole."""

from dataclasses import replace
from datetime import datetime

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.observation import Observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Policy
from bot.domain.request import Kind
from bot.domain.subject import network_of
from bot.domain.trusted_ips.plan import StoredRanges, TrustedIpsPlan, make_plan
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetObservation
from bot.ports import Clock, Heroku, ReconcileJob, Store, Transaction
from bot.reconciler.adapter import MethodAdapter
from bot.reconciler.reconciliation import load_operations
from bot.reconciler.trusted_ips.drift import TrustedIpsDrift, allowed
from bot.reconciler.trusted_ips.executor import BETWEEN, RulesetExecutor, TrustedIpsReconciliation


class TrustedIpsAdapter(MethodAdapter[TrustedIpsReconciliation, Ruleset, TrustedIpsPlan]):
    """Connects trusted IP ranges to the reconciler.

    Args:
        store: the source of truth.
        heroku: the external system.
        policy: names the channel that hears of findings.
        clock: business time.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        self._clock = clock
        self._policy = policy
        self._ruleset = RulesetExecutor(store=store, heroku=heroku, policy=policy)

    async def load(
        self, tx: Transaction, job: ReconcileJob, *, held_since: float
    ) -> TrustedIpsReconciliation:
        """Reads what the store knows of the space's list."""
        stored = await tx.trusted_ranges.load(job, self._clock.now())
        operations = await load_operations(tx, job)
        removals = (each for each in operations.values() if each.kind is Kind.REMOVE_UNMANAGED)
        since = await tx.trusted_ranges.since_write(job.target.id)
        return TrustedIpsReconciliation(
            job=job,
            held_since=held_since,
            operations=operations,
            stored=replace(stored, approved_removals=frozenset(map(_source, removals))),
            since_write=BETWEEN if since is None else since,
            writes=await tx.trusted_ranges.writes(job.target.id),
        )

    def stored(self, run: TrustedIpsReconciliation) -> StoredRanges:
        """Returns what the store knew when the run began."""
        return run.stored

    async def observe(self, run: TrustedIpsReconciliation) -> Ruleset:
        """Reads the list, once what earlier writes have left open is settled."""
        return await self._ruleset.observe(run)

    def plan(self, run: TrustedIpsReconciliation, seen: Ruleset) -> TrustedIpsPlan:
        """Compares stored ranges with the list."""
        return make_plan(run.stored, seen)

    async def apply(self, run: TrustedIpsReconciliation, seen: Ruleset, plan: TrustedIpsPlan) -> Ruleset:
        """Writes the list, and keeps what others write around it."""
        # What surrounds an earlier write has to be known first, or theirs would be taken for ours.
        if plan.changes_heroku and not run.writes and not run.outcome.stopped:
            with run.outcome.halting():
                await self._ruleset.carry_out(run, seen, plan)
        _conclude(run, seen, plan)
        return seen

    async def record(
        self,
        tx: Transaction,
        run: TrustedIpsReconciliation,
        seen: Ruleset,
        plan: TrustedIpsPlan,
        now: datetime,
    ) -> Observation:
        """Writes down ranges, and reports drift."""
        job = run.job
        adopted = {_source(each) for each in run.operations.values() if _is_adopted(each, seen)}
        failed = set(map(_source, run.failed_removals()))
        await tx.trusted_ranges.adopt(job, adopted)
        await tx.trusted_ranges.cancel_removal(job, (run.stored.adopted | adopted) & failed)
        await tx.trusted_ranges.observed(job, plan.observed)
        await tx.trusted_ranges.absent(job, plan.absent)
        owned = await tx.trusted_ranges.owned(job.target.id)
        observation = RulesetObservation(at=now, ruleset=seen, ours=owned & allowed(seen))
        return await TrustedIpsDrift(policy=self._policy).find(tx, job, plan, observation)

    def is_watched(self, run: TrustedIpsReconciliation, plan: TrustedIpsPlan) -> bool:
        """Whether a range was changed of late: once in a minute, for others may undo it."""
        return bool(plan.grants_to(GrantState.ENDED) or plan.absent or plan.observed)


def _conclude(run: TrustedIpsReconciliation, seen: Ruleset, plan: TrustedIpsPlan) -> None:
    """Notes the operations that the observation has proven, or that will not be done any more."""
    for operation in run.operations.values():
        if _is_adopted(operation, seen) or _source(operation) in plan.removed:
            run.outcome.finish(operation)
        elif operation.kind is Kind.REMOVE_UNMANAGED and _source(operation) in plan.needed:
            run.outcome.fail(operation, ReasonCode.NEEDED)
        elif operation.overdue:
            run.outcome.fail(operation, ReasonCode.DEADLINE)


def _is_adopted(operation: Operation, seen: Ruleset) -> bool:
    return operation.kind is Kind.ADOPT and _source(operation) in allowed(seen)


def _source(operation: Operation) -> str:
    return str(network_of(operation.subject))
