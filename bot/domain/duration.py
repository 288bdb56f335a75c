"""Parses durations and end times as people type them, and formats durations."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused

SHORTEST: Final = timedelta(minutes=1)
"""The unit in which ends are stored and shown; anything shorter could end before it is opened."""

LONGEST: Final = timedelta(days=366)
"""One year, leap years included: a typing error must not open access for decades. Policies set less."""

FOREVER: Final = "forever"
"""The parsed value for "without an end"; only rules with ``permanent`` allow it."""

_LONGEST_TEXT: Final = 40
"""Characters; ``365 days 23 hours 59 minutes`` has 28."""

DAY_WORDS: Final = ("d", "day", "days", "日", "日間")
HOUR_WORDS: Final = ("h", "hr", "hrs", "hour", "hours", "時間")
MINUTE_WORDS: Final = ("m", "min", "mins", "minute", "minutes", "分", "分間")


def _part(name: str, words: Sequence[str]) -> str:
    return rf"(?:(?P<{name}>[0-9]+) ?(?:{'|'.join(words)}))?"


_DURATION: Final = re.compile(
    " ?".join((_part("days", DAY_WORDS), _part("hours", HOUR_WORDS), _part("minutes", MINUTE_WORDS))),
    re.I | re.A,
)
"""Each unit at most once, larger units first: ``1h1h`` and ``30m1h`` are typing errors."""

_CLOCK: Final = r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})|時(?:(?P<spoken>[0-9]{1,2})分)?)"
_DATE: Final = r"(?P<year>[0-9]{4})[-/年](?P<month>[0-9]{1,2})[-/月](?P<date>[0-9]{1,2})(?:日 ?|[ T])"
_DAY: Final = r"(?P<day>today|tomorrow|今日|明日)(?: at)?の? ?"
_UNTIL: Final = re.compile(rf"(?:{_DATE}|{_DAY})?{_CLOCK}", re.I | re.A)

_DAYS_AHEAD: Final = {"today": 0, "今日": 0, "tomorrow": 1, "明日": 1}


def parse_duration(text: str) -> timedelta:
    """Parses a duration such as ``90m``, ``8h``, ``2d``, ``1h30m``, ``1d 12h``, ``8 hours`` or ``30分``.

    Args:
        text: days, hours and minutes, in this order, each with its unit; upper or lower case.

    Returns:
        Whole minutes, from ``SHORTEST`` to ``LONGEST``.

    Raises:
        Refused: no unit, no duration at all, too short or too long.
    """
    given = text.strip()
    # ``isdigit`` alone accepts superscripts too, which ``int`` does not read.
    if given.isascii() and given.isdigit():
        raise Refused(Refusal.DURATION_NO_UNIT, given=cite(given), suggestion=_with_unit(given))
    # Each part of the pattern is optional, so it would match an empty text.
    match = _DURATION.fullmatch(given) if 0 < len(given) <= _LONGEST_TEXT else None
    if match is None:
        raise Refused(Refusal.DURATION_UNREADABLE, given=cite(given))
    days, hours, minutes = (int(match[name] or 0) for name in ("days", "hours", "minutes"))
    return _bounded(minutes + 60 * (hours + 24 * days), given)


def show_duration(duration: timedelta) -> str:
    """Formats a duration, such as ``8h``, ``1h30m``, ``2d`` or ``1d12h``.

    Args:
        duration: not negative; seconds beyond the last whole minute are dropped, and less than one is ``0m``.

    Raises:
        ValueError: the duration is negative.
    """
    if duration < timedelta(0):
        raise ValueError("a duration is not negative")
    hours, minutes = divmod(duration // timedelta(minutes=1), 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0m"


def parse_until(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Parses an end such as ``18:00``, ``tomorrow 9:00``, ``2026-11-25 18:00``, ``明日9:00`` or ``18時30分``.

    A clock time alone is the next moment at which the clock shows it. When clocks go back, the earlier of the
    two moments is taken if it is still ahead, because closing sooner is the safer mistake. A time that the
    clocks skip is resolved as in PEP 495: 02:30 becomes 03:30.

    Args:
        text: a clock time of 24 hours, alone or after a day.
        now: aware; decides what ``today`` and ``past`` mean.
        zone: the person's time zone.

    Returns:
        An aware UTC datetime after ``now`` and at most ``LONGEST`` later.

    Raises:
        Refused: unreadable, no such day or time, in the past, or too far ahead.
        ValueError: ``now`` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    given = text.strip()
    match = _UNTIL.fullmatch(given)
    today = now.astimezone(zone).date()
    if match is None:
        raise _unreadable(given, today)
    clock = _clock(match, given, today)
    days = _days(match, given, today)
    end = _first_ahead([datetime.combine(day, clock) for day in days], now, zone)
    if end - now > LONGEST:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=LONGEST)
    return end


def _with_unit(number: str) -> str:
    """Suggests hours for a bare number, if that is an accepted duration."""
    # By length first: a long number would overflow a timedelta.
    hours = int(number) if len(number) < 5 else 0
    return f"{hours}h" if SHORTEST <= timedelta(hours=hours) <= LONGEST else "8h"


def _bounded(minutes: int, given: str) -> timedelta:
    # Compared as numbers: what was typed may be more than a timedelta can hold.
    if minutes < SHORTEST // timedelta(minutes=1):
        raise Refused(Refusal.DURATION_TOO_SHORT, given=cite(given), least=SHORTEST)
    if minutes > LONGEST // timedelta(minutes=1):
        raise Refused(Refusal.DURATION_TOO_LONG, longest=LONGEST)
    return timedelta(minutes=minutes)


def _unreadable(given: str, today: date) -> Refused:
    """Refuses what is no end, with an example that lies ahead: the day after tomorrow."""
    example = f"{today + timedelta(days=2)} 18:00"
    return Refused(Refusal.END_UNREADABLE, given=cite(given), example=example)


def _clock(match: re.Match[str], given: str, today: date) -> time:
    try:
        return time(int(match["hour"]), int(match["minute"] or match["spoken"] or 0))
    except ValueError:
        raise _unreadable(given, today) from None


def _days(match: re.Match[str], given: str, today: date) -> list[date]:
    """Returns the days that may be meant, the likeliest first."""
    if match["year"] is not None:
        return [_date(match, given, today)]
    if match["day"] is not None:
        return [today + timedelta(days=_DAYS_AHEAD[match["day"].lower()])]
    return [today, today + timedelta(days=1)]


def _date(match: re.Match[str], given: str, today: date) -> date:
    year, month, day = (int(match[name]) for name in ("year", "month", "date"))
    # Far years are refused here: at the limits of the calendar a zone's offset would overflow.
    if year < today.year - 1:
        raise Refused(Refusal.END_PAST)
    if year > today.year + 2:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=LONGEST)
    try:
        return date(year, month, day)
    except ValueError:
        raise _unreadable(given, today) from None


def _first_ahead(readings: list[datetime], now: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first moment after now; ``fold`` (PEP 495) is the second of two equal clock times."""
    for local in readings:
        for fold in (0, 1):
            # In UTC, because times of one zone are compared by their clock, whatever their fold.
            moment = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if moment > now:
                return moment
    raise Refused(Refusal.END_PAST)
