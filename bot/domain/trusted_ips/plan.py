"""Compares a space's desired grants with its observed inbound ruleset and returns the list to write.

A space has one list, replaced whole, and nothing tells two writers of each other. So a write is always an
edit of what was just read: unmanaged rules keep their order and action, owned ones are added at the end or
taken out, and the list is never written empty. Pure: values in, values out; planned again on its own result,
the plan is empty.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import Plan, Removal, StoredState, transitions, unsettled
from bot.domain.trusted_ips.ruleset import ALLOW, LIMIT, Ruleset, RulesetRule


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRanges(StoredState[str, str]):
    """What the store knows of one space's list; addresses and keys are sources, such as ``203.0.113.4/32``.

    Attributes:
        ambiguous: the answer to a write was lost and it may still land: nothing is written until it cannot.
        approved_removals: unmanaged sources whose removal was approved.
        recently_removed: owned sources that were proven to be gone within the last day.
    """

    ambiguous: bool = False
    approved_removals: frozenset[str] = frozenset()
    recently_removed: frozenset[str] = frozenset()

    @property
    def touched(self) -> frozenset[str]:
        """Ranges that are owned, be they there, about to be added or about to go."""
        return frozenset(entry.key for entry in self.entries)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A change to a list: what is added at its end, and what is taken out."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedIpsPlan(Plan[str]):
    """What follows from one observation of a space's list.

    Attributes:
        edit: the change to write.
        write_again: the same list is to be written once more: it is stored and not applied.
        stuck: sources that stay, because the list would be empty without them.
        back: sources that are listed again after their verified removal.
    """

    edit: Edit = Edit()
    write_again: bool = False
    stuck: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    @property
    def changes_heroku(self) -> bool:
        """Whether applying it writes to Heroku."""
        return bool(self.edit) or self.write_again


def edited(rules: Sequence[RulesetRule], edit: Edit) -> tuple[RulesetRule, ...]:
    """Returns the list with an edit made to it: everything else as it was, order and action included."""
    removed = {RulesetRule(ALLOW, source) for source in edit.remove}
    left = [rule for rule in rules if rule not in removed]
    listed = {rule.source for rule in left if rule.action == ALLOW}
    # Never listed twice: of two equal lines nothing would tell which is owned.
    return (*left, *(RulesetRule(ALLOW, source) for source in edit.add if source not in listed))


class _RangeDiff:
    """Stored state and observation laid over each other once, so that every question is a look-up.

    Nothing is concluded of what is absent from a list that is only stored: the one before it still applies.
    """

    def __init__(self, stored: StoredRanges, ruleset: Ruleset) -> None:
        self.stored = stored
        self.rules = ruleset.rules
        times = Counter(rule.source for rule in ruleset.rules if rule.action == ALLOW)
        self.listed = set(times)
        # Heroku may leave the field out: only an explicit false says that the list is stored and not in
        # force.
        self.applied = ruleset.applied is not False
        # We write a source once: listed twice, it is somebody else's too, and nothing tells which is whose.
        shared = {entry.key for entry in stored.entries if times[entry.key] > 1}
        self.owned = {entry.key: entry for entry in stored.entries if entry.key not in shared}
        claimed = {rule.may_be for rule in ruleset.rules} - {None}
        # A line that cannot be read may be any source that was listed before; it is not absent then.
        self.any_claimed = UNREADABLE in claimed
        self.claimed = claimed | (self.owned.keys() | stored.held if self.any_claimed else set())
        missing = {source for source in self.owned if source not in self.listed | self.claimed}
        # While a write may still land, the list that was read may be the one before it.
        proven = missing if self.applied and not stored.ambiguous else set[str]()
        self.absent = tuple(sorted(shared | proven))
        self.vanished = {
            source
            for source in proven
            if self.owned[source].observed and self.owned[source].removal is Removal.NONE
        }
        self.desired = stored.desired
        self.held = stored.held

    # --- evidence for grants -----------------------------------------------------------------------

    def is_allowed(self, address: str) -> bool:
        """Whether it is listed, and the list applies."""
        return address in self.listed and self.applied

    def is_interrupted(self, address: str) -> bool:
        """Whether a list that applies lacks it."""
        return self.applied and address not in self.listed | self.claimed

    def is_closed_by_others(self, address: str) -> bool:
        """Whether somebody took it out: an owned entry, or one that another grant relied on."""
        return address not in self.listed | self.claimed and address in self.vanished | self.held

    def is_closed(self, address: str) -> bool:
        """Whether nothing owned allows it any more, save for another grant that still needs it."""
        if address in self.desired or address not in self.owned:
            return True
        listed = address in self.listed | self.claimed
        return not listed and self.applied and not self.stored.ambiguous


def make_plan(stored: StoredRanges, ruleset: Ruleset, *, limit: int = LIMIT) -> TrustedIpsPlan:
    """Compares what is desired with the list that one observation shows.

    Args:
        stored: open grants, owned sources and approved removals of the space.
        ruleset: the space's list, complete.
        limit: how many ranges the space can hold.

    Returns:
        The list to write and the states that are proven. An unmanaged range is never among the changes, save
        by its own approved removal.
    """
    diff = _RangeDiff(stored, ruleset)
    edit, no_room, stuck = _edit(diff, limit)
    moved = transitions(stored.grants, diff, no_room=no_room)
    proven = diff.applied and not stored.ambiguous
    proven = proven and not diff.any_claimed
    removed = stored.approved_removals - diff.listed - diff.claimed if proven else frozenset[str]()
    # A grant whose source has to stay would otherwise keep the space under quick observation for ever.
    moving = [each for each in unsettled(stored.grants, moved) if each.addresses.isdisjoint(stuck)]
    removing = stored.approved_removals - removed - set(stuck)
    under_way = bool(moving or edit or stored.ambiguous or removing)
    return TrustedIpsPlan(
        grants=moved,
        edit=edit,
        # Writing it once more is what makes Heroku apply a list that is stored only.
        write_again=under_way and not (stored.ambiguous or diff.applied or edit),
        stuck=stuck,
        observed=tuple(source for source in diff.owned if source in diff.listed),
        # What is added anew is owned: the row of an earlier attempt that made nothing is used again.
        absent=tuple(source for source in diff.absent if source not in edit.add),
        removed=removed,
        needed=stored.approved_removals & diff.listed & diff.desired,
        lost_adopted=tuple(sorted(source for source in diff.vanished if diff.owned[source].adopted)),
        back=tuple(sorted(stored.recently_removed & diff.listed - diff.owned.keys() - diff.desired)),
        # A stored list that lacks what is in force says soon whether that was taken out.
        under_way=under_way or (not diff.applied and not diff.held <= diff.listed),
    )


def _edit(diff: _RangeDiff, limit: int) -> tuple[Edit, frozenset[str], tuple[str, ...]]:
    """Returns the change to write, the sources that find no room, and those that have to stay."""
    stored = diff.stored
    undesired = [
        source
        for source, entry in diff.owned.items()
        if source in diff.listed - diff.desired and not entry.adopted
    ]
    approved = sorted(stored.approved_removals & diff.listed - diff.desired - set(undesired))
    opening = {address: None for grant in stored.grants if grant.opens for address in grant.addresses}
    to_add = [
        each
        for each in opening
        if each not in diff.listed | diff.claimed and not diff.is_closed_by_others(each)
    ]
    # The list is replaced whole, so what the same write takes out makes room at once.
    room = max(0, limit - len(diff.rules) + len(undesired) + len(approved))
    edit = Edit(add=tuple(to_add[:room]), remove=(*undesired, *approved))
    stuck: tuple[str, ...] = ()
    # Heroku would take an empty list, and the space would be closed to everybody.
    if edit.remove and all(rule.action != ALLOW for rule in edited(diff.rules, edit)):
        # One source is enough to keep the list from being empty; the others still go.
        stuck = (edit.remove[0],)
        edit = Edit(add=edit.add, remove=edit.remove[1:])
    # Nobody is told that the list is full either: what is listed after the open write is unknown.
    if stored.ambiguous:
        return Edit(), frozenset(), stuck
    return edit, frozenset(to_add[room:]), stuck
