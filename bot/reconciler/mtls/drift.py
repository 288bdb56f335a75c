"""What a look at a database's IP rules shows that nobody planned."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bot.domain.drift import NO_DRIFT, Drift, drift
from bot.domain.method import AUTHORISED
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import Plan
from bot.domain.request import Kind
from bot.ports import MessageKind, Transaction
from bot.reconciler.findings import Findings
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot

FEW: Final = 3
"""New rules of somebody else's that are told one by one; a script that adds sixty is told of once."""

NAMED: Final = 10
"""Networks that one message names; the status of the database has them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsDrift:
    """The part of a pass' record that is about what others did to the rules.

    Attributes:
        operations: the channel that hears of it.
        mark: what the descriptions of this installation's rules begin with; those are told of as strays.
    """

    operations: str
    mark: str

    async def find(
        self,
        tx: Transaction,
        run: MtlsReconciliation,
        seen: MtlsSnapshot,
        plan: Plan,
        ours: Collection[UUID],
    ) -> Drift:
        """Tells what is new since the last look, and returns all that stands otherwise than it was left."""
        if not seen.settled:
            return NO_DRIFT if run.observation is None else run.observation.drift
        unmanaged = [
            rule for rule in seen.rules if rule.id not in ours and not rule.description.startswith(self.mark)
        ]
        found = await self._drift(tx, run, seen, plan, unmanaged)
        finder = Findings(tx=tx, job=run.job, operations=self.operations)
        app, before = run.job.target.label, run.observation
        for network in () if run.operations_of(Kind.DISABLE) and not seen.enabled else plan.missing:
            await finder.tell_lost(MessageKind.RULE_MISSING, network, app=app, network=str(network))
        if before is None:
            # What stood there before pgaccess first looked is no news to anybody.
            return found
        known = {rule.id for rule in before.rules}
        news = [rule for rule in unmanaged if rule.id not in known]
        for rule in (rule for rule in news if str(rule.network) in found.back):
            await finder.tell(MessageKind.RULE_BACK, str(rule.id), app=app, network=str(rule.network))
        await _tell_unmanaged(finder, [rule for rule in news if str(rule.network) not in found.back])
        for each in sorted(found.unapplied - before.drift.unapplied):
            status = next(rule.status for rule in seen.rules if str(rule.network) == each)
            which = f"{each}:{run.job.lease}"
            await finder.tell(MessageKind.RULE_UNAPPLIED, which, app=app, network=each, status=status)
        return found

    async def _drift(
        self,
        tx: Transaction,
        run: MtlsReconciliation,
        seen: MtlsSnapshot,
        plan: Plan,
        unmanaged: Collection[IpRule],
    ) -> Drift:
        """All there is; the store is only asked where something could have come of it."""
        before = run.observation
        held = {str(want.network) for want in seen.known.wants if want.holds}
        idle = _idle(seen.rules) & held
        told = before is not None and bool(before.drift.missing)
        if not (unmanaged or idle or plan.missing or told):
            return NO_DRIFT
        return drift(
            await tx.mtls_rules.recently_removed(run.job.target.id),
            listed={str(rule.network) for rule in seen.rules},
            unmanaged={str(rule.network) for rule in unmanaged},
            idle=idle,
            idle_before=frozenset() if before is None else _idle(before.rules),
        )


async def _tell_unmanaged(finder: Findings, news: Sequence[IpRule]) -> None:
    """Tells what others have added since the last look: one by one, or a crowd in one message."""
    app = finder.job.target.label
    if len(news) <= FEW:
        for rule in news:
            network = str(rule.network)
            await finder.tell(MessageKind.RULE_UNMANAGED, str(rule.id), app=app, network=network)
        return
    networks = ", ".join(f"`{rule.network}`" for rule in news[:NAMED]) + (" …" if news[NAMED:] else "")
    which, count = str(news[0].id), str(len(news))
    await finder.tell(MessageKind.RULES_UNMANAGED, which, app=app, count=count, networks=networks)


def _idle(rules: Iterable[IpRule]) -> frozenset[str]:
    """Networks that are listed, and that no rule lets in."""
    statuses: dict[str, set[str]] = {}
    for rule in rules:
        statuses.setdefault(str(rule.network), set()).add(rule.status)
    return frozenset(network for network, found in statuses.items() if AUTHORISED not in found)
