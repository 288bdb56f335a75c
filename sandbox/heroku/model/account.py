"""Everything an account has, found by name or id: the state behind both APIs."""

from collections import Counter
from datetime import timedelta
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
"""Whose account it is; what is enabled through the API was enabled by this one."""

Thing = TypeVar("Thing", Space, App, Database)


class Account:
    """Spaces, apps and databases, by name.

    Args:
        token: The API token that was there before; it may do everything and has no end.
        switches: What happens where nobody outside knows.
        pace: How long transitions take.
        dice: Where ids and luck come from.
    """

    def __init__(
        self, *, token: str, behavior: Behavior, times: TransitionTimes, seeded: SeededRandom
    ) -> None:
        self.behavior = behavior
        self.times = times
        self.seeded = seeded
        self.version = Version()
        # How far the calendar by which new certificates end is ahead: a played year passes in a second.
        self.ahead = timedelta()
        self.authorizations = Authorizations(seeded, _first(token))
        self.pool = RequestTokens(size=behavior.pool, refill=behavior.refill)
        self.spaces: dict[str, Space] = {}
        self.apps: dict[str, App] = {}
        self.databases: dict[str, Database] = {}
        self._deleted: set[str] = set()
        self._births: Counter[tuple[str, str]] = Counter()
        self.config: dict[UUID, dict[str, str]] = {}

    def birth_name(self, kind: str, name: str) -> str:
        """Return what something new of this name gets its id from: another one than what had it before."""
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
        """Return an add-on by name or id; raises `Refused` ``not_found``, or ``gone`` if switched on."""
        try:
            return _found(self.databases, key, "add-on")
        except Refused as refused:
            if key not in self._deleted:
                raise
            raise missing("add-on", status=self.behavior.deleted_addon) from refused

    def delete(self, database: Database) -> None:
        """Forget an add-on, but that there was one."""
        del self.databases[database.name]
        self._deleted |= {database.name, str(database.id)}

    def database(self, key: str) -> Database:
        """Return a database as the Data API finds it: by name, or id if switched on; raises `Refused`."""
        if key not in self.databases and not self.behavior.uuid_in_path:
            raise missing("add-on")
        return self.addon(key)

    def addons_of(self, app: App) -> list[Database]:
        """Return an app's add-ons."""
        return [database for database in self.databases.values() if database.app == app]


def _first(token: str) -> Authorization:
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
    """Return the UUID that a key spells, if it spells one the way Heroku writes them."""
    try:
        found = UUID(key)
    except ValueError:
        return None
    return found if str(found) == key.lower() else None


def _found(things: dict[str, Thing], key: str, resource: str) -> Thing:
    """Return one of `things` by name or id; raises `Refused` ``not_found``."""
    if key in things:
        return things[key]
    wanted = as_uuid(key)
    for thing in things.values():
        if thing.id == wanted:
            return thing
    raise missing(resource)
