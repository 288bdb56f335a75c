"""Reads ends and later starts as people type them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from bot.domain.duration import LONGEST
from bot.domain.outside.text import cite
from bot.domain.times.durations import is_duration, read_duration
from bot.domain.times.parts import (
    FIRST_MINUTE,
    LAST_MINUTE,
    Clock,
    Parts,
    Successive,
    clock_readings,
    collect,
    day_readings,
    is_relative,
)
from bot.domain.times.readings import MOST_READINGS, Unclear, clear
from bot.domain.times.tokens import Token, tokenize
from bot.domain.times.vocabulary import Kind
from bot.domain.times.zones import is_own, zone_readings
from bot.errors import Refusal, Refused

_FAR: Final = LONGEST + timedelta(days=2)
"""From today, in days of any zone; at the limits of the calendar a zone's offset would overflow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Access that is to begin at a later time.

    Attributes:
        start: aware UTC.
        end: aware UTC; None where no end was typed.
    """

    start: datetime
    end: datetime | None


def looks_like_end(text: str) -> bool:
    """Whether a text is to be read as an end and not as a duration, where a form has one field for both.

    A number alone is neither: its unit is missing.
    """
    # With typing errors too, such as ``18:60``. In Japanese ``18時`` is a clock time, ``8時間`` a duration.
    if ":" in text or "時" in text.replace("時間", ""):
        return not is_duration(text)
    return bool(tokenize(text)) and not text.strip().isdigit() and not is_duration(text)


def read_end(text: str, *, now: datetime, zone: tzinfo) -> datetime | Unclear[datetime]:
    """Reads an end such as ``18:00``, ``6pm UTC``, ``tomorrow 9am``, ``friday``, ``24 Dec`` or ``明日の9時``.

    A clock time alone is the next moment at which the clock shows it. A day alone lasts to its last minute,
    23:59. Nothing is guessed: ``6`` may be in the morning or in the evening, ``04/05`` in April or in May,
    ``friday`` on a Friday today or in a week; a clock time that comes twice when clocks go back may be
    either, and one that is skipped when they go forward counts from before or behind the change (PEP 495).
    Readings in the past, or too far ahead, are no readings.

    Args:
        text: normalised, in English or Japanese.
        now: aware; decides what ``today`` and ``past`` mean.
        zone: the person's time zone.

    Returns:
        An aware UTC datetime after ``now`` and at most ``LONGEST`` later; or every reading, the earliest
        first, in the person's zone.

    Raises:
        Refused: unreadable, no such day or time, in the past, or too far ahead.
        ValueError: ``now`` is naive.
    """
    return _read(text, now, zone, alone=LAST_MINUTE)


def read_start(text: str, *, now: datetime, zone: tzinfo) -> datetime | Unclear[datetime]:
    """Reads a later start: as ``read_end`` reads ends, but a day alone begins at midnight.

    Raises:
        Refused: unreadable, no such day or time, in the past, or too far ahead.
    """
    try:
        return _read(text, now, zone, alone=FIRST_MINUTE)
    except Refused as refused:
        if refused.reason is Refusal.END_PAST:
            raise Refused(Refusal.START_PAST) from refused
        raise


def is_now(text: str) -> bool:
    """Whether a start is now: ``now``, ``today``, ``今から``."""
    told = [token for token in tokenize(text) or () if token.kind is not Kind.FILLER]
    return len(told) == 1 and told[0] in (Token(Kind.NOW, (0,)), Token(Kind.DAY, (0,)))


def _read(text: str, now: datetime, zone: tzinfo, *, alone: Clock) -> datetime | Unclear[datetime]:
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    tokens = tokenize(text)
    parts = None if tokens is None else collect(tokens)
    # ``now`` is no end, and beside other words it is no time at all.
    if parts is None or parts.has(Kind.NOW):
        raise _unreadable(text, now, zone)
    moments = _moments(parts, text, now, zone, alone)
    ahead = sorted({moment for moment in moments if timedelta(0) < moment - now <= LONGEST})
    if not ahead:
        raise _outside(moments, now)
    if len(ahead) > MOST_READINGS:
        raise _unreadable(text, now, zone)
    if len(ahead) == 1:
        return ahead[0]
    return Unclear(tuple(moment.astimezone(zone) for moment in ahead))


def read_window(
    start: str, *, until: str | None, duration: str | None, now: datetime, zone: tzinfo
) -> Window | None:
    """Reads a later start with its end: ``at 23:00 for 1h``, ``from tomorrow 22:00 until 23:30``.

    Args:
        start: as ``read_start`` reads it.
        until: an end, which is read as seen from the start; None if none was typed.
        duration: counts from the start; None if none was typed.
        now: aware.
        zone: the person's time zone.

    Returns:
        None where the start is now.

    Raises:
        UnclearTime: a part of it has several readings.
        Refused: a part of it is no time, or lies in the past.
    """
    if is_now(start):
        return None
    begins = clear(start, read_start(start, now=now, zone=zone))
    if until is not None:
        return Window(start=begins, end=clear(until, read_end(until, now=begins, zone=zone)))
    if duration is not None:
        return Window(
            start=begins, end=begins + clear(duration, read_duration(duration, now=begins, zone=zone))
        )
    return Window(start=begins, end=None)


def _unreadable(given: str, now: datetime, zone: tzinfo) -> Refused:
    """Refuses what is no end, with an example that lies ahead: the day after tomorrow."""
    example = f"{now.astimezone(zone).date() + timedelta(days=2)} 18:00"
    return Refused(Refusal.END_UNREADABLE, given=cite(given), example=example)


def _outside(moments: Sequence[datetime], now: datetime) -> Refused:
    if any(moment > now for moment in moments):
        return Refused(Refusal.DURATION_TOO_LONG, longest=LONGEST)
    return Refused(Refusal.END_PAST)


def _moments(parts: Parts, given: str, now: datetime, zone: tzinfo, alone: Clock) -> Sequence[datetime]:
    """Every moment that may be meant, whether ahead or not; raises ``Refused`` where there is none."""
    typed = parts.one(Kind.ZONE)
    zones = (zone,) if typed is None else zone_readings(str(typed))
    found = [moment for each in zones for moment in _in_zone(parts, now, each, zone, alone)]
    if not found:
        raise _unreadable(given, now, zone)
    if typed is None:
        return found
    own = [moment for moment in _in_zone(parts, now, zone, zone, alone) if is_own(str(typed), moment, zone)]
    return own or found


def _in_zone(parts: Parts, now: datetime, zone: tzinfo, home: tzinfo, alone: Clock) -> Iterator[datetime]:
    """The moments that the clock of a zone shows; ``today`` may be that of the person too."""
    todays = {now.astimezone(zone).date()}
    if is_relative(parts):
        todays.add(now.astimezone(home).date())
    dated = is_relative(parts) or parts.has(Kind.DATE, Kind.MONTH_DAY, Kind.ORDER)
    for today in todays:
        for days in day_readings(parts, today):
            for clock in clock_readings(parts, dated=dated, alone=alone):
                yield from _first_ahead(days, clock, now, zone)


def _first_ahead(days: Successive, clock: Clock, now: datetime, zone: tzinfo) -> Sequence[datetime]:
    """The moments of the first day on which the clock time is ahead; of the last day where it is on none."""
    moments: Sequence[datetime] = ()
    for day in days:
        # Not converted, but told apart: past or too far.
        near = min(max(day, (now - _FAR).date()), (now + _FAR).date())
        hour, minute = clock
        local = datetime.combine(near + timedelta(days=hour // 24), time(hour % 24, minute))
        # Both folds (PEP 495): they differ where the clock shows the time twice, and where it skips it.
        both = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        moments = sorted(both)
        if any(moment > now for moment in moments):
            return moments
    return moments
