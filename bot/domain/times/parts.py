"""The parts of a typed end or start: its day, its clock time and its zone, each with every reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from bot.domain.times.tokens import Token, Value
from bot.domain.times.vocabulary import Edge, Kind, Part

Successive = Sequence[date]
"""Days of one reading: the first one that lies ahead is meant, as for a date without its year."""

Clock = tuple[int, int]
"""Hour and minute; an hour from 24 is on the day after."""

FIRST_MINUTE: Final[Clock] = (0, 0)
"""When a day begins as a start."""

LAST_MINUTE: Final[Clock] = (23, 59)
"""Until when a day lasts as an end; midnight would be shown with the date of the day after."""

_NO_HALF: Final = 13
"""From this hour on a clock time has no other reading in the other half of the day."""

_PARTS: Final = {
    Part.MORNING: ((9, 0), (12, 0)),
    Part.AFTERNOON: ((12, 0), (18, 0)),
    Part.EVENING: ((18, 0), (22, 0)),
    Part.NIGHT: ((22, 0), LAST_MINUTE),
}
"""What the end of "until Monday morning" may be: where the part begins, and where it is over."""

_YEARS: Final = 2
"""Years in which a date without a year is looked for: this one and the next."""

_SUNDAY: Final = 6


@dataclass(kw_only=True, slots=True)
class Parts:
    """What the tokens of a time tell, by kind; each kind comes at most once."""

    told: dict[Kind, Value] = field(default_factory=dict)

    def has(self, *kinds: Kind) -> bool:
        """Whether one of the kinds was typed."""
        return any(kind in self.told for kind in kinds)

    def one(self, kind: Kind) -> int | str | None:
        """The only value of a kind; None where it was not typed."""
        return self.told[kind][0] if kind in self.told else None


_DAYS: Final = (
    *(Kind.DAY, Kind.WEEKDAY, Kind.WEEKS, Kind.EDGE, Kind.DATE, Kind.MONTH_DAY, Kind.ORDER, Kind.MONTH),
)
"""Kinds that tell which day."""

_CLOCKS: Final = (Kind.CLOCK, Kind.NUMBER, Kind.NOON, Kind.MIDNIGHT, Kind.PART, Kind.HALF)
"""Kinds that tell when on a day."""

_TOGETHER: Final = (
    frozenset((Kind.WEEKDAY, Kind.WHICH)),
    frozenset((Kind.WEEKDAY, Kind.WEEKS)),
    frozenset((Kind.WEEKDAY, Kind.DATE)),
    frozenset((Kind.WEEKDAY, Kind.MONTH_DAY)),
    frozenset((Kind.WEEKDAY, Kind.MONTH, Kind.MONTH_DAY)),
    frozenset((Kind.MONTH, Kind.MONTH_DAY)),
    frozenset((Kind.DAY, Kind.EDGE)),
    frozenset((Kind.WEEKDAY, Kind.EDGE)),
)
"""Kinds that tell one day together."""

_CLOCK_TOGETHER: Final = (
    frozenset((Kind.CLOCK, Kind.HALF)),
    frozenset((Kind.NUMBER, Kind.HALF)),
    frozenset((Kind.CLOCK, Kind.PART)),
    frozenset((Kind.NUMBER, Kind.PART)),
)
"""Kinds that tell one clock time together."""


def collect(tokens: Sequence[Token]) -> Parts | None:
    """Collects what the tokens tell; None where they contradict each other or tell nothing."""
    parts = Parts()
    for token in _dated(_worded(tokens)):
        if token.kind in (Kind.FILLER, Kind.UNTIL):
            continue
        if token.kind in parts.told:
            return None
        parts.told[token.kind] = token.value
    days = frozenset(kind for kind in (*_DAYS, Kind.WHICH) if parts.has(kind))
    clocks = frozenset(kind for kind in _CLOCKS if parts.has(kind))
    if len(days) > 1 and days not in _TOGETHER:
        return None
    if len(clocks) > 1 and clocks not in _CLOCK_TOGETHER:
        return None
    # Alone they tell neither a day nor a clock time.
    incomplete = days in ({Kind.WHICH}, {Kind.MONTH}) or clocks == {Kind.HALF} or parts.has(Kind.YEAR)
    return None if incomplete or not (days or clocks or parts.has(Kind.NOW)) else parts


def is_relative(parts: Parts) -> bool:
    """Whether the day depends on which day it is now, and so on the zone in which that is asked."""
    return parts.has(Kind.DAY, Kind.WEEKDAY, Kind.WEEKS, Kind.EDGE)


def day_readings(parts: Parts, today: date) -> Sequence[Successive]:
    """Returns the days that may be meant, one reading after the other; empty where no such day exists."""
    if parts.has(Kind.EDGE) and parts.one(Kind.EDGE) != Edge.DAY:
        return _edges(parts, today) if not parts.has(Kind.DAY, Kind.WEEKDAY) else ()
    if parts.has(Kind.DATE):
        year, month, day = map(int, parts.told[Kind.DATE])
        return _that_weekday(parts, _existing([(year, month, day)]))
    if parts.has(Kind.MONTH_DAY):
        return _that_weekday(parts, _month_days(parts, today))
    if parts.has(Kind.ORDER):
        return _orders(tuple(map(int, parts.told[Kind.ORDER])), today)
    if parts.has(Kind.WEEKDAY):
        return _weekdays(parts, today)
    if parts.has(Kind.WEEKS):
        return _week_ends(parts, today)
    if parts.has(Kind.DAY, Kind.EDGE):
        return ((today + timedelta(days=int(parts.one(Kind.DAY) or 0)),),)
    # A clock time alone: the next time that the clock shows it, in a zone that may be a day ahead.
    return (tuple(today + timedelta(days=ahead) for ahead in range(3)),)


def clock_readings(parts: Parts, *, dated: bool, alone: Clock) -> Sequence[Clock]:
    """Returns the clock times that may be meant; empty where no clock shows such a time.

    Args:
        parts: of the time.
        dated: whether a day was typed, whose midnight is its beginning or its end.
        alone: the clock time of a day that was typed without one.
    """
    if parts.has(Kind.NOON):
        return ((12, 0),)
    if parts.has(Kind.MIDNIGHT):
        return ((0, 0), (24, 0)) if dated else ((0, 0),)
    if parts.has(Kind.CLOCK):
        hour, minute = (*map(int, parts.told[Kind.CLOCK]), 0)[:2]
        return _valid(_on_half(parts, hour, minute, sure=True))
    if parts.has(Kind.NUMBER):
        return _valid(_on_half(parts, int(parts.told[Kind.NUMBER][0]), 0, sure=False))
    if parts.has(Kind.PART):
        return _PARTS[Part(str(parts.told[Kind.PART][0]))]
    return (alone,)


def _worded(tokens: Sequence[Token]) -> Iterator[Token]:
    """``tonight`` beside a clock time or alone is of today; ``this evening`` too."""
    kinds = [token.kind for token in tokens]
    for token in tokens:
        if token.kind is Kind.WHICH and Kind.PART in kinds and token.value == (0,):
            yield Token(Kind.DAY, (0,))
        elif token == Token(Kind.PART, (Part.TONIGHT,)):
            yield Token(Kind.DAY, (0,))
            yield Token(Kind.PART, (Part.NIGHT,))
        else:
            yield token


def _dated(tokens: Iterator[Token]) -> Iterator[Token]:
    """Joins a month's name with the number of the day before or behind it, and with its year."""
    every = list(tokens)
    month = next((index for index, token in enumerate(every) if token.kind is Kind.MONTH), None)
    if month is None:
        return iter(every)
    day = _day_beside(every, month)
    year = next((token for token in every if token.kind is Kind.YEAR), None)
    if day is None:
        return iter(every)
    number = every[day].value[-1]
    joined = (
        Token(Kind.MONTH_DAY, (every[month].value[0], number))
        if year is None
        else Token(Kind.DATE, (year.value[0], every[month].value[0], number))
    )
    rest = [token for index, token in enumerate(every) if index not in (month, day) and token is not year]
    return iter([joined, *rest])


def _day_beside(tokens: Sequence[Token], month: int) -> int | None:
    """The index of the number of the day: before the month's name, or else behind it."""
    before = month - 1
    # ``24th of December``
    while before >= 0 and tokens[before].kind is Kind.FILLER:
        before -= 1
    for index in (before, month + 1):
        if 0 <= index < len(tokens) and tokens[index].kind in (Kind.NUMBER, Kind.MONTH_DAY):
            return index
    return None


def _existing(days: Sequence[tuple[int, int, int]]) -> Sequence[Successive]:
    """One reading of those of the days that the calendar has."""
    found = []
    for year, month, day in days:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return (tuple(found),) if found else ()


def _month_days(parts: Parts, today: date) -> Sequence[Successive]:
    """The next such days: of the year, or of the month where no month was typed."""
    told = tuple(map(int, parts.told[Kind.MONTH_DAY]))
    if len(told) == 2:
        month, day = told
        # Eight years, for a 29 February; what is too far ahead is refused by its distance.
        years = range(today.year, today.year + (9 if (month, day) == (2, 29) else _YEARS))
        return _existing([(year, month, day) for year in years])
    this = today.year * 12 + today.month - 1
    months = _existing([(month // 12, month % 12 + 1, told[0]) for month in range(this, this + 4)])
    if not months or months[0][0] != today:
        return months
    # As for a weekday: on the 24th "until the 24th" may be today or in a month.
    return ((today,), months[0][1:])


def _orders(numbers: tuple[int, ...], today: date) -> Sequence[Successive]:
    """Every order of a date's numbers that the calendar has, such as 4 May and 5 April for ``04/05``."""
    if len(numbers) == 2:
        first, second = numbers
        years = range(today.year, today.year + _YEARS)
        orders = [[(year, second, first) for year in years], [(year, first, second) for year in years]]
    else:
        first, second, third = numbers
        orders = [[(_century(third), second, first)], [(_century(third), first, second)]]
        if third < 100:
            orders.append([(_century(first), second, third)])
    return tuple(days for order in orders for days in _existing(order))


def _century(year: int) -> int:
    return year if year > 99 else 2000 + year


def _that_weekday(parts: Parts, readings: Sequence[Successive]) -> Sequence[Successive]:
    """The readings whose day is the weekday that was typed with it: ``Thu 24 Dec``, ``24日(木)``."""
    if not parts.has(Kind.WEEKDAY):
        return readings
    weekday = parts.one(Kind.WEEKDAY)
    kept = (tuple(day for day in days if day.weekday() == weekday) for days in readings)
    return tuple(days for days in kept if days)


def _weekdays(parts: Parts, today: date) -> Sequence[Successive]:
    weekday = int(parts.told[Kind.WEEKDAY][0])
    monday = today - timedelta(days=today.weekday())
    if parts.has(Kind.WEEKS):
        weeks = int(parts.told[Kind.WEEKS][0])
        return tuple(
            (start + timedelta(days=weekday, weeks=weeks),) for start in _weeks(monday, today, weekday)
        )
    if parts.one(Kind.WHICH) == 0:
        return ((monday + timedelta(days=weekday),),)
    ahead = (weekday - today.weekday()) % 7
    if parts.one(Kind.WHICH) == 1:
        # The first one behind today, or the one of the week that begins next: people mean either.
        following = tuple(
            (start + timedelta(days=weekday, weeks=1),) for start in _weeks(monday, today, weekday)
        )
        return ((today + timedelta(days=ahead or 7),), *following)
    coming = today + timedelta(days=ahead)
    # On a Friday "until Friday" may be today or in a week; on any other day it is the coming one.
    return ((coming,), (coming + timedelta(days=7),)) if ahead == 0 else ((coming,),)


def _weeks(monday: date, today: date, weekday: int) -> Sequence[date]:
    """The Mondays from which this week may be counted: on a Sunday weeks that begin on Sunday differ."""
    if today.weekday() != _SUNDAY or weekday == _SUNDAY:
        return (monday,)
    return (monday, monday + timedelta(days=7))


def _week_ends(parts: Parts, today: date) -> Sequence[Successive]:
    """Until when "until next week" may be: until that week begins, or until it is over."""
    if parts.has(*_CLOCKS):
        return ()
    weeks = int(parts.told[Kind.WEEKS][0])
    sunday = today + timedelta(days=_SUNDAY - today.weekday())
    if weeks == 0:
        return _last_of_week(today)
    return ((sunday + timedelta(weeks=weeks - 1),), (sunday + timedelta(weeks=weeks),))


def _last_of_week(today: date) -> Sequence[Successive]:
    """The last day of this week: for some that is Friday, for others Sunday."""
    monday = today - timedelta(days=today.weekday())
    return ((monday + timedelta(days=4),), (monday + timedelta(days=_SUNDAY),))


def _edges(parts: Parts, today: date) -> Sequence[Successive]:
    """The last day of this week or of this month."""
    if parts.one(Kind.EDGE) == Edge.WEEK:
        return _last_of_week(today)
    following = today.replace(day=28) + timedelta(days=4)
    return ((following - timedelta(days=following.day),),)


def _on_half(parts: Parts, hour: int, minute: int, *, sure: bool) -> Sequence[Clock]:
    """The clock times that an hour may be, with the half or the part of the day that was typed beside it."""
    if parts.has(Kind.HALF):
        half = int(parts.told[Kind.HALF][0])
        # As for ``0am`` and ``18pm``, which no clock shows; in Japanese ``午後0時`` is noon.
        return ((hour % 12 + half, minute),) if hour <= 12 else ()
    if parts.has(Kind.PART):
        return _on_part(Part(str(parts.told[Kind.PART][0])), hour, minute)
    if sure or hour >= _NO_HALF or hour == 0:
        return ((hour, minute),)
    return ((hour, minute), (hour + 12, minute))


def _on_part(part: Part, hour: int, minute: int) -> Sequence[Clock]:
    if hour >= _NO_HALF:
        return ((hour, minute),)
    if part is Part.MORNING:
        return ((hour, minute),)
    if part is Part.NIGHT and (hour < 5 or hour == 12):
        # Behind midnight: "tonight at 2" is on the day after.
        return ((hour % 12 + 24, minute),)
    return ((hour % 12 + 12, minute),)


def _valid(clocks: Sequence[Clock]) -> Sequence[Clock]:
    """Those that a clock shows; 24:00 is the end of a day, and 2 a.m. of the day after is hour 26."""
    return tuple((hour, minute) for hour, minute in clocks if 0 <= minute <= 59 and _shown(hour, minute))


def _shown(hour: int, minute: int) -> bool:
    return 0 <= hour <= 23 or (hour == 24 and minute == 0) or 24 < hour < 29
