"""Targets of access: databases and spaces, and how people name them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from bot.domain.method import Method, has_mtls
from bot.domain.outside.text import Names, cite, nearest
from bot.errors import Refusal, Refused

Aliases = Mapping[str, frozenset[UUID]]
"""The policy's aliases in lower case, each with the targets that it stands for today."""

NO_ALIASES: Final[Aliases] = MappingProxyType({})
"""The aliases of a policy that has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAs:
    """What the policy knows a target by, whatever it is called at Heroku today.

    Kept in the store by Heroku's UUID: names belong to whoever may rename, and authority must not.

    Attributes:
        entries: the policy's entries that are bound to it, by ``PolicyTarget.key``, each with the moment.
        contested: keys of entries that are bound to another target, which it may have replaced: an admin has
            to tell. Until then nothing is opened to it, unless they are dismissed as well.
        dismissed: keys of entries of which that was denied, or whose name it has only taken.
        listed_as: its name at the last discovery, where the reconciler has found another since: only a
            discovery decides what names mean.
        name: its name when it was first seen; empty before that.
        app: the owning app's name then; empty for a space.
        space: the space's name then.
    """

    entries: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    contested: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()
    listed_as: str = ""
    name: str = ""
    app: str = ""
    space: str = ""


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
        config_var: the app's config var with the connection URL, for example ``DATABASE_URL``; empty where
            the app has none.
        space_id: Heroku's UUID of the space; None where it was discovered before that was stored.
        shown_as: the label where the app has several databases, for example ``billing::ANALYTICS``.
        known: by what the policy knows it; two readings of one database are equal whatever that is.
        gone_at: Postgres time of the proof that Heroku no longer has it; None while it may be there.
        listed: whether the last discovery found it; the name of one that it did not may be another's by now.
    """

    id: UUID
    name: str
    app: str
    space: str
    region: str
    shield: bool
    plan: str
    config_var: str
    space_id: UUID | None = None
    shown_as: str = ""
    known: KnownAs = field(default_factory=KnownAs, compare=False)
    gone_at: datetime | None = field(default=None, compare=False)
    listed: bool = field(default=True, compare=False)

    @property
    def label(self) -> str:
        """The name that people see: its app's, and the attachment where the app has several databases."""
        return self.shown_as or self.app

    @property
    def attachment(self) -> str:
        """The attachment's name as Heroku writes it in ``app::ATTACHMENT``, for example ``DATABASE``."""
        return self.config_var.removesuffix("_URL")

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a policy may list it, the most specific first."""
        return self.name, self.app

    def is_in(self, space: "Space") -> bool:
        """Whether it is in a space: by Heroku's UUID, or by name where it was stored without."""
        return self.space == space.name if self.space_id is None else self.space_id == space.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """A Heroku Private or Shield Space.

    Attributes:
        id: Heroku's UUID.
        name: its owner may change it.
        region: for example ``virginia``.
        shield: whether it is a Shield Space.
        generation: ``cedar`` or ``fir``.
        known: by what the policy knows it.
        gone_at: as of a database.
    """

    id: UUID
    name: str
    region: str
    shield: bool
    generation: str = "cedar"
    known: KnownAs = field(default_factory=KnownAs, compare=False)
    gone_at: datetime | None = field(default=None, compare=False)

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


def require_present(target: Target) -> None:
    """Refuses a target that is proven to be gone: nothing can be opened there any more."""
    if target.gone_at is not None:
        raise Refused(Refusal.TARGET_GONE, app=target.label)


def gone_called(gone: Sequence[Target], word: str, aliases: Aliases = NO_ALIASES) -> Target | None:
    """Returns the target that a word meant while it was there; None if it meant none of them.

    Args:
        gone: targets that are proven to be gone.
        word: what was typed.
        aliases: the policy's, of these targets.
    """
    name = word.lower()
    meant = aliases.get(name, frozenset())
    called = (each for each in gone if name in map(str.lower, (*each.names, each.label)))
    return next((each for each in gone if each.id in meant), None) or next(called, None)


def methods_of(target: Target) -> tuple[Method, ...]:
    """Returns the access methods to reconcile; none where Heroku would reject every call, for the plan."""
    if isinstance(target, Database) and not has_mtls(target.plan):
        return ()
    return tuple(method for method in Method if method.on_space == isinstance(target, Space))


def with_labels(databases: Sequence[Database]) -> tuple[Database, ...]:
    """Returns databases that are told apart by their labels.

    An app with several gets ``app::ATTACHMENT`` for each, as Heroku's own command line names them; two
    without an attachment of their own are told apart by the add-on's name.
    """
    of_app = Counter(database.app for database in databases)
    named = Counter((database.app, database.attachment) for database in databases)

    def label(database: Database) -> str:
        if of_app[database.app] == 1:
            return ""
        alone = bool(database.attachment) and named[database.app, database.attachment] == 1
        return f"{database.app}::{database.attachment if alone else database.name}"

    return tuple(replace(database, shown_as=label(database)) for database in databases)


def choose(databases: tuple[Database, ...], word: str | None, aliases: Aliases = NO_ALIASES) -> Database:
    """Finds the database that a person means by an alias, its name, its app's name, or no word at all.

    Args:
        databases: Heroku's current databases.
        word: what was typed after ``to``; None when nothing was.
        aliases: the policy's. An alias takes precedence over a name, even if it stands for nothing today:
            naming an app must not divert requests from another database.

    Raises:
        Refused: none matches, several match, or there are none. The example is the closest known name.
    """
    if not databases:
        raise Refused(Refusal.TARGET_NONE)
    fitting = databases if word is None else _called(databases, word, aliases)
    if len(fitting) == 1:
        return fitting[0]
    if word is not None and fitting:
        names = [database.shown_as or database.name for database in fitting]
        raise Refused(Refusal.TARGET_AMBIGUOUS, word=cite(word), known=Names(names), example=names[0])
    known = sorted({_familiar(database, aliases) for database in databases})
    if word is None:
        raise Refused(Refusal.TARGET_MISSING, known=Names(known), example=known[0])
    example = nearest(word, known) or known[0]
    raise Refused(Refusal.TARGET_UNKNOWN, word=cite(word), known=Names(known), example=example)


def _called(databases: tuple[Database, ...], word: str, aliases: Aliases) -> tuple[Database, ...]:
    """Returns what an alias stands for, else the add-on or label of that name, else its app's databases."""
    name = word.lower()
    if name in aliases:
        return tuple(database for database in databases if database.id in aliases[name])
    own = tuple(each for each in databases if name == each.name.lower() or _is_labelled(each, name))
    return own or tuple(database for database in databases if database.app.lower() == name)


def _is_labelled(database: Database, name: str) -> bool:
    """Whether a name in lower case is the label of one of an app's several databases."""
    return bool(database.shown_as) and database.shown_as.lower() == name


def _familiar(database: Database, aliases: Aliases) -> str:
    """Returns the alias of a database, or its label."""
    of_its_own = (alias for alias, ids in aliases.items() if ids == {database.id})
    return next(of_its_own, database.label)


def choose_space(
    spaces: tuple[Space, ...],
    databases: tuple[Database, ...],
    word: str | None,
    aliases: Aliases = NO_ALIASES,
) -> Space:
    """Finds the space that a person means by an alias, by its name, or by an app or add-on in it.

    Args:
        spaces: Heroku's current spaces.
        databases: Heroku's current databases.
        word: what was typed after ``to``; None when nothing was.
        aliases: the policy's aliases, of spaces and of databases.

    Raises:
        Refused: none matches, or there are none.
    """
    if not spaces:
        raise Refused(Refusal.SPACE_NONE)
    known = sorted(space.name for space in spaces)
    if word is None:
        if len(spaces) == 1:
            return spaces[0]
        raise Refused(Refusal.SPACE_MISSING, known=Names(known), example=known[0])
    name = word.lower()
    if name in aliases:
        meant = [database for database in databases if database.id in aliases[name]]
        named = [space for space in spaces if space.id in aliases[name]]
    else:
        meant = [each for each in databases if name in map(str.lower, each.names) or _is_labelled(each, name)]
        named = [space for space in spaces if space.name.lower() == name]
    around = [space for space in spaces if any(database.is_in(space) for database in meant)]
    found = named or around
    if len(found) == 1:
        return found[0]
    if found:
        names = Names(sorted(space.name for space in found))
        raise Refused(Refusal.SPACE_MISSING, known=names, example=names[0])
    example = nearest(word, known) or known[0]
    raise Refused(Refusal.SPACE_UNKNOWN, word=cite(word), known=Names(known), example=example)


def names_space(
    spaces: tuple[Space, ...], databases: tuple[Database, ...], word: str, aliases: Aliases
) -> bool:
    """Whether a word is a space's name or alias, and not a database's or an app's."""
    name = word.lower()
    if name in aliases:
        return any(space.id in aliases[name] for space in spaces)
    if any(name == each_name.lower() for each in databases for each_name in each.names):
        return False
    return any(name == space.name.lower() for space in spaces)
