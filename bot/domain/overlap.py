"""What is asked for or open already where somebody asks for access: duplicates, covering ranges, neighbors.

Pure: values in, values out.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.domain.subject import Network, Subject, covers
from bot.errors import Refusal, Refused


class OverlapKind(StrEnum):
    """How something that is there concerns what is asked for; ``own`` is the requester's."""

    OWN_OPEN = "own_open"
    OWN_ASKED = "own_asked"
    OWN_COVERS = "own_covers"
    OTHER_ASKED = "other_asked"
    OTHER_OPEN = "other_open"
    JOINS = "joins"


STOPPING: Final = (OverlapKind.OWN_OPEN, OverlapKind.OWN_ASKED, OverlapKind.OWN_COVERS)
"""Kinds for which a person is asked whether they want a second request, the clearest first."""

ALREADY: Final = {
    OverlapKind.OWN_OPEN: Refusal.ALREADY_OPEN,
    OverlapKind.OWN_ASKED: Refusal.ALREADY_ASKED,
    OverlapKind.OWN_COVERS: Refusal.ALREADY_COVERED,
}
"""What a person is told of these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A pending request, or access that is open or about to be, on one target by one access method.

    Attributes:
        request: its number; of access, that of the request that opened it.
        owner: Slack id of whoever asked.
        subject: the network or the AWS accounts.
        ends_at: business time of the end; None without one, and while it is pending.
        pending: whether it waits for a decision.
    """

    request: int
    owner: str
    subject: Subject
    ends_at: datetime | None
    pending: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Something that concerns what is asked for.

    Attributes:
        kind: how it does.
        held: what it is.
        whole: the network that both are together, where they are exactly one.
    """

    kind: OverlapKind
    held: Held
    whole: Network | None = None


def overlaps(asked: Subject, held: Sequence[Held], *, person: str) -> tuple[Overlap, ...]:
    """Finds what concerns a subject that somebody asks for, the clearest first.

    Args:
        asked: the network or the AWS accounts.
        held: everything that is pending or open on the target by the access method.
        person: Slack id of who asks.
    """
    found = [overlap for each in held if (overlap := _overlap(asked, each, person)) is not None]
    order = list(OverlapKind)
    # Of equal ones the newest, which is the one that a person remembers.
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), -one.held.request)))


def require_new(asked: Subject, held: Sequence[Held], *, person: str, app: str) -> None:
    """Refuses what a person has asked for or has open already.

    Args:
        asked: as for ``overlaps``.
        held: as for ``overlaps``.
        person: as for ``overlaps``.
        app: label of the target, for the refusal.
    """
    for overlap in overlaps(asked, held, person=person):
        refusal = ALREADY.get(overlap.kind)
        if refusal is not None:
            request = overlap.held.request
            raise Refused(refusal, id=request, network=asked, by=overlap.held.subject, app=app)


def count_after(asked: Iterable[Network], listed: Iterable[Network | str]) -> int | None:
    """How many rules a list has once some networks are added; None where it has one for each of them."""
    rules = list(listed)
    new = set(asked) - set(rules)
    return len(rules) + len(new) if new else None


def _overlap(asked: Subject, held: Held, person: str) -> Overlap | None:
    own, kind = held.owner == person, None
    if held.subject == asked and held.pending:
        kind = OverlapKind.OWN_ASKED if own else OverlapKind.OTHER_ASKED
    elif held.subject == asked:
        kind = OverlapKind.OWN_OPEN if own else OverlapKind.OTHER_OPEN
    elif covers(held.subject, asked) and not held.pending:
        kind = OverlapKind.OWN_COVERS if own else OverlapKind.OTHER_OPEN
    if kind is not None:
        return Overlap(kind=kind, held=held)
    whole = _joined(asked, held.subject) if own else None
    return None if whole is None else Overlap(kind=OverlapKind.JOINS, held=held, whole=whole)


def _joined(one: Subject, other: Subject) -> Network | None:
    """The network that two adjacent ones are together, where they are exactly one."""
    if not isinstance(one, Network) or not isinstance(other, Network) or one.overlaps(other):
        return None
    collapsed = list(ipaddress.collapse_addresses([one, other]))
    return collapsed[0] if len(collapsed) == 1 else None
