"""Reconciles a database's PrivateLink: the endpoint and the AWS accounts that may connect to it."""

from dataclasses import replace
from datetime import datetime

from bot.domain import schedule
from bot.domain.grant import ReasonCode
from bot.domain.observation import Observation, privatelink_observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Policy
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.privatelink.plan import PrivateLinkPlan, StoredAccounts, make_plan
from bot.domain.request import Kind
from bot.ports import Clock, Heroku, ReconcileJob, Store, Transaction
from bot.reconciler.adapter import MethodAdapter
from bot.reconciler.privatelink import milestones
from bot.reconciler.privatelink.drift import PrivateLinkDrift
from bot.reconciler.privatelink.executor import AccountExecutor
from bot.reconciler.privatelink.observer import (
    PrivateLinkObserver,
    PrivateLinkReconciliation,
    arns_of,
    with_operations,
)
from bot.reconciler.reconciliation import load_operations


class PrivateLinkAdapter(MethodAdapter[PrivateLinkReconciliation, PrivateLinkObservation, PrivateLinkPlan]):
    """Connects PrivateLink to the reconciler.

    Args:
        store: the source of truth.
        heroku: the external system.
        policy: names the channel that hears of findings.
        clock: business time.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        self._clock = clock
        self._policy = policy
        self._observer = PrivateLinkObserver(store=store, heroku=heroku, clock=clock)
        self._accounts = AccountExecutor(observer=self._observer, heroku=heroku, policy=policy, clock=clock)

    async def load(
        self, tx: Transaction, job: ReconcileJob, *, held_since: float
    ) -> PrivateLinkReconciliation:
        """Reads what the store knows of the database's PrivateLink."""
        stored = await tx.privatelink_accounts.load(job, self._clock.now())
        operations = await load_operations(tx, job)
        return PrivateLinkReconciliation(
            job=job,
            held_since=held_since,
            operations=operations,
            stored=with_operations(
                stored, tuple(operations.values()), now=job.claimed_at, timings=job.timings
            ),
            observation=privatelink_observation(job.observation),
        )

    def stored(self, run: PrivateLinkReconciliation) -> StoredAccounts:
        """Returns what the store knew when the run began."""
        return run.stored

    async def observe(self, run: PrivateLinkReconciliation) -> PrivateLinkObservation:
        """Reads the endpoint with its accounts and connections."""
        seen = await self._observer.observe(run)
        await self._observer.require_own_list(run)
        return seen

    def plan(self, run: PrivateLinkReconciliation, seen: PrivateLinkObservation) -> PrivateLinkPlan:
        """Compares stored accounts with those of the endpoint."""
        return make_plan(run.stored, seen.status, seen.accounts)

    async def apply(
        self, run: PrivateLinkReconciliation, seen: PrivateLinkObservation, plan: PrivateLinkPlan
    ) -> PrivateLinkObservation:
        """Writes the endpoint and its accounts, and reads the config vars that connections bring."""
        if plan.changes_heroku or plan.concludes:
            await self._observer.confirm_name(run)
        with run.outcome.halting():
            await self._accounts.carry_out(run, plan)
        _conclude(run, seen, plan)
        seen = await self._observer.config_vars(run, seen)
        if seen.awaits:
            run.outcome.within = schedule.gap(schedule.CONFIG_VARS, seen.vars_tries - 1)
        return seen

    async def record(
        self,
        tx: Transaction,
        run: PrivateLinkReconciliation,
        seen: PrivateLinkObservation,
        plan: PrivateLinkPlan,
        now: datetime,
    ) -> Observation:
        """Writes down accounts, tells owners of milestones, and reports drift."""
        job = run.job
        listed = frozenset(account.arn for account in seen.accounts)
        failed = {arn for operation in run.failed_removals() for arn in arns_of(operation)}
        await tx.privatelink_accounts.cancel_removal(job, run.stored.adopted & failed)
        for operation in run.operations_of(Kind.ADOPT):
            if listed.issuperset(arns_of(operation)):
                await tx.privatelink_accounts.adopt(job, arns_of(operation))
        await tx.privatelink_accounts.observed(job, plan.observed)
        if plan.closed:
            # They went with the endpoint, as was approved: nobody else removed them.
            await tx.privatelink_accounts.intend_removal(job, plan.absent)
        # Without those that are recorded already: their ARNs may have new rows by now.
        await tx.privatelink_accounts.absent(job, set(plan.absent) - run.concluded_removals)
        await tx.privatelink_accounts.abandon(job, plan.abandoned)
        seen = replace(seen, ours=await tx.privatelink_accounts.owned(job.target.id) & listed)
        await milestones.tell(tx, run, plan, seen)
        return await PrivateLinkDrift(policy=self._policy).find(tx, run, plan, seen, now)

    def is_watched(self, run: PrivateLinkReconciliation, plan: PrivateLinkPlan) -> bool:
        """Whether there are open grants or owned accounts."""
        return bool(run.stored.grants or run.stored.entries)


def _conclude(run: PrivateLinkReconciliation, seen: PrivateLinkObservation, plan: PrivateLinkPlan) -> None:
    """Notes the operations that the observation has proven, or that will not be done any more."""
    listed = frozenset(account.arn for account in seen.accounts)
    for operation in run.operations.values():
        if _is_done(operation, plan, listed):
            run.outcome.finish(operation)
        elif operation.id in run.outcome.operations:
            continue
        elif operation.kind is Kind.REMOVE_UNMANAGED and not plan.needed.isdisjoint(arns_of(operation)):
            run.outcome.fail(operation, ReasonCode.NEEDED)
        elif operation.overdue:
            run.outcome.fail(operation, ReasonCode.DEADLINE)


def _is_done(operation: Operation, plan: PrivateLinkPlan, listed: frozenset[str]) -> bool:
    match operation.kind:
        case Kind.CLOSE:
            return plan.closed
        case Kind.REMOVE_UNMANAGED:
            return plan.removed.issuperset(arns_of(operation))
        case Kind.ADOPT:
            return listed.issuperset(arns_of(operation))
    return False
