"""The words of times in each language, as data; ``tokens`` and ``durations`` read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Unit(StrEnum):
    """A unit of a duration, the largest first."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"


class Kind(StrEnum):
    """What a word of an end or a start tells; each but the last four comes at most once.

    ``day`` counts days from today and ``weeks`` weeks from this one, ``weekday`` begins with 0 for Monday,
    ``which`` is 0 for *this* and 1 for *next*, ``edge`` and ``part`` are numbers of ``Edge`` and ``Part``.
    """

    DAY = "day"
    WEEKDAY = "weekday"
    WHICH = "which"
    WEEKS = "weeks"
    EDGE = "edge"
    MONTH = "month"
    DATE = "date"
    MONTH_DAY = "month_day"
    ORDER = "order"
    YEAR = "year"
    CLOCK = "clock"
    NOON = "noon"
    MIDNIGHT = "midnight"
    PART = "part"
    HALF = "half_of_day"
    ZONE = "zone"
    NOW = "now"
    UNTIL = "until"
    NUMBER = "number"
    FILLER = "filler"


class Edge(StrEnum):
    """What ends with "the end of …"."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Part(StrEnum):
    """A part of the day, which is no clock time by itself."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"
    TONIGHT = "tonight"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The words of one language, in lower case.

    Attributes:
        units: of durations.
        numbers: words for numbers.
        halves: words for a half, alone before a unit.
        and_a_half: what adds a half of the unit before it.
        joiners: words between or around the parts of a duration.
        times: words of ends and starts, each with what it tells.
    """

    units: Mapping[str, Unit]
    numbers: Mapping[str, Fraction]
    halves: frozenset[str]
    and_a_half: frozenset[str]
    joiners: frozenset[str]
    times: Mapping[str, tuple[Kind, int | str]]


def _each(words: str, meaning: tuple[Kind, int | str]) -> Mapping[str, tuple[Kind, int | str]]:
    return dict.fromkeys(words.split("|"), meaning)


ENGLISH: Final = Vocabulary(
    units={
        **dict.fromkeys(("y", "yr", "yrs", "year", "years"), Unit.YEAR),
        **dict.fromkeys(("mo", "mos", "month", "months"), Unit.MONTH),
        **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), Unit.WEEK),
        **dict.fromkeys(("d", "day", "days"), Unit.DAY),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Unit.HOUR),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), Unit.MINUTE),
    },
    numbers={
        word: Fraction(number)
        for number, words in enumerate(
            ("", "a|an|one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
        )
        for word in words.split("|")
        if word
    },
    halves=frozenset(("half a", "half an", "half", "a half")),
    and_a_half=frozenset(("and a half",)),
    joiners=frozenset(("and", "for", "the next", "next", "&")),
    times={
        **_each("today", (Kind.DAY, 0)),
        **_each("tomorrow|tmrw|tmr", (Kind.DAY, 1)),
        **_each("day after tomorrow|overmorrow", (Kind.DAY, 2)),
        **_each("yesterday", (Kind.DAY, -1)),
        **_each("monday|mon", (Kind.WEEKDAY, 0)),
        **_each("tuesday|tues|tue", (Kind.WEEKDAY, 1)),
        **_each("wednesday|wed", (Kind.WEEKDAY, 2)),
        **_each("thursday|thurs|thur|thu", (Kind.WEEKDAY, 3)),
        **_each("friday|fri", (Kind.WEEKDAY, 4)),
        **_each("saturday|sat", (Kind.WEEKDAY, 5)),
        **_each("sunday|sun", (Kind.WEEKDAY, 6)),
        **_each("this", (Kind.WHICH, 0)),
        **_each("next", (Kind.WHICH, 1)),
        **_each("this week", (Kind.WEEKS, 0)),
        **_each("next week", (Kind.WEEKS, 1)),
        **_each("end of day|end of the day|day's end|eod", (Kind.EDGE, Edge.DAY)),
        **_each("end of week|end of the week|week's end|eow", (Kind.EDGE, Edge.WEEK)),
        **_each("end of month|end of the month|month's end|eom", (Kind.EDGE, Edge.MONTH)),
        **{
            word: (Kind.MONTH, number)
            for number, words in enumerate(
                (
                    *("january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul"),
                    *("august|aug", "september|sept|sep", "october|oct", "november|nov", "december|dec"),
                ),
                start=1,
            )
            for word in words.split("|")
        },
        **_each("noon|midday", (Kind.NOON, 0)),
        **_each("midnight", (Kind.MIDNIGHT, 0)),
        **_each("morning|in the morning", (Kind.PART, Part.MORNING)),
        **_each("afternoon|in the afternoon", (Kind.PART, Part.AFTERNOON)),
        **_each("evening|in the evening", (Kind.PART, Part.EVENING)),
        **_each("night|at night", (Kind.PART, Part.NIGHT)),
        **_each("tonight", (Kind.PART, Part.TONIGHT)),
        **_each("am|a.m.|a.m", (Kind.HALF, 0)),
        **_each("pm|p.m.|p.m", (Kind.HALF, 12)),
        **_each("now|right now", (Kind.NOW, 0)),
        **_each("until|till|til|by", (Kind.UNTIL, 0)),
        **_each("at|on|of|the|from|o'clock|sharp|hrs|local time|time", (Kind.FILLER, 0)),
    },
)

JAPANESE: Final = Vocabulary(
    units={
        **dict.fromkeys(("年", "年間"), Unit.YEAR),
        **dict.fromkeys(("か月", "か月間", "ヶ月", "ヶ月間", "カ月", "カ月間", "ケ月", "箇月"), Unit.MONTH),
        **dict.fromkeys(("週", "週間"), Unit.WEEK),
        **dict.fromkeys(("日", "日間"), Unit.DAY),
        **dict.fromkeys(("時間",), Unit.HOUR),
        **dict.fromkeys(("分", "分間"), Unit.MINUTE),
    },
    numbers={word: Fraction(number) for number, word in enumerate("一二三四五六七八九十", start=1)},
    halves=frozenset(("半",)),
    and_a_half=frozenset(("半",)),
    joiners=frozenset(("と",)),
    times={
        **_each("今日|本日|きょう", (Kind.DAY, 0)),
        **_each("明日|あした|あす|翌日", (Kind.DAY, 1)),
        **_each("明後日|あさって", (Kind.DAY, 2)),
        **_each("昨日|きのう", (Kind.DAY, -1)),
        **{
            word: (Kind.WEEKDAY, number)
            for number, sign in enumerate("月火水木金土日")
            for word in (f"{sign}曜", f"{sign}曜日", f"({sign})")
        },
        **_each("今週の|今週", (Kind.WEEKS, 0)),
        **_each("来週の|来週", (Kind.WEEKS, 1)),
        **_each("再来週の|再来週", (Kind.WEEKS, 2)),
        **_each("今日中|本日中|きょう中", (Kind.EDGE, Edge.DAY)),
        **_each("今週中|今週いっぱい|週末", (Kind.EDGE, Edge.WEEK)),
        **_each("今月中|今月末|月末|今月いっぱい", (Kind.EDGE, Edge.MONTH)),
        **_each("正午", (Kind.NOON, 0)),
        **_each("真夜中", (Kind.MIDNIGHT, 0)),
        **_each("朝", (Kind.PART, Part.MORNING)),
        **_each("昼過ぎ", (Kind.PART, Part.AFTERNOON)),
        **_each("夕方", (Kind.PART, Part.EVENING)),
        **_each("夜|深夜", (Kind.PART, Part.NIGHT)),
        **_each("今夜|今晩", (Kind.PART, Part.TONIGHT)),
        **_each("午前", (Kind.HALF, 0)),
        **_each("午後", (Kind.HALF, 12)),
        **_each("今|いま|現在", (Kind.NOW, 0)),
        **_each("まで|迄", (Kind.UNTIL, 0)),
        **_each("の|に|中|は|から|現地時間|まで有効", (Kind.FILLER, 0)),
    },
)

LANGUAGES: Final = (ENGLISH, JAPANESE)
"""Both are read wherever a time is typed, whatever the person's language."""

TIMES: Final[Mapping[str, tuple[Kind, int | str]]] = {**ENGLISH.times, **JAPANESE.times}
"""Words of ends and starts in every language."""

SINGLE_WORDS: Final = frozenset(word for phrase in TIMES for word in phrase.split())
"""Every word that may stand in an end, alone or in a phrase such as ``end of day``."""

DURATION_WORDS: Final = frozenset(
    word
    for language in LANGUAGES
    for phrase in (
        *language.units,
        *language.numbers,
        *language.halves,
        *language.and_a_half,
        *language.joiners - {"for"},
    )
    for word in phrase.split()
)
"""Every word that may stand in a duration behind its keyword."""
