"""The benchmarks' own arithmetic; they are run by ``make bench``, never here."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import tests.bench
from tests.bench import marks
from tests.bench.marks import Line, Spread, at_least, at_most, document, percentile, reported, summary, table

MODULES = sorted(found.name for found in pkgutil.iter_modules(tests.bench.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_the_benchmarks_can_be_imported(name: str) -> None:
    assert importlib.import_module(f"tests.bench.{name}").__doc__


def test_the_marks_are_those_that_were_asked_for() -> None:
    assert marks.MARKS == {
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


def test_every_mark_is_held_to_somewhere() -> None:
    source = "".join(path.read_text() for path in Path(tests.bench.__file__).parent.glob("*.py"))
    assert [name for name in marks.MARKS if f'MARKS["{name}"]' not in source] == []


@pytest.mark.parametrize(("rounds", "holds"), [([1, 3, 9], True), ([1, 4, 9], False)])
def test_a_mark_holds_when_the_median_does(rounds: list[float], holds: bool) -> None:
    assert at_most("a", "x", rounds, limit=3, unit="ms").holds is holds
    assert at_least("a", "x", [-value for value in rounds], limit=-3, unit="ms").holds is holds


def test_a_figure_is_shown_with_its_spread() -> None:
    assert Spread.of([12.34, 1.234, 123.4]).shown("ms") == "12.3 ms (1.23-123)"
    assert Spread.of([2, 2]).shown("") == "2.00"


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile([1, 2], 0.99) == 2


def test_what_falls_short_is_named_and_what_is_reported_counts_for_nothing() -> None:
    lines = [at_most("a", "held", [1], limit=2, unit="ms"), at_most("c", "missed", [3], limit=2, unit="ms")]
    lines.append(reported("f", "told", [9], unit="ms"))
    said = summary(lines)
    assert said.startswith("1 of 2 marks hold.")
    assert "c: missed, 3.00 ms, at most 2.00 ms" in said
    assert "told" not in said


def test_a_row_that_is_broken_holds_no_mark() -> None:
    broken = Line(row="d", what="broken: no rule", figure="", mark="works", holds=False)
    assert summary([broken]).startswith("0 of 1 marks hold.")
    assert "NO" in table([broken])


def test_figures_take_the_place_of_older_ones() -> None:
    text = f"before\n{marks.BEGIN}\nstale\n{marks.END}\nafter\n"
    lines = [at_most("a", "command", [1], limit=2, unit="ms")]
    once = document(text, ["2026-11-24."], lines)
    assert once == document(once, ["2026-11-24."], lines)
    assert "stale" not in once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "| a | command | 1.00 ms  |" in once


def test_a_document_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="figures"):
        document("nothing", [], [])
