"""The Platform API's calls for authorizations.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): 201 for a new one, with
``access_token`` {id, token, expires_in}; no ``expires_in`` is no end. The official CLI (11.9.0) leaves the
scope out, and its tests answer ``global`` then.
"""

from typing import Any, Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Json, Refused, answered
from sandbox.heroku.model.account import as_uuid
from sandbox.heroku.model.authorizations import SCOPES, Authorization
from sandbox.heroku.pagination import page
from sandbox.heroku.routing import Call, Route, optional_text

_ALL: Final = "/oauth/authorizations"
_ONE: Final = _ALL + "/{authorization}"


def _list(call: Call) -> Answer:
    shown = [_shown(each, call) for each in call.account.authorizations.all()]
    return page(shown, call.request.headers.get("range", ""))


def _create(call: Call) -> Answer:
    made = call.account.authorizations.make(
        scope=_scope(call.given.get("scope")),
        description=optional_text(call.given, "description"),
        expires_in=_seconds(call.given.get("expires_in")),
        now=call.now,
    )
    return answered(201, _shown(made, call))


def _info(call: Call) -> Answer:
    return answered(200, _shown(_found(call), call))


def _regenerate(call: Call) -> Answer:
    return answered(200, _shown(call.account.authorizations.regenerate(_found(call), call.now), call))


def _revoke(call: Call) -> Answer:
    return answered(200, _shown(call.account.authorizations.revoke(_found(call)), call))


def _found(call: Call) -> Authorization:
    return call.account.authorizations.one(as_uuid(call.names["authorization"]))


def _scope(given: Any) -> list[str]:
    """Return the scopes in a body, ``global`` if it has none; raises `Refused`."""
    if given is None:
        return ["global"]
    if not isinstance(given, list) or not given or not all(each in SCOPES for each in given):
        raise Refused(422, f"scope must be a list of {', '.join(SCOPES)}.")
    return given


def _seconds(given: Any) -> int | None:
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise Refused(422, "expires_in must be a number of seconds.")
    return given


def _shown(thing: Authorization, call: Call) -> Json:
    left = None if thing.expires_at is None else max(0, int((thing.expires_at - call.now).total_seconds()))
    return {
        "id": str(thing.id),
        "description": thing.description,
        "scope": list(thing.scope),
        "access_token": {"id": str(thing.token_id), "token": thing.token, "expires_in": left},
        "client": None,
        "grant": None,
        "refresh_token": None,
        "session": None,
        "created_at": json_shapes.platform_time(thing.created_at),
        "updated_at": json_shapes.platform_time(thing.updated_at),
    }


ROUTES: Final = (
    Route(method="GET", template=_ALL, does=_list),
    Route(method="POST", template=_ALL, does=_create),
    Route(method="GET", template=_ONE, does=_info),
    Route(method="DELETE", template=_ONE, does=_revoke),
    Route(method="POST", template=_ONE + "/actions/regenerate-tokens", does=_regenerate),
)
