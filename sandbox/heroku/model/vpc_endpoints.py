"""VPC endpoints: what customers create in their AWS accounts, and what Heroku shows of it.

Facts: Heroku Dev Center, heroku-postgres-via-privatelink, 2026-06: the VPC is in the database's region.
heroku/heroku-privatelink-example (c98382a, 2025-07): the names of the config vars that follow, and the ports
of Postgres and its connection pool. Amazon's PrivateLink guide, "Create an interface endpoint": a service
is visible only to principals that its owner allows, in its own region.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Refused, missing
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.aws_names import root_of
from sandbox.heroku.model.privatelink import AllowedAccount, Connection, PrivateLink
from sandbox.heroku.model.privatelink_lifecycle import link_of
from sandbox.heroku.model.resources import Attachment, Database

POSTGRES: Final = 5432
POOL: Final = 5433
"""TCP ports that a customer's security group has to allow."""


def connect(account: Account, database: Database, *, arn: str, region: str, now: datetime) -> Connection:
    """Create a VPC endpoint.

    Args:
        account: The Heroku account.
        database: The database.
        arn: Principal that creates it.
        region: AWS region of its VPC.
        now: The moment.

    Raises:
        Refused: There is no PrivateLink endpoint, or it is not visible to this principal there.
    """
    link = link_of(database, now)
    if not _visible(link, arn, region, now):
        raise Refused(422, f"The VPC endpoint service {link.service_name} does not exist.")
    connection = _new(account, link, arn, now)
    link.connections[connection.endpoint_id] = connection
    account.version.changed(connection.available_at, connection.announced_at)
    return connection


def disconnect(account: Account, database: Database, endpoint_id: str, now: datetime) -> Connection:
    """Delete a VPC endpoint; raises `Refused` ``not_found``."""
    gone = link_of(database, now).connections.pop(endpoint_id, None)
    if gone is None:
        raise missing("VPC endpoint")
    account.version.changed()
    return gone


def announced(database: Database, attachment: Attachment, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield the config vars of VPC endpoints for an attachment, with their values."""
    link = database.link_at(now)
    for connection in link.connections.values() if link else ():
        if now >= connection.announced_at:
            stem = f"{attachment.name}_ENDPOINT_{connection.config_word}"
            yield f"{stem}_URL", _url(database, connection, POSTGRES)
            yield f"{stem}_PGBOUNCER_URL", _url(database, connection, POOL)


def _visible(link: PrivateLink, arn: str, region: str, now: datetime) -> bool:
    known = link.absent_at is None and now >= link.visible_at and region == link.region
    return known and any(_active(link.accounts.get(each), now) for each in (arn, root_of(arn)))


def _active(allowed: AllowedAccount | None, now: datetime) -> bool:
    return allowed is not None and allowed.status(now) == "Active"


def _new(account: Account, link: PrivateLink, arn: str, now: datetime) -> Connection:
    digits = account.seeded.uuid().hex
    endpoint_id, service = f"vpce-0{digits[:16]}", link.service_name.rpartition(".")[2]
    available = now + timedelta(seconds=account.times.connect)
    return Connection(
        endpoint_id=endpoint_id,
        # In the form of AWS, below a reserved domain.
        hostname=f"{endpoint_id}-{digits[16:24]}.{service}.{link.region}.vpce.emulated.example",
        principal=arn,
        owner_arn=root_of(arn),
        available_at=available,
        announced_at=available + timedelta(seconds=account.times.announce),
    )


def _url(database: Database, connection: Connection, port: int) -> str:
    """Return the database's URL with the VPC endpoint's host and port."""
    url = urlsplit(json_shapes.connection(database))
    login = url.netloc.rpartition("@")[0]
    return url._replace(netloc=f"{login}@{connection.hostname}:{port}").geturl()
