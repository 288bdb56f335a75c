"""The rulesets of a space, with their moments: what its trusted IP ranges are and were.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): a rule is an action and a source, a
ruleset is replaced whole and never changed; the official CLI (11.9.0): ``applied`` tells whether a ruleset
that is stored is in force, and storing one again triggers it. Heroku Dev Center,
private-spaces-trusted-ip-ranges, 2026-03: a space lets everybody in until somebody narrows it; a Fir space
does so in IPv6 too.
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
"""What a Fir space has besides; nobody could write it, because a source that is sent must be IPv4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One rule: what happens to web requests from some addresses."""

    action: Action = "allow"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One state of a space's list.

    Attributes:
        created_by: Who put it there, by e-mail address.
        applied_at: When it comes into force; None is never, unless it is put there again.
    """

    id: UUID
    created_at: datetime
    created_by: str
    rules: tuple[Range, ...]
    applied_at: datetime | None

    def applied(self, now: datetime) -> bool:
        """Return whether it has come into force."""
        return self.applied_at is not None and self.applied_at <= now


def first_rules(generation: Generation) -> tuple[Range, ...]:
    """Return the rules that a space has from the start."""
    sources = (EVERYBODY, EVERYBODY_IN_IPV6) if generation == "fir" else (EVERYBODY,)
    return tuple(Range(source=source) for source in sources)
