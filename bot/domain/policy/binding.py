"""Binds what the policy names to Heroku's UUIDs, when it is first seen: after that, names decide nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.domain.policy.environments import PolicyTarget
from bot.domain.target import Database, KnownAs, Target


class Called(StrEnum):
    """What has a name that was changed."""

    ADDON = "addon"
    APP = "app"
    SPACE = "space"


@dataclass(frozen=True, kw_only=True, slots=True)
class Renaming:
    """A name that was changed at Heroku, with every target that it concerns.

    Attributes:
        what: has the name.
        before: the name at the last discovery.
        after: the name now.
        targets: at least one; of an app or a space, every database in it.
    """

    what: Called
    before: str
    after: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """A target that may have replaced what entries are bound to; only a person can tell.

    Attributes:
        target: with what it is known by from now on.
        entries: that could mean it.
        again: it was seen before, and now what was bound is gone or has given up its place.
    """

    target: Target
    entries: tuple[PolicyTarget, ...]
    again: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Bindings:
    """What a discovery changes in what the policy knows targets by.

    Attributes:
        changed: by Heroku's UUID.
        renamed: every name that has changed; nothing else has.
        contested: for the admins to decide, one for each target.
        vanished: targets that are gone before the admins have decided.
    """

    changed: Mapping[UUID, KnownAs]
    renamed: tuple[Renaming, ...]
    contested: tuple[Contest, ...]
    vanished: tuple[Target, ...]


def bind(
    entries: Sequence[PolicyTarget],
    *,
    stored: Sequence[Target],
    present: Collection[UUID],
    found: Sequence[Target],
    now: datetime,
) -> Bindings:
    """Binds entries that are bound to nothing yet, and notes which targets only seem to be named.

    Nothing that was seen before changes its environment here, whatever it is called now: only an author of
    the policy, or an admin who answers, can do that.

    Args:
        entries: of the policy.
        stored: every target that was ever seen, as it was when it was seen last.
        present: those of them that the last discovery found.
        found: what Heroku has now.
        now: orders bindings of one entry; of two, the later is what people mean by the alias.

    Returns:
        The changes; none where nothing is new.
    """
    discovery = _Discovery(stored, present, found, now)
    for entry in entries:
        discovery.bind(entry)
    return Bindings(
        changed=discovery.changed(),
        renamed=_renamings(discovery.before, discovery.described()),
        contested=discovery.contests(entries),
        vanished=discovery.vanished(),
    )


def bound_alike(keys: Collection[str], targets: Collection[Target]) -> tuple[tuple[str, ...], ...]:
    """Groups keys of entries that are bound to the same targets: they have one successor.

    Args:
        keys: of entries of the policy.
        targets: every one that was ever seen.
    """
    groups: dict[object, list[str]] = {}
    for key in sorted(keys):
        holders = frozenset(target.id for target in targets if key in target.known.entries)
        groups.setdefault(holders or key, []).append(key)
    return tuple(tuple(group) for group in groups.values())


class _Discovery:
    """One discovery compared with all that was seen before it."""

    def __init__(
        self, stored: Sequence[Target], present: Collection[UUID], found: Sequence[Target], now: datetime
    ) -> None:
        self.before = {target.id: target for target in stored}
        self._found = {target.id: target for target in found}
        self._present = frozenset(present)
        self._now = now
        self._known = {target.id: target.known for target in stored}
        self._known |= {target.id: _known(self.before.get(target.id), target) for target in found}
        self._offered: dict[UUID, set[str]] = {}
        for id in self._found.keys() & self.before.keys() - self._present:
            # The offer of one that was away was withdrawn meanwhile.
            self._offered[id] = set(self._known[id].contested)

    def bind(self, entry: PolicyTarget) -> None:
        """Binds an entry, or judges what only seems to be meant by it."""
        holders = {id for id, known in self._known.items() if entry.key in known.entries}
        if not holders:
            holders = self._first_named(entry)
            for id in holders:
                known = self._known[id]
                self._known[id] = replace(known, entries={**known.entries, entry.key: self._now})
        for target in self._found.values():
            if target.id not in holders:
                self._judge(target, entry, holders)

    def changed(self) -> Mapping[UUID, KnownAs]:
        """What is known otherwise than before."""
        earlier = {id: target.known for id, target in self.before.items()}
        return {id: known for id, known in self._known.items() if known != earlier.get(id)}

    def described(self) -> tuple[Target, ...]:
        """What Heroku has now, with what it is known by."""
        return tuple(self._described(id) for id in self._found)

    def contests(self, entries: Sequence[PolicyTarget]) -> tuple[Contest, ...]:
        """Everything that the admins have to be asked."""
        found = []
        for id, keys in self._offered.items():
            meant = tuple(entry for entry in entries if entry.key in keys)
            if meant:
                target = self._described(id)
                found.append(Contest(target=target, entries=meant, again=id in self.before))
        return tuple(found)

    def vanished(self) -> tuple[Target, ...]:
        """Targets that the admins were asked about, and that were found the last time and not now."""
        gone = [self.before[id] for id in sorted(self._present & self.before.keys() - self._found.keys())]
        return tuple(target for target in gone if target.known.contested)

    def _first_named(self, entry: PolicyTarget) -> set[UUID]:
        """What an entry that is bound to nothing means: by the names of last time, else what is new.

        What was seen before under another name is not meant: a rename must not decide what an entry means.
        """
        named = {
            target.id
            for target in self.before.values()
            if (target.id in self._present or target.id in self._found)
            and entry.names(target)
            and entry.key not in target.known.contested | target.known.dismissed
        }
        return named or {id for id in self._found.keys() - self.before.keys() if entry.names(self._found[id])}

    def _judge(self, target: Target, entry: PolicyTarget, holders: Collection[UUID]) -> None:
        known, named = self._known[target.id], entry.names(target)
        if target.id not in self.before:
            if named or self._is_beside(target, holders):
                self._known[target.id] = replace(known, contested=known.contested | {entry.key})
                self._offered.setdefault(target.id, set()).add(entry.key)
        elif entry.key in known.contested:
            return
        elif self._takes_place(target, entry, holders):
            # Dismissed as well: until an admin answers, it stays what it has been.
            self._known[target.id] = replace(
                known, contested=known.contested | {entry.key}, dismissed=known.dismissed | {entry.key}
            )
            self._offered.setdefault(target.id, set()).add(entry.key)
        elif named and entry.key not in known.dismissed:
            # It has been something else all along, and only took the name.
            self._known[target.id] = replace(known, dismissed=known.dismissed | {entry.key})

    def _takes_place(self, target: Target, entry: PolicyTarget, holders: Collection[UUID]) -> bool:
        """Whether what was seen before may at this moment have become what an entry means."""
        known, named = self._known[target.id], entry.names(target)
        if not holders:
            return named and entry.key not in known.dismissed
        beside = self._is_beside(target, holders)
        lost = any(id in self._present for id in holders) and all(id not in self._found for id in holders)
        return (lost and (named or beside)) or (beside and self._is_promoted(target, holders))

    def _is_beside(self, target: Target, holders: Collection[UUID]) -> bool:
        """Whether a database is in an app of what was bound before this discovery."""
        if not isinstance(target, Database):
            return False
        seen = [each.get(id) for id in holders if id in self.before for each in (self.before, self._found)]
        return target.app in {each.app for each in seen if isinstance(each, Database)}

    def _is_promoted(self, target: Target, holders: Collection[UUID]) -> bool:
        """Whether a database has the attachment now that something bound has lost."""
        before = self.before[target.id]
        if not isinstance(target, Database) or not isinstance(before, Database):
            return False
        lost = {
            was.config_var
            for was, now in ((self.before.get(id), self._found.get(id)) for id in holders)
            if isinstance(was, Database) and isinstance(now, Database) and was.config_var != now.config_var
        }
        return target.config_var != before.config_var and target.config_var in lost

    def _described(self, id: UUID) -> Target:
        return replace(self._found[id], known=self._known[id])


def _known(before: Target | None, target: Target) -> KnownAs:
    """What a target is known by so far; names count as they were when it was first seen."""
    if before is not None and before.known.name:
        return replace(before.known, listed_as="")
    first = before or target
    if isinstance(first, Database):
        return replace(first.known, name=first.name, app=first.app, space=first.space, listed_as="")
    return replace(first.known, name=first.name, listed_as="")


def _renamings(before: Mapping[UUID, Target], found: Sequence[Target]) -> tuple[Renaming, ...]:
    """Every name that has changed; of an app or a space once, however many databases are in it."""
    changed: dict[tuple[Called, str, str], list[Target]] = {}
    for target in found:
        earlier = _names(before[target.id]) if target.id in before else {}
        for what, name in _names(target).items():
            if earlier.get(what, name) != name:
                # Two add-ons cannot have one name, but each of two may have had the other's.
                changed.setdefault((what, earlier[what], name), []).append(target)
    return tuple(
        Renaming(what=what, before=old, after=new, targets=tuple(targets))
        for (what, old, new), targets in changed.items()
    )


def _names(target: Target) -> Mapping[Called, str]:
    """A target's names at the last discovery."""
    name = target.known.listed_as or target.name
    if isinstance(target, Database):
        return {Called.ADDON: name, Called.APP: target.app, Called.SPACE: target.space}
    return {Called.SPACE: name}
