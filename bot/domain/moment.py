"""Reads a moment in the past as people type it."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

_DATE: Final = r"(?P<year>[0-9]{4})[-/年](?P<month>[0-9]{1,2})[-/月](?P<date>[0-9]{1,2})日?"
_DAY: Final = r"(?P<day>today|yesterday|今日|昨日)(?: at)?の?"
_CLOCK: Final = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,6})?)?"
    r"|時(?:(?P<spoken>[0-9]{1,2})分)?)"
)
_OFFSET: Final = r"(?P<zone>Z|UTC|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2}))"
_ALONE: Final = _CLOCK.replace("(?P<", "(?P<alone_")
_MOMENT: Final = re.compile(
    rf"(?:{_DATE}|{_DAY})(?:[ T]*{_CLOCK}(?: ?{_OFFSET})?)?|(?P<alone>{_ALONE})",
    re.I | re.A,
)

_DAYS_BACK: Final = {"today": 0, "今日": 0, "yesterday": 1, "昨日": 1}


def parse_moment(text: str, *, now: datetime, zone: tzinfo) -> datetime | None:
    """Parses a moment such as ``2026-03-03 14:00``, ``2026-03-03T14:00Z``, ``yesterday 14:00`` or ``14:00``.

    A clock time alone is of today; a day alone is its beginning. Of two equal clock times, when clocks go
    back, the first is meant (PEP 495).

    Args:
        text: with an offset, or in ``zone``.
        now: aware; decides what ``today`` means.
        zone: of who asks.

    Returns:
        An aware UTC datetime; None where the text is no moment. It may be in the future.
    """
    match = _MOMENT.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    prefix = "" if match["alone"] is None else "alone_"
    try:
        moment = datetime.combine(_day(match, now.astimezone(zone).date()), _time(match, prefix))
        return moment.replace(tzinfo=_zone(match) or zone).astimezone(UTC)
    # The latter at the limits of the calendar.
    except (ValueError, OverflowError):
        return None


def show_moment(moment: datetime, zone: tzinfo = UTC) -> str:
    """Formats a moment with its zone, as ``2026-03-03 14:00 UTC`` or ``2026-03-03 14:00 +09:00``."""
    local = moment.astimezone(zone)
    clock = f"{local:%Y-%m-%d %H:%M}" if local.second == 0 else f"{local:%Y-%m-%d %H:%M:%S}"
    offset = local.isoformat()[-6:]
    return f"{clock} {'UTC' if offset == '+00:00' else offset}"


def _day(match: re.Match[str], today: date) -> date:
    if match["year"] is not None:
        return date(int(match["year"]), int(match["month"]), int(match["date"]))
    back = 0 if match["day"] is None else _DAYS_BACK[match["day"].lower()]
    return today - timedelta(days=back)


def _time(match: re.Match[str], prefix: str) -> time:
    hour, minute, spoken, second = (
        match[f"{prefix}{name}"] for name in ("hour", "minute", "spoken", "second")
    )
    return time(int(hour or 0), int(minute or spoken or 0), int(second or 0))


def _zone(match: re.Match[str]) -> tzinfo | None:
    if match["zone"] is None:
        return None
    if match["sign"] is None:
        return UTC
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-offset if match["sign"] == "-" else offset)
