"""The Data API's calls for database information and credentials.

Facts: the official CLI (11.10.0): ``pg:info`` reads ``/client/v11/databases/{id}`` with a Bearer token,
``pg:credentials`` reads ``/postgres/v0/databases/{id}/credentials`` with Basic; both send the add-on's id.
herokux (c822fb4): the names of the lines in ``info``, of which ``Mutual TLS`` is one; the words of its
values are nobody's record, and here they are ``Enabled`` and ``Disabled``.
"""

from typing import Final
from urllib.parse import urlsplit

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Json, answered
from sandbox.heroku.model.resources import Database, lasting_id
from sandbox.heroku.routing import Call, Route

PG_VERSION: Final = "16.4"
"""A version with everything: mTLS needs 10 or later (Heroku Dev Center, 2026-05)."""


def _info(call: Call) -> Answer:
    database = call.account.addon(call.names["db"])
    endpoint = database.endpoint_at(call.now)
    secure = endpoint is not None and endpoint.status(call.now) == "Operational"
    lines = {
        "Plan": database.plan.partition(":")[2].replace("-", " ").title(),
        "Status": "Available",
        "HA Status": "Available",
        "PG Version": PG_VERSION,
        "Fork/Follow": "Available",
        "Mutual TLS": "Enabled" if secure else "Disabled",
        "Region": database.app.region.capitalize(),
    }
    return answered(
        200,
        {
            "info": [{"name": name, "values": [value]} for name, value in lines.items()],
            "resource_url": json_shapes.connection(database),
        },
    )


def _credentials(call: Call) -> Answer:
    return answered(200, [_default(call.account.addon(call.names["db"]))])


def _default(database: Database) -> Json:
    """Return the default credential."""
    url = urlsplit(json_shapes.connection(database))
    login = {"user": url.username, "password": url.password, "state": "active", "connections": 0}
    return {
        "uuid": str(lasting_id("credential", database.born)),
        "name": "default",
        "state": "active",
        "database": url.path.removeprefix("/"),
        "host": url.hostname,
        "port": url.port,
        "credentials": [login],
    }


ROUTES: Final = (
    Route(method="GET", template="/client/v11/databases/{db}", does=_info),
    Route(method="GET", template="/postgres/v0/databases/{db}/credentials", does=_credentials),
)
