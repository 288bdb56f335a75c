"""Pagination by ``Range`` headers.

Facts: Heroku Platform API reference, 2026-11, "Ranges": ``Range: id ..; max=200``; more to come is a 206
whose ``Next-Range`` is sent back as ``Range``; 200 items unless asked otherwise, 1000 at most; a bracket
excludes the first. heroku-go joins the options with commas and may leave the field out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from sandbox.heroku.http_types import Answer, Json, Refused, answered

DEFAULT: Final = 200
MAX_PAGE: Final = 1000
"""Largest page."""

FIELDS: Final = ("id", "name")
"""Fields by which lists can be ordered."""

_RANGE: Final = re.compile(
    r"((?P<field>\w+) +)?(?P<after>\]?)(?P<first>[^\s.;,\[\]]*)\.\.(?P<last>[^\s.;,\[\]]*)"
    r"(?P<options>[;,].*)?"
)
_OPTIONS: Final = re.compile(r"[;,]")
_NAMED: Final = re.compile(r"(?P<name>\w+)=(?P<value>\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRange:
    """Requested part of a list.

    Attributes:
        first: First value; empty is the start.
        after: Whether the first value is excluded.
        last: Last value, included; empty is the end.
    """

    field: str = "id"
    first: str = ""
    after: bool = False
    last: str = ""
    most: int = DEFAULT
    descending: bool = False

    @classmethod
    def of(cls, header: str) -> Self:
        """Parse a ``Range`` header; raises `Refused` ``requested_range_not_satisfiable``."""
        if not header:
            return cls()
        found = _RANGE.fullmatch(header.strip())
        if found is None:
            raise _refused()
        most, descending = _options(found["options"] or "")
        field = found["field"] or "id"
        if field not in FIELDS:
            raise _refused()
        return cls(
            field=field,
            first=found["first"],
            after=bool(found["after"]),
            last=found["last"],
            most=most,
            descending=descending,
        )

    def header(self) -> str:
        """Return the header of this range."""
        order = ",order=desc" if self.descending else ""
        return f"{self.field} {']' if self.after else ''}{self.first}..{self.last}; max={self.most}{order}"

    def holds(self, item: Json) -> bool:
        """Return whether an item is inside the range."""
        value = str(item[self.field])
        low, high = (self.last, self.first) if self.descending else (self.first, self.last)
        inside = (not low or value >= low) and (not high or value <= high)
        return inside and not (self.after and value == self.first)


def page(items: Sequence[Json], header: str, *, ordered: bool = False) -> Answer:
    """Return the part of a list that a ``Range`` header requests.

    Args:
        items: The whole list.
        header: The header; empty if there is none.
        ordered: Whether the list has its own order, so that ids are positions instead of sort keys.

    Raises:
        Refused: ``requested_range_not_satisfiable``.
    """
    asked = PageRange.of(header)
    if any(asked.field not in item for item in items):
        raise _refused()
    held = _between(items, asked) if ordered else _sorted(items, asked)
    part = held[: asked.most]
    if len(held) == len(part):
        return answered(200, part)
    # Behind the last item, not at the next one: that may be gone when the page is asked for.
    following = replace(asked, first=str(part[-1][asked.field]), after=True)
    return answered(206, part, **{"Next-Range": following.header()})


def _sorted(items: Sequence[Json], asked: PageRange) -> list[Json]:
    """Return the items between two sort keys."""
    return sorted(
        filter(asked.holds, items), key=lambda item: str(item[asked.field]), reverse=asked.descending
    )


def _between(items: Sequence[Json], asked: PageRange) -> list[Json]:
    """Return the items between two positions; raises `Refused` for an unknown id."""
    held = list(reversed(items)) if asked.descending else list(items)
    places = [str(item[asked.field]) for item in held]
    try:
        start = places.index(asked.first) + asked.after if asked.first else 0
        end = places.index(asked.last) + 1 if asked.last else len(held)
    except ValueError as error:
        raise _refused() from error
    return held[start:end]


def _options(text: str) -> tuple[int, bool]:
    """Return the page size and whether the order is descending; raises `Refused` for any other option."""
    given: dict[str, str] = {}
    for option in filter(None, (part.strip() for part in _OPTIONS.split(text))):
        named = _NAMED.fullmatch(option)
        if named is None:
            raise _refused()
        given[named["name"]] = named["value"]
    most, order = given.pop("max", str(DEFAULT)), given.pop("order", "asc")
    if given or order not in ("asc", "desc") or not most.isdecimal() or not 1 <= int(most) <= MAX_PAGE:
        raise _refused()
    return int(most), order == "desc"


def _refused() -> Refused:
    return Refused(416, f"The Range header cannot be satisfied; an example that can: id ..; max={DEFAULT}.")
