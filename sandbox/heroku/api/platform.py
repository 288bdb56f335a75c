"""The Platform API's calls for the account, spaces, apps, and the catalog.

Fact: the Platform API's hyper-schema (heroku/platform-api, 2026-02). Not emulated, because no client of the
three access methods needs them: webhooks, pre-authorizations of an app, and the schema (``GET /schema``).
"""

from collections.abc import Sequence
from typing import Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Json, answered
from sandbox.heroku.model import catalog
from sandbox.heroku.model.resources import Space
from sandbox.heroku.pagination import page
from sandbox.heroku.routing import Call, Route, header_words


def _spaces(call: Call) -> Answer:
    return _listed(call, [_space_shown(call, space) for space in call.account.spaces.values()])


def _space(call: Call) -> Answer:
    return answered(200, _space_shown(call, call.account.space(call.names["space"])))


def _nat(call: Call) -> Answer:
    return answered(200, json_shapes.nat(call.account.space(call.names["space"])))


def _apps(call: Call) -> Answer:
    return _listed(call, [json_shapes.app(app) for app in call.account.apps.values()])


def _app(call: Call) -> Answer:
    return answered(200, json_shapes.app(call.account.app(call.names["app"])))


def _regions(call: Call) -> Answer:
    return _listed(call, catalog.regions())


def _region(call: Call) -> Answer:
    return answered(200, catalog.region(call.names["region"]))


def _plan(call: Call) -> Answer:
    return answered(200, catalog.plan(call.names["plan"]))


def _plans(call: Call) -> Answer:
    # Asked for its refusal: an unknown service has no list of plans.
    catalog.service(call.names["service"])
    return _listed(call, catalog.plans())


def _service(call: Call) -> Answer:
    return answered(200, catalog.service(call.names["service"]))


def _account(_: Call) -> Answer:
    return answered(200, json_shapes.account())


def _rate_limits(call: Call) -> Answer:
    return answered(200, {"remaining": call.account.pool.remaining(call.now)})


def _space_shown(call: Call, space: Space) -> Json:
    shown = json_shapes.space(space)
    if "region" in header_words(call.request, "accept-expansion"):
        shown["region"] = catalog.region(space.region)
    return shown


def _listed(call: Call, items: Sequence[Json]) -> Answer:
    return page(items, call.request.headers.get("range", ""))


ROUTES: Final = (
    Route(method="GET", template="/account", does=_account),
    Route(method="GET", template="/account/rate-limits", does=_rate_limits, counted=False),
    Route(method="GET", template="/spaces", does=_spaces),
    Route(method="GET", template="/spaces/{space}", does=_space),
    Route(method="GET", template="/spaces/{space}/nat", does=_nat),
    Route(method="GET", template="/apps", does=_apps),
    Route(method="GET", template="/apps/{app}", does=_app),
    Route(method="GET", template="/regions", does=_regions),
    Route(method="GET", template="/regions/{region}", does=_region),
    Route(method="GET", template="/plans/{plan}", does=_plan),
    Route(method="GET", template="/addon-services/{service}", does=_service),
    Route(method="GET", template="/addon-services/{service}/plans", does=_plans),
)
