"""Resources of the account: spaces, apps, databases, and mTLS endpoints with rules and certificates.

Resources store the times of their transitions; the status at a moment is computed from them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid5

from sandbox.heroku.model.certificate_authority import Authority
from sandbox.heroku.model.certificates import KeptCertificate
from sandbox.heroku.model.privatelink import PrivateLink
from sandbox.heroku.model.rulesets import Generation, Ruleset, first_rules

LONG_AGO: Final = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
"""Creation time of everything that exists from the start."""

HEROKU: Final = "heroku@example.com"
"""E-mail address of the author of everything that exists from the start."""

AddonState = Literal["provisioning", "provisioned", "deprovisioned"]
SpaceState = Literal["allocating", "allocated", "deleting"]
NatState = Literal["disabled", "updating", "enabled"]
"""States of an add-on, of a space, and of its outbound addresses (heroku/platform-api, 2026-02)."""

EndpointStatus = Literal["Provisioning", "Operational", "Deprovisioning"]
RuleStatus = Literal["Authorizing", "Authorized"]
"""Statuses of the mTLS API, as herokux names them; the end of deprovisioning is a 404, not a status."""

_PLAN_IN_A_SPACE: Final = re.compile(r"(?!advanced|performance).*(private|shield)")
"""By the part of a plan's name after the colon, as the official CLI tells plans apart. Heroku Dev Center,
2026-05 and 2026-06: mTLS and PrivateLink need a Private or Shield plan and do not exist on Heroku Postgres
Advanced."""

_NAMESPACE: Final = UUID("5f2cf2f1-6f39-4f0e-9a5e-0c1d6a1f7b11")
"""Namespace of derived ids, a random UUID."""


def lasting_id(kind: str, name: str) -> UUID:
    """Return an id derived from kind and name, so that a restarted emulator has the same ids."""
    return uuid5(_NAMESPACE, f"{kind}/{name}")


@dataclass(slots=True, kw_only=True, eq=False)
class Space:
    """A Private or Shield Space.

    Attributes:
        nat: State of its outbound addresses.
        data_services: Whether its trusted IP ranges apply to its data services; Heroku's support enables it.
        unapplied: Number of next rulesets that are stored without being applied.
        rulesets: Every ruleset, oldest first, never empty.
        born: Its first name, from which its id is derived.
    """

    name: str
    region: str
    shield: bool = False
    generation: Generation = "cedar"
    created_at: datetime = LONG_AGO
    state: SpaceState = "allocated"
    nat: NatState = "enabled"
    data_services: bool = False
    unapplied: int = 0
    rulesets: list[Ruleset] = field(default_factory=list)
    born: str = ""

    def __post_init__(self) -> None:
        self.born = self.born or self.name
        first = Ruleset(
            id=lasting_id("ruleset", self.born),
            created_at=self.created_at,
            created_by=HEROKU,
            rules=first_rules(self.generation),
            applied_at=self.created_at,
        )
        self.rulesets = self.rulesets or [first]

    @property
    def id(self) -> UUID:
        """Heroku's id, which stays when the name changes."""
        return lasting_id("space", self.born)


@dataclass(slots=True, kw_only=True, eq=False)
class App:
    """An app; `space` is None in the Common Runtime, whose regions are ``us`` and ``eu``.

    Attributes:
        born: Its first name, from which its id is derived.
    """

    name: str
    space: Space | None
    created_at: datetime = LONG_AGO
    born: str = ""

    def __post_init__(self) -> None:
        self.born = self.born or self.name

    @property
    def id(self) -> UUID:
        """Heroku's id, which stays when the name changes."""
        return lasting_id("app", self.born)

    @property
    def region(self) -> str:
        """Where it runs."""
        return self.space.region if self.space else "us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An IP rule at a moment."""

    id: UUID
    cidr: str
    description: str
    status: RuleStatus
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRule:
    """An IP rule with the times of its transitions."""

    id: UUID
    cidr: str
    description: str
    created_at: datetime
    authorized_at: datetime

    def at(self, now: datetime) -> Rule:
        """Return the rule at a moment."""
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
    """The mTLS endpoint of a database, with its rules and client certificates.

    Attributes:
        absent_at: When deprovisioning ends; None if it was not disabled.
        server: CA of the server certificate, which clients trust.
        clients: CA of the client certificates.
    """

    operational_at: datetime
    server: Authority
    clients: Authority
    absent_at: datetime | None = None
    rules: dict[UUID, KeptRule] = field(default_factory=dict)
    certificates: list[KeptCertificate] = field(default_factory=list)

    def status(self, now: datetime) -> EndpointStatus:
        """Return the status at a moment before it is gone."""
        if self.absent_at is not None:
            return "Deprovisioning"
        return "Operational" if now >= self.operational_at else "Provisioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A name under which an app has an add-on: ``DATABASE`` makes the config var ``DATABASE_URL``.

    Attributes:
        namespace: Credential, such as ``credential:reader``; None is the default one.
    """

    name: str
    app: App
    namespace: str | None = None

    @property
    def id(self) -> UUID:
        """Heroku's id."""
        return lasting_id("attachment", f"{self.app.born}/{self.name}")

    @property
    def config_var(self) -> str:
        """The config var with the URL."""
        return f"{self.name}_URL"


@dataclass(slots=True, kw_only=True)
class Database:
    """A Postgres add-on.

    Attributes:
        removed: When each CIDR was last removed.
        certificates_made: Number of client certificates it ever had, those of earlier endpoints included.
        link: Its PrivateLink endpoint.
        server: A real server for it, ``host:port``; empty is a host that does not exist.
        lent: Attachments besides those of its own app's `config_vars`.
        born: Its first name, from which its id is derived.
        renames: When it was renamed, and from which name.
    """

    name: str
    app: App
    plan: str
    config_vars: tuple[str, ...]
    created_at: datetime = LONG_AGO
    endpoint: Endpoint | None = None
    removed: dict[str, datetime] = field(default_factory=dict)
    certificates_made: int = 0
    link: PrivateLink | None = None
    server: str = ""
    lent: list[Attachment] = field(default_factory=list)
    state: AddonState = "provisioned"
    born: str = ""
    renames: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.born = self.born or self.name

    @property
    def id(self) -> UUID:
        """Heroku's id, which stays when the name changes."""
        return lasting_id("addon", self.born)

    def name_at(self, moment: datetime) -> str:
        """Return the name that it had at a moment."""
        return next((name for renamed_at, name in self.renames if renamed_at > moment), self.name)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All attachments."""
        own = (Attachment(name=name.removesuffix("_URL"), app=self.app) for name in self.config_vars)
        return (*own, *self.lent)

    @property
    def service(self) -> str:
        """The add-on service."""
        return self.plan.partition(":")[0]

    @property
    def can_have_mtls(self) -> bool:
        """Whether its plan has mTLS."""
        return _PLAN_IN_A_SPACE.match(self.plan.partition(":")[2]) is not None

    @property
    def can_have_privatelink(self) -> bool:
        """Whether its plan has PrivateLink; the same plans have mTLS."""
        return self.can_have_mtls

    def link_at(self, now: datetime) -> PrivateLink | None:
        """Return the PrivateLink endpoint at a moment, if there is one."""
        link = self.link
        gone = link is None or (link.absent_at is not None and now >= link.absent_at)
        return None if gone else link

    def certificates_at(self, now: datetime) -> Iterator[KeptCertificate]:
        """Yield the client certificates at a moment, oldest first."""
        endpoint = self.endpoint_at(now)
        for certificate in endpoint.certificates if endpoint else ():
            if now >= certificate.created_at:
                yield certificate

    def next_certificate(self) -> int:
        """Return the number of a new client certificate, from 1."""
        self.certificates_made += 1
        return self.certificates_made

    def endpoint_at(self, now: datetime) -> Endpoint | None:
        """Return the mTLS endpoint at a moment, if there is one."""
        endpoint = self.endpoint
        gone = endpoint is None or (endpoint.absent_at is not None and now >= endpoint.absent_at)
        return None if gone else endpoint

    def rules_at(self, now: datetime) -> Iterator[Rule]:
        """Yield the IP rules at a moment, oldest first."""
        endpoint = self.endpoint_at(now)
        for rule in endpoint.rules.values() if endpoint else ():
            yield rule.at(now)

    def removed_within(self, cidr: str, seconds: float, now: datetime) -> bool:
        """Return whether a CIDR was removed less than so many seconds ago."""
        then = self.removed.get(cidr)
        return then is not None and now - then < timedelta(seconds=seconds)
