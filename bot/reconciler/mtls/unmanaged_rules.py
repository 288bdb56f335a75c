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

    async def asking(self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that Heroku is about to be asked to remove rules, in the commit that records the intent."""
        await self._note(tx, run, rules, lambda operation: unmanaged_rules.asked(operation, at=run.present))

    async def not_asked(self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that Heroku was not asked for these after all: they do not wait for what cannot show."""
        await self._note(tx, run, rules, unmanaged_rules.spared)

    def refused(self, run: MtlsReconciliation, rule: UUID, message: str, outcome: Outcome) -> None:
        """Notes that Heroku will not remove a rule; raises nothing where no change is about it."""
        for operation in run.operations_of(Kind.REMOVE_UNMANAGED):
            if rule in unmanaged_rules.rules_of(operation):
                outcome.refuse(operation, message)

    def conclude(self, run: MtlsReconciliation, seen: MtlsSnapshot, plan: Plan, outcome: Outcome) -> None:
        """Notes what the look has proven of each change, and which rules are ours from now on."""
        listed = {rule.id: rule for rule in seen.rules}
        for operation in run.operations_of(*unmanaged_rules.KINDS):
            if operation.id in outcome.concluded:
                continue
            rules = unmanaged_rules.rules_of(operation)
            if operation.kind is Kind.ADOPT and seen.settled and rules <= listed.keys():
                outcome.adopted += [listed[rule] for rule in rules]
                outcome.finish(operation)
            elif operation.kind is Kind.REMOVE_UNMANAGED and seen.settled and rules <= plan.undone:
                outcome.finish(operation)
            elif why := _failure(operation, rules, plan, settled=seen.settled):
                outcome.fail(operation, why)
            else:
                outcome.waiting = True

    async def _note(
        self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID], noting: Noting
    ) -> None:
        doing = AuditContext(actor=BOT, at=self.clock.now())
        for operation in run.operations_of(Kind.REMOVE_UNMANAGED):
            if not unmanaged_rules.rules_of(operation).isdisjoint(rules):
                run.operations[operation.id] = after = noting(operation)
                await tx.operations.move(operation, after, doing=doing)


def _failure(operation: Operation, rules: frozenset[UUID], plan: Plan, *, settled: bool) -> Why | None:
    """Why a change will not be made; None while it still may be."""
    if operation.kind is Kind.ADOPT and settled:
        return Why.CLOSED_ELSEWHERE
    if rules & plan.needed:
        return Why.NEEDED
    return Why.DEADLINE if operation.overdue else None
