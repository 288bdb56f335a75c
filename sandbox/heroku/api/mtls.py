"""The Data API's mTLS calls.

Facts: the Terraform provider herokux (c822fb4, 2025-08) and the samples published with it (2020-09): paths,
bodies, 201 and 202 of the endpoint, 404 where mTLS is not enabled, 500 at times while it is being
provisioned. No list is paged.
"""

from typing import Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Refused, answered
from sandbox.heroku.model import mtls_lifecycle
from sandbox.heroku.model.resources import Database, Endpoint, KeptRule
from sandbox.heroku.routing import Call, Route

PREFIX: Final = "/postgres/v0/databases/"
"""Path prefix of the Data API, which shares its port with the Platform API."""

_ENDPOINT: Final = PREFIX + "{db}/tls-endpoint"
_RULES: Final = _ENDPOINT + "/ip-rules"
_RULE: Final = _RULES + "/{rule}"


def _inspect(call: Call) -> Answer:
    endpoint = mtls_lifecycle.endpoint_of(_database(call), call.now)
    provisioning = endpoint.status(call.now) == "Provisioning"
    # A client has to take this for "not yet", and not for a failure.
    if provisioning and call.account.seeded.chance(call.account.behavior.provisioning_errors):
        raise Refused(500, "An internal error has occurred.")
    return _endpoint(200, call, endpoint)


def _enable(call: Call) -> Answer:
    return _endpoint(201, call, mtls_lifecycle.enable(call.account, _database(call), call.now))


def _disable(call: Call) -> Answer:
    return _endpoint(202, call, mtls_lifecycle.disable(call.account, _database(call), call.now))


def _rules(call: Call) -> Answer:
    database = _database(call)
    mtls_lifecycle.endpoint_of(database, call.now)
    dates = call.account.behavior.dates
    return answered(200, [json_shapes.rule(rule, dates) for rule in database.rules_at(call.now)])


def _rule(call: Call) -> Answer:
    return _shown(200, call, mtls_lifecycle.rule_of(_database(call), call.names["rule"], call.now))


def _add_rule(call: Call) -> Answer:
    rule = mtls_lifecycle.add_rule(
        call.account,
        _database(call),
        cidr=call.given.get("cidr"),
        description=call.given.get("description"),
        now=call.now,
    )
    return _shown(call.account.behavior.created, call, rule)


def _delete_rule(call: Call) -> Answer:
    rule = mtls_lifecycle.delete_rule(call.account, _database(call), call.names["rule"], call.now)
    return _shown(call.account.behavior.deleted, call, rule)


def _database(call: Call) -> Database:
    return call.account.database(call.names["db"], call.now)


def _endpoint(status: int, call: Call, endpoint: Endpoint) -> Answer:
    dates = call.account.behavior.dates
    return answered(status, json_shapes.endpoint(_database(call), endpoint, dates, call.now))


def _shown(status: int, call: Call, rule: KeptRule) -> Answer:
    return answered(status, json_shapes.rule(rule.at(call.now), call.account.behavior.dates))


ROUTES: Final = (
    Route(method="GET", template=_ENDPOINT, does=_inspect),
    Route(method="POST", template=_ENDPOINT, does=_enable),
    Route(method="DELETE", template=_ENDPOINT, does=_disable),
    Route(method="GET", template=_RULES, does=_rules),
    Route(method="POST", template=_RULES, does=_add_rule),
    Route(method="GET", template=_RULE, does=_rule),
    Route(method="DELETE", template=_RULE, does=_delete_rule),
)
