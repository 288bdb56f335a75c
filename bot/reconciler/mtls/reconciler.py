"""Keeps a database's IP rules in step: observe, plan, do, read back, record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from bot.domain.grant import Why
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.plan import Known, Plan, make_plan, unseen
from bot.domain.observation import mtls_observation
from bot.domain.policy import Policy
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    LeaseLostError,
)
from bot.ports import Clock, ConnectionTest, Heroku, ReconcileJob, Store, Transaction
from bot.reconciler.membership import MembershipStatus, membership_status
from bot.reconciler.mtls.certificates import CONCERNED, CertificateExecutor
from bot.reconciler.mtls.endpoint import EndpointExecutor
from bot.reconciler.mtls.observer import MtlsObserver, MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.recorder import MtlsRecorder, Outcome
from bot.reconciler.mtls.rotation import RotationExecutor
from bot.reconciler.mtls.unmanaged_rules import UnmanagedRulesExecutor

log = structlog.get_logger(__name__)


class MtlsReconciler:
    """Keeps the mTLS side of databases.

    Args:
        store: the truth.
        heroku: the mirror.
        policy: whom to tell, and when to warn.
        clock: business time.
        probe: attempts new certificates; None where that is switched off.
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
        self._heroku = heroku
        self._clock = clock
        self._observer = MtlsObserver(store=store, heroku=heroku, operations=policy.operations_channel)
        self._endpoint = EndpointExecutor(observer=self._observer, heroku=heroku, clock=clock)
        self._certificates = CertificateExecutor(observer=self._observer, heroku=heroku, clock=clock)
        self._rotating = RotationExecutor(
            observer=self._observer,
            heroku=heroku,
            clock=clock,
            certificates=self._certificates,
            probe=probe,
        )
        self._unmanaged = UnmanagedRulesExecutor(clock=clock)
        self._recorder = MtlsRecorder(store=store, policy=policy, clock=clock)

    async def take(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> "MtlsPass":
        """Reads what the store knows of the database's mTLS, in the transaction of the claim."""
        known = await tx.mtls_rules.known(job, self._clock.now())
        operations = await tx.operations.under_way(job.target.id, job.method) if job.changing else ()
        run = MtlsReconciliation(
            job=job,
            held_since=held_since,
            known=replace(known, approved_removals=unmanaged_rules.undoing(operations, now=job.claimed_at)),
            observation=mtls_observation(job.observation),
            operations={each.id: each for each in operations},
            inventory=await tx.certificates.present(job.target.id) if job.certified else (),
        )
        return MtlsPass(self, run)

    async def work(self, run: MtlsReconciliation) -> None:
        """Makes one pass over a claimed database. Whatever happens is recorded, or the lease runs out."""
        try:
            try:
                seen, plan, outcome = await self._pass(run)
            except HerokuError as error:
                await self._recorder.give_back(run.job, error)
            else:
                await self._recorder.record(run, seen, plan, outcome)
        except LeaseLostError:
            log.warning("reconciler.lease_lost", database=run.job.target.name)

    async def failed(self, run: MtlsReconciliation, error: Exception) -> None:
        """Gives a database back whose pass failed in a way that nobody has thought of."""
        await self._recorder.broken(run.job, error)

    async def _pass(self, run: MtlsReconciliation) -> tuple[MtlsSnapshot, Plan, Outcome]:
        """Looks, plans and does. Nothing follows from a look at what is not called so any more."""
        seen = await self._observer.observe(run)
        plan = make_plan(seen.known, seen.rules) if seen.settled else unseen(seen.known)
        # A removal names a rule of ours by its id, which no other database has: it needs no name that is
        # confirmed. Ids of other people's rules come from looks, and those may have been at another database.
        if plan.add or plan.concludes or run.operations_of(*unmanaged_rules.KINDS):
            await self._observer.confirm_name(run)
        await self._recognise(run, plan)
        outcome = Outcome()
        try:
            await self._endpoint.work(run, seen, outcome)
            # What goes with mTLS as a whole is not taken away piece by piece.
            if not run.operations_of(Kind.DISABLE):
                await self._carry_out(run, plan, seen, outcome)
            self._unmanaged.conclude(run, seen, plan, outcome)
            seen = await self._certify(run, plan, seen, outcome)
        except (HerokuRateLimitedError, HerokuUnauthorizedError) as error:
            outcome.trouble = error
        return seen, plan, outcome

    async def _certify(
        self, run: MtlsReconciliation, plan: Plan, seen: MtlsSnapshot, outcome: Outcome
    ) -> MtlsSnapshot:
        """Sees to certificates: at once where a change concerns them, else when there is time for it."""
        if not seen.settled:
            for operation in run.operations_of(*CONCERNED):
                outcome.waiting = True
                if operation.overdue and operation.kind is not Kind.ENABLE:
                    outcome.fail(operation, Why.DEADLINE)
            return seen
        if not run.operations_of(*CONCERNED):
            quiet = seen.enabled and plan.is_quiet and not outcome.waiting
            return await self._observer.read_certificates(run, seen) if quiet else seen
        listed: list[Certificate] = []
        try:
            if seen.enabled:
                listed.extend(await self._observer.certificates(run))
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            outcome.trouble = error
            return seen
        await self._certificates.work(run, listed, seen, outcome)
        await self._rotating.work(run, listed, seen, outcome)
        if not seen.enabled:
            return seen
        return replace(seen, certificates=tuple(listed), certificates_at=run.job.claimed_at)

    async def _recognise(self, run: MtlsReconciliation, plan: Plan) -> None:
        """Takes rules whose answer was lost for ours, before anything is done on that ground."""
        if plan.recognised:
            async with self._observer.holding(run) as tx:
                for intent, rule in plan.recognised:
                    await tx.mtls_rules.made(run.job, intent, rule)

    async def _carry_out(
        self, run: MtlsReconciliation, plan: Plan, seen: MtlsSnapshot, outcome: Outcome
    ) -> None:
        """Removes first, then adds; adding stops as soon as the grants are no longer those planned on.

        One rule that Heroku will not remove keeps no other from being removed or added. A full rate limit
        and a refused token stop everything; what was done until then is recorded all the same.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        await self._remove_all(run, plan.remove, outcome)
        for network in plan.add if seen.enabled else ():
            if not await self._add(run, network, seen.known, outcome):
                break

    async def _remove_all(self, run: MtlsReconciliation, rules: Iterable[UUID], outcome: Outcome) -> None:
        """Removes rules; the intents of all are one commit, whoever dies in between.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        left = list(rules)
        if not left:
            return
        async with self._observer.holding(run) as tx:
            await tx.mtls_rules.intend_remove(run.job, left)
            await self._unmanaged.asking(tx, run, left)
        try:
            while left:
                await self._observer.hold_on(run)
                outcome.changed = True
                await self._remove(run, left[0], outcome)
                left.pop(0)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            # Nobody was asked for these: they do not wait until a removal should have shown.
            async with self._observer.holding(run) as tx:
                await tx.mtls_rules.spared(run.job, left)
                await self._unmanaged.not_asked(tx, run, left)
            raise

    async def _remove(self, run: MtlsReconciliation, rule: UUID, outcome: Outcome) -> None:
        """Asks for one rule to be removed; raises as ``_remove_all`` does."""
        try:
            await self._heroku.remove_rule(run.job.database.name, rule)
        except HerokuNotFoundError:
            # Gone already, or it has not shown yet: the lists to come tell which.
            log.info("reconciler.nothing_to_remove", database=run.job.database.name, rule=str(rule))
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            log.warning(
                "reconciler.not_removed", database=run.job.database.name, rule=str(rule), error=str(error)
            )
            outcome.trouble = error
            if isinstance(error, HerokuRefusedError):
                self._unmanaged.refused(run, rule, error.message, outcome)

    async def _add(self, run: MtlsReconciliation, network: Network, known: Known, outcome: Outcome) -> bool:
        """Adds one rule; False when no further one should be added in this pass.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        intended = await self._intend(run, network, known, outcome)
        if intended is None:
            return run.current
        intent, mark = intended
        outcome.changed = True
        try:
            self._observer.require_time(run)
            rule = await self._heroku.add_rule(run.job.database.name, network=network, description=mark)
        except HerokuAmbiguousError as error:
            async with self._observer.holding(run) as tx:
                await tx.mtls_rules.unclear(intent, error=str(error))
            outcome.trouble = error
            return False
        except HerokuError as error:
            return await self._not_added(run, intent, network, error, outcome)
        async with self._observer.holding(run) as tx:
            await tx.mtls_rules.made(run.job, intent, rule)
        return True

    async def _intend(
        self, run: MtlsReconciliation, network: Network, known: Known, outcome: Outcome
    ) -> tuple[UUID, str] | None:
        """Records that a rule is about to be added; None when it must not be (now)."""
        async with self._observer.holding(run) as tx:
            if not run.current or not await _still_wanted(tx, network, known, outcome):
                return None
            return await tx.mtls_rules.intend_add(run.job, network)

    async def _not_added(
        self, run: MtlsReconciliation, intent: UUID, network: Network, error: HerokuError, outcome: Outcome
    ) -> bool:
        """Records a definite no; False when it speaks of more than this network."""
        async with self._observer.holding(run) as tx:
            await tx.mtls_rules.nothing_made(intent, error=str(error))
        if isinstance(error, HerokuRateLimitedError | HerokuUnauthorizedError):
            raise error
        if isinstance(error, HerokuNotFoundError):
            outcome.trouble = error
            return False
        try:
            if not await self._is_there(run, network):
                outcome.refused[network] = error.message
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as unseen:
            # Nobody can tell; what this pass has done so far is recorded all the same.
            outcome.trouble = unseen
            return False
        return True

    async def _is_there(self, run: MtlsReconciliation, network: Network) -> bool:
        """Whether somebody let exactly this network in meanwhile: Heroku may refuse it for that alone.

        Raises:
            HerokuError: nobody can tell; the next pass begins anew.
            LeaseLostError: the turn is over.
        """
        await self._observer.hold_on(run)
        rules = await self._heroku.rules(run.job.database.name)
        return any(rule.network == network for rule in rules)


@dataclass(frozen=True, slots=True)
class MtlsPass:
    """One pass over a claimed database's rules."""

    reconciler: MtlsReconciler
    reconciliation: MtlsReconciliation

    async def run(self) -> None:
        """Makes the pass."""
        await self.reconciler.work(self.reconciliation)

    async def failed(self, error: Exception) -> None:
        """Gives the database back."""
        await self.reconciler.failed(self.reconciliation, error)


async def _still_wanted(tx: Transaction, network: Network, known: Known, outcome: Outcome) -> bool:
    """Whether somebody who is to reach the database by this network is a full member to this moment.

    Their approval may be hours old. Somebody who is none any more is noted as an outsider; somebody whom we
    do not know well enough is looked up, and the network waits for that.
    """
    members = False
    for want in known.wants:
        if not want.opens or want.network != network:
            continue
        match await membership_status(tx, want.owner):
            case MembershipStatus.MEMBER:
                members = True
            case MembershipStatus.OUTSIDER:
                outcome.outsiders.add(want.grant)
    return members
