"""Drift: what differs at Heroku from what anybody here has asked for, besides what is simply unmanaged.

Pure. Entries are named by one text, whatever the method: a network, an account's ARN, a range's source.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRemovals:
    """What the store remembers of the last day.

    Attributes:
        removed: owned entries that were proven to be gone as requested.
        lost: adopted entries that somebody else removed.
    """

    removed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What one observation has found.

    Attributes:
        back: unmanaged entries that are listed again after their verified removal.
        missing: adopted entries that somebody else removed.
        unapplied: entries of open grants that two observations in a row show as listed and not in force.
    """

    back: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    unapplied: frozenset[str] = frozenset()


NO_DRIFT = Drift()
"""Nothing differs."""


def compare(
    recent_removals: RecentRemovals,
    *,
    listed: Collection[str],
    unmanaged: Collection[str],
    idle: Collection[str] = (),
    idle_before: Collection[str] = (),
) -> Drift:
    """Compares what is remembered with what an observation shows.

    Args:
        recent_removals: what the store remembers.
        listed: every entry that the observation shows.
        unmanaged: those of them that are not owned.
        idle: those that open grants rely on and that are not in force.
        idle_before: the same, of the last observation: it may take a moment by itself.
    """
    return Drift(
        back=recent_removals.removed & frozenset(unmanaged),
        missing=recent_removals.lost - frozenset(listed),
        unapplied=frozenset(idle) & frozenset(idle_before),
    )
