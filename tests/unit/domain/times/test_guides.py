"""The tables of the guides say what the times in them mean."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import pytest

from bot.domain.duration import show_duration
from bot.domain.times.durations import is_duration, read_duration
from bot.domain.times.ends import read_end
from bot.domain.times.readings import Unclear

T = TypeVar("T", timedelta, datetime)

GUIDES: Final = Path(__file__).parents[4] / "docs" / "guides"
BERLIN: Final = ZoneInfo("Europe/Berlin")
NOW: Final = datetime(2026, 11, 24, 14, 0, tzinfo=BERLIN)
"""When the guides say that their tables were made."""


def rows(guide: str) -> Iterator[tuple[str, list[str]]]:
    """Every typed time of the tables, with its meanings."""
    for typed, means in re.findall(r"^\| (`.+`) \| (`[^|]+`) \|$", (GUIDES / guide).read_text("utf-8"), re.M):
        for each in re.findall(r"`([^`]+)`", typed):
            yield each, re.findall(r"`([^`]+)`", means)


def meanings(typed: str) -> list[str]:
    """What a text means, as the guides write it."""
    if is_duration(typed):
        return [_shown(each) for each in _readings(read_duration(typed, now=NOW, zone=BERLIN))]
    return [_shown(each) for each in _readings(read_end(typed, now=NOW, zone=BERLIN))]


def _readings(read: T | Unclear[T]) -> tuple[T, ...]:
    return read.readings if isinstance(read, Unclear) else (read,)


def _shown(reading: timedelta | datetime) -> str:
    if isinstance(reading, timedelta):
        return show_duration(reading)
    return f"{reading.astimezone(BERLIN):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(("typed", "means"), [*rows("times.md")])
def test_a_time_of_the_guide_means_what_the_guide_says(typed: str, means: list[str]) -> None:
    assert meanings(typed) == means


def test_the_guides_of_both_languages_have_the_same_tables() -> None:
    english = [*rows("times.md")]
    assert len(english) > 80
    assert english == [*rows("times.ja.md")]
