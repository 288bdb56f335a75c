"""Config vars of an app: those of its attachments, and those that people set.

Fact: the Platform API's hyper-schema (heroku/platform-api, 2026-02): one flat object of strings; null in an
update removes a variable.
"""

from collections.abc import Iterator
from datetime import datetime

from sandbox.heroku.api import json_shapes
from sandbox.heroku.http_types import Json, Refused
from sandbox.heroku.model import vpc_endpoints
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.resources import App, Attachment, Database


def config_vars(account: Account, app: App, now: datetime) -> dict[str, str]:
    """Return an app's config vars at a moment."""
    return {**account.config.get(app.id, {}), **_set_by_addons(account, app, now)}


def attached(account: Account, app: App) -> Iterator[tuple[Database, Attachment]]:
    """Yield every attachment of an app with its add-on."""
    for database in account.databases.values():
        for attachment in database.attachments:
            if attachment.app == app:
                yield database, attachment


def update(account: Account, app: App, given: Json, now: datetime) -> dict[str, str]:
    """Change an app's config vars and return them all; raises `Refused`, and nothing is changed."""
    for name, value in given.items():
        if not isinstance(value, str | None):
            raise Refused(422, f"{name} must be a string, or null to take it away.")
        if name in _set_by_addons(account, app, now):
            raise Refused(422, f"{name} is set by an attachment and cannot be changed.")
    kept = account.config.get(app.id, {}) | given
    account.config[app.id] = {name: value for name, value in kept.items() if value is not None}
    account.version.changed()
    return config_vars(account, app, now)


def _set_by_addons(account: Account, app: App, now: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    for database, attachment in attached(account, app):
        found[attachment.config_var] = json_shapes.connection(database)
        found.update(vpc_endpoints.announced(database, attachment, now))
    return found
