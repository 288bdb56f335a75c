"""Reads lists entry by entry: one that cannot be read makes no other one unreadable.

Others write entries too, and Heroku may change what it sends. An odd entry is kept as far as it can be read:
what is listed somehow is not absent, and absence is what proves an end.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.domain.outside.text import UNREADABLE
from bot.errors import HerokuAmbiguousError

T = TypeVar("T")

_MADE_UP: Final = UUID("5d0c2d0e-3f64-4f0f-9a35-7f6d6f1f8f10")
"""Namespace of the ids of entries whose own could not be read: always the same for the same entry."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entries(Generic[T]):
    """A list as far as it can be read.

    Attributes:
        good: the entries that have the expected form, in their order.
        odd: all others, as they were sent.
        odd_ids: ids of the odd ones; None among them stands for those without one.
    """

    good: tuple[T, ...]
    odd: tuple[object, ...]
    odd_ids: frozenset[UUID | None]

    def may_have(self, id: UUID) -> bool:
        """Whether an odd entry is the one with an id, or may be: one without an id may be any."""
        return id in self.odd_ids or None in self.odd_ids


def sort_entries(shape: TypeAdapter[T], found: object, *, what: str) -> Entries[T]:
    """Sorts a parsed list into entries that can be read, and others.

    Args:
        shape: of one entry.
        found: what should be a list.
        what: names the list in the log line about odd entries, which never quotes them.

    Raises:
        HerokuAmbiguousError: it is no list at all.
    """
    if not isinstance(found, list):
        raise HerokuAmbiguousError(200, "unreadable", f"the list of {what} could not be read")
    good: list[T] = []
    odd: list[object] = []
    for entry in found:
        try:
            good.append(shape.validate_python(entry))
        except ValidationError:
            odd.append(entry)
    if odd:
        log.warning("heroku.entries_unread", what=what, unread=len(odd), listed=len(found))
    return Entries(tuple(good), tuple(odd), frozenset(map(id_in, odd)))


def fields_of(entry: object) -> Mapping[str, Any]:
    """Returns the fields of an odd entry; none where it is no object."""
    return entry if isinstance(entry, dict) else {}


def storable(text: str) -> str:
    """Returns the text without what Postgres cannot keep: NUL characters and halves of surrogate pairs.

    Anybody with access to the database may have written it, and one rule must not hide all others.
    """
    return text.replace("\x00", "").encode(errors="replace").decode()


def word_in(entry: object, field: str, default: str = UNREADABLE) -> str:
    """Returns a text field of an odd entry, or a default."""
    value = fields_of(entry).get(field)
    return storable(value) if isinstance(value, str) else default


def id_in(entry: object) -> UUID | None:
    """Returns the id of an odd entry; None where it has none that can be read."""
    try:
        return UUID(fields_of(entry)["id"])
    # No text, or no UUID.
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def made_up_id(entry: object) -> UUID:
    """Returns an id for an odd entry without one: the same whenever it is listed."""
    return uuid5(_MADE_UP, as_text(entry))


def as_text(entry: object) -> str:
    """Returns an odd entry as JSON in ASCII, which the store can keep whatever is in it."""
    return json.dumps(entry, sort_keys=True)


def told_apart(
    entries: Iterable[object], *, listed: Collection[UUID]
) -> tuple[tuple[UUID, bool, object], ...]:
    """Returns odd entries with an id each, and whether it is Heroku's own.

    Args:
        entries: the odd ones.
        listed: ids of the good ones; an odd entry with one of them says nothing more.
    """
    found: dict[UUID, tuple[UUID, bool, object]] = {}
    times = Counter[UUID]()
    for entry in entries:
        id = id_in(entry)
        if id is None:
            alike = made_up_id(entry)
            times[alike] += 1
            # Two that are alike are still two: they take two places in a full list.
            made = uuid5(alike, str(times[alike]))
            found[made] = (made, False, entry)
        elif id not in listed:
            found.setdefault(id, (id, True, entry))
    return tuple(found.values())
