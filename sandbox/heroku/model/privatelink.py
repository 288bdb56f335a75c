"""A database's PrivateLink endpoint: whom it admits and who has connected, with their moments.

Facts: herokux (c822fb4, 2025-08), ``api/data/types.go`` and ``privatelink.go``, and
heroku/heroku-data-privatelink-cli (2.0.1, 2026-08): the statuses; what was destroyed says ``Deprovisioned``
at once, goes on saying so, and ends in a 404.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

LinkStatus = Literal["Provisioning", "Operational", "Deprovisioned"]
AccountStatus = Literal["Provisioning", "Active"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedAccount:
    """A principal of Amazon's that may connect, once it is active."""

    arn: str
    active_at: datetime

    def status(self, now: datetime) -> AccountStatus:
        """Return the status at a moment."""
        return "Active" if now >= self.active_at else "Provisioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A customer's VPC endpoint.

    Attributes:
        endpoint_id: Amazon's id, ``vpce-…``.
        hostname: What the database is reached under from that VPC.
        principal: Who made it.
        owner_arn: The account that has it.
        available_at: When it can be used.
        announced_at: When the app's config vars tell its URL.
    """

    endpoint_id: str
    hostname: str
    principal: str
    owner_arn: str
    available_at: datetime
    announced_at: datetime

    @property
    def config_word(self) -> str:
        """Its part of a config var's name: the id's own digits in capitals."""
        return self.endpoint_id.removeprefix("vpce-").upper()


@dataclass(slots=True, kw_only=True)
class PrivateLink:
    """The endpoint.

    Attributes:
        service_name: What a VPC endpoint is made for, known once it is operational.
        region: Amazon's name of the region it is in.
        visible_at: When Amazon knows the service.
        absent_at: When nothing is left of it; None while nobody destroyed it.
        accounts: By ARN.
        connections: By endpoint id.
    """

    service_name: str
    region: str
    operational_at: datetime
    visible_at: datetime
    absent_at: datetime | None = None
    accounts: dict[str, AllowedAccount] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def status(self, now: datetime) -> LinkStatus:
        """Return the status at a moment before it is gone."""
        if self.absent_at is not None:
            return "Deprovisioned"
        return "Operational" if now >= self.operational_at else "Provisioning"
