"""Keeps a database's PrivateLink in step: observe, plan, do, read back, record.

The endpoint itself stays when the last of our accounts has gone: somebody on Amazon's side may have built on
its service name, and closing it would change that name. Only an approved request closes it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from bot.domain.observation import privatelink_observation
from bot.domain.operation import noted
from bot.domain.owned_entry import Removal
from bot.domain.policy import Policy
from bot.domain.privatelink.plan import LinkPlan, make_plan
from bot.domain.request import Kind
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    LeaseLostError,
)
from bot.ports import BOT, AuditContext, Clock, Heroku, PrivateLinkState, ReconcileJob, Store, Transaction
from bot.reconciler.membership import MembershipStatus, membership_status
from bot.reconciler.privatelink.observer import (
    ASKED_AT,
    PrivateLinkObserver,
    PrivateLinkReconciliation,
    arns_of,
    observation_of,
    with_operations,
)
from bot.reconciler.privatelink.recorder import LinkOutcome, PrivateLinkRecorder

log = structlog.get_logger(__name__)

Batch = Sequence[tuple[UUID, tuple[str, ...]]]
"""Accounts to let in, for each grant that wants some."""

_Call = Callable[[str, Sequence[str]], Awaitable[PrivateLinkState]]


class PrivateLinkReconciler:
    """Keeps the PrivateLink side of databases.

    Args:
        store: the truth.
        heroku: the mirror.
        policy: whom to tell, and when to warn.
        clock: business time.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        self._heroku = heroku
        self._clock = clock
        self._observer = PrivateLinkObserver(store=store, heroku=heroku)
        self._recorder = PrivateLinkRecorder(store=store, policy=policy, clock=clock)

    async def take(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> "PrivateLinkPass":
        """Reads what the store knows of the database's PrivateLink, in the transaction of the claim."""
        known = await tx.privatelink_accounts.known(job, self._clock.now())
        operations = await tx.operations.under_way(job.target.id, job.method) if job.changing else ()
        run = PrivateLinkReconciliation(
            job=job,
            held_since=held_since,
            known=with_operations(known, operations, now=job.claimed_at),
            operations=operations,
            observation=privatelink_observation(job.observation),
        )
        return PrivateLinkPass(self, run)

    async def work(self, run: PrivateLinkReconciliation) -> None:
        """Makes one pass over a claimed database. Whatever happens is recorded, or the lease runs out."""
        try:
            try:
                seen, plan, outcome = await self._pass(run)
                observation = await self._observer.config_vars(
                    run, observation_of(seen, now=self._clock.now())
                )
            except HerokuError as error:
                await self._recorder.give_back(run.job, error)
            else:
                await self._recorder.record(run, observation, plan, outcome)
        except LeaseLostError:
            log.warning("reconciler.lease_lost", database=run.job.target.name)

    async def failed(self, run: PrivateLinkReconciliation, error: Exception) -> None:
        """Gives a database back whose pass failed in a way that nobody has thought of."""
        await self._recorder.broken(run.job, error)

    async def _pass(
        self, run: PrivateLinkReconciliation
    ) -> tuple[PrivateLinkState | None, LinkPlan, LinkOutcome]:
        """Looks, plans and does. Nothing follows from a look at what is not called so any more."""
        seen = await self._observer.observe(run)
        plan = make_plan(
            run.known, None if seen is None else seen.status, () if seen is None else seen.accounts
        )
        if plan.changes_heroku or plan.concludes:
            await self._observer.confirm_name(run)
        return seen, plan, await self._carry_out(run, plan)

    async def _carry_out(self, run: PrivateLinkReconciliation, plan: LinkPlan) -> LinkOutcome:
        """Closes and removes first, then lets in; what stops it is recorded with what was done until then."""
        outcome = LinkOutcome()
        try:
            if plan.close:
                await self._close(run, outcome)
            for arn in plan.remove:
                await self._remove(run, arn, outcome)
            if plan.open or plan.add:
                await self._part(run, plan, outcome)
            if plan.open:
                await self._open(run, plan.open, outcome)
            for one in plan.add:
                if not outcome.stopped:
                    await self._let_in(run, [one], self._heroku.let_accounts_in, outcome)
        except (HerokuRateLimitedError, HerokuUnauthorizedError) as error:
            outcome.trouble = error
        return outcome

    # --- taking away -----------------------------------------------------------------------------

    async def _close(self, run: PrivateLinkReconciliation, outcome: LinkOutcome) -> None:
        """Destroys the endpoint, as was approved."""
        outcome.changed = True
        await self._note(run, Kind.CLOSE)
        try:
            self._observer.require_time(run)
            await self._heroku.close_privatelink(run.job.database.name)
        except HerokuNotFoundError:
            log.info("reconciler.nothing_to_close", database=run.job.database.name)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            self._not_changed(run, Kind.CLOSE, error, outcome)

    async def _remove(self, run: PrivateLinkReconciliation, arn: str, outcome: LinkOutcome) -> None:
        """Lets one account in no longer: alone in its call, so that no other one's refusal keeps it there."""
        outcome.changed = True
        ours = any(let.arn == arn for let in run.known.lets)
        if ours:
            async with self._observer.holding(run) as tx:
                await tx.privatelink_accounts.intend_remove(run.job, arn)
        await self._note(run, Kind.REMOVE_UNMANAGED, arn)
        try:
            self._observer.require_time(run)
            await self._heroku.remove_accounts(run.job.database.name, [arn])
        except HerokuNotFoundError:
            log.info("reconciler.nothing_to_remove", database=run.job.database.name)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            log.warning("reconciler.not_removed", database=run.job.database.name, error=str(error))
            if ours:
                outcome.trouble = error
            self._not_changed(run, Kind.REMOVE_UNMANAGED, error, outcome, arn)

    async def _note(self, run: PrivateLinkReconciliation, kind: Kind, arn: str | None = None) -> None:
        """Records that Heroku is about to be asked for a change: it is not asked again before this shows."""
        asked = [each for each in run.operations_of(kind) if arn is None or arn in arns_of(each)]
        if not asked:
            return
        doing = AuditContext(actor=BOT, at=self._clock.now())
        async with self._observer.holding(run) as tx:
            for operation in asked:
                after = noted(operation, **{ASKED_AT: run.job.claimed_at.isoformat()})
                await tx.operations.move(operation, after, doing=doing)

    def _not_changed(
        self,
        run: PrivateLinkReconciliation,
        kind: Kind,
        error: HerokuError,
        outcome: LinkOutcome,
        arn: str | None = None,
    ) -> None:
        """Notes why a change was not made: a definite no fails it, and everything else is tried again."""
        if not isinstance(error, HerokuRefusedError):
            outcome.trouble = error
            return
        for operation in run.operations_of(kind):
            if arn is None or arn in arns_of(operation):
                outcome.not_done[operation.id] = error.message

    # --- letting in ------------------------------------------------------------------------------

    async def _part(self, run: PrivateLinkReconciliation, plan: LinkPlan, outcome: LinkOutcome) -> None:
        """Concludes removals that are proven before the same accounts are let in anew: one row for each."""
        outcome.parted = _removed(run, plan)
        if outcome.parted:
            async with self._observer.holding(run) as tx:
                await tx.privatelink_accounts.gone(run.job, outcome.parted)

    async def _open(self, run: PrivateLinkReconciliation, batch: Batch, outcome: LinkOutcome) -> None:
        """Makes the endpoint with every account that is wanted; one that Heroku refuses keeps no other out.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        call = self._heroku.open_privatelink
        refused = await self._let_in(run, batch, call, outcome)
        if not refused:
            return
        if await self._observer.observe(run) is not None:
            # Somebody else has just made it: the next pass goes on from there.
            outcome.refused.clear()
            return
        for one in batch if len(batch) > 1 else ():
            del outcome.refused[one[0]]
            refused = await self._let_in(run, [one], call, outcome)
            if outcome.stopped or not refused:
                break

    async def _let_in(
        self, run: PrivateLinkReconciliation, batch: Batch, call: _Call, outcome: LinkOutcome
    ) -> bool:
        """Makes one call for some grants' accounts; returns whether Heroku refused it.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        arns = await self._intend(run, batch, outcome)
        if not arns:
            return False
        outcome.changed = True
        try:
            self._observer.require_time(run)
            seen = await call(run.job.database.name, arns)
        except HerokuAmbiguousError as error:
            async with self._observer.holding(run) as tx:
                await tx.privatelink_accounts.unclear(run.job, arns, error=str(error))
            outcome.trouble, outcome.stopped = error, True
            return False
        except HerokuError as error:
            return await self._not_let_in(run, batch, arns, error, outcome)
        shown = {account.arn for account in seen.accounts} & set(arns)
        async with self._observer.holding(run) as tx:
            await tx.privatelink_accounts.made(run.job, shown)
            await tx.privatelink_accounts.unclear(
                run.job, set(arns) - shown, error="the answer did not list it"
            )
        return False

    async def _intend(self, run: PrivateLinkReconciliation, batch: Batch, outcome: LinkOutcome) -> list[str]:
        """Records which accounts are about to be let in: those of grants whose owners may still be."""
        owners = {want.grant: want.owner for want in run.known.wants}
        arns: set[str] = set()
        async with self._observer.holding(run) as tx:
            if not run.current:
                outcome.stopped = True
                return []
            for grant, wanted in batch:
                match await membership_status(tx, owners[grant]):
                    case MembershipStatus.MEMBER:
                        arns.update(wanted)
                    case MembershipStatus.OUTSIDER:
                        outcome.outsiders.add(grant)
            if arns:
                await tx.privatelink_accounts.intend(run.job, arns)
        return sorted(arns)

    async def _not_let_in(
        self,
        run: PrivateLinkReconciliation,
        batch: Batch,
        arns: Sequence[str],
        error: HerokuError,
        outcome: LinkOutcome,
    ) -> bool:
        """Records a definite no; returns whether it speaks of these accounts."""
        async with self._observer.holding(run) as tx:
            await tx.privatelink_accounts.nothing_made(run.job, arns, error=str(error))
        if isinstance(error, HerokuRateLimitedError | HerokuUnauthorizedError):
            raise error
        if isinstance(error, HerokuNotFoundError):
            outcome.trouble, outcome.stopped = error, True
            return False
        outcome.refused.update({grant: error.message for grant, _ in batch})
        return True


def _removed(run: PrivateLinkReconciliation, plan: LinkPlan) -> frozenset[str]:
    """Accounts that are proven to be gone as we had asked."""
    asked = {let.arn for let in run.known.lets if let.removal is not Removal.NONE}
    return frozenset(asked & set(plan.gone))


@dataclass(frozen=True, slots=True)
class PrivateLinkPass:
    """One pass over a claimed database's PrivateLink."""

    reconciler: PrivateLinkReconciler
    reconciliation: PrivateLinkReconciliation

    async def run(self) -> None:
        """Makes the pass."""
        await self.reconciler.work(self.reconciliation)

    async def failed(self, error: Exception) -> None:
        """Gives the database back."""
        await self.reconciler.failed(self.reconciliation, error)
