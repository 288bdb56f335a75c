"""JSON representation of PrivateLink, field for field as the Data API's.

Facts: herokux (c822fb4, 2025-08), ``privatelink.go``: every field, ``account_id`` too, which the type of
heroku/heroku-data-privatelink-cli (2.0.1, 2026-08) does not have; that one's tests: ``Available``.
"""

from datetime import datetime

from sandbox.heroku.behavior import Behavior
from sandbox.heroku.http_types import Json
from sandbox.heroku.model.aws_names import account_of
from sandbox.heroku.model.privatelink import AllowedAccount, Connection, PrivateLink
from sandbox.heroku.model.resources import Database


def endpoint(database: Database, link: PrivateLink, behavior: Behavior, now: datetime) -> Json:
    """Return an endpoint as the Data API writes it; without a service name while it is provisioning."""
    provisioning = link.status(now) == "Provisioning"
    names = {"absent": {}, "empty": {"service_name": ""}}[behavior.service_name_early]
    accounts = [_account(each, behavior, now) for each in link.accounts.values()]
    shown: Json = {
        "app": {"name": database.app.name},
        "addon": {"name": database.name, "uuid": str(database.id)},
        "status": link.status(now),
        **(names if provisioning else {"service_name": link.service_name}),
        "allowed_accounts": accounts,
        "connections": [connection(each, behavior, now) for each in link.connections.values()],
    }
    return shown | ({"whitelisted_accounts": accounts} if behavior.legacy_accounts else {})


def connection(thing: Connection, behavior: Behavior, now: datetime) -> Json:
    """Return a VPC endpoint as the Data API writes it."""
    return {
        "endpoint_id": thing.endpoint_id,
        "hostname": thing.hostname,
        "owner_arn": thing.owner_arn,
        "status": "Available" if now >= thing.available_at else behavior.connection_waiting,
    }


def _account(thing: AllowedAccount, behavior: Behavior, now: datetime) -> Json:
    number = {"account_id": account_of(thing.arn)} if behavior.account_ids else {}
    return {**number, "arn": thing.arn, "status": thing.status(now)}
