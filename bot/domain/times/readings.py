"""What a typed time means: one time, or several readings between which a person has to choose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from bot.domain.duration import show_duration
from bot.domain.moment import show_moment
from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused

MOST_READINGS: Final = 8
"""Readings among which a person can choose; Slack takes 10 options, and one is left for another time."""

Readings = Sequence[timedelta | datetime]
"""What a typed time may mean; empty where it is clear, or nothing was typed."""

T = TypeVar("T", timedelta, datetime)


@dataclass(frozen=True, slots=True)
class Unclear(Generic[T]):
    """A typed time with several readings; pgaccess guesses none of them.

    Attributes:
        readings: at least two, the earliest or shortest first; ends are in the person's time zone.
    """

    readings: tuple[T, ...]


class UnclearTime(Refused):
    """A typed time has several readings.

    Args:
        given: as typed.
        readings: between which the person has to choose, as ``Unclear`` has them.
    """

    def __init__(self, given: str, readings: Iterable[timedelta] | Iterable[datetime]) -> None:
        self.readings: tuple[timedelta | datetime, ...] = tuple(readings)
        first, *_, last = self.readings
        super().__init__(
            Refusal.TIME_UNCLEAR,
            given=cite(given),
            first=_shown(first),
            second=_shown(last),
            example=write_reading(first),
        )


def write_reading(reading: timedelta | datetime) -> str:
    """Returns a reading as text that has no other: ``30d`` or ``2026-11-24 18:00 +09:00``."""
    if isinstance(reading, timedelta):
        return show_duration(reading)
    return show_moment(reading, reading.tzinfo or UTC)


def clear(given: str, read: T | Unclear[T]) -> T:
    """Returns what was read where it is clear.

    Args:
        given: as typed.
        read: what it means.

    Raises:
        UnclearTime: it has several readings.
    """
    if isinstance(read, Unclear):
        raise UnclearTime(given, read.readings)
    return read


def _shown(reading: timedelta | datetime) -> timedelta | str:
    """A reading for a sentence: an error at a form's field has no dates in the reader's zone."""
    return reading if isinstance(reading, timedelta) else write_reading(reading)
