"""Figures with their spread, and the marks that they are held to."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MARKS: Final = {
    "a p50": 1 / 3,
    "a p99": 3,
    "b": 0.6,
    "b2": 0.7,
    "c ms": 50,
    "c times": 3,
    "d grant": 1.2,
    "d space": 4,
    "d times": 1.5,
    "e refused": 0,
    "e times": 1.3,
    "e removals": 1.3,
    "f times": 1.5,
    "f rows": 1.5,
    "g imports": 2,
    "g room": 0.5,
    "g memory": 150,
    "g growth": 3,
    "h": 1.8,
}
"""What is asked for, by row; ``docs/performance.md`` says of what and in which units."""


BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
"""What figures stand between in a document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """One figure of several rounds.

    Attributes:
        low: of the lowest round.
        high: of the highest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, rounds: Iterable[float]) -> "Spread":
        """The spread of what each round has brought."""
        values = sorted(rounds)
        return cls(median=statistics.median(values), low=values[0], high=values[-1])

    def shown(self, unit: str) -> str:
        """The median, and how far the rounds lie apart."""
        if self.low == self.high:
            return f"{_number(self.median)} {unit}".strip()
        return f"{_number(self.median)} {unit} ({_number(self.low)}-{_number(self.high)})".replace("  ", " ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the table.

    Attributes:
        row: the letter of the table in the document.
        what: was measured.
        figure: with its unit.
        reference: in the same run, with its unit; empty where the mark is a number.
        mark: what is asked for; empty where the figure is only reported.
        holds: whether the mark holds; None where there is none.
    """

    row: str
    what: str
    figure: str
    reference: str = ""
    mark: str = ""
    holds: bool | None = None


def at_most(
    row: str, what: str, rounds: Sequence[float], *, limit: float, unit: str, reference: str = ""
) -> Line:
    """A line whose median may not be above a limit."""
    spread = Spread.of(rounds)
    return Line(
        row=row,
        what=what,
        figure=spread.shown(unit),
        mark=f"at most {_number(limit)} {unit}".strip(),
        holds=spread.median <= limit,
        reference=reference,
    )


def at_least(
    row: str, what: str, rounds: Sequence[float], *, limit: float, unit: str, reference: str = ""
) -> Line:
    """A line whose median may not be below a limit."""
    spread = Spread.of(rounds)
    return Line(
        row=row,
        what=what,
        figure=spread.shown(unit),
        mark=f"at least {_number(limit)} {unit}".strip(),
        holds=spread.median >= limit,
        reference=reference,
    )


def reported(row: str, what: str, rounds: Sequence[float], *, unit: str, reference: str = "") -> Line:
    """A line that is held to nothing."""
    return Line(row=row, what=what, figure=Spread.of(rounds).shown(unit), reference=reference)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all lie at or below, such as 0.99."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(lines: Sequence[Line]) -> str:
    """All lines as a Markdown table."""
    rows = [("", "what", "measured", "reference", "mark", "holds")]
    rows += [(line.row, line.what, line.figure, line.reference, line.mark, _verdict(line)) for line in lines]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    rendered = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rendered.insert(1, "| " + " | ".join("-" * max(width, 3) for width in widths) + " |")
    return "\n".join(rendered)


def summary(lines: Sequence[Line], *, mark: str = "") -> str:
    """Which marks hold, and which fall short by name.

    Args:
        lines: all of the run.
        mark: before each that falls short.
    """
    marked = [line for line in lines if line.holds is not None]
    short = [f"{line.row}: {line.what}, {line.figure}, {line.mark}" for line in marked if not line.holds]
    held = f"{len(marked) - len(short)} of {len(marked)} marks hold."
    return "\n".join([held, *(f"{mark}FALLS SHORT {one}" for one in short)])


def document(text: str, head: Sequence[str], lines: Sequence[Line]) -> str:
    """A document with the figures of a run in place of those that stood there.

    Raises:
        ValueError: the document has no place for figures.
    """
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"the document needs {BEGIN} and {END}")
    figures = "\n\n".join((" ".join(head), table(lines), summary(lines, mark="- ")))
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def _verdict(line: Line) -> str:
    return {None: "reported", True: "yes", False: "NO"}[line.holds]


def _number(value: float) -> str:
    """Three figures are all that a noisy machine can tell."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
