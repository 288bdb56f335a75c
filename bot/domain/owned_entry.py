"""Desired grants, owned entries and plans: what the three access methods share.

An *entry* is what Heroku has: an IP rule, an AWS account, a trusted range. It is *owned* when the store says
that pgaccess made or adopted it. Each method compares both in its own ``make_plan``; what a comparison proves
of a grant follows the same rules everywhere and stands here. Pure: values in, values out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from bot.domain.grant import GrantState, ReasonCode

Address = TypeVar("Address")
"""What a grant opens: a network, an account's ARN, a range's source."""

Key = TypeVar("Key")
"""What identifies an entry of one target: a rule's id, an account's ARN, a range's source."""

_Asked = TypeVar("_Asked", contravariant=True)


class Removal(StrEnum):
    """Progress of an entry's removal; ``overdue`` once it should have shown and has to be requested again."""

    NONE = "none"
    REQUESTED = "requested"
    OVERDUE = "overdue"


@dataclass(frozen=True, kw_only=True, slots=True)
class DesiredGrant(Generic[Address]):
    """An open grant, as far as planning needs it.

    Attributes:
        request: the number of the request that opened it.
        owner: Slack id of the person whom it was granted to.
        addresses: all of them are to be allowed.
        overdue: its opening deadline has passed.
        over: its end has passed. It desires nothing any more; the scheduler moves its state.
    """

    grant: UUID
    request: int
    owner: str
    addresses: frozenset[Address]
    state: GrantState
    overdue: bool = False
    over: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is still to be opened."""
        return self.state is GrantState.APPLYING and not self.overdue and not self.over

    @property
    def holds(self) -> bool:
        """Whether it is in force, and is to stay so."""
        return self.state is GrantState.IN_FORCE and not self.over

    @property
    def is_late(self) -> bool:
        """Whether it missed its opening deadline. One that is over is left to the scheduler."""
        return self.state is GrantState.APPLYING and self.overdue and not self.over


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnedEntry(Generic[Key]):
    """An entry that pgaccess made, was about to make, or adopted.

    Attributes:
        observed: a list has shown it at least once; before that, absence proves nothing.
        removal: progress of its removal.
        ambiguous: no answer was read and the call may still land; nothing is repeated until it cannot.
        adopted: it stays until its removal is approved, whether a grant needs it or not.
    """

    key: Key
    observed: bool
    removal: Removal = Removal.NONE
    ambiguous: bool = False
    adopted: bool = False

    @property
    def stays(self) -> bool:
        """Whether it stays without a grant."""
        return self.adopted and self.removal is Removal.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredState(Generic[Address, Key]):
    """What the store knows of one method of one target."""

    grants: tuple[DesiredGrant[Address], ...] = ()
    entries: tuple[OwnedEntry[Key], ...] = ()

    @property
    def adopted(self) -> frozenset[Key]:
        """Keys of the entries that were adopted."""
        return frozenset(entry.key for entry in self.entries if entry.adopted)

    @property
    def desired(self) -> frozenset[Address]:
        """Addresses that a grant is to open or to keep open."""
        return frozenset(
            address for grant in self.grants if grant.opens or grant.holds for address in grant.addresses
        )

    @property
    def held(self) -> frozenset[Address]:
        """Addresses that a grant in force relies on."""
        return frozenset(address for grant in self.grants if grant.holds for address in grant.addresses)

    @property
    def touched(self) -> frozenset[Address]:
        """Addresses that an owned entry is about, be it there, about to be added or about to go."""
        raise NotImplementedError

    @property
    def unopened(self) -> frozenset[UUID]:
        """Grants to be opened of which nothing can be at Heroku yet."""
        touched = self.touched
        return frozenset(
            grant.grant for grant in self.grants if grant.opens and grant.addresses.isdisjoint(touched)
        )

    def opening(self, addresses: Collection[Address]) -> frozenset[UUID]:
        """Grants that are to be opened with at least one of some addresses."""
        return frozenset(
            grant.grant for grant in self.grants if grant.opens and not grant.addresses.isdisjoint(addresses)
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """The state that an observation, or an attempt, has proven of a grant.

    Attributes:
        detail: Heroku's own words, where it rejected something.
    """

    state: GrantState
    reason: ReasonCode | None = None
    detail: str = ""


VERIFIED: Final = Transition(GrantState.IN_FORCE)
ENDED: Final = Transition(GrantState.ENDED)
INTERRUPTED: Final = Transition(GrantState.INTERRUPTED, ReasonCode.CLOSED_ELSEWHERE)


def failed(reason: ReasonCode, detail: str = "") -> Transition:
    """The transition of a grant that will not be opened."""
    return Transition(GrantState.FAILED, reason, detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan(Generic[Key]):
    """What follows from one observation, whichever the method; what to write to Heroku each method adds.

    Attributes:
        grants: the grants whose state is proven to have changed.
        observed: entries that the observation shows; those that are owned have appeared.
        absent: owned entries that are proven to be no longer there, whoever removed them.
        removed: entries of an approved removal that are proven to be gone.
        needed: entries of an approved removal that an open grant relies on: they are left alone.
        lost_adopted: adopted entries that somebody else removed, by the text that names them to people.
        under_way: something is expected to change soon: observe again quickly.
    """

    grants: Mapping[UUID, Transition]
    observed: tuple[Key, ...] = ()
    absent: tuple[Key, ...] = ()
    removed: frozenset[Key] = frozenset()
    needed: frozenset[Key] = frozenset()
    lost_adopted: tuple[str, ...] = ()
    under_way: bool = False

    def grants_to(self, state: GrantState) -> tuple[UUID, ...]:
        """Grants that move to a state."""
        return tuple(grant for grant, transition in self.grants.items() if transition.state is state)

    @property
    def changes_heroku(self) -> bool:
        """Whether applying it writes to Heroku."""
        return False

    @property
    def concludes(self) -> bool:
        """Whether it proves anything that was not known before."""
        return bool(self.grants or self.absent or self.removed)


class Evidence(Protocol[_Asked]):
    """What stored state and observation together prove of one address."""

    def is_allowed(self, address: _Asked) -> bool:
        """Whether traffic from it is let through at this moment."""
        ...

    def is_interrupted(self, address: _Asked) -> bool:
        """Whether it is proven that nothing allows it any more, although a grant holds it."""
        ...

    def is_closed_by_others(self, address: _Asked) -> bool:
        """Whether somebody else removed what allowed it."""
        ...

    def is_closed(self, address: _Asked) -> bool:
        """Whether nothing owned allows it any more, save for another grant that still needs it."""
        ...


def transitions(
    grants: Iterable[DesiredGrant[Address]], evidence: Evidence[Address], *, no_room: Collection[Address] = ()
) -> dict[UUID, Transition]:
    """Derives which grants have changed their state.

    Args:
        grants: open grants.
        evidence: what is proven of their addresses.
        no_room: addresses that will not be added because the list is full.
    """
    found = ((grant.grant, _transition(grant, evidence, no_room)) for grant in grants)
    return {grant: transition for grant, transition in found if transition is not None}


def unsettled(
    grants: Iterable[DesiredGrant[Address]], moved: Mapping[UUID, Transition]
) -> tuple[DesiredGrant[Address], ...]:
    """Returns the grants that are still being opened or closed, or of which something is left to close."""
    moving = (GrantState.APPLYING, GrantState.ENDING)
    return tuple(
        grant
        for grant in grants
        if (grant.state in moving and grant.grant not in moved)
        # With one address gone, the others are closed too, and not only at the next look by the clock.
        or (moved.get(grant.grant) == INTERRUPTED and len(grant.addresses) > 1)
    )


def _transition(
    grant: DesiredGrant[Address], evidence: Evidence[Address], no_room: Collection[Address]
) -> Transition | None:
    match grant.state:
        case GrantState.APPLYING if not grant.over:
            return _opening(grant, evidence, no_room)
        # One address that is gone breaks what was approved; but "ended" is not said while any is still open.
        case GrantState.IN_FORCE if not grant.over and any(map(evidence.is_interrupted, grant.addresses)):
            return INTERRUPTED
        case GrantState.ENDING if all(map(evidence.is_closed, grant.addresses)):
            return ENDED
    return None


def _opening(
    grant: DesiredGrant[Address], evidence: Evidence[Address], no_room: Collection[Address]
) -> Transition | None:
    # The deadline comes first: the hard end was computed from it, so a later read-back would cut the duration
    # short.
    if grant.is_late:
        return failed(ReasonCode.DEADLINE)
    if all(map(evidence.is_allowed, grant.addresses)):
        return VERIFIED
    # Closing wins: what others closed is not opened again, however much room there is.
    if any(map(evidence.is_closed_by_others, grant.addresses)):
        return failed(ReasonCode.CLOSED_ELSEWHERE)
    if not grant.addresses.isdisjoint(no_room):
        return failed(ReasonCode.FULL)
    return None
