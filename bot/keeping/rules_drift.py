"""What a look at a database's IP rules shows that nobody planned."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from bot.domain.drift import NO_DRIFT, Drift, drift
from bot.domain.methods import AUTHORISED
from bot.domain.plan import Plan
from bot.domain.target import Rule
from bot.keeping.drifting import Finder
from bot.keeping.observing import RulesTurn, Seen
from bot.ports import PostKind, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesDrift:
    """The part of a pass' record that is about what others did to the rules.

    Attributes:
        operations: the channel that hears of it.
        mark: what the descriptions of this installation's rules begin with; those are told of as strays.
    """

    operations: str
    mark: str

    async def find(
        self, tx: Transaction, turn: RulesTurn, seen: Seen, drawn: Plan, ours: Collection[UUID]
    ) -> Drift:
        """Tells what is new since the last look, and returns all that stands otherwise than it was left."""
        if not seen.settled:
            return NO_DRIFT if turn.look is None else turn.look.drift
        foreign = [
            rule for rule in seen.rules if rule.id not in ours and not rule.description.startswith(self.mark)
        ]
        found = await self._drift(tx, turn, seen, drawn, foreign)
        finder = Finder(tx=tx, job=turn.job, operations=self.operations)
        app, before = turn.job.target.label, turn.look
        for network in drawn.missing:
            await finder.tell_lost(PostKind.NOTICE_RULE_MISSING, network, app=app, network=str(network))
        if before is None:
            # What stood there before pgaccess first looked is no news to anybody.
            return found
        known = {rule.id for rule in before.rules}
        for rule in (rule for rule in foreign if rule.id not in known):
            back = str(rule.network) in found.back
            kind = PostKind.NOTICE_RULE_BACK if back else PostKind.NOTICE_RULE_FOREIGN
            await finder.tell(kind, str(rule.id), app=app, network=str(rule.network))
        for each in sorted(found.unapplied - before.drift.unapplied):
            status = next(rule.status for rule in seen.rules if str(rule.network) == each)
            which = f"{each}:{turn.job.lease}"
            await finder.tell(PostKind.NOTICE_RULE_UNAPPLIED, which, app=app, network=each, status=status)
        return found

    async def _drift(
        self, tx: Transaction, turn: RulesTurn, seen: Seen, drawn: Plan, foreign: Collection[Rule]
    ) -> Drift:
        """All there is; the store is only asked where something could have come of it."""
        before = turn.look
        held = {str(want.network) for want in seen.known.wants if want.holds}
        idle = _idle(seen.rules) & held
        told = before is not None and bool(before.drift.missing)
        if not (foreign or idle or drawn.missing or told):
            return NO_DRIFT
        return drift(
            await tx.entries.lately(turn.job.target.id),
            listed={str(rule.network) for rule in seen.rules},
            foreign={str(rule.network) for rule in foreign},
            idle=idle,
            idle_before=frozenset() if before is None else _idle(before.rules),
        )


def _idle(rules: Iterable[Rule]) -> frozenset[str]:
    """Networks that are listed, and that no rule lets in."""
    statuses: dict[str, set[str]] = {}
    for rule in rules:
        statuses.setdefault(str(rule.network), set()).add(rule.status)
    return frozenset(network for network, found in statuses.items() if AUTHORISED not in found)
