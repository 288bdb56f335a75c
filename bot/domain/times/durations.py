"""Reads durations as people type them; ``bot.domain.duration`` reads the exact ones of the policy."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Final

from bot.domain.duration import LONGEST, SHORTEST, parse_duration
from bot.domain.outside.text import cite
from bot.domain.times.readings import Unclear
from bot.domain.times.vocabulary import LANGUAGES, Unit
from bot.errors import Refusal, Refused

_LONGEST_TEXT: Final = 60
"""Characters; ``for 1 year 11 months 3 weeks 6 days 23 hours 59 minutes`` has 55."""

_UNITS: Final[Mapping[str, Unit]] = {word: unit for one in LANGUAGES for word, unit in one.units.items()}
_NUMBERS: Final[Mapping[str, Fraction]] = {
    word: number for one in LANGUAGES for word, number in one.numbers.items()
}
_MINUTES: Final = {Unit.WEEK: 7 * 24 * 60, Unit.DAY: 24 * 60, Unit.HOUR: 60, Unit.MINUTE: 1}
"""Minutes of each unit that has one length."""

_MONTHS: Final = {Unit.YEAR: 12, Unit.MONTH: 1}
_THIRTY_DAYS: Final = 30
_COMMON_YEAR: Final = 365


def _any(words: Iterable[str]) -> str:
    """A pattern of any of the words, the longest first; letters must not go on behind a Latin one."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(rf"{re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word) for word in ordered)


_HALF: Final = _any(word for one in LANGUAGES for word in one.halves)
_AND_A_HALF: Final = _any(word for one in LANGUAGES for word in one.and_a_half)
_JOINER: Final = _any(word for one in LANGUAGES for word in one.joiners)
# Two decimals at most: ``1,000h`` may be a thousand hours.
_PART: Final = re.compile(
    rf" *(?:(?:{_JOINER}|,) *)*"
    rf"(?:(?P<half>{_HALF})|(?P<number>[0-9]+(?:[.,][0-9]{{1,2}})?(?![0-9.,])|{_any(_NUMBERS)})"
    rf"(?P<half_more> (?:{_AND_A_HALF}))?)"
    rf"[ -]?(?P<unit>{_any(_UNITS)})(?: ?(?P<half_behind>{_AND_A_HALF}))?",
    re.A,
)
_MINUTES_BEHIND: Final = re.compile(r"(?P<minutes>[0-5][0-9]) *", re.A)
"""Minutes without a unit, right behind hours: ``2h30``."""


def is_duration(text: str) -> bool:
    """Whether a text has the form of a duration, whatever its length."""
    return _parts(text) is not None


def read_duration(text: str, *, now: datetime, zone: tzinfo) -> timedelta | Unclear[timedelta]:
    """Reads a duration such as ``8h``, ``1.5 hours``, ``2h30``, ``a day``, ``1 week`` or ``1時間半``.

    A day has 24 hours and a week 7 days. A month is unclear: it is 30 days, or lasts to the same day of the
    next month; so is a year of 365 days. What is less than a whole minute is dropped.

    Args:
        text: in English or Japanese, larger units first, each at most once.
        now: aware; where the calendar months of a month or a year begin.
        zone: the person's time zone.

    Returns:
        Whole minutes, from ``SHORTEST`` to ``LONGEST``; or both readings, the shorter first.

    Raises:
        Refused: no unit, no duration at all, too short or too long.
    """
    parts = _parts(text)
    if parts is None:
        # It knows the other refusals: a number without its unit, and what is no duration.
        return parse_duration(text)
    exact = sum((parts.get(unit, Fraction(0)) * minutes for unit, minutes in _MINUTES.items()), Fraction(0))
    months = sum((parts.get(unit, Fraction(0)) * count for unit, count in _MONTHS.items()), Fraction(0))
    # Calendar months come whole: half a month has no same day to last to.
    if months.denominator != 1:
        raise Refused(Refusal.DURATION_UNREADABLE, given=cite(text))
    years, rest = divmod(int(months), 12)
    readings = sorted(
        {
            _bounded(exact + days * 24 * 60, text)
            for days in (_COMMON_YEAR * years + _THIRTY_DAYS * rest, _calendar_days(int(months), now, zone))
        }
    )
    return readings[0] if len(readings) == 1 else Unclear(tuple(readings))


def _parts(text: str) -> Mapping[Unit, Fraction] | None:
    """The amount of each unit; None for what is no duration."""
    given = text.strip().casefold()
    if not given or len(given) > _LONGEST_TEXT:
        return None
    parts: dict[Unit, Fraction] = {}
    position, order = 0, list(Unit)
    while position < len(given):
        part = _PART.match(given, position)
        if part is None:
            minutes = _MINUTES_BEHIND.fullmatch(given, position)
            if minutes is None or not parts or list(parts)[-1] is not Unit.HOUR:
                return None
            parts[Unit.MINUTE] = Fraction(minutes["minutes"])
            break
        unit = _UNITS[part["unit"]]
        # Each at most once, larger units first: ``1h1h`` and ``30m1h`` are typing errors.
        if parts and order.index(unit) <= order.index(list(parts)[-1]):
            return None
        parts[unit] = _amount(part)
        position = part.end()
    return parts


def _amount(part: re.Match[str]) -> Fraction:
    if part["half"] is not None:
        return Fraction(1, 2)
    typed = part["number"]
    whole = _NUMBERS[typed] if typed in _NUMBERS else Fraction(typed.replace(",", "."))
    return whole + (Fraction(1, 2) if part["half_more"] or part["half_behind"] else 0)


def _calendar_days(months: int, now: datetime, zone: tzinfo) -> int:
    """Days from today to the same day so many months later, or to that month's last day before it."""
    today = now.astimezone(zone).date()
    # By months first: a long number would pass the end of the calendar.
    if months > LONGEST // timedelta(days=28):
        return LONGEST // timedelta(days=1) + 1
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    day = min(today.day, monthrange(year, month + 1)[1])
    return (today.replace(year=year, month=month + 1, day=day) - today).days


def _bounded(minutes: Fraction, given: str) -> timedelta:
    # Compared as numbers: what was typed may be more than a timedelta can hold.
    if minutes < SHORTEST // timedelta(minutes=1):
        raise Refused(Refusal.DURATION_TOO_SHORT, given=cite(given), least=SHORTEST)
    if minutes > LONGEST // timedelta(minutes=1):
        raise Refused(Refusal.DURATION_TOO_LONG, longest=LONGEST)
    return timedelta(minutes=int(minutes))
