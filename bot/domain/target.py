"""What access is asked to, a database or a space; and what the last look at a database saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from bot.domain.text import cite, nearest
from bot.errors import Refusal, Refused

NO_ALIASES: Final[Mapping[str, str]] = MappingProxyType({})
"""What a policy without aliases calls databases: nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A Heroku Postgres add-on in a Private or Shield Space.

    Attributes:
        id: Heroku's add-on UUID, the one name that never changes.
        name: the add-on's name, for example ``postgresql-curved-12345``; may be changed by its owner.
        app: the owning app's name.
        space: the space's name.
        region: the space's region, for example ``virginia``.
        shield: whether the space is a Shield Space.
        plan: for example ``heroku-postgresql:private-4``.
        config_var: the app's config var that holds the connection URL, for example ``DATABASE_URL``.
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
        """What people call it: its app."""
        return self.app

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a policy may list it, the closest first."""
        return self.name, self.app


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """A Heroku Private or Shield Space.

    Attributes:
        id: Heroku's UUID.
        name: may be changed by its owner.
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
        """What people call it."""
        return self.name

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a policy may list it."""
        return (self.name,)

    @property
    def takes_ranges(self) -> bool:
        """Whether it can have trusted ranges: Shield has none, and those of Fir cannot be changed."""
        return not self.shield and self.generation != "fir"


Target = Database | Space
"""What access is asked to, known by Heroku's UUID."""


def choose(
    databases: tuple[Database, ...], word: str | None, aliases: Mapping[str, str] = NO_ALIASES
) -> Database:
    """Finds the database that a person means by an alias, its name, its app's name, or none at all.

    Args:
        databases: those that Heroku has now.
        word: what was typed after ``to``; None when nothing was.
        aliases: what the policy calls databases, and the name of the add-on or app that it means by that. An
            alias goes before a name: whoever names an app must not take another database's place.

    Raises:
        Refused: none fits, several fit, or there is none at all. The example is the nearest name to the one
            that was typed.
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
    """The databases that a word means: one add-on of that name, or else all of the app of that name."""
    meant = {alias.lower(): name for alias, name in aliases.items()}
    name = meant.get(word.lower(), word).lower()
    by_name = tuple(database for database in databases if database.name.lower() == name)
    return by_name or tuple(database for database in databases if database.app.lower() == name)


def _familiar(database: Database, aliases: Mapping[str, str]) -> str:
    """What people call a database: its alias, or its app's name."""
    by_name = {name.lower(): alias for alias, name in aliases.items()}
    return by_name.get(database.name.lower()) or by_name.get(database.app.lower()) or database.app


def choose_space(
    spaces: tuple[Space, ...],
    databases: tuple[Database, ...],
    word: str | None,
    aliases: Mapping[str, str] = NO_ALIASES,
) -> Space:
    """Finds the space that a person means by an alias, by its name, or by an app or add-on that is in it.

    Args:
        spaces: those that Heroku has now.
        databases: those that Heroku has now.
        word: what was typed after ``to``; None when nothing was.
        aliases: what the policy calls spaces and databases, and the name that it means by that.

    Raises:
        Refused: none fits, or there is none at all.
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
    """Whether a word is a space's own name or alias, and not a database's or an app's."""
    called = {alias.lower(): name for alias, name in aliases.items()}.get(word.lower(), word).lower()
    if any(called == name.lower() for each in databases for name in each.names):
        return False
    return any(called == space.name.lower() for space in spaces)
