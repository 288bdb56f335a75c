"""A database's PrivateLink endpoint: allowed accounts and VPC endpoints, and the times of their transitions.

Facts: herokux (c822fb4, 2025-08), ``api/data/types.go`` and ``privatelink.go``, and
heroku/heroku-data-privatelink-cli (2.0.1, 2026-08): the statuses; a destroyed endpoint is ``Deprovisioned``
at once, stays so for a while, and then is a 404.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

LinkStatus = Literal["Provisioning", "Operational", "Deprovisioned"]
AccountStatus = Literal["Provisioning", "Active"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedAccount:
    """An AWS principal that may connect once it is active."""

    arn: str
    active_at: datetime

    def status(self, now: datetime) -> AccountStatus:
        """Return the status at a moment."""
        return "Active" if now >= self.active_at else "Provisioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A customer's VPC endpoint.

    Attributes:
        endpoint_id: AWS id, ``vpce-…``.
        hostname: Host name of the database in that VPC.
        principal: Principal that created it.
        owner_arn: Account that owns it.
        available_at: When it can be used.
        announced_at: When the app's config vars contain its URL.
    """

    endpoint_id: str
    hostname: str
    principal: str
    owner_arn: str
    available_at: datetime
    announced_at: datetime

    @property
    def config_word(self) -> str:
        """The part of config var names that identifies it: the digits of its id in capitals."""
        return self.endpoint_id.removeprefix("vpce-").upper()


@dataclass(slots=True, kw_only=True)
class PrivateLink:
    """A PrivateLink endpoint.

    Attributes:
        service_name: Name of the VPC endpoint service, known once it is operational.
        region: AWS region.
        visible_at: When AWS knows the service.
        absent_at: When it is gone; None if it was not destroyed.
        accounts: Allowed accounts by ARN.
        connections: VPC endpoints by id.
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
