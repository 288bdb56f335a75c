"""Writes a database's PrivateLink as planned: each intent is recorded before its call, its result after it.

The endpoint itself stays when the last owned account has gone: somebody on Amazon's side may have built on
its service name, and destroying it would change that name. Only an approved request closes it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from bot.domain.grant import ReasonCode
from bot.domain.operation import noted
from bot.domain.owned_entry import Removal
from bot.domain.policy.rules import Policy
from bot.domain.privatelink.plan import Batch, PrivateLinkPlan
from bot.domain.request import Kind
from bot.domain.target import Database
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuNotFoundError, HerokuRefusedError
from bot.ports import BOT, AuditContext, Clock, Heroku, PrivateLinkState
from bot.reconciler.membership import grants_allowed_now
from bot.reconciler.outcome import STOPPING
from bot.reconciler.privatelink.observer import (
    REQUESTED_AT,
    PrivateLinkObserver,
    PrivateLinkReconciliation,
    arns_of,
)

log = structlog.get_logger(__name__)

_Call = Callable[[Database, Sequence[str]], Awaitable[PrivateLinkState]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountExecutor:
    """Writes the endpoint and its accounts.

    Attributes:
        observer: holds the lease.
        heroku: where it is done.
        policy: asked again before anything is opened.
        clock: business time.
    """

    observer: PrivateLinkObserver
    heroku: Heroku
    policy: Policy
    clock: Clock

    async def carry_out(self, run: PrivateLinkReconciliation, plan: PrivateLinkPlan) -> None:
        """Closes and removes first, then opens.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        if plan.close:
            await self._close(run)
        for arn in plan.remove:
            await self._remove(run, arn)
        if plan.open or plan.add:
            await self._conclude_removals(run, plan)
        if plan.open:
            await self._open(run, plan.open)
        # A call for each grant: Heroku rejects a call whole, and one grant must not fail another.
        for one in plan.add:
            if not run.outcome.stopped:
                await self._allow(run, (one,), self.heroku.let_accounts_in)

    # --- closing -----------------------------------------------------------------------------------

    async def _close(self, run: PrivateLinkReconciliation) -> None:
        """Destroys the endpoint, as was approved."""
        run.outcome.changed = True
        await self._note_request(run, Kind.CLOSE)
        try:
            self.observer.require_time(run)
            await self.heroku.close_privatelink(run.job.database)
        except HerokuNotFoundError:
            # No proof by itself: the next run reads it back, and confirms the name where that is a 404.
            log.info("reconciler.nothing_to_close", database=run.job.database.name)
        except STOPPING:
            raise
        except HerokuError as error:
            _note_failure(run, Kind.CLOSE, error)

    async def _remove(self, run: PrivateLinkReconciliation, arn: str) -> None:
        """Removes one account: alone in its call, so that no other one's rejection keeps it there."""
        run.outcome.changed = True
        owned = any(entry.key == arn for entry in run.stored.entries)
        if owned:
            async with self.observer.holding(run) as tx:
                await tx.privatelink_accounts.intend_removal(run.job, [arn])
        await self._note_request(run, Kind.REMOVE_UNMANAGED, arn)
        try:
            self.observer.require_time(run)
            await self.heroku.remove_accounts(run.job.database, [arn])
        except HerokuNotFoundError:
            log.info("reconciler.nothing_to_remove", database=run.job.database.name)
        except STOPPING:
            raise
        except HerokuError as error:
            log.warning("reconciler.not_removed", database=run.job.database.name, error=str(error))
            if owned:
                run.outcome.error = error
            _note_failure(run, Kind.REMOVE_UNMANAGED, error, arn)

    async def _note_request(self, run: PrivateLinkReconciliation, kind: Kind, arn: str | None = None) -> None:
        """Records that Heroku is about to be asked for an operation: it is not repeated before that shows."""
        concerned = [each for each in run.operations_of(kind) if arn is None or arn in arns_of(each)]
        if not concerned:
            return
        context = AuditContext(actor=BOT, at=self.clock.now())
        async with self.observer.holding(run) as tx:
            for operation in concerned:
                after = noted(operation, **{REQUESTED_AT: run.job.claimed_at.isoformat()})
                await tx.operations.update(operation, after, doing=context)

    # --- opening -----------------------------------------------------------------------------------

    async def _conclude_removals(self, run: PrivateLinkReconciliation, plan: PrivateLinkPlan) -> None:
        """Records proven removals before the same accounts are allowed anew: each has one present row."""
        requested = {entry.key for entry in run.stored.entries if entry.removal is not Removal.NONE}
        run.concluded_removals = frozenset(requested.intersection(plan.absent))
        if run.concluded_removals:
            async with self.observer.holding(run) as tx:
                await tx.privatelink_accounts.absent(run.job, run.concluded_removals)

    async def _open(self, run: PrivateLinkReconciliation, batch: Batch) -> None:
        """Creates the endpoint with every account that is needed; one that Heroku rejects keeps no other out.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        call, grants = self.heroku.open_privatelink, [grant for grant, _ in batch]
        if not await self._allow(run, batch, call):
            return
        if (await self.observer.observe(run)).status is not None:
            # Somebody else has just created it: the next run goes on from there.
            run.outcome.retract_rejections(grants)
            return
        # Heroku rejects a call whole: grant by grant it shows whose accounts it was about.
        for one in batch if len(batch) > 1 else ():
            run.outcome.retract_rejections([one[0]])
            rejected = await self._allow(run, (one,), call)
            if run.outcome.stopped or not rejected:
                break

    async def _allow(self, run: PrivateLinkReconciliation, batch: Batch, call: _Call) -> bool:
        """Makes one call for some grants' accounts; returns whether Heroku rejected it.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        arns = await self._intend(run, batch)
        if not arns:
            return False
        run.outcome.changed = True
        try:
            self.observer.require_time(run)
            seen = await call(run.job.database, arns)
        except HerokuAmbiguousError as error:
            async with self.observer.holding(run) as tx:
                await tx.privatelink_accounts.ambiguous(run.job, arns, error=str(error))
            # The quarantine begins at once: nothing more is added while this call may still land.
            run.outcome.error, run.outcome.stopped = error, True
            return False
        except HerokuError as error:
            return await self._not_allowed(run, [grant for grant, _ in batch], arns, error)
        # An answer that does not list an account proves nothing: it may appear up to half an hour later.
        shown = {account.arn for account in seen.accounts} & set(arns)
        async with self.observer.holding(run) as tx:
            await tx.privatelink_accounts.created(run.job, shown)
            await tx.privatelink_accounts.ambiguous(
                run.job, set(arns) - shown, error="the answer did not list it"
            )
        return False

    async def _intend(self, run: PrivateLinkReconciliation, batch: Batch) -> list[str]:
        """Records which accounts are about to be allowed: those of grants whose owners are still members."""
        accounts = dict(batch)
        grants = [grant for grant in run.stored.grants if grant.grant in accounts]
        async with self.observer.holding(run) as tx:
            if not run.current:
                run.outcome.stopped = True
                return []
            members = await grants_allowed_now(tx, self.policy, run.job, grants, run.outcome)
            arns = {arn for grant in members for arn in accounts[grant]}
            if arns:
                await tx.privatelink_accounts.intend_creation(run.job, arns)
        return sorted(arns)

    async def _not_allowed(
        self,
        run: PrivateLinkReconciliation,
        grants: Sequence[UUID],
        arns: Sequence[str],
        error: HerokuError,
    ) -> bool:
        """Records a definite rejection; returns whether it speaks of these accounts."""
        async with self.observer.holding(run) as tx:
            await tx.privatelink_accounts.rejected(run.job, arns, error=str(error))
        if isinstance(error, STOPPING):
            raise error
        # The endpoint is gone or the database was renamed, which says nothing about these accounts.
        if isinstance(error, HerokuNotFoundError):
            run.outcome.error, run.outcome.stopped = error, True
            return False
        run.outcome.fail_grants(grants, ReasonCode.REFUSED, error.message)
        return True


def _note_failure(
    run: PrivateLinkReconciliation, kind: Kind, error: HerokuError, arn: str | None = None
) -> None:
    """Notes why an operation was not done: a definite rejection fails it, and everything else is repeated."""
    if not isinstance(error, HerokuRefusedError):
        run.outcome.error = error
        return
    for operation in run.operations_of(kind):
        if arn is None or arn in arns_of(operation):
            run.outcome.reject(operation, error.message)
