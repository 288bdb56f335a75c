"""Removes and adds IP rules as planned: each intent is recorded before its call, its result after it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog

from bot.domain.grant import ReasonCode
from bot.domain.mtls.plan import MtlsPlan
from bot.domain.policy.rules import Policy
from bot.domain.subject import Network
from bot.errors import (
    HerokuAmbiguousError,
    HerokuBusyError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRefusedError,
)
from bot.ports import Heroku, Transaction
from bot.reconciler.membership import grants_allowed_now
from bot.reconciler.mtls.observer import MtlsObserver, MtlsReconciliation
from bot.reconciler.mtls.unmanaged_rules import UnmanagedRulesExecutor
from bot.reconciler.outcome import STOPPING

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleExecutor:
    """Writes IP rules.

    Attributes:
        observer: holds the lease.
        heroku: where it is done.
        policy: asked again before anything is opened.
        unmanaged: notes what was requested of unmanaged rules.
    """

    observer: MtlsObserver
    heroku: Heroku
    policy: Policy
    unmanaged: UnmanagedRulesExecutor

    async def recognise(self, run: MtlsReconciliation, plan: MtlsPlan) -> None:
        """Records rules whose answer was lost as owned, before anything is done on that ground."""
        if plan.recognised:
            async with self.observer.holding(run) as tx:
                for intent, rule in plan.recognised:
                    await tx.mtls_rules.created(run.job, intent, rule)

    async def carry_out(self, run: MtlsReconciliation, plan: MtlsPlan, *, enabled: bool) -> None:
        """Removes first, then adds; adding stops as soon as the grants are no longer those planned on.

        One rule that Heroku will not remove keeps no other from being removed or added. A used up rate limit
        and a rejected token stop everything; what was done until then is recorded all the same.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        # A removal makes room in a full list, and closing comes first whatever happens to the rest.
        await self._remove_all(run, plan.remove)
        for network in plan.add if enabled else ():
            if not await self._add(run, network):
                break

    async def _remove_all(self, run: MtlsReconciliation, rules: Iterable[UUID]) -> None:
        """Removes rules; raises as ``carry_out`` does."""
        left = list(rules)
        if not left:
            return
        # One commit holds the intents of all: a process that dies in between leaves none without.
        async with self.observer.holding(run) as tx:
            await tx.mtls_rules.intend_removal(run.job, left)
            await self.unmanaged.request(tx, run, left)
        try:
            while left:
                await self.observer.ensure_time(run)
                run.outcome.changed = True
                await self._remove(run, left[0])
                # Only after its call: when that stops everything, its own intent is taken back too.
                left.pop(0)
        except STOPPING:
            # The removal of these was never requested: they do not wait until it should have shown.
            async with self.observer.holding(run) as tx:
                await tx.mtls_rules.cancel_removal(run.job, left)
                await self.unmanaged.cancel_request(tx, run, left)
            raise

    async def _remove(self, run: MtlsReconciliation, rule: UUID) -> None:
        """Requests the removal of one rule; raises as ``carry_out`` does."""
        database = run.job.database
        try:
            await self.heroku.remove_rule(database, rule)
        except HerokuNotFoundError:
            # Gone already, or it has not shown yet: the next lists tell which.
            log.info("reconciler.nothing_to_remove", database=database.name, rule=str(rule))
        except STOPPING:
            raise
        except HerokuError as error:
            log.warning("reconciler.not_removed", database=database.name, rule=str(rule), error=str(error))
            run.outcome.error = error
            if isinstance(error, HerokuRefusedError):
                self.unmanaged.reject(run, rule, error.message)

    async def _add(self, run: MtlsReconciliation, network: Network) -> bool:
        """Adds one rule; returns False when no further one should be added in this run.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        intended = await self._intend(run, network)
        if intended is None:
            # The next network may be for a member; once the grants have changed, nothing more is opened.
            return run.current
        intent, description = intended
        run.outcome.changed = True
        try:
            # The intent is committed: a process that dies from here on leaves a marker to be recognised by.
            self.observer.require_time(run)
            rule = await self.heroku.add_rule(run.job.database, network=network, description=description)
        except HerokuAmbiguousError as error:
            async with self.observer.holding(run) as tx:
                await tx.mtls_rules.ambiguous(intent, error=str(error))
            run.outcome.error = error
            # Where the rule may still land, neither its place in the list nor its address is free.
            return False
        except HerokuError as error:
            return await self._not_added(run, intent, network, error)
        async with self.observer.holding(run) as tx:
            await tx.mtls_rules.created(run.job, intent, rule)
        return True

    async def _intend(self, run: MtlsReconciliation, network: Network) -> tuple[UUID, str] | None:
        """Records that a rule is about to be added; returns None when it must not be, at least not now."""
        async with self.observer.holding(run) as tx:
            if not run.current or not await self._is_allowed(tx, run, network):
                return None
            return await tx.mtls_rules.intend_creation(run.job, network)

    async def _not_added(
        self, run: MtlsReconciliation, intent: UUID, network: Network, error: HerokuError
    ) -> bool:
        """Records a definite rejection; returns False when it speaks of more than this network."""
        async with self.observer.holding(run) as tx:
            await tx.mtls_rules.rejected(intent, error=str(error))
        if isinstance(error, STOPPING):
            raise error
        # A 404, or what passes by itself, is about the endpoint or the database, not about this network.
        if isinstance(error, HerokuNotFoundError | HerokuBusyError):
            run.outcome.error = error
            return False
        try:
            if not await self._is_listed(run, network):
                rejected = run.stored.opening([network])
                run.outcome.fail_grants(rejected, ReasonCode.REFUSED, error.message)
        except STOPPING:
            raise
        except HerokuError as unobserved:
            # It stays unknown; what this run has done so far is recorded all the same.
            run.outcome.error = unobserved
            return False
        return True

    async def _is_listed(self, run: MtlsReconciliation, network: Network) -> bool:
        """Whether somebody allowed exactly this network meanwhile: Heroku may reject it for that alone.

        Raises:
            HerokuError: it is unknown; the next run begins anew.
            LeaseLostError: the lease is lost.
        """
        await self.observer.ensure_time(run)
        rules = await self.heroku.rules(run.job.database)
        return any(rule.network == network for rule in rules)

    async def _is_allowed(self, tx: Transaction, run: MtlsReconciliation, network: Network) -> bool:
        """Whether a network is to be opened for somebody who may have it at this moment."""
        opening = run.stored.opening([network])
        grants = [grant for grant in run.stored.grants if grant.grant in opening]
        return bool(await grants_allowed_now(tx, self.policy, run.job, grants, run.outcome))
