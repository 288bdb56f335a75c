"""Environments: which rules a target is judged by, however it is called at Heroku today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from uuid import UUID

from bot.domain.target import Aliases, Database, Space, Target
from bot.errors import Refusal, Refused

DEFAULT_ENVIRONMENT: Final = "default"
"""The environment of an entry of the policy that names none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTarget:
    """A database or a space that the policy names.

    Attributes:
        alias: the name that people may type.
        database: name of the add-on or of its app; for a space, its own name.
        environment: by which rules match it.
        is_space: whether it is a space, the target of trusted IP ranges.
    """

    alias: str
    database: str
    environment: str
    is_space: bool = False

    @property
    def key(self) -> str:
        """What is bound to Heroku's UUID: an author who writes another name means another target."""
        return f"{self.alias.lower()}={self.database.lower()}"

    def names(self, target: Target) -> bool:
        """Whether a target is called as the entry says at this moment."""
        return self.is_space == isinstance(target, Space) and self.database.lower() in (
            name.lower() for name in target.names
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """An environment by globs over names, such as ``acme-*``; what is None matches everything.

    Attributes:
        environment: of what matches.
        space: of the name of the space.
        app: of the name of the app that owns a database.
        addon: of the name of a database's add-on.
    """

    environment: str
    space: str | None = None
    app: str | None = None
    addon: str | None = None

    def matches(self, target: Target) -> bool:
        """Whether a target matches by the names that it had when it was first seen.

        A space matches only patterns that say nothing of apps and add-ons.
        """
        if isinstance(target, Space) and (self.app, self.addon) != (None, None):
            return False
        names = names_first_seen(target)
        return all(
            glob is None or fnmatchcase(name.lower(), glob.lower())
            for glob, name in zip((self.space, self.app, self.addon), names, strict=True)
        )

    def covers(self, other: "Pattern") -> bool:
        """Whether it certainly matches whatever another one does; of odd globs that is not known."""
        mine, others = (self.space, self.app, self.addon), (other.space, other.app, other.addon)
        return all(_covers(one, another) for one, another in zip(mine, others, strict=True))


def _covers(one: str | None, other: str | None) -> bool:
    """Whether a glob matches whatever another one does."""
    if one is None or other is None:
        # None also matches a space, of which there is no name.
        return one is None
    if one.lower() == other.lower():
        return True
    # With stars only, each of them takes what the other's wildcards may stand for.
    return not set(one) & set("?[]") and fnmatchcase(other.lower(), one.lower())


def names_first_seen(target: Target) -> tuple[str, str, str]:
    """Returns the names of space, app and add-on that patterns match; today's where none were stored yet."""
    known = target.known
    if isinstance(target, Space):
        return known.name or target.name, "", ""
    return known.space or target.space, known.app or target.app, known.name or target.name


def listed_entry(entries: Iterable[PolicyTarget], target: Target) -> PolicyTarget | None:
    """Returns the entry that a target is bound to, or would be bound to when it is seen next.

    Args:
        entries: of the policy.
        target: as the store knows it.
    """
    alike = [entry for entry in entries if entry.is_space == isinstance(target, Space)]
    bound = [entry for entry in alike if entry.key in target.known.entries]
    # An entry that is bound to another target names nothing else, whatever that is called.
    named = [entry for entry in alike if entry.names(target) and not _is_another(entry, target)]
    names = [name.lower() for name in (target.known.name, *target.names)]
    for found in (bound, named):
        # An add-on's own name before its app's.
        ranked = sorted(found, key=lambda entry: _rank(names, entry.database.lower()))
        if ranked:
            return ranked[0]
    return None


def aliases_of(entries: Iterable[PolicyTarget], targets: Sequence[Target]) -> Aliases:
    """Returns what each alias stands for today: what was bound to it last, or else what its entry names.

    Args:
        entries: of the policy.
        targets: all that there are at Heroku.
    """
    return {entry.alias.lower(): _bound_last(entry, targets) for entry in entries}


def _bound_last(entry: PolicyTarget, targets: Sequence[Target]) -> frozenset[UUID]:
    bound = {each.id: each.known.entries[entry.key] for each in targets if entry.key in each.known.entries}
    if bound:
        # After a replacement was confirmed both are bound; what is typed means the new one.
        newest = max(bound.values())
        return frozenset(id for id, at in bound.items() if at == newest)
    return frozenset(each.id for each in targets if entry.names(each) and not _is_another(entry, each))


def _is_another(entry: PolicyTarget, target: Target) -> bool:
    """Whether an entry that would name a target is known to mean another one, or may do so."""
    return entry.key in target.known.contested | target.known.dismissed


def _rank(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def environments_of(
    entries: Sequence[PolicyTarget],
    patterns: Sequence[Pattern],
    unmatched: str | None,
    target: Target,
    inside: Sequence[Database] = (),
) -> frozenset[str]:
    """Returns the environments by which a target is judged.

    Args:
        entries: single targets, which go before patterns.
        patterns: in the order of the file; the first match counts.
        unmatched: the environment of everything else; None refuses it.
        target: a database or a space.
        inside: every database in the space.

    Raises:
        Refused: nothing covers the target or one of the databases inside it, or another target is bound to
            the entry that names it.
    """
    found = {_environment(entries, patterns, unmatched, database) for database in inside}
    if not inside or listed_entry(entries, target) is not None:
        found.add(_environment(entries, patterns, unmatched, target))
    return frozenset(found)


def _environment(
    entries: Sequence[PolicyTarget], patterns: Sequence[Pattern], unmatched: str | None, target: Target
) -> str:
    entry = listed_entry(entries, target)
    if entry is not None:
        return entry.environment
    contested = [entry for entry in entries if entry.key in target.known.contested]
    if contested:
        raise Refused(Refusal.TARGET_CONTESTED, app=target.label, name=target.name, alias=contested[0].alias)
    found = next((pattern.environment for pattern in patterns if pattern.matches(target)), unmatched)
    if found is None:
        raise Refused(Refusal.TARGET_UNMATCHED, app=target.label)
    return found
