"""Rules that somebody else made: removed and taken over as was approved, and by nobody's leave else."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from bot.domain.grant import Why
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.plan import Plan
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.ports import BOT, AuditContext, Clock, Transaction
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import Noting
from bot.reconciler.mtls.recorder import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmanagedRulesExecutor:
    """What a pass over a database's rules does for changes that are about rules of others."""

    clock: Clock

    async def asking(self, tx: Transaction, turn: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that Heroku is about to be asked to remove rules, in the commit that records the intent."""
        await self._note(tx, turn, rules, lambda change: unmanaged_rules.asked(change, at=turn.present))

    async def not_asked(self, tx: Transaction, turn: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that Heroku was not asked for these after all: they do not wait for what cannot show."""
        await self._note(tx, turn, rules, unmanaged_rules.spared)

    def refused(self, turn: MtlsReconciliation, rule: UUID, message: str, outcome: Outcome) -> None:
        """Notes that Heroku will not remove a rule; raises nothing where no change is about it."""
        for change in turn.changes_of(Kind.UNDO):
            if rule in unmanaged_rules.rules_of(change):
                outcome.refuse(change, message)

    def conclude(self, turn: MtlsReconciliation, seen: MtlsSnapshot, drawn: Plan, outcome: Outcome) -> None:
        """Notes what the look has proven of each change, and which rules are ours from now on."""
        listed = {rule.id: rule for rule in seen.rules}
        for change in turn.changes_of(*unmanaged_rules.KINDS):
            if change.id in outcome.concluded:
                continue
            rules = unmanaged_rules.rules_of(change)
            if change.kind is Kind.ADOPT and seen.settled and rules <= listed.keys():
                outcome.adopted += [listed[rule] for rule in rules]
                outcome.finish(change)
            elif change.kind is Kind.UNDO and seen.settled and rules <= drawn.undone:
                outcome.finish(change)
            elif why := _failure(change, rules, drawn, settled=seen.settled):
                outcome.fail(change, why)
            else:
                outcome.waiting = True

    async def _note(
        self, tx: Transaction, turn: MtlsReconciliation, rules: Collection[UUID], noting: Noting
    ) -> None:
        doing = AuditContext(actor=BOT, at=self.clock.now())
        for change in turn.changes_of(Kind.UNDO):
            if not unmanaged_rules.rules_of(change).isdisjoint(rules):
                turn.changes[change.id] = after = noting(change)
                await tx.changes.move(change, after, doing=doing)


def _failure(change: Operation, rules: frozenset[UUID], drawn: Plan, *, settled: bool) -> Why | None:
    """Why a change will not be made; None while it still may be."""
    if change.kind is Kind.ADOPT and settled:
        return Why.CLOSED_ELSEWHERE
    if rules & drawn.needed:
        return Why.NEEDED
    return Why.DEADLINE if change.overdue else None
