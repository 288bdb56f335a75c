"""A space's inbound ruleset, and what was last observed of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.drift import NO_DRIFT, Drift
from bot.domain.outside.text import UNREADABLE
from bot.domain.subject import Network

LIMIT: Final = 20
"""Ranges a space can hold at most (Heroku Dev Center, "Trusted IP Ranges")."""


EVERYWHERE: Final = "0.0.0.0/0"
"""A new space's only range: it allows everybody. It is shown, and pgaccess neither removes nor adds it."""


ALLOW: Final = "allow"
"""The one action that the official tools write; a rule with another one is left alone."""


class DataServices(StrEnum):
    """Whether a space's ranges also let data services be reached: Heroku's support enables that, by a ticket.

    ``web_only`` is a person's word that it is not needed: the ranges concern the web traffic alone.
    """

    UNKNOWN = "unknown"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    WEB_ONLY = "web_only"

    @property
    def decided(self) -> bool:
        """Whether ranges may be written."""
        return self in (DataServices.CONFIRMED, DataServices.WEB_ONLY)


DENY: Final = "deny"
"""The other action of the API's schema (Platform API reference, "Inbound Ruleset")."""


@dataclass(frozen=True, slots=True)
class RulesetRule:
    """One line of a space's list, exactly as it stands there.

    A line that cannot be read has the action ``UNREADABLE``, and as its source what Heroku sent, as JSON.
    """

    action: str
    source: str

    @property
    def line(self) -> object:
        """What is written to Heroku for it: of a line that could not be read, what was sent."""
        if self.action == UNREADABLE:
            return json.loads(self.source)
        return {"action": self.action, "source": self.source}

    @property
    def may_be(self) -> str | None:
        """The source that the line may allow, though its action cannot be read or is not known.

        Returns:
            ``UNREADABLE`` where it may be any; None where the line is clear.
        """
        if self.action in (ALLOW, DENY):
            return None
        line = self.line
        source = line.get("source") if isinstance(line, dict) else None
        return source if isinstance(source, str) else UNREADABLE

    @property
    def network(self) -> Network | None:
        """What it allows; None where it allows nothing or is no IPv4 network."""
        try:
            return Network(self.source) if self.action == ALLOW else None
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """A space's list at one time; every write makes a new one.

    Attributes:
        applied: whether it is in force; None where Heroku does not say.
        by: who wrote it, as Heroku names them.
        at: when it was written, by Heroku's clock and to the second; None where that cannot be read.
        readable: False where Heroku sent no list: what the list was is not known.
    """

    id: UUID
    rules: tuple[RulesetRule, ...]
    applied: bool | None
    by: str
    at: datetime | None = None
    readable: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesetObservation:
    """What one observation of a space's list shows.

    Attributes:
        at: when, by Postgres' clock.
        ours: the owned sources.
        drift: what differs from what was left; entries by their source.
    """

    at: datetime
    ruleset: Ruleset
    ours: frozenset[str]
    drift: Drift = NO_DRIFT

    @property
    def open_to_all(self) -> bool:
        """Whether everybody is allowed anyway."""
        return any(rule.source == EVERYWHERE and rule.action == ALLOW for rule in self.ruleset.rules)
