"""The Platform API's calls for add-ons, their attachments, and the config vars that these set.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02). The official CLI (11.10.0) resolves an
add-on or an attachment to none, one or several, by the name of either; asks with ``Accept-Expansion`` for
plan and service in full; and with ``Accept-Inclusion: addon:plan,config_vars`` for what an attachment does
not say otherwise.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Json, Refused, answered
from sandbox.heroku.model import catalog, config_vars
from sandbox.heroku.model.resources import App, Attachment, Database
from sandbox.heroku.pagination import page
from sandbox.heroku.routing import Call, Route, header_words, optional_text, required_text

Attached = tuple[Database, Attachment]


def _addons(call: Call) -> Answer:
    return _listed(call, [_addon_shown(call, addon) for addon in call.account.databases.values()])


def _addons_of_app(call: Call) -> Answer:
    return _listed(call, [_addon_shown(call, addon) for addon in call.account.addons_of(_app(call))])


def _addon(call: Call) -> Answer:
    return answered(200, _addon_shown(call, call.account.addon(call.names["addon"])))


def _attachments(call: Call) -> Answer:
    return _listed(call, [_attachment_shown(call, each) for each in _every_attachment(call)])


def _attachments_of_app(call: Call) -> Answer:
    return _listed(
        call, [_attachment_shown(call, each) for each in config_vars.attached(call.account, _app(call))]
    )


def _attachments_of_addon(call: Call) -> Answer:
    addon = call.account.addon(call.names["addon"])
    return _listed(call, [_attachment_shown(call, (addon, each)) for each in addon.attachments])


def _attachment(call: Call) -> Answer:
    for each in _every_attachment(call):
        if call.names["attachment"] in (str(each[1].id), each[1].name):
            return answered(200, _attachment_shown(call, each))
    raise Refused(404, "Couldn't find that add-on attachment.", resource="attachment")


def _config_vars(call: Call) -> Answer:
    return answered(200, config_vars.config_vars(call.account, _app(call), call.now))


def _set_config_vars(call: Call) -> Answer:
    return answered(200, config_vars.update(call.account, _app(call), call.given, call.now))


def _resolve_addon(call: Call) -> Answer:
    """Find add-ons by name, id or attachment: none, one, or several when the name is ambiguous."""
    wanted, service = required_text(call.given, "addon"), optional_text(call.given, "addon_service")
    among = _attached_where_asked(call)
    found = {
        addon.id: addon
        for addon, name in among
        if wanted in (addon.name, str(addon.id), name.name, str(name.id))
    }
    fitting = [addon for addon in found.values() if not service or _is_of(addon, service)]
    return answered(200, [_addon_shown(call, addon) for addon in fitting])


def _resolve_attachment(call: Call) -> Answer:
    """Find attachments by name or id, or by their add-on's: none, one, or several."""
    wanted, service = (
        required_text(call.given, "addon_attachment"),
        optional_text(call.given, "addon_service"),
    )
    found = [
        (addon, each)
        for addon, each in _attached_where_asked(call)
        if wanted in (each.name, str(each.id), addon.name, str(addon.id))
        and (not service or _is_of(addon, service))
    ]
    return answered(200, [_attachment_shown(call, each) for each in found])


def _attached_where_asked(call: Call) -> Iterable[Attached]:
    """Return the attachments of the app that a body names, or all."""
    app = optional_text(call.given, "app")
    return config_vars.attached(call.account, call.account.app(app)) if app else _every_attachment(call)


def _every_attachment(call: Call) -> Iterator[Attached]:
    for addon in call.account.databases.values():
        for attachment in addon.attachments:
            yield addon, attachment


def _is_of(addon: Database, service: str) -> bool:
    return service in json_shapes.named("addon_service", addon.service).values()


def _addon_shown(call: Call, addon: Database) -> Json:
    shown, requested = json_shapes.addon(addon), header_words(call.request, "accept-expansion")
    if "plan" in requested:
        shown["plan"] = catalog.plan_named(addon.plan)
    if "addon_service" in requested:
        shown["addon_service"] = catalog.service_named(addon.service)
    return shown


def _attachment_shown(call: Call, attached: Attached) -> Json:
    addon, attachment = attached
    shown, requested = (
        json_shapes.attachment(addon, attachment),
        header_words(call.request, "accept-inclusion"),
    )
    if "addon:plan" in requested:
        shown["addon"]["plan"] = json_shapes.named("plan", addon.plan)
    if "config_vars" in requested:
        shown["config_vars"] = [attachment.config_var]
    return shown


def _app(call: Call) -> App:
    return call.account.app(call.names["app"])


def _listed(call: Call, items: Sequence[Json]) -> Answer:
    return page(items, call.request.headers.get("range", ""))


ROUTES: Final = (
    Route(method="GET", template="/addons", does=_addons),
    Route(method="GET", template="/addons/{addon}", does=_addon),
    Route(method="GET", template="/addons/{addon}/addon-attachments", does=_attachments_of_addon),
    Route(method="GET", template="/apps/{app}/addons", does=_addons_of_app),
    Route(method="GET", template="/apps/{app}/addon-attachments", does=_attachments_of_app),
    Route(method="GET", template="/apps/{app}/config-vars", does=_config_vars),
    Route(method="PATCH", template="/apps/{app}/config-vars", does=_set_config_vars),
    Route(method="GET", template="/addon-attachments", does=_attachments),
    Route(method="GET", template="/addon-attachments/{attachment}", does=_attachment),
    Route(method="POST", template="/actions/addons/resolve", does=_resolve_addon),
    Route(method="POST", template="/actions/addon-attachments/resolve", does=_resolve_attachment),
)
