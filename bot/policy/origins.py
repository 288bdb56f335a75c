"""Says which part of the policy puts a target into its environment, for its author."""

from collections.abc import Sequence

from bot.domain.policy.environments import Pattern
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Target


def origin(policy: Policy, target: Target) -> str:
    """Returns what gives a target its environment: ``targets.billing``, ``match 2`` or ``unmatched``.

    Args:
        policy: whose order it follows: entries, then patterns, then the rest.
        target: a database or a space.
    """
    entry = policy.listed(target)
    if entry is not None:
        return f"targets.{entry.alias}"
    found = first_match(policy, target)
    return "unmatched" if found is None else f"match {found}"


def first_match(policy: Policy, target: Target) -> int | None:
    """Returns the place of the first pattern that matches a target, from 1; None if none does."""
    places = (place for place, pattern in enumerate(policy.patterns, 1) if pattern.matches(target))
    return next(places, None)


def judged_with(policy: Policy, target: Target, inside: Sequence[Database]) -> tuple[Target, ...]:
    """Returns whose environments decide: those of the databases inside, and its own if an entry names it."""
    own = not inside or policy.listed(target) is not None
    return (*inside, target) if own else tuple(inside)


def shown_pattern(pattern: Pattern) -> str:
    """Returns a pattern as its author wrote it: ``space = "acme-*", app = "billing-*"``."""
    globs = (("space", pattern.space), ("app", pattern.app), ("addon", pattern.addon))
    return ", ".join(f'{key} = "{glob}"' for key, glob in globs if glob is not None)
