"""A database's PrivateLink as the Data API writes it, and the names of config vars.

Facts: herokux (c822fb4, 2025-08) and heroku/heroku-data-privatelink-cli (2.0.1, 2026-08).
"""

import json
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from bot.domain.privatelink.observation import AllowedAccount, Connection
from bot.errors import HerokuAmbiguousError
from bot.heroku.schemas.platform import VARIABLE, Name, Text
from bot.ports.services import PrivateLinkState

UNREADABLE: Final = "the answer could not be read"


class AddonOf(BaseModel):
    """The add-on that an endpoint belongs to; here an object, unlike that of mTLS."""

    uuid: UUID | None = None


class AnyAccount(BaseModel):
    """An account that may connect."""

    arn: Text
    status: Name

    def account(self) -> AllowedAccount:
        """The account as a value of the domain."""
        return AllowedAccount(arn=self.arn, status=self.status)


class AnyConnection(BaseModel):
    """A VPC endpoint that somebody made."""

    endpoint_id: Name
    hostname: Name = ""
    owner_arn: Text = ""
    status: Name = ""

    def connection(self) -> Connection:
        """The connection as a value of the domain."""
        return Connection(
            endpoint=self.endpoint_id, hostname=self.hostname, owner=self.owner_arn, status=self.status
        )


class Link(BaseModel):
    """The endpoint; its service has no name while it is being made, absent or empty."""

    addon: AddonOf = AddonOf()
    status: Name
    service_name: Name | None = None
    allowed_accounts: list[AnyAccount]
    connections: list[AnyConnection] = []

    def seen(self) -> PrivateLinkState:
        """The endpoint as the reconciler observes it."""
        return PrivateLinkState(
            database=self.addon.uuid,
            status=self.status,
            service=self.service_name or "",
            accounts=tuple(each.account() for each in self.allowed_accounts),
            connections=tuple(each.connection() for each in self.connections),
        )


def names_in(body: bytes, status: int) -> frozenset[str]:
    """The names in a flat JSON object; its values are dropped while it is read, and stand in no error.

    Raises:
        HerokuAmbiguousError: it is no object.
    """
    try:
        names = json.loads(body, object_pairs_hook=_names)
    except (ValueError, RecursionError):
        # The error that json raises holds the whole text, which is full of secrets.
        raise HerokuAmbiguousError(status, "unreadable", UNREADABLE) from None
    if not isinstance(names, frozenset):
        raise HerokuAmbiguousError(status, "unreadable", UNREADABLE)
    return names


def _names(pairs: list[tuple[str, object]]) -> frozenset[str]:
    # Others are no names that a shell or Heroku's own tool would take, and one is shown in a line to copy.
    return frozenset(name for name, _ in pairs if VARIABLE.fullmatch(name))
