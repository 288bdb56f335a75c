"""Drift: what stands at Heroku otherwise than anybody here has asked for, besides what is simply foreign.

Pure. Entries are named by one text, whatever the method: a network, an account's ARN, a range's source.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRemovals:
    """What the store remembers of the last day.

    Attributes:
        removed: entries of ours that were proven to be gone as we had asked.
        lost: entries that were taken over, and that somebody else took away.
    """

    removed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What one look has found.

    Attributes:
        back: foreign entries that are there again after our verified removal.
        missing: entries that were taken over, and that somebody else took away.
        unapplied: entries of open grants that two looks in a row have shown as listed and not in force.
    """

    back: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    unapplied: frozenset[str] = frozenset()


NO_DRIFT = Drift()
"""Everything is as it was left."""


def drift(
    recently_removed: RecentRemovals,
    *,
    listed: Collection[str],
    unmanaged: Collection[str],
    idle: Collection[str] = (),
    idle_before: Collection[str] = (),
) -> Drift:
    """Compares what is remembered with what a look shows.

    Args:
        lately: what the store remembers.
        listed: every entry that the look shows.
        foreign: those of them that are not ours.
        idle: those that open grants rely on and that are not in force.
        idle_before: the same, of the look before: it may take a moment by itself.
    """
    return Drift(
        back=recently_removed.removed & frozenset(unmanaged),
        missing=recently_removed.lost - frozenset(listed),
        unapplied=frozenset(idle) & frozenset(idle_before),
    )
