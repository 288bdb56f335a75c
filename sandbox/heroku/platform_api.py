"""The Platform API, as far as it is played: what there is and what it is called.

Fact: the Platform API's hyper-schema (heroku/platform-api, 2026-02).
"""

from collections.abc import Sequence
from typing import Final

from sandbox.heroku import shapes
from sandbox.heroku.exchange import Answer, Json, Refused, answered
from sandbox.heroku.pages import page
from sandbox.heroku.routes import Call, Route
from sandbox.heroku.things import Database


def _spaces(call: Call) -> Answer:
    return _listed(call, [shapes.space(space) for space in call.account.spaces.values()])


def _space(call: Call) -> Answer:
    return answered(200, shapes.space(call.account.space(call.names["space"])))


def _apps(call: Call) -> Answer:
    return _listed(call, [shapes.app(app) for app in call.account.apps.values()])


def _app(call: Call) -> Answer:
    return answered(200, shapes.app(call.account.app(call.names["app"])))


def _addons(call: Call) -> Answer:
    return _listed(call, [shapes.addon(addon) for addon in call.account.databases.values()])


def _addons_of_app(call: Call) -> Answer:
    app = call.account.app(call.names["app"])
    return _listed(call, [shapes.addon(addon) for addon in call.account.addons_of(app)])


def _addon(call: Call) -> Answer:
    return answered(200, shapes.addon(call.account.addon(call.names["addon"])))


def _config_vars(call: Call) -> Answer:
    app = call.account.app(call.names["app"])
    owned = call.account.addons_of(app)
    return answered(200, {name: shapes.connection(addon) for addon in owned for name in addon.config_vars})


def _resolve(call: Call) -> Answer:
    """Find add-ons by name, id or attachment: none, one, or several when the name is ambiguous."""
    wanted, service = _text(call.given, "addon"), _text(call.given, "addon_service", optional=True)
    if app := _text(call.given, "app", optional=True):
        among = call.account.addons_of(call.account.app(app))
    else:
        among = list(call.account.databases.values())
    found = [addon for addon in among if wanted in _names(addon) and (not service or _is_of(addon, service))]
    return answered(200, [shapes.addon(addon) for addon in found])


def _account(_: Call) -> Answer:
    return answered(200, shapes.account())


def _rate_limits(call: Call) -> Answer:
    return answered(200, {"remaining": call.account.pool.remaining(call.now)})


def _names(addon: Database) -> set[str]:
    """Return what an add-on can be called: an attachment DATABASE makes the config var DATABASE_URL."""
    return {addon.name, str(addon.id), *(name.removesuffix("_URL") for name in addon.config_vars)}


def _is_of(addon: Database, service: str) -> bool:
    return service in shapes.named("addon_service", addon.service).values()


def _text(given: Json, name: str, *, optional: bool = False) -> str:
    """Return a text of a body, empty when it may be missing; raises `Refused` ``invalid_params``."""
    value = given.get(name)
    if optional and value is None:
        return ""
    if not isinstance(value, str) or not value:
        raise Refused(422, f"{name} is required and must be a string.")
    return value


def _listed(call: Call, items: Sequence[Json]) -> Answer:
    return page(items, call.request.headers.get("range", ""))


ROUTES: Final = (
    Route(method="GET", template="/account", does=_account),
    Route(method="GET", template="/account/rate-limits", does=_rate_limits, counted=False),
    Route(method="GET", template="/spaces", does=_spaces),
    Route(method="GET", template="/spaces/{space}", does=_space),
    Route(method="GET", template="/apps", does=_apps),
    Route(method="GET", template="/apps/{app}", does=_app),
    Route(method="GET", template="/apps/{app}/addons", does=_addons_of_app),
    Route(method="GET", template="/apps/{app}/config-vars", does=_config_vars),
    Route(method="GET", template="/addons", does=_addons),
    Route(method="GET", template="/addons/{addon}", does=_addon),
    Route(method="POST", template="/actions/addons/resolve", does=_resolve),
)
