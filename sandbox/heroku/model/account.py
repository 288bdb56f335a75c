"""State of the emulated account: every resource by name or id."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from sandbox.heroku.authentication import RequestTokens
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.change_counter import Version
from sandbox.heroku.http_types import Refused, missing
from sandbox.heroku.model.authorizations import Authorization, Authorizations
from sandbox.heroku.model.resources import LONG_AGO, App, Database, Space, lasting_id
from sandbox.heroku.seeded_random import SeededRandom

EMAIL: Final = "operations@example.com"
"""E-mail address of the account, the author of everything that is changed through the API."""

Resource = TypeVar("Resource", Space, App, Database)


class Account:
    """Spaces, apps and databases, by name.

    Args:
        token: API token with every scope, which does not expire.
        behavior: Behavior that Heroku does not document.
        times: Durations of transitions.
        seeded: Source of ids and random choices.
    """

    def __init__(
        self, *, token: str, behavior: Behavior, times: TransitionTimes, seeded: SeededRandom
    ) -> None:
        self.behavior = behavior
        self.times = times
        self.seeded = seeded
        self.version = Version()
        # Business time may be ahead of real time: new certificates have to expire by business time.
        self.ahead = timedelta()
        self.authorizations = Authorizations(seeded, _initial_authorization(token))
        self.pool = RequestTokens(size=behavior.pool, refill=behavior.refill)
        self.spaces: dict[str, Space] = {}
        self.apps: dict[str, App] = {}
        self.databases: dict[str, Database] = {}
        self._deleted: set[str] = set()
        self._births: Counter[tuple[str, str]] = Counter()
        self.config: dict[UUID, dict[str, str]] = {}

    def birth_name(self, kind: str, name: str) -> str:
        """Return the name that a new resource's id is derived from; a reused name gives another id."""
        self._births[kind, name] += 1
        count = self._births[kind, name]
        return name if count == 1 else f"{name}.{count}"

    def space(self, key: str) -> Space:
        """Return a space by name or id; raises `Refused` ``not_found``."""
        return _found(self.spaces, key, "space")

    def app(self, key: str) -> App:
        """Return an app by name or id; raises `Refused` ``not_found``."""
        return _found(self.apps, key, "app")

    def addon(self, key: str) -> Database:
        """Return an add-on by name or id; raises `Refused` ``not_found``, or ``gone`` by `Behavior`."""
        try:
            return _found(self.databases, key, "add-on")
        except Refused as refused:
            if key not in self._deleted:
                raise
            raise missing("add-on", status=self.behavior.deleted_addon) from refused

    def delete(self, database: Database) -> None:
        """Delete an add-on, and remember that it existed."""
        del self.databases[database.name]
        # Under both: an add-on that is gone may be asked for by either.
        self._deleted |= {database.name, str(database.id)}

    def restore(self, database: Database) -> None:
        """Bring a deleted add-on back."""
        self.databases[database.name] = database
        self._deleted -= {database.name, str(database.id)}

    def database(self, key: str, now: datetime, *, by_id: bool | None = None) -> Database:
        """Return a database as the Data API finds it; raises `Refused`.

        It learns of a new name late, by `Behavior`.

        Args:
            key: Name or id.
            now: The present.
            by_id: Whether the path takes ids; by default as `Behavior` says.
        """
        if as_uuid(key) is not None:
            if not (self.behavior.uuid_in_path if by_id is None else by_id):
                raise missing("add-on")
            return self.addon(key)
        if not self.behavior.rename_lag:
            return self.addon(key)
        moment = now - timedelta(seconds=self.behavior.rename_lag)
        for database in self.databases.values():
            if database.name_at(moment) == key:
                return database
        raise missing("add-on")

    def addons_of(self, app: App) -> list[Database]:
        """Return an app's add-ons."""
        return [database for database in self.databases.values() if database.app == app]


def _initial_authorization(token: str) -> Authorization:
    return Authorization(
        id=lasting_id("authorization", EMAIL),
        token_id=lasting_id("token", EMAIL),
        token=token,
        scope=("global",),
        description="operations",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def as_uuid(key: str) -> UUID | None:
    """Return the UUID of a key in Heroku's spelling; None for any other key."""
    try:
        found = UUID(key)
    except ValueError:
        return None
    # ``UUID`` also reads braces and missing hyphens, which Heroku's paths do not have.
    return found if str(found) == key.lower() else None


def _found(resources: dict[str, Resource], key: str, kind: str) -> Resource:
    """Return a resource by name or id; raises `Refused` ``not_found``."""
    if key in resources:
        return resources[key]
    id = as_uuid(key)
    for resource in resources.values():
        if resource.id == id:
            return resource
    raise missing(kind)
