"""The Platform API's calls for the trusted IP ranges of a space.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): the current ruleset, all of them, one
by its id, and a PUT that makes a new one. The official CLI (11.9.0) puts back the whole object that it got,
``created_by`` and ``applied`` included, and reads ``applied`` afterwards; nothing but its rules counts. No
client sends a precondition. Only admins of the team may put (Heroku Dev Center,
private-spaces-trusted-ip-ranges, 2026-03).
"""

from typing import Final

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Answer, Json, Refused, answered
from sandbox.heroku.model import ruleset_lifecycle
from sandbox.heroku.model.account import EMAIL
from sandbox.heroku.model.resources import Space
from sandbox.heroku.model.rulesets import Ruleset
from sandbox.heroku.pagination import page
from sandbox.heroku.routing import Call, Route

_CURRENT: Final = "/spaces/{space}/inbound-ruleset"
_ALL: Final = "/spaces/{space}/inbound-rulesets"


def _ruleset(call: Call) -> Answer:
    space = _space(call)
    return answered(200, _shown(call, space, space.rulesets[-1]))


def _put(call: Call) -> Answer:
    space = _space(call)
    if not call.account.behavior.team_admin:
        raise Refused(403, "Only an admin of the team may change the trusted IP ranges of a space.")
    made = ruleset_lifecycle.put(call.account, space, call.given.get("rules"), by=EMAIL, now=call.now)
    return answered(call.account.behavior.ruleset_created, _shown(call, space, made))


def _rulesets(call: Call) -> Answer:
    space = _space(call)
    shown = [_shown(call, space, each) for each in ruleset_lifecycle.history(call.account, space)]
    return page(shown, call.request.headers.get("range", ""), ordered=True)


def _one(call: Call) -> Answer:
    space = _space(call)
    found = ruleset_lifecycle.ruleset_of(call.account, space, call.names["ruleset"])
    return answered(200, _shown(call, space, found))


def _space(call: Call) -> Space:
    return call.account.space(call.names["space"])


def _shown(call: Call, space: Space, ruleset: Ruleset) -> Json:
    shown: Json = {
        "id": str(ruleset.id),
        "space": json_shapes.called(space),
        "created_at": json_shapes.platform_time(ruleset.created_at),
        "created_by": ruleset.created_by,
        "rules": [{"action": rule.action, "source": rule.source} for rule in ruleset.rules],
    }
    says = call.account.behavior.applied != "absent"
    return {**shown, "applied": ruleset.applied(call.now)} if says else shown


ROUTES: Final = (
    Route(method="GET", template=_CURRENT, does=_ruleset),
    Route(method="PUT", template=_CURRENT, does=_put),
    Route(method="GET", template=_ALL, does=_rulesets),
    Route(method="GET", template=_ALL + "/{ruleset}", does=_one),
)
