"""Parses exact durations, as a policy has them, and formats durations; ``times`` reads what people type."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

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
