"""What a look at a space's list shows that nobody planned."""

from dataclasses import dataclass, replace

from bot.domain.drift import Drift
from bot.domain.subject import Network
from bot.domain.trusted_ips.plan import RangesPlan
from bot.domain.trusted_ips.ruleset import EVERYWHERE, Ruleset, RulesetObservation
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.reconciler.findings import Findings


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedIpsDrift:
    """The part of a pass' record that is about what others did to the list.

    Attributes:
        operations: the channel that hears of it.
    """

    operations: str

    async def find(
        self, tx: Transaction, job: ReconcileJob, plan: RangesPlan, observation: RulesetObservation
    ) -> RulesetObservation:
        """Tells what is new since the last look, and returns the look with all that it has found."""
        seen, space = observation.ruleset, job.target.label
        finder = Findings(tx=tx, job=job, operations=self.operations)
        for source in plan.stuck:
            await finder.tell(MessageKind.RANGE_STUCK, f"{source}:{seen.id}", space=space, range=source)
        for source in plan.missing:
            lost = Network(source)
            await finder.tell_lost(MessageKind.RANGE_MISSING, lost, space=space, range=source)
        known = await tx.reconcile_queue.look(job.target.id, job.method)
        if isinstance(known, RulesetObservation):
            await _tell_new(finder, plan, known, observation)
        lost_lately = (await tx.trusted_ranges.recently_removed(job.target.id)).lost
        missing = lost_lately - allowed(seen)
        return replace(observation, drift=Drift(back=frozenset(plan.back), missing=missing))


def allowed(ruleset: Ruleset) -> frozenset[str]:
    """Sources that a list lets in."""
    return frozenset(rule.source for rule in ruleset.rules if rule.network is not None)


async def _tell_new(
    finder: Findings, plan: RangesPlan, known: RulesetObservation, observation: RulesetObservation
) -> None:
    seen, space = observation.ruleset, finder.job.target.label
    by = seen.by or "–"
    # It may take a moment by itself: what two looks have seen is told.
    if seen.applied is False and seen.id == known.ruleset.id and not plan.writes:
        await finder.tell(MessageKind.RANGES_UNAPPLIED, str(seen.id), space=space, by=by)
    for source in sorted(allowed(seen) - allowed(known.ruleset) - observation.ours - {EVERYWHERE}):
        kind = MessageKind.RANGE_BACK if source in plan.back else MessageKind.RANGE_UNMANAGED
        await finder.tell(kind, f"{source}:{seen.id}", space=space, range=source, by=by)
