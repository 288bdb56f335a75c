"""What a database's PrivateLink looked like when last observed, and Amazon's names of regions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.drift import NO_DRIFT, Drift
from bot.domain.method import is_advanced
from bot.domain.privatelink.aws_account import number_of

OPERATIONAL: Final = "Operational"
"""The one status of an endpoint that works; every other word, known or new, means "not yet" or "no more"."""

LEAVING: Final = frozenset(("Deprovisioning", "Deprovisioned"))
"""Statuses of an endpoint that somebody destroyed: a 404 follows (herokux c822fb4)."""

ACTIVE: Final = frozenset(("Active", "Available"))
"""Statuses of an account that may connect; which of them Heroku sends has changed."""

AVAILABLE: Final = "Available"
"""The one status of a connection that works: an interface VPC endpoint on Amazon's side."""

PORTS: Final = (5432, 5433)
"""TCP ports of Postgres and of its connection pool (heroku/heroku-privatelink-example c98382a opens both)."""

AWS_REGIONS: Final[Mapping[str, str]] = {
    "dublin": "eu-west-1",
    "frankfurt": "eu-central-1",
    "london": "eu-west-2",
    "montreal": "ca-central-1",
    "mumbai": "ap-south-1",
    "oregon": "us-west-2",
    "singapore": "ap-southeast-1",
    "sydney": "ap-southeast-2",
    "tokyo": "ap-northeast-1",
    "virginia": "us-east-1",
}
"""Regions of Heroku spaces by Amazon's names: Heroku Dev Center, "Regions" and "Private Spaces" (2024-10);
the Platform API says the same in ``GET /regions``, field ``provider.region``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowedAccount:
    """An account or user that may connect, as Heroku lists it.

    Attributes:
        arn: in full; ``UNREADABLE`` where it could not be read, and the account may be any.
        status: ``Provisioning``, then ``Active``; any other word means "not yet".
    """

    arn: str
    status: str

    @property
    def may_connect(self) -> bool:
        """Whether it may connect at this moment."""
        return self.status in ACTIVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """An interface VPC endpoint that somebody made on Amazon's side.

    Attributes:
        endpoint: Amazon's id, ``vpce-…``.
        hostname: what the database is reached under from that VPC.
        owner: ARN of the account that has it.
        status: ``Available`` once it works.
    """

    endpoint: str
    hostname: str
    owner: str
    status: str

    @property
    def works(self) -> bool:
        """Whether it can be used."""
        return self.status == AVAILABLE

    @property
    def config_var(self) -> str:
        """The middle of the config vars' names that follow it: ``ENDPOINT_0AB1``, without its prefix.

        heroku/heroku-privatelink-example (c98382a): the id without ``vpce-``, in capitals.
        """
        return f"ENDPOINT_{self.endpoint.removeprefix('vpce-').upper()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkObservation:
    """What one observation of a database's PrivateLink shows.

    Attributes:
        at: when, by Postgres' clock.
        status: of the endpoint; None where it is proven that there is none.
        service: the name of the endpoint service; empty while it has none.
        accounts: the complete list.
        connections: the complete list.
        ours: ARNs of the owned accounts.
        config_vars: names, never values, of the app's config vars that came with connections.
        vars_tries: how often in a row those names were read without one that is awaited.
        vars_read_at: when they were last read, by Postgres' clock; None when they never were.
        drift: what stands otherwise than it was left; entries by their ARN.
    """

    at: datetime
    status: str | None
    service: str = ""
    accounts: tuple[AllowedAccount, ...] = ()
    connections: tuple[Connection, ...] = ()
    ours: frozenset[str] = frozenset()
    config_vars: tuple[str, ...] = ()
    vars_tries: int = 0
    vars_read_at: datetime | None = None
    drift: Drift = NO_DRIFT

    @property
    def unmanaged(self) -> tuple[AllowedAccount, ...]:
        """Accounts that somebody else allowed."""
        return tuple(account for account in self.accounts if account.arn not in self.ours)

    def account(self, arn: str) -> AllowedAccount | None:
        """Returns an account by its ARN."""
        return next((account for account in self.accounts if account.arn == arn), None)

    def connected(self, arn: str) -> tuple[Connection, ...]:
        """Returns connections from the account that an ARN belongs to, a user's being their account's."""
        number = number_of(arn)
        return tuple(each for each in self.connections if number and number in each.owner.split(":"))

    @property
    def awaits(self) -> frozenset[str]:
        """Endpoints whose connection works, and whose config var has not been observed."""
        return frozenset(each.endpoint for each in self.connections if each.works and not self.named(each))

    def named(self, connection: Connection) -> bool:
        """Whether any config var of a connection is there."""
        # The underscores keep one endpoint's id from matching in a longer one.
        return any(f"_{connection.config_var}_" in name for name in self.config_vars)

    def url_var(self, connection: Connection) -> str | None:
        """The config var that holds the connection's URL; None while it is not there."""
        # The whole ending: the connection pool has a config var of its own, ending in ``_PGBOUNCER_URL``.
        ending = f"{connection.config_var}_URL"
        return next((name for name in self.config_vars if name.endswith(f"_{ending}")), None)


def aws_region(heroku: str, service: str = "") -> str | None:
    """Amazon's name of a region, or None where it is not known.

    Args:
        heroku: Heroku's name of it.
        service: the endpoint service's name, once known: ``com.amazonaws.vpce.<region>.vpce-svc-…`` says the
            region itself (AWS, "Share your services through AWS PrivateLink").
    """
    parts = service.split(".")
    if parts[:3] == ["com", "amazonaws", "vpce"] and len(parts) == 5:
        return parts[3]
    return AWS_REGIONS.get(heroku)


def has_privatelink(plan: str) -> bool:
    """Whether a plan such as ``heroku-postgresql:private-4`` can have PrivateLink.

    Heroku Postgres Advanced cannot (Heroku Dev Center, heroku-postgres-via-privatelink, 2026-06-02).
    """
    return not is_advanced(plan)
