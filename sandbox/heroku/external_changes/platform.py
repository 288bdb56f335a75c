"""External changes to spaces and add-ons, which the request log does not show."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from sandbox.heroku.http_types import Json
from sandbox.heroku.model import ruleset_lifecycle
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.resources import AddonState, App, Attachment, Database, NatState, Space, SpaceState
from sandbox.heroku.model.rulesets import Range, Ruleset

SOMEBODY: Final = "somebody@example.com"
"""E-mail address of the author of external changes unless one is given."""


PRIMARY: Final = "DATABASE_URL"
"""Config var of an app's primary database."""

COLORS: Final = ("AQUA", "BLUE", "COPPER", "GOLD", "IVORY", "JADE", "NAVY", "OLIVE", "PINK", "TEAL")
"""Colors in names of attachments; Heroku chooses one at random."""

T = TypeVar("T")


class PlatformExternalChanges:
    """Spaces and add-ons of an emulated Heroku: changes by others, and their state."""

    _account: Account

    def put_ruleset_externally(
        self, space: str, rules: Sequence[str | Json], *, by: str = SOMEBODY, now: datetime
    ) -> Ruleset:
        """Replace a space's trusted IP ranges.

        Args:
            space: Name or id.
            rules: The new list; a string is an allowed source.
            by: E-mail address of the author.
            now: The moment.

        Raises:
            Refused: Heroku rejects the list.
        """
        whole = [{"action": "allow", "source": rule} if isinstance(rule, str) else rule for rule in rules]
        return ruleset_lifecycle.put(self._account, self._account.space(space), whole, by=by, now=now)

    def ruleset(self, space: str) -> Ruleset:
        """Return a space's latest ruleset, in force or not; raises `Refused` ``not_found``."""
        return self.rulesets(space)[-1]

    def rulesets(self, space: str) -> list[Ruleset]:
        """Return every ruleset that a space ever had, oldest first; raises `Refused` ``not_found``."""
        return list(self._account.space(space).rulesets)

    def ranges_in_force(self, space: str, *, now: datetime) -> tuple[Range, ...]:
        """Return the rules in force for a space's web processes."""
        return ruleset_lifecycle.in_force(self._account.space(space), now)

    def data_ranges_in_force(self, space: str, *, now: datetime) -> tuple[Range, ...]:
        """Return the rules in force for a space's databases; none if the feature is not enabled."""
        found = self._account.space(space)
        return ruleset_lifecycle.in_force(found, now) if found.data_services else ()

    def leave_unapplied(self, space: str, *, puts: int = 1) -> None:
        """Store the next rulesets of a space without applying them; the one after them is applied.

        Raises:
            ValueError: `puts` is negative.
        """
        if puts < 0:
            raise ValueError("the number of rulesets cannot be negative")
        self._account.space(space).unapplied = puts

    def trust_for_data_services(self, space: str, *, on: bool = True) -> None:
        """Apply a space's trusted IP ranges to its data services, as Heroku's support would.

        Raises:
            ValueError: It is a Shield Space, which does not have that.
        """
        found = self._account.space(space)
        if found.shield:
            raise ValueError("a Shield Space has no trusted IP ranges for data services")
        found.data_services = on
        self._account.version.changed()

    def set_space(self, space: str, *, state: SpaceState | None = None, nat: NatState | None = None) -> Space:
        """Set the state of a space, or of its outbound addresses."""
        found = self._account.space(space)
        found.state, found.nat = state or found.state, nat or found.nat
        self._account.version.changed()
        return found

    def rename_space(self, space: str, name: str) -> Space:
        """Rename a space; its id stays."""
        found = self._account.space(space)
        self._account.spaces = _renamed(self._account.spaces, found.name, name)
        found.name = name
        self._account.version.changed()
        return found

    def rename_app(self, app: str, name: str) -> App:
        """Rename an app; its id stays, and every add-on and attachment of it."""
        found = self._account.app(app)
        self._account.apps = _renamed(self._account.apps, found.name, name)
        found.name = name
        self._account.version.changed()
        return found

    def swap_names(self, one: str, other: str, *, now: datetime | None = None) -> None:
        """Let two add-ons exchange their names, in three renames; for `now` see `rename_database`."""
        first, second = self._account.addon(one), self._account.addon(other)
        names = first.name, second.name
        for database, name in ((first, f"{names[0]}-swapped"), (second, names[0]), (first, names[1])):
            self.rename_database(str(database.id), name, now=now)

    def add_beside(self, database: str, name: str, *, plan: str | None = None) -> Database:
        """Create an add-on in the app of another, as a fork or a follower is.

        Heroku attaches it as ``HEROKU_POSTGRESQL_<color>`` (Dev Center, follower databases).

        Args:
            database: Name or id of the add-on that it copies.
            name: Name of the new one, which an earlier add-on may have had.
            plan: Its plan; that of the other by default.

        Raises:
            ValueError: An add-on of that name exists.
        """
        found = self._account.addon(database)
        if name in self._account.databases:
            raise ValueError(f"{name} exists already")
        made = Database(
            name=name,
            app=found.app,
            plan=plan or found.plan,
            config_vars=(self._free_config_var(found.app),),
            born=self._account.birth_name("addon", name),
        )
        self._account.databases[name] = made
        self._account.version.changed()
        return made

    def promote(self, database: str) -> Database:
        """Make an add-on its app's ``DATABASE_URL``.

        As ``heroku pg:promote`` does: the earlier one is attached under another name before it loses that one
        (heroku/cli, ``pg/promote``).
        """
        found = self._account.addon(database)
        for earlier in self._account.addons_of(found.app):
            if PRIMARY in earlier.config_vars and earlier is not found:
                left = tuple(name for name in earlier.config_vars if name != PRIMARY)
                earlier.config_vars = left or (self._free_config_var(found.app),)
        if PRIMARY not in found.config_vars:
            found.config_vars = (*found.config_vars, PRIMARY)
        self._account.version.changed()
        return found

    def _free_config_var(self, app: App) -> str:
        """Return a config var for one more Postgres of an app."""
        taken = {each.config_var for each in _names_in(self._account, app)}
        names = (f"HEROKU_POSTGRESQL_{color}_URL" for color in COLORS)
        return next(name for name in names if name not in taken)

    def rename_database(self, database: str, name: str, *, now: datetime | None = None) -> Database:
        """Rename an add-on; its id stays.

        Args:
            database: Name or id of the add-on.
            name: Its new name.
            now: From when the Data API's delay counts; the present by default.
        """
        found = self._account.addon(database)
        self._account.databases = _renamed(self._account.databases, found.name, name)
        found.renames.append((now or datetime.now(UTC), found.name))
        found.name = name
        self._account.version.changed()
        return found

    def delete_database(self, database: str) -> Database:
        """Destroy an add-on with everything in it; its name is free again."""
        found = self._account.addon(database)
        self._account.delete(found)
        self._account.version.changed()
        return found

    def restore_database(self, database: Database) -> None:
        """Bring a destroyed add-on back with its id, as nobody outside Heroku can."""
        self._account.restore(database)
        self._account.version.changed()

    def delete_space(self, space: str) -> Space:
        """Delete a space, with the apps and add-ons in it, which Heroku wants to be deleted first."""
        found = self._account.space(space)
        for app in [each for each in self._account.apps.values() if each.space is found]:
            for addon in self._account.addons_of(app):
                self._account.delete(addon)
            del self._account.apps[app.name]
        del self._account.spaces[found.name]
        self._account.version.changed()
        return found

    def set_database(self, database: str, *, state: AddonState) -> Database:
        """Set the state of an add-on."""
        found = self._account.addon(database)
        found.state = state
        self._account.version.changed()
        return found

    def attach(self, database: str, *, app: str, name: str, namespace: str | None = None) -> Attachment:
        """Attach an add-on to an app under another name.

        Args:
            database: Name or id of the add-on.
            app: Name or id of the app.
            name: Name such as ``REPORTS``, which makes ``REPORTS_URL``.
            namespace: ``credential:…`` for another credential than the default one.

        Raises:
            ValueError: The app has an attachment of that name.
        """
        found, home = self._account.addon(database), self._account.app(app)
        if any(each.name == name for each in _names_in(self._account, home)):
            raise ValueError(f"{home.name} has an attachment {name} already")
        made = Attachment(name=name, app=home, namespace=namespace)
        found.lent.append(made)
        self._account.version.changed()
        return made


def _names_in(account: Account, app: App) -> list[Attachment]:
    return [each for addon in account.databases.values() for each in addon.attachments if each.app == app]


def _renamed(resources: dict[str, T], old: str, new: str) -> dict[str, T]:
    """Return resources by name with one renamed, in the same order."""
    if new in resources:
        raise ValueError(f"{new} exists already")
    return {new if name == old else name: resource for name, resource in resources.items()}
