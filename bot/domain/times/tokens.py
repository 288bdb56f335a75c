"""Splits a typed end or start into the words and numbers that tell something."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.times.vocabulary import SINGLE_WORDS, TIMES, Kind
from bot.domain.times.zones import NAMES, zone_readings

_LONGEST_TEXT: Final = 80
"""Characters; ``the day after tomorrow at 11:30 in the evening America/Argentina/Buenos_Aires`` has 77."""

Value = tuple[int | str, ...]
"""What a word or number tells, by its kind: a date has year, month and day, a clock hour and minute."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a typed time."""

    kind: Kind
    value: Value


def _numbers(match: re.Match[str]) -> Value:
    return tuple(int(group) for group in match.groups() if group is not None)


def _spoken(match: re.Match[str]) -> Value:
    """The clock of ``18時``, ``18時半`` and ``18時30分``."""
    hour, half, minute = match.groups()
    return int(hour), 30 if half else int(minute or 0)


def _ordered(match: re.Match[str]) -> Value:
    """The numbers of a date whose order its writer knows, such as ``04/05`` or ``24.12.2026``."""
    return tuple(int(match[name]) for name in ("first", "second", "third") if match[name] is not None)


_PATTERNS: Final[Sequence[tuple[re.Pattern[str], Kind, Callable[[re.Match[str]], Value]]]] = tuple(
    (re.compile(pattern, re.A), kind, read)
    for pattern, kind, read in (
        (r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:t(?=[0-9])|(?![-/0-9:]))", Kind.DATE, _numbers),
        (r"([0-9]{4})年 ?([0-9]{1,2})月 ?([0-9]{1,2})日(?!間)", Kind.DATE, _numbers),
        (r"([0-9]{1,2})月 ?([0-9]{1,2})日(?!間)", Kind.MONTH_DAY, _numbers),
        # Seconds are dropped: ends have whole minutes. ``25:00`` is a typing error, and ``25時`` is 1:00.
        (r"([01]?[0-9]|2[0-4]):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?![0-9:])", Kind.CLOCK, _numbers),
        (r"([0-9]{1,2})時(?!間)(?:(半)|([0-9]{1,2})分(?!間))?", Kind.CLOCK, _spoken),
        (
            r"(?P<first>[0-9]{1,2})(?P<by>[/.])(?P<second>[0-9]{1,2})"
            r"(?:(?P=by)(?P<third>[0-9]{4}|[0-9]{2})|\.)?(?![0-9:/.])",
            Kind.ORDER,
            _ordered,
        ),
        (r"([0-9]{1,2})(?:st|nd|rd|th)(?![a-z])", Kind.MONTH_DAY, _numbers),
        (r"([0-9]{1,2})日(?!間)", Kind.MONTH_DAY, _numbers),
        (r"([0-9]{4})(?![0-9:.])", Kind.YEAR, _numbers),
        (r"([0-9]{1,2})\.?(?![0-9:.])", Kind.NUMBER, _numbers),
    )
)
"""In the order in which they are tried; the text is in lower case."""

_WORDS: Final = sorted(TIMES, key=len, reverse=True)
_ZONE: Final = re.compile(
    rf"(?:utc|gmt)? ?[+-] ?[0-9]{{1,2}}(?::?[0-9]{{2}})?(?![0-9:])"
    rf"|[a-z_]+(?:/[a-z_+-]+){{1,2}}|(?:{'|'.join(sorted(NAMES, key=len, reverse=True))})(?![a-z])",
    re.A | re.I,
)
_BLANKS: Final = re.compile(r"[ ,、]*")


def tokenize(text: str) -> Sequence[Token] | None:
    """Splits a text into tokens; None where a part of it is no word of a time.

    Args:
        text: normalised, in any case.
    """
    given = text.strip()
    if not given or len(given) > _LONGEST_TEXT:
        return None
    # Zones keep their case: the names of the zone database do not ignore it.
    folded = given.lower()
    if len(folded) != len(given):
        return None
    tokens: list[Token] = []
    position = 0
    while position < len(given):
        found = _at(given, folded, position, after_clock=bool(tokens) and tokens[-1].kind in _CLOCKS)
        if found is None:
            return None
        token, position = found
        tokens.append(token)
        blanks = _BLANKS.match(given, position)
        position = blanks.end() if blanks else position
    return tokens


def begins_time(word: str) -> bool:
    """Whether a word begins a time, and not the name of a database, which begins with a letter."""
    return any(token.kind not in _NO_BEGINNING for token in tokenize(word) or ())


def continues_time(word: str) -> bool:
    """Whether one word may stand in an end or a start behind its first word."""
    return word.lower() in SINGLE_WORDS or word.lower() in NAMES or bool(tokenize(word)) or _is_zone(word)


_CLOCKS: Final = (Kind.CLOCK, Kind.NOON, Kind.MIDNIGHT, Kind.HALF, Kind.NUMBER)
"""Behind which an offset may stand; elsewhere a sign is no part of a time."""


_NO_BEGINNING: Final = (Kind.FILLER, Kind.UNTIL, Kind.ZONE)


def _at(given: str, folded: str, position: int, *, after_clock: bool) -> tuple[Token, int] | None:
    """The token at a position, and where it ends."""
    zone = _ZONE.match(given, position)
    if zone is not None and (after_clock or zone[0][0] not in "+- ") and zone_readings(zone[0]):
        return Token(Kind.ZONE, (zone[0],)), zone.end()
    for pattern, kind, read in _PATTERNS:
        match = pattern.match(folded, position)
        if match is not None:
            return Token(kind, read(match)), match.end()
    for word in _WORDS:
        end = position + len(word)
        if folded.startswith(word, position) and not (word[-1].isascii() and folded[end : end + 1].isalpha()):
            kind, value = TIMES[word]
            return Token(kind, (value,)), end
    return None


def _is_zone(word: str) -> bool:
    return _ZONE.fullmatch(word) is not None and bool(zone_readings(word))
