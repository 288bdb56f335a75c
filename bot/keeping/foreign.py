"""Rules that somebody else made: removed and taken over as was approved, and by nobody's leave else."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from bot.domain import foreign
from bot.domain.change import Change
from bot.domain.grant import Why
from bot.domain.plan import Plan
from bot.domain.request import Kind
from bot.keeping.changing import Noting
from bot.keeping.observing import RulesTurn, Seen
from bot.keeping.recording import Outcome
from bot.ports import BOT, Clock, Doing, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignHands:
    """What a pass over a database's rules does for changes that are about rules of others."""

    clock: Clock

    async def asking(self, tx: Transaction, turn: RulesTurn, rules: Collection[UUID]) -> None:
        """Records that Heroku is about to be asked to remove rules, in the commit that records the intent."""
        await self._note(tx, turn, rules, lambda change: foreign.asked(change, at=turn.present))

    async def not_asked(self, tx: Transaction, turn: RulesTurn, rules: Collection[UUID]) -> None:
        """Records that Heroku was not asked for these after all: they do not wait for what cannot show."""
        await self._note(tx, turn, rules, foreign.spared)

    def refused(self, turn: RulesTurn, rule: UUID, message: str, outcome: Outcome) -> None:
        """Notes that Heroku will not remove a rule; raises nothing where no change is about it."""
        for change in turn.changes_of(Kind.UNDO):
            if rule in foreign.rules_of(change):
                outcome.refuse(change, message)

    def conclude(self, turn: RulesTurn, seen: Seen, drawn: Plan, outcome: Outcome) -> None:
        """Notes what the look has proven of each change, and which rules are ours from now on."""
        listed = {rule.id: rule for rule in seen.rules}
        for change in turn.changes_of(*foreign.KINDS):
            if change.id in outcome.concluded:
                continue
            rules = foreign.rules_of(change)
            if change.kind is Kind.ADOPT and seen.settled and rules <= listed.keys():
                outcome.adopted += [listed[rule] for rule in rules]
                outcome.finish(change)
            elif change.kind is Kind.UNDO and seen.settled and rules <= drawn.undone:
                outcome.finish(change)
            elif why := _failure(change, rules, drawn, settled=seen.settled):
                outcome.fail(change, why)
            else:
                outcome.waiting = True

    async def _note(self, tx: Transaction, turn: RulesTurn, rules: Collection[UUID], noting: Noting) -> None:
        doing = Doing(actor=BOT, at=self.clock.now())
        for change in turn.changes_of(Kind.UNDO):
            if not foreign.rules_of(change).isdisjoint(rules):
                turn.changes[change.id] = after = noting(change)
                await tx.changes.move(change, after, doing=doing)


def _failure(change: Change, rules: frozenset[UUID], drawn: Plan, *, settled: bool) -> Why | None:
    """Why a change will not be made; None while it still may be."""
    if change.kind is Kind.ADOPT and settled:
        return Why.CLOSED_ELSEWHERE
    if rules & drawn.needed:
        return Why.NEEDED
    return Why.DEADLINE if change.overdue else None
