"""Keeps a space's trusted ranges in step: read, change, write whole, read what came between, record."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import structlog

from bot.domain.operation import Operation
from bot.domain.policy import Policy
from bot.domain.request import Kind
from bot.domain.subject import network_of
from bot.domain.trusted_ips.merge import Merged, Rules, Written, chain, merge
from bot.domain.trusted_ips.plan import Edit, RangesKnown, RangesPlan, edited, make_plan
from bot.domain.trusted_ips.ruleset import Ruleset
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    LeaseLostError,
)
from bot.ports import Clock, Heroku, ReconcileJob, Store, Transaction
from bot.reconciler.lease import LeaseManager, Reconciliation
from bot.reconciler.membership import MembershipStatus, membership_status
from bot.reconciler.trusted_ips.recorder import RangesOutcome, TrustedIpsRecorder

ROUNDS: Final = 5
"""Writes in one pass at most while others keep writing in between; then a person has to look."""

BETWEEN: Final = timedelta(seconds=1)
"""Pause between two writes to one space: what is approved meanwhile goes into the same write."""

AGAIN: Final = timedelta(seconds=15)
"""How long a list of ours may be stored only before it is written once more: how long that takes by itself
nobody tells, and every write begins it anew."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class TrustedIpsReconciliation(Reconciliation):
    """A claimed space's list.

    Attributes:
        known: what the store knew when the lane was claimed.
        changes: what is to be done once, such as taking a foreign range over.
        rested: the time since the last write.
        writes: lists that we wrote and around which nobody has looked yet.
    """

    known: RangesKnown
    operations: tuple[Operation, ...] = ()
    rested: timedelta = BETWEEN
    writes: tuple[Written, ...] = ()


class TrustedIpsReconciler(LeaseManager):
    """Keeps the trusted ranges of spaces.

    Args:
        store: the truth.
        heroku: the mirror.
        policy: whom to tell, and when to warn.
        clock: business time.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        super().__init__(store=store, deadline=heroku.deadline)
        self._heroku = heroku
        self._clock = clock
        self._recorder = TrustedIpsRecorder(store=store, policy=policy, clock=clock)

    async def take(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> "TrustedIpsPass":
        """Reads what the store knows of the space's list, in the transaction of the claim."""
        known = await tx.trusted_ranges.known(job, self._clock.now())
        operations = await tx.operations.under_way(job.target.id, job.method)
        approved_removals = {
            str(network_of(each.subject)) for each in operations if each.kind is Kind.REMOVE_UNMANAGED
        }
        since = await tx.trusted_ranges.since_write(job.target.id)
        run = TrustedIpsReconciliation(
            job=job,
            held_since=held_since,
            known=replace(known, approved_removals=frozenset(approved_removals)),
            operations=operations,
            rested=BETWEEN if since is None else since,
            writes=await tx.trusted_ranges.writes(job.target.id),
        )
        return TrustedIpsPass(self, run)

    async def work(self, run: TrustedIpsReconciliation) -> None:
        """Makes one pass over a claimed space. Whatever happens is recorded, or the lease runs out."""
        try:
            try:
                seen, plan, outcome = await self._pass(run)
            except HerokuError as error:
                await self._recorder.give_back(run.job, error)
            else:
                await self._recorder.record(run, run.operations, seen, plan, outcome)
        except LeaseLostError:
            log.warning("reconciler.lease_lost", space=run.job.target.name)

    async def failed(self, run: TrustedIpsReconciliation, error: Exception) -> None:
        """Gives a space back whose pass failed in a way that nobody has thought of."""
        await self._recorder.broken(run.job, error)

    async def _pass(self, run: TrustedIpsReconciliation) -> tuple[Ruleset, RangesPlan, RangesOutcome]:
        """Reads, settles what earlier writes have left open, plans, and writes."""
        outcome = RangesOutcome()
        seen = await self._read(run)
        try:
            if run.writes and await self._catch_up(run, seen, outcome):
                seen = await self._read(run)
            plan = make_plan(run.known, seen)
            if plan.writes and not run.writes:
                await self._carry_out(run, seen, plan, outcome)
        except (HerokuRateLimitedError, HerokuUnauthorizedError) as error:
            plan, outcome.trouble = make_plan(run.known, seen), error
        return seen, plan, outcome

    async def _read(self, run: TrustedIpsReconciliation) -> Ruleset:
        async with self.holding(run):
            self.require_time(run)
        return await self._heroku.ruleset(run.job.target.id)

    async def _catch_up(self, run: TrustedIpsReconciliation, seen: Ruleset, outcome: RangesOutcome) -> bool:
        """Looks around writes that nobody has looked around yet: a process died, or an answer was lost.

        Returns:
            Whether something was written, so that the list is another one now.
        """
        found = await self._around(run, later=seen.id)
        if run.known.waiting and (found is None or not found.landed):
            return False
        run.known = replace(run.known, waiting=False)
        await self._hold(run, found, outcome)
        return outcome.changed

    async def _carry_out(
        self, run: TrustedIpsReconciliation, seen: Ruleset, plan: RangesPlan, outcome: RangesOutcome
    ) -> None:
        """Writes what is planned, and holds what others write around it."""
        if run.rested < BETWEEN:
            outcome.wait = BETWEEN - run.rested
            return
        if plan.again and run.rested < AGAIN:
            return
        edit = await self._still_right(run, plan.edit, outcome)
        if not run.current or not (edit or plan.again):
            return
        made = await self._put(run, seen, edited(seen.rules, edit), edit, outcome)
        if made is not None:
            await self._hold(run, await self._around(run, later=made.id), outcome)

    async def _still_right(self, run: TrustedIpsReconciliation, edit: Edit, outcome: RangesOutcome) -> Edit:
        """The change without what must not be added (now).

        Raises:
            LeaseLostError: the turn is over.
        """
        async with self.holding(run) as tx:
            wanted = [each for each in edit.add if await self._still_wanted(tx, run, each, outcome)]
        return Edit(add=tuple(wanted), remove=edit.remove)

    async def _still_wanted(
        self, tx: Transaction, run: TrustedIpsReconciliation, source: str, outcome: RangesOutcome
    ) -> bool:
        """Whether somebody who is to be let in by this range is a full member to this moment."""
        members = False
        for want in run.known.wants:
            if not want.opens or str(want.network) != source:
                continue
            stands = await membership_status(tx, want.owner)
            members = members or stands is MembershipStatus.MEMBER
            if stands is MembershipStatus.OUTSIDER:
                outcome.outsiders.add(want.grant)
        return members

    async def _hold(
        self, run: TrustedIpsReconciliation, found: Merged | None, outcome: RangesOutcome
    ) -> None:
        """Writes again, a few times, for as long as others' changes are not all in the list.

        Raises:
            HerokuRateLimitedError: the rate limit is used up; the next pass goes on from here.
            HerokuUnauthorizedError: the token is refused; the next pass goes on from here.
            LeaseLostError: the turn is over.
        """
        while found is not None and not found.holds and len(run.writes) < ROUNDS:
            outcome.merged += 1
            edit = run.writes[-1].edit
            made = await self._put(run, found.newest, found.rules, edit, outcome)
            if made is None:
                return
            found = await self._around(run, later=made.id)
        theirs = frozenset[str]() if found is None else found.theirs
        async with self.holding(run) as tx:
            await tx.trusted_ranges.checked(run.job, theirs=theirs)
            await self._recorder.tell_of_others(tx, run.job, run.writes, found)
        ours = tuple(each for each in run.known.ours if each.source not in theirs)
        run.known, run.writes = replace(run.known, ours=ours), ()

    async def _put(
        self, run: TrustedIpsReconciliation, base: Ruleset, rules: Rules, edit: Edit, outcome: RangesOutcome
    ) -> Ruleset | None:
        """Writes a list whole: its intent is recorded before, its outcome after; None when it was not made.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        write = Written(id=uuid4(), base=base.id, before=base.rules, edit=edit, rules=rules, ruleset=None)
        async with self.holding(run) as tx:
            await tx.trusted_ranges.intend(run.job, write)
        outcome.changed = True
        self.require_time(run)
        try:
            made = await self._heroku.put_ruleset(run.job.target.id, rules)
        except HerokuAmbiguousError as error:
            async with self.holding(run) as tx:
                await tx.trusted_ranges.unclear(run.job)
            outcome.trouble = error
        except HerokuError as error:
            await self._not_made(run, write, error, outcome)
        else:
            async with self.holding(run) as tx:
                await tx.trusted_ranges.answered(run.job, write.id, made.id)
            run.writes = (*run.writes, replace(write, ruleset=made.id))
            return made
        return None

    async def _not_made(
        self, run: TrustedIpsReconciliation, write: Written, error: HerokuError, outcome: RangesOutcome
    ) -> None:
        """Records a definite no; of a first write, it speaks of those whose ranges were to be added."""
        async with self.holding(run) as tx:
            await tx.trusted_ranges.nothing_written(run.job, write)
        if isinstance(error, HerokuRateLimitedError | HerokuUnauthorizedError):
            raise error
        outcome.trouble = error
        if isinstance(error, HerokuRefusedError) and not run.writes:
            outcome.refused = {
                want.grant: error.message
                for want in run.known.wants
                if want.opens and str(want.network) in write.edit.add
            }

    async def _around(self, run: TrustedIpsReconciliation, *, later: UUID) -> Merged | None:
        """What others wrote around our writes; None where the history does not tell.

        Args:
            turn: with at least one write of ours.
            later: a ruleset that came after the first write, or that write's own.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        async with self.holding(run):
            self.require_time(run)
        try:
            history = await self._heroku.rulesets(run.job.target.id)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            log.warning("reconciler.no_history", space=run.job.target.name, error=str(error))
            return None
        steps = chain(history, base=run.writes[0].base, later=later)
        return None if steps is None else merge(steps, run.writes)


@dataclass(frozen=True, slots=True)
class TrustedIpsPass:
    """One pass over a claimed space's list."""

    reconciler: TrustedIpsReconciler
    reconciliation: TrustedIpsReconciliation

    async def run(self) -> None:
        """Makes the pass."""
        await self.reconciler.work(self.reconciliation)

    async def failed(self, error: Exception) -> None:
        """Gives the space back."""
        await self.reconciler.failed(self.reconciliation, error)
