"""Targets of access: databases and spaces, and how people name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from bot.domain.method import Method, has_mtls
from bot.domain.text import cite, nearest
from bot.errors import Refusal, Refused

NO_ALIASES: Final[Mapping[str, str]] = MappingProxyType({})
"""The aliases of a policy that has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A Heroku Postgres add-on in a Private or Shield Space.

    Attributes:
        id: Heroku's add-on UUID, which never changes.
        name: the add-on's name, for example ``postgresql-curved-12345``; its owner may change it.
        app: the owning app's name.
        space: the space's name.
        region: the space's region, for example ``virginia``.
        shield: whether the space is a Shield Space.
        plan: for example ``heroku-postgresql:private-4``.
        config_var: the app's config var with the connection URL, for example ``DATABASE_URL``.
    """

    id: UUID
    name: str
    app: str
    space: str
    region: str
    shield: bool
    plan: str
    config_var: str

    @property
    def label(self) -> str:
        """The name that people see: its app's."""
        return self.app

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a policy may list it, the most specific first."""
        return self.name, self.app


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """A Heroku Private or Shield Space.

    Attributes:
        id: Heroku's UUID.
        name: its owner may change it.
        region: for example ``virginia``.
        shield: whether it is a Shield Space.
        generation: ``cedar`` or ``fir``.
    """

    id: UUID
    name: str
    region: str
    shield: bool
    generation: str = "cedar"

    @property
    def label(self) -> str:
        """The name that people see."""
        return self.name

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a policy may list it."""
        return (self.name,)

    @property
    def takes_ranges(self) -> bool:
        """Whether trusted IP ranges can be changed: Shield has none, and those of Fir are fixed."""
        return not self.shield and self.generation != "fir"


Target = Database | Space
"""A target of access, identified by Heroku's UUID."""


def methods_of(target: Target) -> tuple[Method, ...]:
    """Returns the access methods to reconcile; none where Heroku would reject every call, for the plan."""
    if isinstance(target, Database) and not has_mtls(target.plan):
        return ()
    return tuple(method for method in Method if method.on_space == isinstance(target, Space))


def choose(
    databases: tuple[Database, ...], word: str | None, aliases: Mapping[str, str] = NO_ALIASES
) -> Database:
    """Finds the database that a person means by an alias, its name, its app's name, or no word at all.

    Args:
        databases: Heroku's current databases.
        word: what was typed after ``to``; None when nothing was.
        aliases: the policy's alias for each add-on or app name. An alias takes precedence over a name: naming
            an app must not divert requests from another database.

    Raises:
        Refused: none matches, several match, or there are none. The example is the closest known name.
    """
    if not databases:
        raise Refused(Refusal.TARGET_NONE)
    fitting = databases if word is None else _called(databases, word, aliases)
    if len(fitting) == 1:
        return fitting[0]
    if word is not None and fitting:
        names = [database.name for database in fitting]
        raise Refused(Refusal.TARGET_AMBIGUOUS, word=cite(word), known=", ".join(names), example=names[0])
    known = sorted({_familiar(database, aliases) for database in databases})
    if word is None:
        raise Refused(Refusal.TARGET_MISSING, known=", ".join(known), example=known[0])
    example = nearest(word, known) or known[0]
    raise Refused(Refusal.TARGET_UNKNOWN, word=cite(word), known=", ".join(known), example=example)


def _called(databases: tuple[Database, ...], word: str, aliases: Mapping[str, str]) -> tuple[Database, ...]:
    """Returns the add-on of that name, or else all databases of the app of that name."""
    meant = {alias.lower(): name for alias, name in aliases.items()}
    name = meant.get(word.lower(), word).lower()
    by_name = tuple(database for database in databases if database.name.lower() == name)
    return by_name or tuple(database for database in databases if database.app.lower() == name)


def _familiar(database: Database, aliases: Mapping[str, str]) -> str:
    """Returns the alias of a database, or its app's name."""
    by_name = {name.lower(): alias for alias, name in aliases.items()}
    return by_name.get(database.name.lower()) or by_name.get(database.app.lower()) or database.app


def choose_space(
    spaces: tuple[Space, ...],
    databases: tuple[Database, ...],
    word: str | None,
    aliases: Mapping[str, str] = NO_ALIASES,
) -> Space:
    """Finds the space that a person means by an alias, by its name, or by an app or add-on in it.

    Args:
        spaces: Heroku's current spaces.
        databases: Heroku's current databases.
        word: what was typed after ``to``; None when nothing was.
        aliases: the policy's alias for each name.

    Raises:
        Refused: none matches, or there are none.
    """
    if not spaces:
        raise Refused(Refusal.SPACE_NONE)
    known = sorted(space.name for space in spaces)
    if word is None:
        if len(spaces) == 1:
            return spaces[0]
        raise Refused(Refusal.SPACE_MISSING, known=", ".join(known), example=known[0])
    called = {alias.lower(): name for alias, name in aliases.items()}.get(word.lower(), word).lower()
    inside = {name.lower(): each.space.lower() for each in databases for name in each.names}
    by_name = {space.name.lower(): space for space in spaces}
    found = by_name.get(called) or by_name.get(inside.get(called, ""))
    if found is not None:
        return found
    example = nearest(word, known) or known[0]
    raise Refused(Refusal.SPACE_UNKNOWN, word=cite(word), known=", ".join(known), example=example)


def names_space(
    spaces: tuple[Space, ...], databases: tuple[Database, ...], word: str, aliases: Mapping[str, str]
) -> bool:
    """Whether a word is a space's name or alias, and not a database's or an app's."""
    called = {alias.lower(): name for alias, name in aliases.items()}.get(word.lower(), word).lower()
    if any(called == name.lower() for each in databases for name in each.names):
        return False
    return any(called == space.name.lower() for space in spaces)
