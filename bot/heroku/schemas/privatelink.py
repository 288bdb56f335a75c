"""A database's PrivateLink as the Data API writes it, and the names of config vars.

Facts: herokux (c822fb4, 2025-08) and heroku/heroku-data-privatelink-cli (2.0.1, 2026-08).
"""

import json
from typing import Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from bot.domain.outside.text import UNREADABLE
from bot.domain.privatelink.aws_account import canonical
from bot.domain.privatelink.observation import AllowedAccount, Connection
from bot.errors import HerokuAmbiguousError
from bot.heroku.schemas.entries import fields_of, sort_entries, word_in
from bot.heroku.schemas.platform import VARIABLE, Name, Text, name_of
from bot.ports.heroku import PrivateLinkState

UNREAD: Final = "the answer could not be read"


class AnyAccount(BaseModel):
    """An account that may connect."""

    arn: Text
    status: Name

    def account(self) -> AllowedAccount:
        """The account as a value of the domain."""
        return AllowedAccount(arn=canonical(self.arn), status=self.status)


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


_ACCOUNT: Final = TypeAdapter(AnyAccount)
_CONNECTION: Final = TypeAdapter(AnyConnection)


def read_link(found: object) -> PrivateLinkState:
    """Reads an endpoint, odd entries of its lists too.

    Its service has no name while it is being made, absent or empty. A status that cannot be read means "not
    yet". Its add-on is an object here, unlike that of mTLS.

    Raises:
        HerokuAmbiguousError: there is no list of accounts in it, so nothing would be proven absent.
    """
    fields = fields_of(found)
    accounts = sort_entries(_ACCOUNT, fields.get("allowed_accounts"), what="AWS accounts")
    readable = tuple(each.account() for each in accounts.good)
    # An odd entry about an account that another entry shows says nothing more.
    odd = {each.arn: each for each in map(_odd_account, accounts.odd)}
    for account in readable:
        odd.pop(account.arn, None)
    connections = sort_entries(_CONNECTION, _list(fields.get("connections")), what="connections")
    return PrivateLinkState(
        database=_uuid(word_in(fields.get("addon"), "uuid", "")),
        status=name_of(word_in(found, "status")),
        service=name_of(word_in(found, "service_name", "")),
        accounts=(*readable, *odd.values()),
        connections=(*(each.connection() for each in connections.good), *map(_odd, connections.odd)),
    )


def _odd_account(entry: object) -> AllowedAccount:
    return AllowedAccount(arn=canonical(word_in(entry, "arn")), status=word_in(entry, "status"))


def _odd(entry: object) -> Connection:
    endpoint = word_in(entry, "endpoint_id")
    return Connection(
        endpoint=endpoint,
        hostname=word_in(entry, "hostname", ""),
        owner=word_in(entry, "owner_arn", ""),
        # Without its id nobody can tell which config vars it brings: they are not awaited.
        status=UNREADABLE if endpoint == UNREADABLE else word_in(entry, "status"),
    )


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def names_in(body: bytes, status: int) -> frozenset[str]:
    """The names in a flat JSON object; its values are dropped while it is read, and stand in no error.

    Raises:
        HerokuAmbiguousError: it is no object.
    """
    try:
        names = json.loads(body, object_pairs_hook=_names)
    except (ValueError, RecursionError):
        # The error that json raises holds the whole text, which is full of secrets.
        raise HerokuAmbiguousError(status, "unreadable", UNREAD) from None
    if not isinstance(names, frozenset):
        raise HerokuAmbiguousError(status, "unreadable", UNREAD)
    return names


def _names(pairs: list[tuple[str, object]]) -> frozenset[str]:
    # Others are no names that a shell or Heroku's own tool would take, and one is shown in a line to copy.
    return frozenset(name for name, _ in pairs if VARIABLE.fullmatch(name))
