"""What others wrote around our own writes to a space's list, and the list that keeps all of it.

Heroku takes a list whole and without a precondition, so a write of ours undoes what somebody else wrote after
our read. The space's history tells afterwards what that was: from the ruleset that our first write was made
from, every step is either ours or somebody else's change to the ruleset just before it. Following only theirs
gives the list as it would be without us; our own change is then made to that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from bot.domain.trusted_ips.plan import Edit
from bot.domain.trusted_ips.ruleset import ALLOW, LIMIT, Ruleset, RulesetRule

Rules = tuple[RulesetRule, ...]
"""A list, in its order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A list that we wrote, as long as it is not known what others wrote around it.

    Attributes:
        id: our own, of the write.
        base: the ruleset that it was made from.
        before: its list.
        edit: the change that we meant to make.
        rules: the whole list, as it was sent.
        ruleset: what Heroku made of it; None while the answer is lost.
    """

    id: UUID
    base: UUID
    before: Rules
    edit: Edit
    rules: Rules
    ruleset: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """What a history has shown.

    Attributes:
        newest: the list as it stands now.
        rules: the list as it has to be, so that every outside change holds.
        theirs: sources that we were about to add, and that somebody else has added meanwhile.
        landed: whether it has each of our writes, those whose answers were lost too.
    """

    newest: Ruleset
    rules: Rules
    theirs: frozenset[str]
    landed: bool

    @property
    def holds(self) -> bool:
        """Whether nothing has to be written."""
        return self.rules == self.newest.rules


def chain(history: Sequence[Ruleset], *, base: UUID, later: UUID) -> tuple[Ruleset, ...] | None:
    """A history from one ruleset on, the oldest first.

    Which end of a history is the newest is documented nowhere; two rulesets whose order is known tell.

    Args:
        history: as Heroku lists it.
        base: where to begin.
        later: one that came after it, or the same.

    Returns:
        None when the history does not have both, is in no order of time, or has a list in between that could
        not be read: then it is unknown.
    """
    moments = [ruleset.at for ruleset in history if ruleset.at is not None]
    # Equal times pass both ways: Heroku's clock tells whole seconds, so a tie contradicts no order.
    if moments not in (sorted(moments), sorted(moments, reverse=True)):
        return None
    ids = [ruleset.id for ruleset in history]
    if base not in ids or later not in ids:
        return None
    first, last = ids.index(base), ids.index(later)
    if first == last:
        # Nothing is known to have come after it, and so nothing of the list's direction.
        steps = history[first : first + 1]
    else:
        steps = history[first:] if first < last else tuple(reversed(history[: first + 1]))
    return tuple(steps) if all(step.readable for step in steps) else None


def merge(steps: Sequence[Ruleset], writes: Sequence[Written], *, limit: int = LIMIT) -> Merged:
    """The list that keeps every change that others made around our writes, and of ours what they left.

    What others took away of our own stays away here: whether it is to be opened again is the plan's to say.

    Args:
        steps: from the ruleset that our first write was made from to the newest, the oldest first.
        writes: ours since, in their order, at least one.
        limit: how many ranges a space can hold; where theirs need the room, ours give way.
    """
    ours = _ours(steps, writes)
    theirs: Rules = steps[0].rules
    for before, after in pairwise(steps):
        if after.id not in ours:
            theirs = follow(theirs, before.rules, after.rules)
    edit, newest = writes[-1].edit, steps[-1]
    added = frozenset(edit.add)
    already = added & {rule.source for rule in theirs if rule.action == ALLOW}
    # Lines are counted, since a list may hold one twice and both then belong to somebody.
    wanted = Counter(theirs)
    present = Counter(steps[0].rules)
    # Only as many as the base had are taken out: what others have listed since stays.
    wanted.subtract({rule: present[rule] for rule in (RulesetRule(ALLOW, source) for source in edit.remove)})
    standing = [rule for rule in newest.rules if rule.action == ALLOW and rule.source in added - already]
    standing = standing[: max(0, limit - sum((+wanted).values()))]
    rules = _with(standing, +wanted, theirs, newest, newest.id in ours)
    return Merged(
        newest=newest,
        # Never empty: then what stands there is left to a person.
        rules=rules if any(rule.action == ALLOW for rule in rules) else newest.rules,
        theirs=already,
        landed=len(ours) == len(writes),
    )


def follow(list_: Rules, before: Rules, after: Rules) -> Rules:
    """A list with the change made to it that leads from one list to another, their order included.

    What the change touches is as it was left: somebody who adds anew what our write undid adds it once.
    """
    was, became = Counter(before), Counter(after)
    touched = {rule: became[rule] for rule in was | became if was[rule] != became[rule]}
    return _arranged(Counter({**Counter(list_), **touched}), after, list_)


def _with(
    standing: Sequence[RulesetRule],
    unmanaged: Counter[RulesetRule],
    theirs: Rules,
    newest: Ruleset,
    is_ours: bool,
) -> Rules:
    """The unmanaged lines and ours that stand; the newest list itself where nothing unmanaged differs in it.

    A list of ours has the order of what we had read, a list of theirs the order that they want.
    """
    lists = (theirs, newest.rules) if is_ours else (newest.rules, theirs)
    rules = (*_arranged(unmanaged, *lists), *standing)
    same = Counter(rules) == Counter(newest.rules) and _without(standing, rules) == _without(
        standing, newest.rules
    )
    return newest.rules if same else rules


def _without(some: Sequence[RulesetRule], rules: Rules) -> Rules:
    return tuple(rule for rule in rules if rule not in some)


def _ours(steps: Sequence[Ruleset], writes: Iterable[Written]) -> frozenset[UUID]:
    """The rulesets that we wrote; one whose answer was lost is known by its content."""
    ours = {write.ruleset for write in writes if write.ruleset is not None}
    for write in writes:
        if write.ruleset is None:
            # Not the base, which was there before. One lost answer explains one ruleset: an equal one after
            # it was written by somebody else.
            found = (each.id for each in steps[1:] if each.id not in ours and each.rules == write.rules)
            ours.update(list(found)[:1])
    return frozenset(ours)


def _arranged(wanted: Counter[RulesetRule], first: Rules, then: Rules) -> Rules:
    """Lines in the order of one list; what only a second one has comes behind its neighbour there."""
    left, made = Counter(wanted), list[RulesetRule]()
    for rule in first:
        if left[rule] > 0:
            made.append(rule)
            left[rule] -= 1
    for place, rule in enumerate(then):
        if left[rule] > 0:
            neighbour = next((each for each in reversed(then[:place]) if each in made), None)
            at = 0 if neighbour is None else len(made) - made[::-1].index(neighbour)
            made.insert(at, rule)
            left[rule] -= 1
    return tuple(made)
