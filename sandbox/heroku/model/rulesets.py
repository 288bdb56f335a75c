"""Rulesets of a space: its present and earlier trusted IP ranges.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): a rule is an action and a source, a
ruleset is replaced whole and never changed; the official CLI (11.9.0): ``applied`` tells whether a ruleset
that is stored is in force, and storing one again triggers it. Heroku Dev Center,
private-spaces-trusted-ip-ranges, 2026-03: a space allows every address until it is restricted; a Fir space
also every IPv6 address.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

Action = Literal["allow", "deny"]
"""The schema's two actions; the official CLI writes only ``allow``."""

Generation = Literal["cedar", "fir"]
"""The generations of a space."""

EVERYBODY: Final = "0.0.0.0/0"
EVERYBODY_IN_IPV6: Final = "::/0"
"""Second rule of a Fir space; no client could send it, because sources must be IPv4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A rule: allows or denies web requests from a network."""

    action: Action = "allow"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """A version of a space's list.

    Attributes:
        created_by: E-mail address of the author.
        applied_at: When it is applied; None is never, unless it is put again.
    """

    id: UUID
    created_at: datetime
    created_by: str
    rules: tuple[Range, ...]
    applied_at: datetime | None

    def applied(self, now: datetime) -> bool:
        """Return whether it has been applied."""
        return self.applied_at is not None and self.applied_at <= now


def first_rules(generation: Generation) -> tuple[Range, ...]:
    """Return the rules of a new space."""
    sources = (EVERYBODY, EVERYBODY_IN_IPV6) if generation == "fir" else (EVERYBODY,)
    return tuple(Range(source=source) for source in sources)
