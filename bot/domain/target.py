"""What access is asked to: a database today, a space later; and what the last look at it saw."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain.text import cite
from bot.errors import Refusal, Refused

Network = ipaddress.IPv4Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A Heroku Postgres add-on in a Private or Shield Space.

    Attributes:
        id: Heroku's add-on UUID, the one name that never changes.
        name: the add-on's name, for example ``postgresql-curved-12345``; may be changed by its owner.
        app: the owning app's name.
        space: the space's name.
        region: the space's region, for example ``virginia``.
        shield: whether the space is a Shield Space.
        plan: for example ``heroku-postgresql:private-4``.
        config_var: the app's config var that holds the connection URL, for example ``DATABASE_URL``.
    """

    id: UUID
    name: str
    app: str
    space: str
    region: str
    shield: bool
    plan: str
    config_var: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One IP rule as Heroku lists it (``GET …/tls-endpoint/ip-rules``)."""

    id: UUID
    network: Network
    status: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one look at a database saw.

    Attributes:
        at: when, by Postgres' clock.
        enabled: whether mTLS is enabled; a database without it has no rules.
        rules: the complete list.
        ours: ids of those rules that we made.
    """

    at: datetime
    enabled: bool
    rules: tuple[Rule, ...]
    ours: frozenset[UUID]

    def covering(self, network: Network) -> tuple[Rule, ...]:
        """Rules that already let the whole network in, the exact ones first."""
        found = (rule for rule in self.rules if network.subnet_of(rule.network))
        return tuple(sorted(found, key=lambda rule: (-rule.network.prefixlen, str(rule.id))))


def choose(databases: tuple[Database, ...], word: str | None) -> Database:
    """Finds the database that a person means by its name, its app's name, or none at all.

    Args:
        databases: those that Heroku has now.
        word: what was typed after ``to``; None when nothing was.

    Raises:
        Refused: none fits, several fit, or there is none at all.
    """
    names = sorted(database.app for database in databases)
    if not databases:
        raise Refused(Refusal.TARGET_NONE)
    fitting = [d for d in databases if word is None or word.lower() in (d.name.lower(), d.app.lower())]
    if not fitting:
        raise Refused(Refusal.TARGET_UNKNOWN, word=cite(word or ""), known=", ".join(names), example=names[0])
    if len(fitting) > 1 and word is None:
        raise Refused(Refusal.TARGET_MISSING, known=", ".join(names), example=names[0])
    if len(fitting) > 1:
        example = fitting[0].name
        raise Refused(
            Refusal.TARGET_AMBIGUOUS,
            word=cite(word or ""),
            known=", ".join(d.name for d in fitting),
            example=example,
        )
    return fitting[0]
