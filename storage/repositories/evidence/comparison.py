"""Compares a request, its grant and its operation with the last lines about each: pure functions of terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Terms = Mapping[str, Any]
"""Terms as ``terms.TERMS`` makes them."""

ASKED: Final = ("kind", "method", "subject", "target", "requester", "asked", "duration_s", "until", "reason")
"""Terms of a request that change only with a line."""

DECIDED: Final = ("state", "decided")
"""Terms of a request that its decision changes."""

JUDGED: Final = ("rule", "approvals")
"""Terms that a pending request may be given anew without a line, when the policy changes."""

HELD: Final = ("id", "owner", "subject")
"""Terms that a grant keeps for its whole life."""

MOVED: Final = ("state", "started", "in_force", "extended_s", "closed", "why")
"""Terms of a grant that change only with a line."""

TIMED: Final = ("ends", "duration_s")
"""Terms of a grant that an outage of Heroku moves without a line before it is in force."""

DONE: Final = ("owner", "subject", "state", "closed", "why")
"""Terms of an operation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastLine:
    """The newest line of one subject about a request.

    Attributes:
        id: of the line.
        after: the state that it says.
        terms: of the newest line that has any; None where no line has.
        terms_id: id of that line; another one where an older version has written since, which keeps none.
    """

    id: int
    after: str
    terms: Terms | None = None
    terms_id: int | None = None

    @property
    def state(self) -> str:
        """The state, without what a line adds to it: ``pending, 1 of 2`` is ``pending``."""
        return self.after.partition(",")[0]

    @property
    def newest_has_terms(self) -> bool:
        """Whether its own terms are known, and not those of a line before it."""
        return self.terms is not None and self.terms_id == self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A term in which a row is not what its line says.

    Attributes:
        line: id of the line.
        name: of the term.
        said: by the line.
        found: in the row.
    """

    line: int
    name: str
    said: str
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A request beside its lines.

    Attributes:
        differences: terms in which a row is not what its line says.
        unaudited: rows that no line is about.
        missing: rows that lines are about, and that are not there, with the id of the last line.
        without_terms: whether a line from before terms were kept, or from an older version, is its newest.
    """

    differences: tuple[Difference, ...] = ()
    unaudited: tuple[str, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    without_terms: bool = False


def compare(today: Terms, lines: Mapping[str, LastLine]) -> Comparison:
    """Compares what the rows of a request say with the last lines about them.

    Args:
        today: terms read from the rows now.
        lines: the last line about the request, by the line's subject.
    """
    number, grant, operation = today.get("request"), today.get("grant"), today.get("operation")
    # Another request's grant moves on with the lines of its own request.
    own_grant = grant if grant is not None and grant.get("request") == number else None
    rows: dict[str, Terms | None] = {"request": today, "grant": own_grant}
    # Named by its own kind: a request to open access may have mTLS enabled first.
    rows |= dict.fromkeys(sorted(lines.keys() - rows.keys()))
    if operation is not None:
        rows[operation["kind"]] = operation
    differences: list[Difference] = []
    for subject, row in rows.items():
        if row is not None and subject in lines:
            differences += _differences(subject, row, lines[subject])
    return Comparison(
        differences=tuple(differences),
        unaudited=tuple(name for name, row in rows.items() if row is not None and name not in lines),
        missing={name: lines[name].id for name, row in rows.items() if row is None and name in lines},
        without_terms=any(
            not lines[name].newest_has_terms
            for name, row in rows.items()
            if row is not None and name in lines
        ),
    )


def _differences(subject: str, row: Terms, line: LastLine) -> Iterator[Difference]:
    label = "" if subject == "request" else "grant " if subject == "grant" else "operation "
    # Also of a line without terms the state is known.
    if line.state != row.get("state"):
        yield Difference(line=line.id, name=f"{label}state", said=line.state, found=str(row.get("state")))
    if line.terms is None or line.terms_id is None:
        return
    part = {"request": None, "grant": "grant"}.get(subject, "operation")
    said = line.terms if part is None else line.terms.get(part) or {}
    for name in _names(subject, row, whole=line.newest_has_terms):
        if name != "state" and said.get(name) != row.get(name):
            yield Difference(
                line=line.terms_id,
                name=f"{label}{name}",
                said=_text(said.get(name)),
                found=_text(row.get(name)),
            )
        elif name == "state" and said.get(name) != line.state:
            # The line contradicts itself: one that was written by hand, and not by a change.
            yield Difference(
                line=line.id, name=f"{label}state in its terms", said=line.state, found=_text(said.get(name))
            )


def _names(subject: str, row: Terms, *, whole: bool) -> tuple[str, ...]:
    """The terms to compare; ``whole`` unless an older version has moved the row on since."""
    state = row.get("state")
    if subject == "request":
        moved = (*DECIDED, *(JUDGED if state != "pending" else ()))
        return (*ASKED, *(moved if whole else ()))
    if subject == "grant":
        moved = (*MOVED, *(TIMED if state not in ("waiting", "applying") else ()))
        return (*HELD, *(moved if whole else ()))
    return DONE if whole else ("owner", "subject")


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
