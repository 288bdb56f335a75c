"""Durations as people type them, in English and Japanese: what they mean, and what is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.duration import LONGEST, SHORTEST, show_duration
from bot.domain.times.durations import is_duration, read_duration
from bot.domain.times.readings import Unclear
from bot.errors import Refusal, Refused

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 12, 24, 3, 0, tzinfo=UTC)  # noon in Tokyo, in a month of 31 days


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("90m", "1h30m"),
        ("8h", "8h"),
        ("8H", "8h"),
        ("1h 30m", "1h30m"),
        ("1d12h", "1d12h"),
        ("36h", "1d12h"),
        ("8 hours", "8h"),
        ("8hrs", "8h"),
        ("8-hour", "8h"),
        ("30 min", "30m"),
        ("1 week", "7d"),
        ("1w", "7d"),
        ("2 weeks", "14d"),
        ("two weeks", "14d"),
        ("1w2d", "9d"),
        ("1 week and 2 days", "9d"),
        ("1d, 12h", "1d12h"),
        ("1.5h", "1h30m"),
        ("1,5h", "1h30m"),
        ("0.5 days", "12h"),
        ("1.33h", "1h19m"),
        ("2h30", "2h30m"),
        ("2h05", "2h5m"),
        ("a day", "1d"),
        ("a week", "7d"),
        ("an hour", "1h"),
        ("one hour", "1h"),
        ("half an hour", "30m"),
        ("half hour", "30m"),
        ("half-hour", "30m"),
        ("half a day", "12h"),
        ("half a week", "3d12h"),
        ("an hour and a half", "1h30m"),
        ("1 and a half hours", "1h30m"),
        ("a day and a half", "1d12h"),
        ("1 day and 12 hours", "1d12h"),
        ("for 8h", "8h"),
        ("the next 2 hours", "2h"),
        ("8時間", "8h"),
        ("30分", "30m"),
        ("30分間", "30m"),
        ("2日", "2d"),
        ("2日間", "2d"),
        ("1時間30分", "1h30m"),
        ("1時間半", "1h30m"),
        ("半日", "12h"),
        ("1日半", "1d12h"),
        ("1週間", "7d"),
        ("一週間", "7d"),
        ("2週", "14d"),
        ("1日と12時間", "1d12h"),
        ("1 month", "30d or 31d"),
        ("a month", "30d or 31d"),
        ("1mo", "30d or 31d"),
        ("2 months", "60d or 62d"),
        ("1か月", "30d or 31d"),
        ("3ヶ月", "90d"),
        ("6 months", "180d or 182d"),
        ("1 year", "365d"),
        ("1年", "365d"),
    ],
)
def test_a_duration_means_what_people_mean_by_it(typed: str, shown: str) -> None:
    read = read_duration(typed, now=NOW, zone=TOKYO)
    readings = read.readings if isinstance(read, Unclear) else (read,)
    assert " or ".join(map(show_duration, readings)) == shown
    assert is_duration(typed)


def test_a_month_whose_readings_agree_is_clear() -> None:
    november = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert read_duration("1 month", now=november, zone=TOKYO) == timedelta(days=30)


def test_a_month_from_the_last_of_january_lasts_to_the_last_of_february() -> None:
    read = read_duration("1 month", now=datetime(2027, 1, 31, 3, 0, tzinfo=UTC), zone=TOKYO)
    assert read == Unclear((timedelta(days=28), timedelta(days=30)))


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", Refusal.DURATION_UNREADABLE),
        ("7", Refusal.DURATION_NO_UNIT),
        ("-1h", Refusal.DURATION_UNREADABLE),
        ("1h1h", Refusal.DURATION_UNREADABLE),
        ("30m1h", Refusal.DURATION_UNREADABLE),
        ("2h75", Refusal.DURATION_UNREADABLE),
        ("2d30", Refusal.DURATION_UNREADABLE),
        ("2h5", Refusal.DURATION_UNREADABLE),
        ("30s", Refusal.DURATION_UNREADABLE),
        ("1,000h", Refusal.DURATION_UNREADABLE),
        ("1.000h", Refusal.DURATION_UNREADABLE),
        ("1.2.3h", Refusal.DURATION_UNREADABLE),
        ("1e3h", Refusal.DURATION_UNREADABLE),
        ("a few hours", Refusal.DURATION_UNREADABLE),
        ("half a month", Refusal.DURATION_UNREADABLE),
        ("tomorrow", Refusal.DURATION_UNREADABLE),
        ("18時", Refusal.DURATION_UNREADABLE),
        ("٨h", Refusal.DURATION_UNREADABLE),
        ("hour", Refusal.DURATION_UNREADABLE),
        ("8h\x00", Refusal.DURATION_UNREADABLE),
        ("0h", Refusal.DURATION_TOO_SHORT),
        ("0.01h", Refusal.DURATION_TOO_SHORT),
        ("53 weeks", Refusal.DURATION_TOO_LONG),
        ("13 months", Refusal.DURATION_TOO_LONG),
        ("999999999999999999 months", Refusal.DURATION_TOO_LONG),
    ],
)
def test_what_is_no_duration_is_refused_by_name(typed: str, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        read_duration(typed, now=NOW, zone=TOKYO)
    assert refused.value.reason is refusal


@given(st.integers(min_value=SHORTEST // timedelta(minutes=1), max_value=LONGEST // timedelta(minutes=1)))
def test_a_shown_duration_reads_back(minutes: int) -> None:
    duration = timedelta(minutes=minutes)
    assert read_duration(show_duration(duration), now=NOW, zone=TOKYO) == duration


@given(st.one_of(st.text(), st.from_regex(r"[0-9hdwmo.,日時間半週か月分 an]{0,14}", fullmatch=True)))
def test_any_text_is_a_duration_within_bounds_or_one_refusal(typed: str) -> None:
    try:
        read = read_duration(typed, now=NOW, zone=TOKYO)
    except Refused:
        return
    readings = read.readings if isinstance(read, Unclear) else (read,)
    assert all(SHORTEST <= each <= LONGEST for each in readings)
    assert len(set(readings)) == len(readings)
