"""Keeps a database's IP rules in step: observe, plan, do, read back, record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from bot.domain.grant import Why
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.plan import Known, Plan, plan, unseen
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
        probe: tries new certificates; None where that is switched off.
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
        self._foreign = UnmanagedRulesExecutor(clock=clock)
        self._recorder = MtlsRecorder(store=store, policy=policy, clock=clock)

    async def take(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> "RulesPass":
        """Reads what the store knows of the database's mTLS, in the transaction of the claim."""
        known = await tx.entries.known(job, self._clock.now())
        changes = await tx.changes.under_way(job.target.id, job.method) if job.changing else ()
        turn = MtlsReconciliation(
            job=job,
            held_since=held_since,
            known=replace(known, undo=unmanaged_rules.undoing(changes, now=job.claimed_at)),
            look=mtls_observation(job.look),
            changes={each.id: each for each in changes},
            inventory=await tx.certificates.present(job.target.id) if job.certified else (),
        )
        return RulesPass(self, turn)

    async def work(self, turn: MtlsReconciliation) -> None:
        """Makes one pass over a claimed database. Whatever happens is recorded, or the lease runs out."""
        try:
            try:
                seen, drawn, outcome = await self._pass(turn)
            except HerokuError as error:
                await self._recorder.give_back(turn.job, error)
            else:
                await self._recorder.record(turn, seen, drawn, outcome)
        except LeaseLostError:
            log.warning("keeper.lease_lost", database=turn.job.target.name)

    async def failed(self, turn: MtlsReconciliation, error: Exception) -> None:
        """Gives a database back whose pass failed in a way that nobody has thought of."""
        await self._recorder.broken(turn.job, error)

    async def _pass(self, turn: MtlsReconciliation) -> tuple[MtlsSnapshot, Plan, Outcome]:
        """Looks, plans and does. Nothing follows from a look at what is not called so any more."""
        seen = await self._observer.look(turn)
        drawn = plan(seen.known, seen.rules) if seen.settled else unseen(seen.known)
        # A removal names a rule of ours by its id, which no other database has: it needs no name that is
        # confirmed. Ids of other people's rules come from looks, and those may have been at another database.
        if drawn.add or drawn.concludes or turn.changes_of(*unmanaged_rules.KINDS):
            await self._observer.confirm_name(turn)
        await self._recognise(turn, drawn)
        outcome = Outcome()
        try:
            await self._endpoint.work(turn, seen, outcome)
            # What goes with mTLS as a whole is not taken away piece by piece.
            if not turn.changes_of(Kind.DISABLE):
                await self._carry_out(turn, drawn, seen, outcome)
            self._foreign.conclude(turn, seen, drawn, outcome)
            seen = await self._certify(turn, drawn, seen, outcome)
        except (HerokuRateLimitedError, HerokuUnauthorizedError) as error:
            outcome.trouble = error
        return seen, drawn, outcome

    async def _certify(
        self, turn: MtlsReconciliation, drawn: Plan, seen: MtlsSnapshot, outcome: Outcome
    ) -> MtlsSnapshot:
        """Sees to certificates: at once where a change concerns them, else when there is time for it."""
        if not seen.settled:
            for change in turn.changes_of(*CONCERNED):
                outcome.waiting = True
                if change.overdue and change.kind is not Kind.ENABLE:
                    outcome.fail(change, Why.DEADLINE)
            return seen
        if not turn.changes_of(*CONCERNED):
            quiet = seen.enabled and drawn.is_quiet and not outcome.waiting
            return await self._observer.read_certificates(turn, seen) if quiet else seen
        listed: list[Certificate] = []
        try:
            if seen.enabled:
                listed.extend(await self._observer.certificates(turn))
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            outcome.trouble = error
            return seen
        await self._certificates.work(turn, listed, seen, outcome)
        await self._rotating.work(turn, listed, seen, outcome)
        if not seen.enabled:
            return seen
        return replace(seen, certificates=tuple(listed), certificates_at=turn.job.claimed_at)

    async def _recognise(self, turn: MtlsReconciliation, drawn: Plan) -> None:
        """Takes rules whose answer was lost for ours, before anything is done on that ground."""
        if drawn.recognised:
            async with self._observer.holding(turn) as tx:
                for intent, rule in drawn.recognised:
                    await tx.entries.made(turn.job, intent, rule)

    async def _carry_out(
        self, turn: MtlsReconciliation, drawn: Plan, seen: MtlsSnapshot, outcome: Outcome
    ) -> None:
        """Removes first, then adds; adding stops as soon as the grants are no longer those planned on.

        One rule that Heroku will not remove keeps no other from being removed or added. A full rate limit
        and a refused token stop everything; what was done until then is recorded all the same.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        await self._remove_all(turn, drawn.remove, outcome)
        for network in drawn.add if seen.enabled else ():
            if not await self._add(turn, network, seen.known, outcome):
                break

    async def _remove_all(self, turn: MtlsReconciliation, rules: Iterable[UUID], outcome: Outcome) -> None:
        """Removes rules; the intents of all are one commit, whoever dies in between.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        left = list(rules)
        if not left:
            return
        async with self._observer.holding(turn) as tx:
            await tx.entries.intend_remove(turn.job, left)
            await self._foreign.asking(tx, turn, left)
        try:
            while left:
                await self._observer.hold_on(turn)
                outcome.changed = True
                await self._remove(turn, left[0], outcome)
                left.pop(0)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            # Nobody was asked for these: they do not wait until a removal should have shown.
            async with self._observer.holding(turn) as tx:
                await tx.entries.spared(turn.job, left)
                await self._foreign.not_asked(tx, turn, left)
            raise

    async def _remove(self, turn: MtlsReconciliation, rule: UUID, outcome: Outcome) -> None:
        """Asks for one rule to be removed; raises as ``_remove_all`` does."""
        try:
            await self._heroku.remove_rule(turn.job.database.name, rule)
        except HerokuNotFoundError:
            # Gone already, or it has not shown yet: the lists to come tell which.
            log.info("keeper.nothing_to_remove", database=turn.job.database.name, rule=str(rule))
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            log.warning(
                "keeper.not_removed", database=turn.job.database.name, rule=str(rule), error=str(error)
            )
            outcome.trouble = error
            if isinstance(error, HerokuRefusedError):
                self._foreign.refused(turn, rule, error.message, outcome)

    async def _add(self, turn: MtlsReconciliation, network: Network, known: Known, outcome: Outcome) -> bool:
        """Adds one rule; False when no further one should be added in this pass.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        intended = await self._intend(turn, network, known, outcome)
        if intended is None:
            return turn.current
        intent, mark = intended
        outcome.changed = True
        try:
            self._observer.require_time(turn)
            rule = await self._heroku.add_rule(turn.job.database.name, network=network, description=mark)
        except HerokuAmbiguousError as error:
            async with self._observer.holding(turn) as tx:
                await tx.entries.unclear(intent, error=str(error))
            outcome.trouble = error
            return False
        except HerokuError as error:
            return await self._not_added(turn, intent, network, error, outcome)
        async with self._observer.holding(turn) as tx:
            await tx.entries.made(turn.job, intent, rule)
        return True

    async def _intend(
        self, turn: MtlsReconciliation, network: Network, known: Known, outcome: Outcome
    ) -> tuple[UUID, str] | None:
        """Records that a rule is about to be added; None when it must not be (now)."""
        async with self._observer.holding(turn) as tx:
            if not turn.current or not await _still_wanted(tx, network, known, outcome):
                return None
            return await tx.entries.intend_add(turn.job, network)

    async def _not_added(
        self, turn: MtlsReconciliation, intent: UUID, network: Network, error: HerokuError, outcome: Outcome
    ) -> bool:
        """Records a definite no; False when it speaks of more than this network."""
        async with self._observer.holding(turn) as tx:
            await tx.entries.nothing_made(intent, error=str(error))
        if isinstance(error, HerokuRateLimitedError | HerokuUnauthorizedError):
            raise error
        if isinstance(error, HerokuNotFoundError):
            outcome.trouble = error
            return False
        try:
            if not await self._is_there(turn, network):
                outcome.refused[network] = error.message
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as unseen:
            # Nobody can tell; what this pass has done so far is recorded all the same.
            outcome.trouble = unseen
            return False
        return True

    async def _is_there(self, turn: MtlsReconciliation, network: Network) -> bool:
        """Whether somebody let exactly this network in meanwhile: Heroku may refuse it for that alone.

        Raises:
            HerokuError: nobody can tell; the next pass begins anew.
            LeaseLostError: the turn is over.
        """
        await self._observer.hold_on(turn)
        rules = await self._heroku.rules(turn.job.database.name)
        return any(rule.network == network for rule in rules)


@dataclass(frozen=True, slots=True)
class RulesPass:
    """One pass over a claimed database's rules."""

    keeper: MtlsReconciler
    turn: MtlsReconciliation

    async def run(self) -> None:
        """Makes the pass."""
        await self.keeper.work(self.turn)

    async def failed(self, error: Exception) -> None:
        """Gives the database back."""
        await self.keeper.failed(self.turn, error)


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
