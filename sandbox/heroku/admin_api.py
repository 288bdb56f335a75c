"""Admin API below ``/_emulator``: inspects and changes the emulated Heroku; from loopback only, no token.

`GET state`, `GET requests`; `POST rules/add`, `rules/delete`, `rulesets/put`, `rulesets/unapplied`,
`addons/rename`, `addons/beside`, `addons/promote`, `addons/delete`, `apps/rename`, `spaces/rename`,
`spaces/delete`, `behavior`, `faults`, and the paths of `sandbox.heroku.admin_api_databases`;
`DELETE faults`.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.heroku import fault_injection
from sandbox.heroku.admin_api_databases import Action, DatabaseActions
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.external_changes.platform import SOMEBODY
from sandbox.heroku.http_types import JSON_TYPE, Json, Refused
from sandbox.heroku.routing import optional_text, required_text
from sandbox.heroku.snapshot import shown, shown_ruleset

PREFIX: Final = "/_emulator"

_KINDS: Final[dict[str, Callable[..., fault_injection.Fault]]] = {
    "status": fault_injection.status,
    "upgrading": fault_injection.upgrading,
    "two_factor": fault_injection.two_factor,
    "rate_limited": fault_injection.rate_limited,
    "wrong_host": fault_injection.wrong_host,
    "warned": fault_injection.warned,
    "dripping": fault_injection.dripping,
    "html_body": fault_injection.html_body,
    "gzip_bomb": fault_injection.gzip_bomb,
    "endless_body": fault_injection.endless_body,
    "odd_entry": fault_injection.odd_entry,
    "lost_answer": fault_injection.lost_answer,
    "truncated_body": fault_injection.truncated_body,
    "cut_before": fault_injection.cut_before,
    "slow": fault_injection.slow,
    "slow_answer": fault_injection.slow_answer,
}
_SETTINGS: Final = ("code", "form", "id", "seconds", "size", "text")
"""Arguments that kinds of faults take."""


def admin_app(heroku: HerokuEmulator, now: Callable[[], datetime]) -> Starlette:
    """Return the admin API as an ASGI application."""
    actions = _AdminActions(heroku, now)
    database_actions = DatabaseActions(heroku, now).by_path()
    return Starlette(
        routes=[
            Route(f"{PREFIX}/state", _read(actions.state)),
            Route(f"{PREFIX}/requests", _read(actions.request_log)),
            Route(f"{PREFIX}/rules/add", _posted(actions.add_rule), methods=["POST"]),
            Route(f"{PREFIX}/rules/delete", _posted(actions.delete_rule), methods=["POST"]),
            Route(f"{PREFIX}/rulesets/put", _posted(actions.put_ruleset), methods=["POST"]),
            Route(f"{PREFIX}/rulesets/unapplied", _posted(actions.leave_unapplied), methods=["POST"]),
            Route(f"{PREFIX}/addons/rename", _posted(actions.rename_addon), methods=["POST"]),
            Route(f"{PREFIX}/addons/beside", _posted(actions.add_beside), methods=["POST"]),
            Route(f"{PREFIX}/addons/promote", _posted(actions.promote), methods=["POST"]),
            Route(f"{PREFIX}/apps/rename", _posted(actions.rename_app), methods=["POST"]),
            Route(f"{PREFIX}/spaces/rename", _posted(actions.rename_space), methods=["POST"]),
            Route(f"{PREFIX}/spaces/delete", _posted(actions.delete_space), methods=["POST"]),
            Route(f"{PREFIX}/addons/delete", _posted(actions.delete_addon), methods=["POST"]),
            Route(f"{PREFIX}/behavior", _posted(actions.set_behavior), methods=["POST"]),
            Route(f"{PREFIX}/faults", _posted(actions.fault), methods=["POST"]),
            Route(f"{PREFIX}/faults", _read(actions.clear_faults), methods=["DELETE"]),
            *(
                Route(f"{PREFIX}/{path}", _posted(action), methods=["POST"])
                for path, action in database_actions.items()
            ),
        ]
    )


class _AdminActions:
    """Actions of the admin API, JSON in and JSON out."""

    def __init__(self, heroku: HerokuEmulator, now: Callable[[], datetime]) -> None:
        self._heroku = heroku
        self._now = now

    def state(self) -> object:
        """Return the snapshot and its version."""
        now = self._now()
        return {**self._heroku.snapshot(now=now), "version": self._heroku.version_at(now)}

    def request_log(self) -> object:
        """Return every call, with the bodies of writes."""
        return [{**entry.line(), "body": entry.body} for entry in self._heroku.request_log]

    def add_rule(self, given: Json) -> object:
        """Add a rule as an external change."""
        database, cidr, description = given["database"], given["cidr"], given.get("description", "")
        return shown(self._heroku.add_rule_externally(database, cidr, description, now=self._now()))

    def delete_rule(self, given: Json) -> object:
        """Delete a rule as an external change."""
        return shown(self._heroku.delete_rule_externally(given["database"], given["rule"], now=self._now()))

    def put_ruleset(self, given: Json) -> object:
        """Replace a space's trusted IP ranges as an external change."""
        space, rules, now = required_text(given, "space"), given["rules"], self._now()
        by = optional_text(given, "by") or SOMEBODY
        return shown_ruleset(self._heroku.put_ruleset_externally(space, rules, by=by, now=now), now)

    def leave_unapplied(self, given: Json) -> object:
        """Store the next rulesets of a space without applying them."""
        self._heroku.leave_unapplied(required_text(given, "space"), puts=int(given.get("puts", 1)))
        return {"ok": True}

    def rename_addon(self, given: Json) -> object:
        """Rename an add-on as an external change."""
        self._heroku.rename_database(required_text(given, "database"), required_text(given, "name"))
        return {"ok": True}

    def add_beside(self, given: Json) -> object:
        """Create an add-on in the app of another, as a fork or a follower is."""
        made = self._heroku.add_beside(required_text(given, "database"), required_text(given, "name"))
        return {"id": str(made.id), "config_vars": list(made.config_vars)}

    def promote(self, given: Json) -> object:
        """Make an add-on its app's primary database."""
        return {"config_vars": list(self._heroku.promote(required_text(given, "database")).config_vars)}

    def rename_app(self, given: Json) -> object:
        """Rename an app as an external change."""
        self._heroku.rename_app(required_text(given, "app"), required_text(given, "name"))
        return {"ok": True}

    def rename_space(self, given: Json) -> object:
        """Rename a space as an external change."""
        self._heroku.rename_space(required_text(given, "space"), required_text(given, "name"))
        return {"ok": True}

    def delete_addon(self, given: Json) -> object:
        """Destroy an add-on as an external change."""
        self._heroku.delete_database(required_text(given, "database"))
        return {"ok": True}

    def delete_space(self, given: Json) -> object:
        """Delete a space, and what is in it, as an external change."""
        self._heroku.delete_space(required_text(given, "space"))
        return {"ok": True}

    def set_behavior(self, given: Json) -> object:
        """Change undocumented behavior; return all of it."""
        self._heroku.set_behavior(**given)
        return asdict(self._heroku.behavior)

    def fault(self, given: Json) -> object:
        """Inject a fault: once by default, until cleared if ``times`` is null."""
        kind = _KINDS[given["kind"]]
        settings = {name: given[name] for name in _SETTINGS if name in given}
        on, name = given.get("on", ""), given.get("name", "")
        self._heroku.fault(kind(**settings), on=on, times=given.get("times", 1), name=name)
        return {"ok": True}

    def clear_faults(self) -> object:
        """Clear every fault."""
        self._heroku.clear_faults()
        return {"ok": True}


def _read(action: Callable[[], object]) -> Callable[[Request], Awaitable[Response]]:
    async def read(request: Request) -> Response:
        _require_loopback(request)
        return JSONResponse(action())

    return read


def _posted(action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def posted(request: Request) -> Response:
        _require_loopback(request)
        try:
            return JSONResponse(action(await _given(request)))
        except Refused as refused:
            return JSONResponse(refused.body, status_code=refused.status)
        except (KeyError, TypeError, ValueError, re.error) as error:
            problem = Refused(422, f"This cannot be done: {error!r}.")
            return JSONResponse(problem.body, status_code=problem.status)

    return posted


async def _given(request: Request) -> Json:
    # A page of another origin could make a browser post a form here, but not this content type.
    if request.headers.get("content-type", "").partition(";")[0].strip() != JSON_TYPE:
        raise Refused(400, f"The body must be {JSON_TYPE}.")
    try:
        found: Any = json.loads(await request.body())
    except ValueError as error:
        raise Refused(400, "The body is not valid JSON.") from error
    if not isinstance(found, dict):
        raise Refused(400, "The body must be a JSON object.")
    return found


def _require_loopback(request: Request) -> None:
    """Raise a 403 unless the client is on this machine."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403)
