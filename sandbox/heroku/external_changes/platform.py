"""What other people do to spaces and add-ons, without a call that the played API would see.

What they do to a database's mTLS and PrivateLink stands in `sandbox.heroku.external_changes.mtls` and
`sandbox.heroku.external_changes.privatelink`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from sandbox.heroku.http_types import Json
from sandbox.heroku.model import ruleset_lifecycle
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.resources import AddonState, App, Attachment, Database, NatState, Space, SpaceState
from sandbox.heroku.model.rulesets import Range, Ruleset

SOMEBODY: Final = "somebody@example.com"
"""Who does things by hand unless a name is given."""


T = TypeVar("T")


class PlatformExternalChanges:
    """The part of an emulated Heroku that people of the account's team move."""

    _account: Account

    def put_ruleset_externally(
        self, space: str, rules: Sequence[str | Json], *, by: str = SOMEBODY, now: datetime
    ) -> Ruleset:
        """Let somebody else replace a space's trusted IP ranges.

        Args:
            space: Name or id.
            rules: The new list; a text is a source that is allowed.
            by: Who does, by e-mail address.
            now: The moment.

        Raises:
            Refused: Heroku refuses.
        """
        whole = [{"action": "allow", "source": rule} if isinstance(rule, str) else rule for rule in rules]
        return ruleset_lifecycle.put(self._account, self._account.space(space), whole, by=by, now=now)

    def ruleset(self, space: str) -> Ruleset:
        """Return a space's ruleset, in force or not; raises `Refused` ``not_found``."""
        return self.rulesets(space)[-1]

    def rulesets(self, space: str) -> list[Ruleset]:
        """Return every ruleset that a space ever had, oldest first; raises `Refused` ``not_found``."""
        return list(self._account.space(space).rulesets)

    def ranges_in_force(self, space: str, *, now: datetime) -> tuple[Range, ...]:
        """Return the rules that hold for a space's web processes at a moment."""
        return ruleset_lifecycle.in_force(self._account.space(space), now)

    def data_ranges_in_force(self, space: str, *, now: datetime) -> tuple[Range, ...]:
        """Return the rules that hold for a space's databases: none where the feature is not enabled."""
        found = self._account.space(space)
        return ruleset_lifecycle.in_force(found, now) if found.data_services else ()

    def leave_unapplied(self, space: str, *, puts: int = 1) -> None:
        """Let the next rulesets of a space be stored only; one that is put after them comes into force.

        Raises:
            ValueError: `puts` is less than none.
        """
        if puts < 0:
            raise ValueError("nothing is stored less often than never")
        self._account.space(space).unapplied = puts

    def trust_for_data_services(self, space: str, *, on: bool = True) -> None:
        """Let Heroku's support open a space's data services to its trusted IP ranges.

        Raises:
            ValueError: It is a Shield Space, which does not have that.
        """
        found = self._account.space(space)
        if found.shield:
            raise ValueError("a Shield Space has no trusted IP ranges for data services")
        found.data_services = on
        self._account.version.changed()

    def set_space(self, space: str, *, state: SpaceState | None = None, nat: NatState | None = None) -> Space:
        """Let a space, or its outbound addresses, be in some state."""
        found = self._account.space(space)
        found.state, found.nat = state or found.state, nat or found.nat
        self._account.version.changed()
        return found

    def rename_space(self, space: str, name: str) -> Space:
        """Let somebody give a space another name; its id stays."""
        found = self._account.space(space)
        self._account.spaces = _renamed(self._account.spaces, found.name, name)
        found.name = name
        self._account.version.changed()
        return found

    def rename_database(self, database: str, name: str) -> Database:
        """Let somebody give an add-on another name; its id stays."""
        found = self._account.addon(database)
        self._account.databases = _renamed(self._account.databases, found.name, name)
        found.name = name
        self._account.version.changed()
        return found

    def delete_database(self, database: str) -> Database:
        """Let somebody destroy an add-on with all it has; one of that name can be made anew."""
        found = self._account.addon(database)
        self._account.delete(found)
        self._account.version.changed()
        return found

    def set_database(self, database: str, *, state: AddonState) -> Database:
        """Let an add-on be in some state."""
        found = self._account.addon(database)
        found.state = state
        self._account.version.changed()
        return found

    def attach(self, database: str, *, app: str, name: str, namespace: str | None = None) -> Attachment:
        """Let an app have an add-on under a name of its own.

        Args:
            database: Name or id of the add-on.
            app: Name or id of the app.
            name: Such as ``REPORTS``, which makes ``REPORTS_URL``.
            namespace: ``credential:…`` for another credential than the default one.

        Raises:
            ValueError: The app has something of that name.
        """
        found, home = self._account.addon(database), self._account.app(app)
        if any(each.name == name for each in _names_in(self._account, home)):
            raise ValueError(f"{home.name} has a {name} already")
        made = Attachment(name=name, app=home, namespace=namespace)
        found.lent.append(made)
        self._account.version.changed()
        return made


def _names_in(account: Account, app: App) -> list[Attachment]:
    return [each for addon in account.databases.values() for each in addon.attachments if each.app == app]


def _renamed(things: dict[str, T], old: str, new: str) -> dict[str, T]:
    """Return things by name with one of them under another name, in the same order."""
    if new in things:
        raise ValueError(f"there is a {new} already")
    return {new if name == old else name: thing for name, thing in things.items()}
