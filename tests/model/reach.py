"""Whether what a message says of reach is true of the emulated Heroku: a pure judgement for the model.

It knows nothing of the product's own computation: it reads sentences as people do, and compares them with
lists. A message speaks of the moment at which it was rendered; the caller chooses the lists of that moment.
"""

import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, collapse_addresses
from typing import Final

from bot.i18n.catalogue import CATALOGUE, LANGUAGES


class Says(StrEnum):
    """What a sentence asserts of an address."""

    ALLOWED = "allowed"
    PART = "part"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What the emulated Heroku has in force at one moment.

    Attributes:
        rules: authorized IP rules, by the label of the database.
        accounts: ARNs that may connect through PrivateLink, by the label of the database.
        ranges: trusted IP ranges in force, by the name of the space.
        space_of: the space of each database.
        open_services: spaces whose data services follow their ranges.
    """

    rules: Mapping[str, Collection[str]] = field(default_factory=dict)
    accounts: Mapping[str, Collection[str]] = field(default_factory=dict)
    ranges: Mapping[str, Collection[str]] = field(default_factory=dict)
    space_of: Mapping[str, str] = field(default_factory=dict)
    open_services: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """What one sentence asserts.

    Attributes:
        addresses: networks, or accounts as messages write them.
        target: a database's label, or a space's name.
        by: the entries that it names as those that allow the addresses.
    """

    addresses: tuple[str, ...]
    target: str
    says: Says
    by: tuple[str, ...] = ()


SENTENCES: Final[Mapping[str, Says]] = {
    "notification.in_force": Says.ALLOWED,
    "notification.in_force.trusted": Says.ALLOWED,
    "notification.in_force.privatelink": Says.ALLOWED,
    "notification.ended": Says.CLOSED,
    "notification.ended.stays": Says.CLOSED,
    "notification.failed": Says.CLOSED,
    "notification.interrupted": Says.CLOSED,
    "notification.interrupted.part": Says.CLOSED,
    "reach.still": Says.ALLOWED,
    "reach.still.part": Says.PART,
    "reach.stays": Says.ALLOWED,
    "reach.stays.part": Says.PART,
    "confirm.revoke.stays": Says.ALLOWED,
    "confirm.revoke.stays.part": Says.PART,
    "why.address.whole": Says.ALLOWED,
    "why.address.part": Says.PART,
    "why.address.none": Says.CLOSED,
    "why.range.other": Says.ALLOWED,
    "why.range.part": Says.PART,
}
"""Sentences that assert something of an address; those that name no target are not judged."""

_ADDRESS: Final = r"[0-9][0-9./]*(?::user/[^\s,*]+)?"
_PATTERNS: Final[Mapping[str, str]] = {
    "network": rf"{_ADDRESS}(?:, {_ADDRESS})*",
    "app": r"[A-Za-z0-9_-]+(?:::[A-Za-z0-9_-]+)?",
    "space": r"[A-Za-z0-9_-]+",
}
"""What may stand in place of a placeholder; anything may in place of another one."""

_ANYTHING: Final = r"[^\n]*?"

_NAMED: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}/[0-9]+|(?<![0-9#])[0-9]{12}(?::user/[^\s,)]+)?")
"""Entries within the part of a sentence that says by what an address is allowed."""

_ARN: Final = "arn:aws:iam::"


def assertions(text: str) -> list[Assertion]:
    """Returns what a posted text asserts of addresses, in whichever language it is."""
    return list(dict.fromkeys(_assertions(text)))


def holds(assertion: Assertion, heroku: Allowed) -> bool:
    """Whether an assertion is true of what the emulated Heroku has."""
    judged = [_extent(address, assertion.target, heroku) for address in assertion.addresses]
    match assertion.says:
        case Says.CLOSED:
            return not any(judged)
        case Says.ALLOWED:
            true = all(extent == 1 for extent in judged)
        case Says.PART:
            true = any(judged) and not all(extent == 1 for extent in judged)
    present = {_name(each) for each in _entries(assertion.target, heroku)}
    return true and all(_name(each) in present for each in assertion.by)


def untrue(texts: Iterable[str], heroku: Allowed) -> list[Assertion]:
    """Returns the assertions of some posted texts that do not hold."""
    return [found for text in texts for found in assertions(text) if not holds(found, heroku)]


def _assertions(text: str) -> Iterator[Assertion]:
    for key, says in SENTENCES.items():
        for language in LANGUAGES:
            for found in _pattern(CATALOGUE[language][key]).finditer(text):
                parts = found.groupdict()
                yield Assertion(
                    addresses=tuple(parts["network"].split(", ")),
                    target=parts.get("app") or parts["space"],
                    says=says,
                    by=tuple(_NAMED.findall(parts.get("by") or "")),
                )


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    """A catalogue's sentence as an expression that finds it, filled in, in a text."""
    parts, seen = [], set[str]()
    for literal, name, _, _ in string.Formatter().parse(sentence):
        parts.append(re.escape(literal))
        if name in seen:
            parts.append(f"(?P={name})")
        elif name:
            seen.add(name)
            parts.append(f"(?P<{name}>{_PATTERNS.get(name, _ANYTHING)})")
    return re.compile("".join(parts))


def _extent(address: str, target: str, heroku: Allowed) -> float:
    """How much of an address is allowed: 0 nothing, 1 all of it, and one half for a part."""
    entries = _entries(target, heroku)
    if "." not in address:
        return _account_extent(_name(address), [_name(each) for each in entries])
    asked = IPv4Network(address)
    networks = [IPv4Network(each, strict=False) for each in entries if _is_network(each)]
    if any(asked.subnet_of(each) for each in collapse_addresses(networks)):
        return 1
    return 0.5 if any(asked.overlaps(each) for each in networks) else 0


def _account_extent(asked: str, listed: Sequence[str]) -> float:
    whole = {"*", asked, asked.partition(":")[0]}
    if whole & set(listed):
        return 1
    return 0.5 if any(each.startswith(f"{asked}:") for each in listed) else 0


def _entries(target: str, heroku: Allowed) -> list[str]:
    """Everything that may allow an address to a database, or to a space."""
    entries = [*heroku.rules.get(target, ()), *heroku.accounts.get(target, ())]
    space = heroku.space_of.get(target)
    if space is None:
        return [*entries, *heroku.ranges.get(target, ())]
    return [*entries, *(heroku.ranges.get(space, ()) if space in heroku.open_services else ())]


def _is_network(entry: str) -> bool:
    try:
        IPv4Network(entry, strict=False)
    except ValueError:
        return False
    return "." in entry


def _name(entry: str) -> str:
    """An account as messages write it; everything else as it is."""
    return entry.removeprefix(_ARN).removesuffix(":root")
