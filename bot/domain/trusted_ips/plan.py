"""The trusted IP ranges of a space: what one look saw, and what has to be written.

A space has one list, replaced whole, and nothing tells two writers of each other. So a write is always a
change to what was just read: foreign rules keep their order and action, ours are added at the end or taken
out, and the list is never written empty. Pure: values in, values out; planned again on its own result, the
plan is empty.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from bot.domain.grant import GrantState, Why
from bot.domain.subject import Network
from bot.domain.trusted_ips.ruleset import ALLOW, LIMIT, Ruleset, RulesetRule


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeWant:
    """An open grant, as far as planning needs it; see ``bot.domain.mtls.make_plan.Want``."""

    grant: UUID
    owner: str
    network: Network
    state: GrantState
    overdue: bool = False
    over: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is (still) to be opened."""
        return self.state is GrantState.APPLYING and not self.overdue and not self.over

    @property
    def holds(self) -> bool:
        """Whether it is in force, and is to stay so."""
        return self.state is GrantState.IN_FORCE and not self.over


@dataclass(frozen=True, kw_only=True, slots=True)
class OurRange:
    """A source that we wrote, or were about to write.

    Attributes:
        listed: a look has shown it since; before that, absence proves nothing.
        leaving: we have written a list without it.
        adopted: it was taken over, and stays until its removal is approved, whether a grant wants it or not.
    """

    source: str
    listed: bool
    leaving: bool = False
    adopted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RangesKnown:
    """What the store knows of one space's list.

    Attributes:
        waiting: the answer to a write was lost and it may still land: nothing is written until it cannot.
        undo: foreign sources whose removal was approved.
        removed: sources of ours that were proven to be gone within the last day.
    """

    wants: tuple[RangeWant, ...] = ()
    ours: tuple[OurRange, ...] = ()
    waiting: bool = False
    approved_removals: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A change to a list: what is added at its end, and what is taken out."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, kw_only=True, slots=True)
class RangesPlan:
    """What follows from one look.

    Attributes:
        edit: the change to write.
        again: the same list is to be written once more: it is stored and not in force.
        stuck: sources that stay, because the list would be empty without them.
        listed: sources of ours that the look shows.
        gone: sources of ours that are no longer there, whoever removed them.
        in_force: grants whose range is proven to be in force.
        ended: grants whose end is proven.
        interrupted: grants that were in force and are closed without us.
        failed: grants that will not be opened, each with the reason.
        undone: foreign sources of an approved removal that are gone.
        needed: sources of an approved removal that an open grant relies on: they are left alone.
        missing: sources that were taken over, and that somebody else took out.
        back: sources that are there again after our verified removal.
        under_way: something is expected to change soon: look again quickly.
    """

    edit: Edit = Edit()
    again: bool = False
    stuck: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    in_force: tuple[UUID, ...] = ()
    ended: tuple[UUID, ...] = ()
    interrupted: tuple[UUID, ...] = ()
    failed: tuple[tuple[UUID, Why], ...] = ()
    undone: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    under_way: bool = False

    @property
    def writes(self) -> bool:
        """Whether carrying it out writes to Heroku."""
        return bool(self.edit) or self.again


def edited(rules: Sequence[RulesetRule], edit: Edit) -> tuple[RulesetRule, ...]:
    """The list with a change made to it: everything else as it was, order and action included."""
    gone = {RulesetRule(ALLOW, source) for source in edit.remove}
    left = [rule for rule in rules if rule not in gone]
    there = {rule.source for rule in left if rule.action == ALLOW}
    return (*left, *(RulesetRule(ALLOW, source) for source in edit.add if source not in there))


class _Scene:
    """Known and seen laid over each other, once.

    Nothing is concluded of what is absent from a list that is stored only: the one before it still holds.
    """

    def __init__(self, known: RangesKnown, ruleset: Ruleset) -> None:
        self.known = known
        self.rules = ruleset.rules
        times = Counter(rule.source for rule in ruleset.rules if rule.action == ALLOW)
        self.there = set(times)
        self.in_force = ruleset.applied is not False
        # We write a source once: there twice, it is somebody else's too, and nothing tells which is whose.
        shared = {each.source for each in known.ours if times[each.source] > 1}
        self.ours = {each.source: each for each in known.ours if each.source not in shared}
        absent = {source for source in self.ours if source not in self.there}
        self.gone = tuple(sorted(shared | (absent if self.in_force and not known.waiting else set())))
        self.vanished = {
            source
            for source in absent & set(self.gone)
            if self.ours[source].listed and not self.ours[source].leaving
        }
        self.wanted = {str(want.network) for want in known.wants if want.opens or want.holds}
        self.held = {str(want.network) for want in known.wants if want.holds}

    def closed_by_others(self, source: str) -> bool:
        """Somebody took it away: our own entry, or the one that another grant relied on."""
        return source not in self.there and source in self.vanished | self.held


def make_plan(known: RangesKnown, ruleset: Ruleset, *, limit: int = LIMIT) -> RangesPlan:
    """Compares what is wanted with the list that one look saw."""
    scene = _Scene(known, ruleset)
    leaving = [
        each.source
        for each in scene.ours.values()
        if each.source in scene.there - scene.wanted and not each.adopted
    ]
    approved_removals = sorted(known.approved_removals & scene.there - scene.wanted - set(leaving))
    missing = [
        source
        for source in dict.fromkeys(str(want.network) for want in known.wants if want.opens)
        if source not in scene.there and not scene.closed_by_others(source)
    ]
    room = max(0, limit - len(scene.rules) + len(leaving) + len(approved_removals))
    edit = Edit(add=tuple(missing[:room]), remove=(*leaving, *approved_removals))
    stuck: tuple[str, ...] = ()
    if edit.remove and all(rule.action != ALLOW for rule in edited(scene.rules, edit)):
        stuck = (edit.remove[0],)
        edit = Edit(add=edit.add, remove=edit.remove[1:])
    if known.waiting:
        edit = Edit()
    full = frozenset(missing[room:]) if not known.waiting else frozenset()
    verdicts = [(want, *_verdict(scene, want, full)) for want in known.wants]
    moved = {
        state: tuple(want.grant for want, to, _ in verdicts if to is state and want.state is not state)
        for state in (GrantState.IN_FORCE, GrantState.ENDED, GrantState.INTERRUPTED)
    }
    moving = [
        want
        for want, to, _ in verdicts
        if to in (GrantState.APPLYING, GrantState.ENDING) and str(want.network) not in stuck
    ]
    undone = (
        known.approved_removals - scene.there if scene.in_force and not known.waiting else frozenset[str]()
    )
    under_way = bool(moving or edit or known.waiting or known.approved_removals - undone - set(stuck))
    return RangesPlan(
        edit=edit,
        again=under_way and not (known.waiting or scene.in_force or edit),
        stuck=stuck,
        listed=tuple(source for source in scene.ours if source in scene.there),
        # What is added anew is ours: of an earlier try that made nothing, its row is used again.
        gone=tuple(source for source in scene.gone if source not in edit.add),
        in_force=moved[GrantState.IN_FORCE],
        ended=moved[GrantState.ENDED],
        interrupted=moved[GrantState.INTERRUPTED],
        failed=tuple((want.grant, why) for want, to, why in verdicts if to is GrantState.FAILED and why),
        undone=undone,
        needed=known.approved_removals & scene.there & scene.wanted,
        missing=tuple(sorted(source for source in scene.vanished if scene.ours[source].adopted)),
        back=tuple(sorted(known.removed & scene.there - scene.ours.keys() - scene.wanted)),
        # A stored list that lacks what is in force says soon whether that was taken away.
        under_way=under_way or (not scene.in_force and not scene.held <= scene.there),
    )


def _verdict(scene: _Scene, want: RangeWant, full: Iterable[str]) -> tuple[GrantState, Why | None]:
    """The state that one grant is in now, and why if that needs saying."""
    source = str(want.network)
    match want.state:
        case GrantState.APPLYING if not want.over:
            return _opening(scene, want, source, full)
        case GrantState.IN_FORCE if not want.over and scene.in_force and source not in scene.there:
            return GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE
        case GrantState.ENDING if _is_closed(scene, source):
            return GrantState.ENDED, None
    return want.state, None


def _opening(
    scene: _Scene, want: RangeWant, source: str, full: Iterable[str]
) -> tuple[GrantState, Why | None]:
    if want.overdue:
        return GrantState.FAILED, Why.DEADLINE
    if source in scene.there and scene.in_force:
        return GrantState.IN_FORCE, None
    if scene.closed_by_others(source):
        return GrantState.FAILED, Why.CLOSED_ELSEWHERE
    if source in full:
        return GrantState.FAILED, Why.FULL
    return GrantState.APPLYING, None


def _is_closed(scene: _Scene, source: str) -> bool:
    """Whether nothing of ours lets it in any more, in force, save for another grant that still needs it."""
    if source in scene.wanted or source not in scene.ours:
        return True
    return source not in scene.there and scene.in_force and not scene.known.waiting
