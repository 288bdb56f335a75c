"""Compares a database's desired grants with its observed IP rules and returns the changes to make.

Pure: values in, a value out. Planned again on its own result, the plan is empty.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.method import AUTHORISED, MTLS_RULE_LIMIT
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import marker_of
from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import (
    OwnedEntry,
    Plan,
    Removal,
    StoredState,
    failed,
    transitions,
    unsettled,
)
from bot.domain.subject import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnedRule(OwnedEntry[UUID]):
    """An IP rule that is owned: its key is Heroku's id; two rules may have one network."""

    network: Network


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovedRemoval:
    """A rule whose removal was approved by its id: an unmanaged one, or an adopted one."""

    rule: UUID
    removal: Removal = Removal.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingCreation:
    """An addition whose answer was never read.

    Attributes:
        marker: the description that the rule carries at Heroku if it was made. Compared by how it begins:
            Heroku, or somebody, may have cut the rest.
        ambiguous: it may still land; nothing is added until it cannot any more.
    """

    intent: UUID
    network: Network
    marker: str
    ambiguous: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRules(StoredState[Network, UUID]):
    """What the store knows of one database's IP rules.

    Attributes:
        approved_removals: rules whose own removal was approved.
    """

    entries: tuple[OwnedRule, ...] = ()
    pending_creations: tuple[PendingCreation, ...] = ()
    approved_removals: tuple[ApprovedRemoval, ...] = ()

    @property
    def touched(self) -> frozenset[Network]:
        """Networks of owned rules, and of additions whose answer was never read."""
        pending = {creation.network for creation in self.pending_creations}
        return frozenset({entry.network for entry in self.entries} | pending)


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsPlan(Plan[UUID]):
    """What follows from one observation of a database's IP rules.

    Attributes:
        recognised: pairs of intent and rule: the intent's answer was lost, and its marker is here.
        abandoned: intents that made nothing.
        add: networks to open.
        remove: rules to remove: owned ones, and those of an approved removal.
    """

    recognised: tuple[tuple[UUID, IpRule], ...] = ()
    abandoned: tuple[UUID, ...] = ()
    add: tuple[Network, ...] = ()
    remove: tuple[UUID, ...] = ()

    @property
    def changes_heroku(self) -> bool:
        """Whether applying it writes to Heroku."""
        return bool(self.add or self.remove)

    @property
    def concludes(self) -> bool:
        """Whether it proves anything that was not known before, of a grant, an operation or an owned rule."""
        return bool(self.grants or self.absent or self.removed or self.recognised)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is awaited: there is time to read what only messages depend on."""
        return not (self.changes_heroku or self.concludes or self.under_way)


class _RuleDiff:
    """Stored state and observation laid over each other once, so that every question is a look-up."""

    def __init__(self, stored: StoredRules, rules: Iterable[IpRule]) -> None:
        self.stored = stored
        self.rules = {rule.id: rule for rule in rules}
        intents = {marker_of(pending.marker): pending.intent for pending in stored.pending_creations}
        markers = {rule.id: marker_of(rule.description) for rule in self.rules.values()}
        # A rule of ours whose id could not be read cannot be removed: it is still awaited, by its marker.
        unread = {markers[rule.id] for rule in self.rules.values() if not rule.id_read}
        entries = {entry.key for entry in stored.entries}
        self.recognised = tuple(
            (intents[markers[rule.id]], rule)
            for rule in self.rules.values()
            if markers[rule.id] in intents and rule.id_read and rule.id not in entries
        )
        # Recognised by its marker a rule is owned at once, not only when the run is recorded.
        self.owned = entries | {rule.id for _, rule in self.recognised}
        landed = {intent for intent, _ in self.recognised}
        outstanding = [each for each in stored.pending_creations if each.intent not in landed]
        # An intent is not given up while its call may still land: the rule may yet show under its marker.
        awaited = [each for each in outstanding if each.ambiguous or marker_of(each.marker) in unread]
        self.abandoned = tuple(each.intent for each in outstanding if each not in awaited)
        self.ambiguous = {each.network for each in awaited}
        missing = [entry for entry in stored.entries if entry.key not in self.rules]
        # What no list has shown yet may still show, even after a removal that found nothing to remove.
        self.unobserved = tuple(e for e in missing if not e.observed and e.removal is not Removal.OVERDUE)
        self.absent = tuple(e.key for e in missing if e not in self.unobserved)
        # Never listed, a rule may not have been made; with its removal requested, pgaccess itself closed it.
        self.vanished = {e.network for e in missing if e.observed and e.removal is Removal.NONE}
        self.desired = stored.desired
        self.held = stored.held
        self.stay = {entry.key for entry in stored.entries if entry.stays}
        self.approved_removals = {
            each.rule: each.removal for each in stored.approved_removals if each.rule in self.rules
        }
        self.removed = frozenset(
            each.rule for each in stored.approved_removals if each.rule not in self.rules
        )
        # Not requested yet, the removal of what a grant relies on comes too late.
        self.needed = frozenset(
            rule
            for rule, removal in self.approved_removals.items()
            if removal is Removal.NONE and self.rules[rule].network in self.desired
        )
        self.leaving = {entry.key for entry in stored.entries if entry.removal is not Removal.NONE}
        self.leaving |= self.approved_removals.keys() - self.needed

    def serving(self, network: Network) -> IpRule | None:
        """The rule that allows exactly this network: owned before unmanaged, authorised before others.

        A rule whose removal was requested serves nobody, listed or not.
        """
        exact = [r for r in self.rules.values() if r.network == network and r.id not in self.leaving]
        return min(
            exact,
            # The id breaks ties, so that the choice does not depend on the order of Heroku's list.
            key=lambda rule: (rule.id not in self.owned, rule.status != AUTHORISED, str(rule.id)),
            default=None,
        )

    def is_expected(self, network: Network) -> bool:
        """Whether an addition of ours may still show up in the list."""
        return network in self.ambiguous or any(entry.network == network for entry in self.unobserved)

    def undesired(self) -> list[IpRule]:
        """Owned rules that are listed and that no grant needs any more."""
        rules = (rule for id, rule in self.rules.items() if id in self.owned - self.stay)
        return [rule for rule in rules if rule.id in self.leaving or rule.network not in self.desired]

    # --- evidence for grants -----------------------------------------------------------------------

    def is_allowed(self, address: Network) -> bool:
        """Whether an authorised rule allows it."""
        rule = self.serving(address)
        return rule is not None and rule.status == AUTHORISED

    def is_interrupted(self, address: Network) -> bool:
        """Whether no rule serves it; the list is complete, so absence is proven."""
        return self.serving(address) is None

    def is_closed_by_others(self, address: Network) -> bool:
        """Whether somebody removed what served it: an owned rule, or one that another grant relied on."""
        gone = address in self.vanished | self.held and self.serving(address) is None
        return gone and not self.is_expected(address)

    def is_closed(self, address: Network) -> bool:
        """Whether no owned rule allows it any more, save for another grant that still needs it."""
        if address in self.desired:
            return True
        owned = self.owned - self.stay
        listed = any(rule.network == address for rule in self.rules.values() if rule.id in owned)
        return not listed and not self.is_expected(address)


def make_plan(stored: StoredRules, rules: Iterable[IpRule], *, limit: int = MTLS_RULE_LIMIT) -> MtlsPlan:
    """Compares what is desired with what one observation shows.

    Args:
        stored: open grants, owned rules and unanswered additions of the database.
        rules: the complete list that Heroku answered with.
        limit: how many rules the database can hold.

    Returns:
        The changes to make and the states that are proven. An unmanaged rule is never among the changes, save
        by its own approved removal.
    """
    diff = _RuleDiff(stored, rules)
    to_open = _networks_to_open(diff)
    # An unanswered addition may still take a place that the list does not show yet.
    room = 0 if diff.ambiguous else max(0, limit - len(diff.rules) - len(diff.unobserved))
    # A removal on its way will make room: until then nobody is told that the list is full.
    full = frozenset() if diff.ambiguous or diff.undesired() else frozenset(to_open[room:])
    moved = transitions(stored.grants, diff, no_room=full)
    return MtlsPlan(
        grants=moved,
        recognised=diff.recognised,
        abandoned=diff.abandoned,
        observed=tuple(diff.rules),
        absent=diff.absent,
        add=to_open[:room],
        remove=_rules_to_remove(diff),
        removed=diff.removed,
        needed=diff.needed,
        lost_adopted=_lost_adopted(diff),
        under_way=_is_under_way(diff, moving=bool(unsettled(stored.grants, moved))),
    )


def completed(
    rules: Iterable[IpRule], stored: StoredRules, *, before: Iterable[IpRule]
) -> tuple[IpRule, ...]:
    """Completes a list in which something could not be read: what may be there must not pass for absent.

    A known rule keeps its network where that cannot be read. One that a rule without a readable id may be is
    kept, with a status that is not known; it serves no new grant, and no end is proven by it.

    Args:
        rules: as Heroku listed them.
        stored: what the store knows.
        before: the rules of the last observation, where there is one.
    """
    networks: dict[UUID, Network | str] = {rule.id: rule.network for rule in before}
    removals = {each.rule for each in stored.approved_removals}
    # What no list has shown proves nothing by its absence anyway.
    expected: dict[UUID, Network | str] = {
        id: network for id, network in networks.items() if id in removals or network in stored.held
    }
    expected |= {id: networks.get(id, UNREADABLE) for id in removals}
    owned: dict[UUID, Network | str] = {entry.key: entry.network for entry in stored.entries}
    expected |= {entry.key: entry.network for entry in stored.entries if entry.observed}
    networks |= owned
    found = tuple(_with_network(rule, networks.get(rule.id)) for rule in rules)
    ids = {rule.id for rule in found}
    unread = {rule.network for rule in found if not rule.id_read}
    hidden = (
        IpRule(id=id, network=network, status=UNREADABLE, description="")
        for id, network in expected.items()
        if unread and id not in ids and ({network, UNREADABLE} & unread or network == UNREADABLE)
    )
    return (*found, *hidden)


def _with_network(rule: IpRule, known: Network | str | None) -> IpRule:
    return rule if known is None or isinstance(rule.network, Network) else replace(rule, network=known)


def plan_without_list(stored: StoredRules) -> MtlsPlan:
    """Plans while there is no list to compare with: missed deadlines; nothing is concluded from absence."""
    late = {grant.grant: failed(ReasonCode.DEADLINE) for grant in stored.grants if grant.is_late}
    return MtlsPlan(grants=late, under_way=True)


def orphans(stored: StoredRules, rules: Iterable[IpRule], *, markers: tuple[str, ...]) -> tuple[IpRule, ...]:
    """Returns rules that carry a marker of this installation and that the store knows nothing of.

    Args:
        stored: what the store knows of the database's rules.
        rules: as Heroku lists them.
        markers: what the descriptions of this installation's rules begin with.
    """
    owned = {entry.key for entry in stored.entries}
    # A rule whose intent still waits for an answer is about to be recognised, and is no orphan.
    awaited = {marker_of(pending.marker) for pending in stored.pending_creations}
    return tuple(
        rule
        for rule in rules
        if rule.description.startswith(markers)
        and rule.id not in owned
        and marker_of(rule.description) not in awaited
    )


def _rules_to_remove(diff: _RuleDiff) -> tuple[UUID, ...]:
    """Owned rules that no grant needs, duplicates of those that one does, and approved removals."""
    keep = {rule.id for network in diff.desired if (rule := diff.serving(network))} | diff.stay
    removable = diff.approved_removals.keys() - diff.needed
    # Last, so that an approved removal also takes a rule that would otherwise stay as adopted.
    keep -= removable
    requested = {entry.key for entry in diff.stored.entries if entry.removal is Removal.REQUESTED}
    requested |= {rule for rule, removal in diff.approved_removals.items() if removal is Removal.REQUESTED}
    listed = [rule for rule in diff.rules if rule in diff.owned | removable]
    # No list has to show a rule before it is removed: its id is known, and it may still show.
    unlisted = [
        entry.key
        for entry in diff.unobserved
        if entry.network not in diff.desired or diff.serving(entry.network) is not None
    ]
    return tuple(rule for rule in [*listed, *unlisted] if rule not in keep and rule not in requested)


def _networks_to_open(diff: _RuleDiff) -> tuple[Network, ...]:
    """Networks that are desired, were never in force, and have neither a rule nor one on its way.

    What somebody has just closed is not opened again on an approval that is older than the closing, and
    what is being closed is closed first: whether Heroku takes one address twice is undocumented.
    """
    leaving = {rule.network for rule in diff.rules.values() if rule.id in diff.leaving}
    # A dict keeps the grants' order, so that the oldest request gets the last place in a full list.
    opening = {address: None for grant in diff.stored.grants if grant.opens for address in grant.addresses}
    return tuple(
        network
        for network in opening
        if network not in diff.held | diff.vanished | leaving
        and diff.serving(network) is None
        and not diff.is_expected(network)
    )


def _lost_adopted(diff: _RuleDiff) -> tuple[str, ...]:
    lost = set(diff.absent) - diff.removed
    return tuple(str(entry.network) for entry in diff.stored.entries if entry.stays and entry.key in lost)


def _is_under_way(diff: _RuleDiff, *, moving: bool) -> bool:
    removing = diff.approved_removals.keys() - diff.needed
    return bool(moving or removing or diff.undesired() or diff.ambiguous or diff.unobserved)
