"""Wanted against seen: what has to change on one database, and what may be said about its grants.

Pure: values in, a value out. Planned again on its own result, the plan is empty.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from bot.domain.grant import GrantState, Why
from bot.domain.method import AUTHORISED, MTLS_RULE_LIMIT
from bot.domain.mtls.observation import IpRule
from bot.domain.owned_entry import Removal
from bot.domain.subject import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """An open grant, as far as planning needs it.

    Attributes:
        owner: Slack id of whom it was granted to.
        overdue: its opening deadline has passed.
        over: its end has passed. It wants nothing any more, and it is the clock that moves its state.
    """

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
class Entry:
    """A rule that is ours: its Heroku id is in the store because we made it.

    Attributes:
        listed: a look has shown it at least once; before that, absence proves nothing.
        adopted: it was taken over, and stays until its removal is approved, whether a grant wants it or not.
    """

    rule: UUID
    network: Network
    listed: bool
    removal: Removal
    adopted: bool = False

    @property
    def stays(self) -> bool:
        """Whether it is there for its own sake."""
        return self.adopted and self.removal is Removal.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovedRemoval:
    """A rule whose removal was approved by its id: a foreign one, or one that was taken over."""

    rule: UUID
    removal: Removal = Removal.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingCreation:
    """An addition whose answer we never read.

    Attributes:
        mark: the description it carries at Heroku if it was made.
        waiting: it may still land; nothing is added until it cannot any more.
    """

    intent: UUID
    network: Network
    mark: str
    waiting: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the store knows of one database.

    Attributes:
        undo: rules whose own removal was approved.
    """

    wants: tuple[Want, ...]
    entries: tuple[Entry, ...]
    pending_creations: tuple[PendingCreation, ...]
    approved_removals: tuple[ApprovedRemoval, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What follows from one look.

    Attributes:
        recognised: pairs of attempt and rule: the attempt's answer was lost, and its mark is here.
        lost: attempts that made nothing.
        gone: entries that are no longer there, whoever removed them.
        add: networks to open.
        remove: rules to take away: ours, and those of an approved removal.
        in_force: grants whose address is proven to be let in.
        ended: grants whose end is proven.
        interrupted: grants that were in force and are closed without us.
        failed: grants that will not be opened, each with the reason.
        undone: rules of an approved removal that are proven to be gone.
        needed: rules of an approved removal that an open grant relies on: they are left alone.
        missing: networks that were taken over, and that somebody else closed.
        under_way: something is expected to change soon: look again quickly.
    """

    recognised: tuple[tuple[UUID, IpRule], ...] = ()
    lost: tuple[UUID, ...] = ()
    gone: tuple[UUID, ...] = ()
    add: tuple[Network, ...] = ()
    remove: tuple[UUID, ...] = ()
    in_force: tuple[UUID, ...] = ()
    ended: tuple[UUID, ...] = ()
    interrupted: tuple[UUID, ...] = ()
    failed: tuple[tuple[UUID, Why], ...] = ()
    undone: frozenset[UUID] = frozenset()
    needed: frozenset[UUID] = frozenset()
    missing: tuple[Network, ...] = ()
    under_way: bool = False

    @property
    def changes_heroku(self) -> bool:
        """Whether carrying it out writes to Heroku."""
        return bool(self.add or self.remove)

    @property
    def concludes(self) -> bool:
        """Whether it says anything that was not known before, of a grant, a change or a rule of ours."""
        grants = (self.in_force, self.ended, self.interrupted, self.failed)
        return any((self.recognised, self.gone, self.undone, *grants))

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for anything: there is time to read what is only told."""
        return not (self.changes_heroku or self.concludes or self.under_way)


class _Scene:
    """Known and seen laid over each other, once, so that every question below is a look-up."""

    def __init__(self, known: Known, rules: Iterable[IpRule]) -> None:
        self.known = known
        self.rules = {rule.id: rule for rule in rules}
        marks = {attempt.mark: attempt.intent for attempt in known.pending_creations}
        entries = {entry.rule for entry in known.entries}
        self.recognised = tuple(
            (marks[rule.description], rule)
            for rule in self.rules.values()
            if rule.description in marks and rule.id not in entries
        )
        self.ours = entries | {rule.id for _, rule in self.recognised}
        landed = {intent for intent, _ in self.recognised}
        self.lost = tuple(
            a.intent for a in known.pending_creations if a.intent not in landed and not a.waiting
        )
        self.unclear = {a.network for a in known.pending_creations if a.intent not in landed and a.waiting}
        absent = [entry for entry in known.entries if entry.rule not in self.rules]
        # What no list has shown yet may still show, even after a removal that found nothing to remove.
        self.unlisted = tuple(e for e in absent if not e.listed and e.removal is not Removal.OVERDUE)
        self.gone = tuple(e.rule for e in absent if e not in self.unlisted)
        self.vanished = {e.network for e in absent if e.listed and e.removal is Removal.NONE}
        self.wanted = {want.network for want in known.wants if want.opens or want.holds}
        self.held = {want.network for want in known.wants if want.holds}
        self.stay = {e.rule for e in known.entries if e.stays}
        self.approved_removals = {
            each.rule: each.removal for each in known.approved_removals if each.rule in self.rules
        }
        self.undone = frozenset(each.rule for each in known.approved_removals if each.rule not in self.rules)
        # Not asked for yet, the removal of what a grant relies on comes too late.
        self.needed = frozenset(
            rule
            for rule, removal in self.approved_removals.items()
            if removal is Removal.NONE and self.rules[rule].network in self.wanted
        )
        self.leaving = {e.rule for e in known.entries if e.removal is not Removal.NONE}
        self.leaving |= self.approved_removals.keys() - self.needed

    def serving(self, network: Network) -> IpRule | None:
        """The rule that lets exactly this network in: ours before foreign, authorised before others.

        A rule that we have asked to remove serves nobody, listed or not.
        """
        exact = [r for r in self.rules.values() if r.network == network and r.id not in self.leaving]
        return min(
            exact,
            key=lambda rule: (rule.id not in self.ours, rule.status != AUTHORISED, str(rule.id)),
            default=None,
        )

    def expected(self, network: Network) -> bool:
        """Whether an addition of ours may still show up in the list."""
        return network in self.unclear or any(entry.network == network for entry in self.unlisted)

    def unwanted(self) -> list[IpRule]:
        """Rules of ours that are listed and that nobody wants (any more)."""
        rules = (rule for id, rule in self.rules.items() if id in self.ours - self.stay)
        return [rule for rule in rules if rule.id in self.leaving or rule.network not in self.wanted]


def make_plan(known: Known, rules: Iterable[IpRule], *, limit: int = MTLS_RULE_LIMIT) -> Plan:
    """Compares what is wanted with what one look saw.

    Args:
        known: open grants, our entries and unanswered additions of the database.
        rules: the complete list that Heroku answered with.
        limit: how many rules the database can hold.

    Returns:
        The changes to make and the states that are proven. A foreign rule is never among the changes, save by
        its own approved removal.
    """
    scene = _Scene(known, rules)
    removals = _removals(scene)
    missing = _missing(scene)
    room = 0 if scene.unclear else max(0, limit - len(scene.rules) - len(scene.unlisted))
    adds = missing[:room]
    full = frozenset() if scene.unclear or scene.unwanted() else frozenset(missing[room:])
    verdicts = [(want, *_verdict(scene, want, full)) for want in known.wants]
    moved = {
        state: tuple(want.grant for want, to, _ in verdicts if to is state and want.state is not state)
        for state in (GrantState.IN_FORCE, GrantState.ENDED, GrantState.INTERRUPTED)
    }
    return Plan(
        recognised=scene.recognised,
        lost=scene.lost,
        gone=scene.gone,
        add=adds,
        remove=removals,
        in_force=moved[GrantState.IN_FORCE],
        ended=moved[GrantState.ENDED],
        interrupted=moved[GrantState.INTERRUPTED],
        failed=tuple((want.grant, why) for want, to, why in verdicts if to is GrantState.FAILED and why),
        undone=scene.undone,
        needed=scene.needed,
        missing=tuple(
            e.network for e in known.entries if e.stays and e.rule in set(scene.gone) - scene.undone
        ),
        under_way=_under_way(scene, {to for _, to, _ in verdicts}),
    )


def unseen(known: Known) -> Plan:
    """What follows while there is no list to compare with: missed deadlines, nothing on what is absent."""
    late = tuple((want.grant, Why.DEADLINE) for want in known.wants if _is_late(want))
    return Plan(failed=late, under_way=True)


def orphans(known: Known, rules: Iterable[IpRule], *, mark: str) -> tuple[IpRule, ...]:
    """Rules that carry this installation's mark and that the store knows nothing of."""
    ours = {entry.rule for entry in known.entries}
    marks = {attempt.mark for attempt in known.pending_creations}
    return tuple(
        rule
        for rule in rules
        if rule.description.startswith(mark) and rule.id not in ours and rule.description not in marks
    )


def _is_late(want: Want) -> bool:
    """Whether it was not opened in time. What is over by now is left to the clock."""
    return want.state is GrantState.APPLYING and want.overdue and not want.over


def _removals(scene: _Scene) -> tuple[UUID, ...]:
    """Our rules that nobody wants, all but one of those that let the same network in, and approved ones."""
    keep = {rule.id for network in scene.wanted if (rule := scene.serving(network))} | scene.stay
    keep -= scene.approved_removals.keys() - scene.needed
    asked = {entry.rule for entry in scene.known.entries if entry.removal is Removal.ASKED}
    asked |= {rule for rule, removal in scene.approved_removals.items() if removal is Removal.ASKED}
    listed = [
        rule for rule in scene.rules if rule in scene.ours | scene.approved_removals.keys() - scene.needed
    ]
    unlisted = [
        entry.rule
        for entry in scene.unlisted
        if entry.network not in scene.wanted or scene.serving(entry.network) is not None
    ]
    return tuple(rule for rule in [*listed, *unlisted] if rule not in keep and rule not in asked)


def _missing(scene: _Scene) -> tuple[Network, ...]:
    """Networks to open: wanted, never in force, with nothing there and nothing on its way.

    What somebody has just closed is not opened again on an approval that is older than the closing, and
    what we are closing is closed first: whether Heroku takes one address twice is not known.
    """
    leaving = {rule.network for rule in scene.rules.values() if rule.id in scene.leaving}
    opening = {want.network: None for want in scene.known.wants if want.opens}
    return tuple(
        network
        for network in opening
        if network not in scene.held | scene.vanished | leaving
        and scene.serving(network) is None
        and not scene.expected(network)
    )


def _verdict(scene: _Scene, want: Want, full: frozenset[Network]) -> tuple[GrantState, Why | None]:
    """The state that one grant is in now, and why if that needs saying."""
    match want.state:
        case GrantState.APPLYING if not want.over:
            return _opening(scene, want, full)
        case GrantState.IN_FORCE if not want.over and scene.serving(want.network) is None:
            return GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE
        case GrantState.ENDING if _is_closed(scene, want.network):
            return GrantState.ENDED, None
    return want.state, None


def _opening(scene: _Scene, want: Want, full: frozenset[Network]) -> tuple[GrantState, Why | None]:
    rule = scene.serving(want.network)
    if _is_late(want):
        return GrantState.FAILED, Why.DEADLINE
    if rule is not None and rule.status == AUTHORISED:
        return GrantState.IN_FORCE, None
    if rule is None and _closed_by_others(scene, want.network):
        return GrantState.FAILED, Why.CLOSED_ELSEWHERE
    if rule is None and want.network in full:
        return GrantState.FAILED, Why.FULL
    return GrantState.APPLYING, None


def _closed_by_others(scene: _Scene, network: Network) -> bool:
    """Somebody took away what served this network: our entry, or one that another grant relied on."""
    return network in scene.vanished | scene.held and not scene.expected(network)


def _is_closed(scene: _Scene, network: Network) -> bool:
    """Whether nothing of ours lets the network in any more, save for another grant that still needs it."""
    if network in scene.wanted:
        return True
    ours = scene.ours - scene.stay
    listed = any(rule.network == network for rule in scene.rules.values() if rule.id in ours)
    return not listed and not scene.expected(network)


def _under_way(scene: _Scene, states: set[GrantState]) -> bool:
    moving = states & {GrantState.APPLYING, GrantState.ENDING}
    undoing = scene.approved_removals.keys() - scene.needed
    return bool(moving or undoing or scene.unwanted() or scene.unclear or scene.unlisted)
