"""Binds what the policy names to Heroku's UUIDs, when it is first seen: after that, names decide nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bot.domain.policy.environments import PolicyTarget
from bot.domain.target import Database, KnownAs, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Renaming:
    """A target that is called otherwise than when it was seen last."""

    before: Target
    after: Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """A new target that may have replaced what an entry is bound to; only a person can tell.

    Attributes:
        target: the new one.
        entry: that could mean it.
    """

    target: Target
    entry: PolicyTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class Bindings:
    """What a discovery changes in what the policy knows targets by.

    Attributes:
        changed: by Heroku's UUID.
        renamed: whose names have changed; nothing else has.
        contested: for the admins to decide.
    """

    changed: Mapping[UUID, KnownAs]
    renamed: tuple[Renaming, ...]
    contested: tuple[Contest, ...]


def bind(
    entries: Sequence[PolicyTarget], *, stored: Sequence[Target], found: Sequence[Target], now: datetime
) -> Bindings:
    """Binds entries that are bound to nothing yet, and notes which new targets only seem to be named.

    Args:
        entries: of the policy.
        stored: every target that was ever seen, as it was when it was seen last.
        found: what Heroku has now.
        now: orders bindings of one entry; of two, the later is what people mean by the alias.

    Returns:
        The changes; none where nothing is new.
    """
    before = {target.id: target for target in stored}
    known = {target.id: _known(before.get(target.id), target) for target in found}
    everything = {**{target.id: target.known for target in stored}, **known}
    contested: list[Contest] = []
    for entry in entries:
        holders = {id for id, known_as in everything.items() if entry.key in known_as.entries}
        if not holders:
            # By the names of last time first: a rename must not decide what an entry means.
            named = [each for each in stored if entry.names(each)] or [
                each for each in found if entry.names(each)
            ]
            holders = {target.id for target in named}
            for id in holders:
                known_as = everything[id]
                everything[id] = replace(known_as, entries={**known_as.entries, entry.key: now})
        apps = {each.app for each in (*stored, *found) if isinstance(each, Database) and each.id in holders}
        for target in found:
            known_as = everything[target.id]
            if target.id in holders or entry.key in known_as.contested | known_as.dismissed:
                continue
            beside = isinstance(target, Database) and target.app in apps and not entry.is_space
            if target.id not in before and (entry.names(target) or beside):
                everything[target.id] = replace(known_as, contested=known_as.contested | {entry.key})
                contested.append(Contest(target=target, entry=entry))
            elif entry.names(target):
                # It has been something else all along, and only took the name.
                everything[target.id] = replace(known_as, dismissed=known_as.dismissed | {entry.key})
    earlier = {target.id: target.known for target in stored}
    return Bindings(
        changed={id: known_as for id, known_as in everything.items() if known_as != earlier.get(id)},
        renamed=tuple(
            Renaming(before=before[target.id], after=target)
            for target in found
            if target.id in before and _names(before[target.id]) != _names(target)
        ),
        contested=tuple(contested),
    )


def _known(before: Target | None, target: Target) -> KnownAs:
    """What a target is known by so far; names count as they were when it was first seen."""
    if before is not None and before.known.name:
        return before.known
    first = before or target
    if isinstance(first, Database):
        return replace(first.known, name=first.name, app=first.app, space=first.space)
    return replace(first.known, name=first.name)


def _names(target: Target) -> tuple[str, ...]:
    return (*target.names, target.space) if isinstance(target, Database) else target.names
