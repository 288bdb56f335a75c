"""The Data API's PrivateLink calls.

Facts: heroku/heroku-data-privatelink-cli (2.0.1, 2026-08) and herokux (c822fb4, 2025-08), ``privatelink.go``:
the paths, which take an add-on's name and its UUID; PUT adds the accounts it names and answers 202 when they
are there already, PATCH removes those it names; ``app`` and ``addon`` are objects. Until 2020 accounts were
``whitelisted_accounts``, in paths and bodies; herokux saw both fields then.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sandbox.heroku.api.privatelink_json import endpoint
from sandbox.heroku.http_types import Answer, answered
from sandbox.heroku.model import privatelink_lifecycle
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.privatelink import PrivateLink
from sandbox.heroku.model.resources import Database
from sandbox.heroku.routing import Call, Route, no_endpoint

_LINK: Final = "/private-link/v0/databases/{db}"
_ACCOUNTS, _LEGACY_ACCOUNTS = f"{_LINK}/allowed_accounts", f"{_LINK}/whitelisted_accounts"

_UNCHANGED: Final = 202
"""Status of adding accounts that are all there already (herokux)."""

_Change = Callable[[Account, Database, Sequence[str], datetime], bool]


def _inspect(call: Call) -> Answer:
    return _shown(200, call, privatelink_lifecycle.link_of(_database(call), call.now))


def _create(call: Call) -> Answer:
    arns = _given(call)
    link = privatelink_lifecycle.create(call.account, _database(call), arns, call.now)
    return _shown(call.account.behavior.link_created, call, link)


def _destroy(call: Call) -> Answer:
    return _shown(
        call.account.behavior.link_deleted,
        call,
        privatelink_lifecycle.destroy(call.account, _database(call), call.now),
    )


def _add(call: Call) -> Answer:
    return _changed(call, privatelink_lifecycle.admit, unchanged=_UNCHANGED)


def _remove(call: Call) -> Answer:
    return _changed(call, privatelink_lifecycle.dismiss, unchanged=call.account.behavior.absent_account)


def _changed(call: Call, change: _Change, *, unchanged: int) -> Answer:
    database, behavior = _database(call), call.account.behavior
    link = privatelink_lifecycle.link_of(database, call.now)
    done = change(call.account, database, _given(call), call.now)
    return _shown(behavior.accounts_changed if done else unchanged, call, link)


def _database(call: Call) -> Database:
    return call.account.database(call.names["db"], call.now, by_id=True)


def _given(call: Call) -> list[str]:
    name = "allowed_accounts"
    if call.account.behavior.legacy_accounts and name not in call.given:
        name = "whitelisted_accounts"
    return privatelink_lifecycle.principals(call.account, call.given.get(name))


def _legacy(does: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    def old(call: Call) -> Answer:
        if not call.account.behavior.legacy_accounts:
            raise no_endpoint()
        return does(call)

    return old


def _shown(status: int, call: Call, link: PrivateLink) -> Answer:
    return answered(status, endpoint(_database(call), link, call.account.behavior, call.now))


ROUTES: Final = (
    Route(method="GET", template=_LINK, does=_inspect),
    Route(method="POST", template=_LINK, does=_create),
    Route(method="DELETE", template=_LINK, does=_destroy),
    Route(method="PUT", template=_ACCOUNTS, does=_add),
    Route(method="PATCH", template=_ACCOUNTS, does=_remove),
    Route(method="PUT", template=_LEGACY_ACCOUNTS, does=_legacy(_add)),
    Route(method="PATCH", template=_LEGACY_ACCOUNTS, does=_legacy(_remove)),
)
