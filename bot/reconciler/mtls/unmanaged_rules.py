"""Removes and adopts unmanaged rules, as approved operations say, and only those."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.plan import MtlsPlan
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.ports import BOT, AuditContext, Clock, Transaction
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import Noting


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmanagedRulesExecutor:
    """Notes requests and results of operations that are about unmanaged rules."""

    clock: Clock

    async def request(self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that the removal of rules is about to be requested, in the intent's own commit."""
        await self._note(
            tx, run, rules, lambda operation: unmanaged_rules.requested(operation, at=run.present)
        )

    async def cancel_request(self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID]) -> None:
        """Records that the removal of these was not requested after all: there is no effect to wait for."""
        await self._note(tx, run, rules, unmanaged_rules.not_requested)

    def reject(self, run: MtlsReconciliation, rule: UUID, message: str) -> None:
        """Notes that Heroku will not remove a rule, for the operations that are about it."""
        for operation in run.operations_of(Kind.REMOVE_UNMANAGED):
            if rule in unmanaged_rules.rules_of(operation):
                run.outcome.reject(operation, message)

    def conclude(self, run: MtlsReconciliation, seen: MtlsSnapshot, plan: MtlsPlan) -> None:
        """Notes what the observation has proven of each operation, and which rules are adopted."""
        listed = {rule.id: rule for rule in seen.rules}
        for operation in run.operations_of(*unmanaged_rules.KINDS):
            # Heroku's rejection in this run is later than the list that the rest follows from.
            if operation.id in run.outcome.operations:
                continue
            rules = unmanaged_rules.rules_of(operation)
            if operation.kind is Kind.ADOPT and seen.settled and rules <= listed.keys():
                run.adopted += [listed[rule] for rule in rules]
                run.outcome.finish(operation)
            elif operation.kind is Kind.REMOVE_UNMANAGED and seen.settled and rules <= plan.removed:
                run.outcome.finish(operation)
            elif why := _failure(operation, rules, plan, settled=seen.settled):
                run.outcome.fail(operation, why)
            else:
                run.outcome.waiting = True

    async def _note(
        self, tx: Transaction, run: MtlsReconciliation, rules: Collection[UUID], noting: Noting
    ) -> None:
        doing = AuditContext(actor=BOT, at=self.clock.now())
        for operation in run.operations_of(Kind.REMOVE_UNMANAGED):
            if not unmanaged_rules.rules_of(operation).isdisjoint(rules):
                run.operations[operation.id] = after = noting(operation)
                await tx.operations.update(operation, after, doing=doing)


def _failure(
    operation: Operation, rules: frozenset[UUID], plan: MtlsPlan, *, settled: bool
) -> ReasonCode | None:
    """Why an operation will not be done; None while it still may be."""
    if operation.kind is Kind.ADOPT and settled:
        return ReasonCode.CLOSED_ELSEWHERE
    if rules & plan.needed:
        return ReasonCode.NEEDED
    return ReasonCode.DEADLINE if operation.overdue else None
