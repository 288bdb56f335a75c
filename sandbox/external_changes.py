"""External changes at Heroku, by the names that the page's buttons send."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.heroku.emulator import HerokuEmulator

_Json = Mapping[str, Any]
_Action = Callable[[_Json, datetime], object]


class PageExternalChanges:
    """Makes changes at Heroku that pgaccess does not know of.

    Args:
        heroku: The emulated Heroku.
    """

    def __init__(self, heroku: HerokuEmulator) -> None:
        self._heroku = heroku
        self._actions: Mapping[str, _Action] = {
            "add_rule": self._add_rule,
            "delete_rule": self._delete_rule,
            "add_range": self._add_range,
            "delete_range": self._delete_range,
            "add_account": self._add_account,
            "delete_account": self._delete_account,
            "connect": self._connect,
            "delete_certificate": self._delete_certificate,
        }

    def apply(self, given: _Json, *, now: datetime) -> None:
        """Make the change that the key ``do`` names.

        Raises:
            ValueError: The action is unknown.
            KeyError: An argument is missing.
            sandbox.heroku.http_types.Refused: Heroku rejects the change.
        """
        action = self._actions.get(str(given["do"]))
        if action is None:
            raise ValueError(f"unknown action {given['do']!r}; known are {', '.join(self._actions)}")
        action(given, now)

    def _add_rule(self, given: _Json, now: datetime) -> object:
        description = str(given.get("description", ""))
        return self._heroku.add_rule_externally(given["database"], given["cidr"], description, now=now)

    def _delete_rule(self, given: _Json, now: datetime) -> object:
        return self._heroku.delete_rule_externally(given["database"], given["rule"], now=now)

    def _add_range(self, given: _Json, now: datetime) -> object:
        return self._put(given, [*self._ranges(given), {"action": "allow", "source": given["source"]}], now)

    def _delete_range(self, given: _Json, now: datetime) -> object:
        return self._put(
            given, [rule for rule in self._ranges(given) if rule["source"] != given["source"]], now
        )

    def _ranges(self, given: _Json) -> list[dict[str, Any]]:
        ruleset = self._heroku.ruleset(given["space"])
        return [{"action": rule.action, "source": rule.source} for rule in ruleset.rules]

    def _put(self, given: _Json, rules: list[dict[str, Any]], now: datetime) -> object:
        return self._heroku.put_ruleset_externally(given["space"], rules, now=now)

    def _add_account(self, given: _Json, now: datetime) -> object:
        database, account = given["database"], given["account"]
        if self._heroku.privatelink(database, now=now) is None:
            return self._heroku.create_privatelink_externally(database, [account], now=now)
        return self._heroku.add_account_externally(database, account, now=now)

    def _delete_account(self, given: _Json, now: datetime) -> object:
        return self._heroku.remove_account_externally(given["database"], given["account"], now=now)

    def _connect(self, given: _Json, now: datetime) -> object:
        """Create a customer's VPC endpoint in Heroku's region ``virginia``."""
        return self._heroku.create_vpc_endpoint(given["database"], account=given["account"], now=now)

    def _delete_certificate(self, given: _Json, now: datetime) -> object:
        return self._heroku.delete_certificate_externally(given["database"], given["certificate"], now=now)
