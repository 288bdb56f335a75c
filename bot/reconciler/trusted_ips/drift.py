"""Finds what an observation of a space's list shows that was not planned."""

from dataclasses import dataclass, replace

from bot.domain.drift import Drift
from bot.domain.observation import ruleset_observation
from bot.domain.policy.rules import Policy
from bot.domain.reports.findings import stuck, unapplied, unmanaged
from bot.domain.subject import Network
from bot.domain.trusted_ips.plan import TrustedIpsPlan
from bot.domain.trusted_ips.ruleset import EVERYWHERE, Ruleset, RulesetObservation
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.reconciler.findings import Findings


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedIpsDrift:
    """Compares an observed list with what was left, and reports what differs.

    Attributes:
        policy: names the channels that hear of it.
    """

    policy: Policy

    async def find(
        self, tx: Transaction, job: ReconcileJob, plan: TrustedIpsPlan, observation: RulesetObservation
    ) -> RulesetObservation:
        """Reports what is new since the last observation, and returns this one with all that differs."""
        ruleset, space = observation.ruleset, job.target.label
        findings = Findings(tx=tx, job=job, policy=self.policy, at=observation.at)
        for source in plan.stuck:
            about = (stuck(job.target.id, source),)
            await findings.report(
                MessageKind.RANGE_STUCK, f"{source}:{ruleset.id}", about=about, space=space, range=source
            )
        for source in plan.lost_adopted:
            await findings.report_lost(
                MessageKind.RANGE_MISSING, Network(source), name=source, space=space, range=source
            )
        before = ruleset_observation(job.observation)
        if before is not None:
            await _report_new(findings, plan, before, observation)
        else:
            # What was there before the first observation is not drift; it is told of once, as a list.
            others = sorted(allowed(ruleset) - observation.ours - {EVERYWHERE})
            await findings.report_several({each: each for each in others}, occurrence="", first=True)
        lost = (await tx.trusted_ranges.recent_removals(job.target.id)).lost
        drift = Drift(back=frozenset(plan.back), missing=lost - allowed(ruleset))
        return replace(observation, drift=drift)


def allowed(ruleset: Ruleset) -> frozenset[str]:
    """Returns the sources that a list allows."""
    return frozenset(rule.source for rule in ruleset.rules if rule.network is not None)


async def _report_new(
    findings: Findings, plan: TrustedIpsPlan, before: RulesetObservation, observation: RulesetObservation
) -> None:
    ruleset, space = observation.ruleset, findings.job.target.label
    target = findings.job.target.id
    by = ruleset.by or "–"
    # It may take a moment by itself: what two observations have shown is reported.
    if ruleset.applied is False and ruleset.id == before.ruleset.id and not plan.changes_heroku:
        about = (unapplied(target, ruleset.id),)
        await findings.report(MessageKind.RANGES_UNAPPLIED, str(ruleset.id), about=about, space=space, by=by)
    for source in sorted(allowed(ruleset) - allowed(before.ruleset) - observation.ours - {EVERYWHERE}):
        kind = MessageKind.RANGE_BACK if source in plan.back else MessageKind.RANGE_UNMANAGED
        about = (unmanaged(target, source),)
        params = {"space": space, "range": source, "listed": source, "by": by}
        await findings.report(kind, f"{source}:{ruleset.id}", about=about, **params)
