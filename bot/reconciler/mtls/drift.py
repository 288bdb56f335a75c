"""Finds what an observation of a database's IP rules shows that was not planned."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain.drift import NO_DRIFT, Drift
from bot.domain.method import AUTHORISED
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import MtlsPlan
from bot.domain.policy.rules import Policy
from bot.domain.reports.findings import unapplied, unmanaged
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.ports import MessageKind, Transaction
from bot.reconciler.findings import Findings, find_drift
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot

FEW: Final = 3
"""New unmanaged rules that are reported one by one; a script that adds sixty is reported once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsDrift:
    """Compares observed rules with what was left, and reports what differs.

    Attributes:
        policy: names the channels that hear of it.
        markers: what the descriptions of this installation's rules begin with; those are reported as orphans.
    """

    policy: Policy
    markers: tuple[str, ...]

    async def find(
        self,
        tx: Transaction,
        run: MtlsReconciliation,
        seen: MtlsSnapshot,
        plan: MtlsPlan,
        owned: Collection[UUID],
        now: datetime,
    ) -> Drift:
        """Reports what is new since the last observation, and returns all that differs."""
        before = run.observation
        if not seen.settled:
            return NO_DRIFT if before is None else before.drift
        others = [
            rule
            for rule in seen.rules
            if rule.id not in owned and not rule.description.startswith(self.markers)
        ]
        drift = await find_drift(
            tx.mtls_rules,
            run.job,
            before=None if before is None else before.drift,
            listed={str(rule.network) for rule in seen.rules},
            unmanaged={str(rule.network) for rule in others},
            idle=_idle(seen.rules) & {str(network) for network in run.stored.held},
            idle_before=frozenset() if before is None else _idle(before.rules),
            lost=plan.lost_adopted,
        )
        findings = Findings(tx=tx, job=run.job, policy=self.policy, at=now)
        app = run.job.target.label
        # Disabling removes every rule, as was approved.
        disabled = run.operations_of(Kind.DISABLE) and not seen.enabled
        for network in () if disabled else plan.lost_adopted:
            await findings.report_lost(
                MessageKind.RULE_MISSING, Network(network), name=network, app=app, network=network
            )
        if before is None:
            # What was there before the first observation is not drift; it is told of once, as a list.
            there = {str(rule.id): str(rule.network) for rule in others}
            await findings.report_several(there, occurrence="", first=True)
            return drift
        known = {rule.id for rule in before.rules}
        news = [rule for rule in others if rule.id not in known]
        for rule in (rule for rule in news if str(rule.network) in drift.back):
            network, about = str(rule.network), (unmanaged(run.job.target.id, rule.id),)
            await findings.report(
                MessageKind.RULE_BACK, str(rule.id), about=about, app=app, network=network, listed=network
            )
        await _report_unmanaged(findings, [rule for rule in news if str(rule.network) not in drift.back])
        for each in sorted(drift.unapplied - before.drift.unapplied):
            status = next(rule.status for rule in seen.rules if str(rule.network) == each)
            occurrence = f"{each}:{run.job.lease}"
            about = (unapplied(run.job.target.id, each),)
            params = {"app": app, "network": each, "listed": each, "status": status}
            await findings.report(MessageKind.RULE_UNAPPLIED, occurrence, about=about, **params)
        return drift


async def _report_unmanaged(findings: Findings, news: Sequence[IpRule]) -> None:
    """Reports what others have added since the last observation: one by one, or many in one message."""
    if len(news) > FEW:
        await findings.report_several(
            {str(rule.id): str(rule.network) for rule in news}, occurrence=str(news[0].id)
        )
        return
    app, target = findings.job.target.label, findings.job.target.id
    for rule in news:
        network, about = str(rule.network), (unmanaged(target, rule.id),)
        await findings.report(
            MessageKind.RULE_UNMANAGED, str(rule.id), about=about, app=app, network=network, listed=network
        )


def _idle(rules: Iterable[IpRule]) -> frozenset[str]:
    """Networks that are listed, and that no rule allows."""
    statuses: dict[str, set[str]] = {}
    for rule in rules:
        statuses.setdefault(str(rule.network), set()).add(rule.status)
    return frozenset(network for network, found in statuses.items() if AUTHORISED not in found)
