"""What a Heroku account has: spaces, apps, databases, their mTLS endpoints with rules and certificates.

Nothing here has a state that must be moved along: what the time brings is worked out from the moments
that are kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid5

from sandbox.heroku.certificates import Certificate

LONG_AGO: Final = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
"""When things were made that were there before the play begins."""

EndpointStatus = Literal["Provisioning", "Operational", "Deprovisioning"]
RuleStatus = Literal["Authorizing", "Authorized"]
"""Statuses of the mTLS API, as herokux names them; the end of deprovisioning is a 404, not a status."""

_PLAN_WITH_MTLS: Final = re.compile(r"(?!advanced|performance).*(private|shield)")
"""By the part of a plan's name after the colon, as the official CLI tells plans apart. Heroku Dev Center,
2026-05: mTLS needs a Private or Shield plan and does not exist on Heroku Postgres Advanced."""

_NAMESPACE: Final = UUID("5f2cf2f1-6f39-4f0e-9a5e-0c1d6a1f7b11")
"""Drawn once; it keeps these ids apart from everybody else's."""


def lasting_id(kind: str, name: str) -> UUID:
    """Return the id of something by its kind and name: a played Heroku started anew has the same ids."""
    return uuid5(_NAMESPACE, f"{kind}/{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A Private or Shield Space."""

    name: str
    region: str
    shield: bool = False
    created_at: datetime = LONG_AGO

    @property
    def id(self) -> UUID:
        """Heroku's id."""
        return lasting_id("space", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app; `space` is None in the Common Runtime, whose regions are ``us`` and ``eu``."""

    name: str
    space: Space | None
    created_at: datetime = LONG_AGO

    @property
    def id(self) -> UUID:
        """Heroku's id."""
        return lasting_id("app", self.name)

    @property
    def region(self) -> str:
        """Where it runs."""
        return self.space.region if self.space else "us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An IP rule as it is at one moment."""

    id: UUID
    cidr: str
    description: str
    status: RuleStatus
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRule:
    """An IP rule with its moments."""

    id: UUID
    cidr: str
    description: str
    created_at: datetime
    authorized_at: datetime

    def at(self, now: datetime) -> Rule:
        """Return the rule as it is at a moment."""
        done = now >= self.authorized_at
        return Rule(
            id=self.id,
            cidr=self.cidr,
            description=self.description,
            status="Authorized" if done else "Authorizing",
            created_at=self.created_at,
            updated_at=self.authorized_at if done else self.created_at,
        )


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """The mTLS endpoint of a database, with its moments, rules and client certificates.

    Attributes:
        gone_at: When deprovisioning ends; None while nobody disabled it.
        authority: The certificate chain of its server, PEM.
    """

    operational_at: datetime
    authority: str
    gone_at: datetime | None = None
    rules: dict[UUID, KeptRule] = field(default_factory=dict)
    certificates: list[Certificate] = field(default_factory=list)

    def status(self, now: datetime) -> EndpointStatus:
        """Return the status at a moment before it is gone."""
        if self.gone_at is not None:
            return "Deprovisioning"
        return "Operational" if now >= self.operational_at else "Provisioning"


@dataclass(slots=True, kw_only=True)
class Database:
    """A Postgres add-on.

    Attributes:
        removed: When each CIDR was last taken off the list.
    """

    name: str
    app: App
    plan: str
    config_vars: tuple[str, ...]
    created_at: datetime = LONG_AGO
    endpoint: Endpoint | None = None
    removed: dict[str, datetime] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """Heroku's id."""
        return lasting_id("addon", self.name)

    @property
    def service(self) -> str:
        """The add-on service."""
        return self.plan.partition(":")[0]

    @property
    def can_have_mtls(self) -> bool:
        """Whether its plan has mTLS."""
        return _PLAN_WITH_MTLS.match(self.plan.partition(":")[2]) is not None

    def endpoint_at(self, now: datetime) -> Endpoint | None:
        """Return the mTLS endpoint at a moment, if there is one."""
        endpoint = self.endpoint
        gone = endpoint is None or (endpoint.gone_at is not None and now >= endpoint.gone_at)
        return None if gone else endpoint

    def rules_at(self, now: datetime) -> Iterator[Rule]:
        """Yield the IP rules as they are at a moment, oldest first."""
        endpoint = self.endpoint_at(now)
        for rule in endpoint.rules.values() if endpoint else ():
            yield rule.at(now)

    def removed_within(self, cidr: str, seconds: float, now: datetime) -> bool:
        """Return whether a CIDR was taken off the list less than so many seconds ago."""
        then = self.removed.get(cidr)
        return then is not None and now - then < timedelta(seconds=seconds)
