"""Reads and writes a space's list: read, edit, write whole, read what came between, write again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import structlog

from bot.domain.grant import ReasonCode
from bot.domain.policy.rules import Policy
from bot.domain.trusted_ips.merge import Merged, Rules, Written, chain, merge
from bot.domain.trusted_ips.plan import Edit, StoredRanges, TrustedIpsPlan, edited
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuRefusedError
from bot.ports import Heroku, MessageKind, Store, Transaction
from bot.reconciler.findings import Findings
from bot.reconciler.lease import LeaseManager
from bot.reconciler.membership import grants_allowed_now
from bot.reconciler.outcome import STOPPING
from bot.reconciler.reconciliation import Reconciliation

ROUNDS: Final = 5
"""Writes in one run at most while others keep writing in between; then a person has to look."""

BETWEEN: Final = timedelta(seconds=1)
"""Pause between two writes to one space: what is approved meanwhile goes into the same write."""

AGAIN: Final = timedelta(seconds=15)
"""How long a list may be stored only before it is written once more: how long Heroku takes to apply it is
undocumented, and every write begins it anew."""

SHOWN: Final = 25
"""Lines of a list that a finding shows; a space has 20 at most, unless Heroku's limit has grown."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class TrustedIpsReconciliation(Reconciliation):
    """A reconcile run over a space's list.

    Attributes:
        stored: what the store knows; what the history has shown since is taken into account.
        since_write: how long ago pgaccess last wrote the list, at the claim.
        writes: lists that pgaccess wrote and whose history was not read yet.
    """

    stored: StoredRanges
    since_write: timedelta = BETWEEN
    writes: tuple[Written, ...] = ()


class RulesetExecutor(LeaseManager):
    """Reads and writes the lists of spaces.

    Args:
        store: the source of truth.
        heroku: where it is done.
        policy: asked again before anything is opened; names who hears what could not be kept or read.
    """

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy) -> None:
        super().__init__(store=store, deadline=heroku.deadline)
        self._heroku = heroku
        self._policy = policy

    async def observe(self, run: TrustedIpsReconciliation) -> Ruleset:
        """Reads the list, and once more where settling earlier writes has changed it.

        Raises:
            HerokuError: nothing was observed.
            LeaseLostError: the lease is lost.
        """
        seen = await self._read(run)
        if run.writes:
            with run.outcome.halting():
                if await self._settle_earlier_writes(run, seen):
                    seen = await self._read(run)
        return seen

    async def carry_out(self, run: TrustedIpsReconciliation, seen: Ruleset, plan: TrustedIpsPlan) -> None:
        """Writes what is planned, and keeps what others write around it.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        if run.since_write < BETWEEN:
            run.outcome.delay = BETWEEN - run.since_write
            return
        if plan.write_again and run.since_write < AGAIN:
            return
        edit = await self._confirmed(run, plan.edit)
        # Renewing the lease has just told whether the grants are still those of the plan.
        if not run.current or not (edit or plan.write_again):
            return
        written = await self._put(run, seen, edited(seen.rules, edit), edit)
        if written is not None:
            await self._keep_others(run, await self._history(run, later=written.id))

    async def _read(self, run: TrustedIpsReconciliation) -> Ruleset:
        # Renewed before each read: the calls of one run may take longer than one lease.
        async with self.holding(run):
            self.require_time(run)
        return await self._heroku.ruleset(run.job.target.id)

    async def _settle_earlier_writes(self, run: TrustedIpsReconciliation, seen: Ruleset) -> bool:
        """Reads the history of writes where that is missing: a process died, or an answer was lost.

        Returns:
            Whether something was written, so that the list has changed.
        """
        merged = await self._history(run, later=seen.id)
        # A write whose answer was lost may still land on top of anything that is written now.
        if run.stored.ambiguous and (merged is None or not merged.landed):
            return False
        run.stored = replace(run.stored, ambiguous=False)
        await self._keep_others(run, merged)
        return run.outcome.changed

    async def _confirmed(self, run: TrustedIpsReconciliation, edit: Edit) -> Edit:
        """The edit without what must not be added, at least not now.

        Raises:
            LeaseLostError: the lease is lost.
        """
        async with self.holding(run) as tx:
            add = [source for source in edit.add if await self._is_allowed(tx, run, source)]
        return Edit(add=tuple(add), remove=edit.remove)

    async def _keep_others(self, run: TrustedIpsReconciliation, merged: Merged | None) -> None:
        """Writes again, a few times, for as long as others' changes are not all in the list.

        Raises:
            HerokuRateLimitedError: the rate limit is used up; the next run goes on from here.
            HerokuUnauthorizedError: the token is rejected; the next run goes on from here.
            LeaseLostError: the lease is lost.
        """
        while merged is not None and not merged.holds and len(run.writes) < ROUNDS:
            written = await self._put(run, merged.newest, merged.rules, run.writes[-1].edit)
            if written is None:
                return
            merged = await self._history(run, later=written.id)
        # A history that does not tell settles the writes too: unsettled, they would block every further one.
        theirs = frozenset[str]() if merged is None else merged.theirs
        async with self.holding(run) as tx:
            await tx.trusted_ranges.settle_writes(run.job, theirs=theirs)
            await self._report_others(tx, run, merged)
        # In the store these are no longer owned, and this run must not plan their removal.
        entries = tuple(entry for entry in run.stored.entries if entry.key not in theirs)
        run.stored, run.writes = replace(run.stored, entries=entries), ()

    async def _put(
        self, run: TrustedIpsReconciliation, base: Ruleset, rules: Rules, edit: Edit
    ) -> Ruleset | None:
        """Writes a list whole: its intent is recorded before, its result after; None when it was not made.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        # Until its result is recorded the write counts as unsettled: the history has to be read around it.
        write = Written(id=uuid4(), base=base.id, before=base.rules, edit=edit, rules=rules, ruleset=None)
        async with self.holding(run) as tx:
            await tx.trusted_ranges.intend_write(run.job, write)
        run.outcome.changed = True
        self.require_time(run)
        try:
            # There is no precondition that Heroku would check: what came in between is merged afterwards.
            ruleset = await self._heroku.put_ruleset(run.job.target.id, rules)
        except HerokuAmbiguousError as error:
            async with self.holding(run) as tx:
                await tx.trusted_ranges.ambiguous(run.job)
            run.outcome.error = error
        except HerokuError as error:
            await self._not_written(run, write, error)
        else:
            async with self.holding(run) as tx:
                await tx.trusted_ranges.created(run.job, write.id, ruleset.id)
            run.writes = (*run.writes, replace(write, ruleset=ruleset.id))
            return ruleset
        return None

    async def _not_written(self, run: TrustedIpsReconciliation, write: Written, error: HerokuError) -> None:
        """Records a definite rejection; of a first write, it speaks of the grants that it was to open."""
        async with self.holding(run) as tx:
            await tx.trusted_ranges.rejected(run.job, write)
        if isinstance(error, STOPPING):
            raise error
        run.outcome.error = error
        if isinstance(error, HerokuRefusedError) and not run.writes:
            run.outcome.fail_grants(run.stored.opening(write.edit.add), ReasonCode.REFUSED, error.message)

    async def _history(self, run: TrustedIpsReconciliation, *, later: UUID) -> Merged | None:
        """Reads what others wrote around our writes; None where the history does not tell.

        Args:
            run: with at least one write of ours.
            later: a ruleset that came after the first write, or that write's own.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is rejected.
            LeaseLostError: the lease is lost.
        """
        async with self.holding(run):
            self.require_time(run)
        try:
            history = await self._heroku.rulesets(run.job.target.id)
        except STOPPING:
            raise
        except HerokuError as error:
            log.warning("reconciler.no_history", space=run.job.target.name, error=str(error))
            return None
        steps = chain(history, base=run.writes[0].base, later=later)
        return None if steps is None else merge(steps, run.writes)

    async def _report_others(
        self, tx: Transaction, run: TrustedIpsReconciliation, merged: Merged | None
    ) -> None:
        """Reports what could not be kept or read, in the commit that settles our writes."""
        findings = Findings(tx=tx, job=run.job, policy=self._policy)
        space, occurrence = run.job.target.label, str(run.writes[-1].id)
        if merged is None:
            lists = {"before": _text(run.writes[0].before), "after": _text(run.writes[-1].rules)}
            await findings.report(MessageKind.RANGES_UNSEEN, occurrence, space=space, **lists)
        elif not merged.holds:
            by = merged.newest.by or "–"
            await findings.report(MessageKind.RANGES_CONTENDED, occurrence, space=space, by=by)

    async def _is_allowed(self, tx: Transaction, run: TrustedIpsReconciliation, source: str) -> bool:
        """Whether a range is to be opened for somebody who may have it at this moment."""
        opening = run.stored.opening([source])
        grants = [grant for grant in run.stored.grants if grant.grant in opening]
        return bool(await grants_allowed_now(tx, self._policy, run.job, grants, run.outcome))


def _text(rules: Sequence[RulesetRule]) -> str:
    return ", ".join(f"{rule.action} {rule.source}" for rule in rules[:SHOWN])
