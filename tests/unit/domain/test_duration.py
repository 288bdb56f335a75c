"""Durations and ends: what is read, what is refused, and how it is shown."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.duration import LONGEST, SHORTEST, parse_duration, parse_until, show_duration
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import CATALOGUE

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("90m", "1h30m"),
        ("8h", "8h"),
        ("2d", "2d"),
        ("1h30m", "1h30m"),
        ("1h 30m", "1h30m"),
        ("1d12h", "1d12h"),
        ("36h", "1d12h"),
        ("1d 2h 3m", "1d2h3m"),
        ("8H", "8h"),
        ("1m", "1m"),
        ("366d", "366d"),
        ("8 hours", "8h"),
        ("1 hour", "1h"),
        ("30 minutes", "30m"),
        ("30 min", "30m"),
        ("2 days", "2d"),
        ("8hrs", "8h"),
        ("8時間", "8h"),
        ("30分", "30m"),
        ("2日", "2d"),
        ("2日間", "2d"),
        ("1時間30分", "1h30m"),
        ("0h30m", "30m"),
        (" 8h ", "8h"),
    ],
)
def test_a_duration_is_read_and_shown_in_one_spelling(typed: str, shown: str) -> None:
    assert show_duration(parse_duration(typed)) == shown


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", Refusal.DURATION_UNREADABLE),
        ("7", Refusal.DURATION_NO_UNIT),
        ("9" * 5000, Refusal.DURATION_NO_UNIT),
        ("-1h", Refusal.DURATION_UNREADABLE),
        ("+1h", Refusal.DURATION_UNREADABLE),
        ("1mo", Refusal.DURATION_UNREADABLE),
        ("1y", Refusal.DURATION_UNREADABLE),
        ("1w", Refusal.DURATION_UNREADABLE),
        ("30s", Refusal.DURATION_UNREADABLE),
        ("1h1h", Refusal.DURATION_UNREADABLE),
        ("30m1h", Refusal.DURATION_UNREADABLE),
        ("1h30", Refusal.DURATION_UNREADABLE),
        ("1.5h", Refusal.DURATION_UNREADABLE),
        ("h", Refusal.DURATION_UNREADABLE),
        ("٨h", Refusal.DURATION_UNREADABLE),
        ("8ｈ", Refusal.DURATION_UNREADABLE),
        ("forever", Refusal.DURATION_UNREADABLE),
        ("8h\x00", Refusal.DURATION_UNREADABLE),
        ("0h", Refusal.DURATION_TOO_SHORT),
        ("0d0h0m", Refusal.DURATION_TOO_SHORT),
        ("367d", Refusal.DURATION_TOO_LONG),
        ("366d1m", Refusal.DURATION_TOO_LONG),
        ("99999999999999999999d", Refusal.DURATION_TOO_LONG),
    ],
)
def test_what_is_no_duration_is_refused_by_name(typed: str, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        parse_duration(typed)
    assert refused.value.reason is refusal


@given(st.integers(min_value=0, max_value=10**12))
def test_the_suggestion_for_a_number_without_unit_would_be_taken(number: int) -> None:
    with pytest.raises(Refused) as refused:
        parse_duration(str(number))
    assert refused.value.reason is Refusal.DURATION_NO_UNIT
    parse_duration(str(refused.value.params["suggestion"]))


@given(st.integers(min_value=SHORTEST // timedelta(minutes=1), max_value=LONGEST // timedelta(minutes=1)))
def test_reading_what_is_shown_gives_the_same_duration(minutes: int) -> None:
    duration = timedelta(minutes=minutes)
    assert parse_duration(show_duration(duration)) == duration


@given(st.one_of(st.text(), st.from_regex(r"[0-9hdm日時間分 ]{0,12}", fullmatch=True)))
def test_any_text_is_a_duration_within_bounds_or_one_refusal(typed: str) -> None:
    try:
        duration = parse_duration(typed)
    except Refused:
        return
    assert SHORTEST <= duration <= LONGEST


def test_seconds_are_dropped_and_a_negative_duration_is_a_mistake_of_ours() -> None:
    assert show_duration(timedelta(minutes=5, seconds=59)) == "5m"
    assert show_duration(timedelta(seconds=59)) == "0m"
    with pytest.raises(ValueError, match="negative"):
        show_duration(timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("18:00", "2026-11-24T18:00"),
        ("18時", "2026-11-24T18:00"),
        ("18時30分", "2026-11-24T18:30"),
        ("9:00", "2026-11-25T09:00"),
        ("12:00", "2026-11-25T12:00"),
        ("12:01", "2026-11-24T12:01"),
        ("2026-11-25 18:00", "2026-11-25T18:00"),
        ("2026-11-25T18:00", "2026-11-25T18:00"),
        ("2026/11/25 18:00", "2026-11-25T18:00"),
        ("2026年11月25日18時", "2026-11-25T18:00"),
        ("2027-1-5 8:05", "2027-01-05T08:05"),
        ("today 23:59", "2026-11-24T23:59"),
        ("Tomorrow 9:00", "2026-11-25T09:00"),
        ("tomorrow at 9:00", "2026-11-25T09:00"),
        ("明日9:00", "2026-11-25T09:00"),
        ("明日 9:00", "2026-11-25T09:00"),
        ("明日の9時", "2026-11-25T09:00"),
        ("今日18:00", "2026-11-24T18:00"),
    ],
)
def test_an_end_is_read_on_the_clock_of_the_person(typed: str, end: str) -> None:
    read = parse_until(typed, now=NOW, zone=TOKYO)
    assert read == datetime.fromisoformat(end).replace(tzinfo=TOKYO)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", Refusal.END_UNREADABLE),
        ("24:00", Refusal.END_UNREADABLE),
        ("18:60", Refusal.END_UNREADABLE),
        ("18", Refusal.END_UNREADABLE),
        ("6pm", Refusal.END_UNREADABLE),
        ("friday", Refusal.END_UNREADABLE),
        ("01/02 18:00", Refusal.END_UNREADABLE),
        ("2026-11-25", Refusal.END_UNREADABLE),
        ("2026-02-30 18:00", Refusal.END_UNREADABLE),
        ("2026-13-01 18:00", Refusal.END_UNREADABLE),
        ("2026-11-2518:00", Refusal.END_UNREADABLE),
        ("2026-11-25 18:00Z", Refusal.END_UNREADABLE),
        ("tomorrow", Refusal.END_UNREADABLE),
        ("１８:00", Refusal.END_UNREADABLE),
        ("today 9:00", Refusal.END_PAST),
        ("2026-11-24 12:00", Refusal.END_PAST),
        ("2025-11-25 18:00", Refusal.END_PAST),
        ("0001-01-01 00:00", Refusal.END_PAST),
        ("2027-11-26 18:00", Refusal.DURATION_TOO_LONG),
        ("9999-12-31 23:59", Refusal.DURATION_TOO_LONG),
    ],
)
def test_what_is_no_end_is_refused_by_name(typed: str, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        parse_until(typed, now=NOW, zone=TOKYO)
    assert refused.value.reason is refusal


@pytest.mark.parametrize("typed", ["6pm", "24:00", "noon", "friday", "２４時"])
@pytest.mark.parametrize("zone", [TOKYO, NEW_YORK, ZoneInfo("Pacific/Kiritimati")])
@pytest.mark.parametrize(
    "now", [NOW, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2031, 2, 28, 9, 30, tzinfo=UTC)]
)
def test_the_example_of_an_end_lies_ahead_and_is_one_that_is_taken(
    typed: str, zone: ZoneInfo, now: datetime
) -> None:
    with pytest.raises(Refused) as refused:
        parse_until(typed, now=now, zone=zone)
    example = str(refused.value.params["example"])
    assert parse_until(example, now=now, zone=zone) - now < timedelta(days=4)


def test_no_sentence_shows_a_date_that_passes() -> None:
    for sentences in CATALOGUE.values():
        assert [key for key, said in sentences.items() if re.search(r"20\d\d[-/年]", said)] == []


def test_today_is_the_day_of_the_person_and_not_of_greenwich() -> None:
    late = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # already the 25th, 1:00, in Tokyo
    assert parse_until("today 9:00", now=late, zone=TOKYO) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_counts_on_from_before_the_jump() -> None:
    eve = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)  # midnight; 02:00 becomes 03:00
    end = parse_until("02:30", now=eve, zone=NEW_YORK)
    assert end == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert end.astimezone(NEW_YORK).strftime("%H:%M") == "03:30"


def test_a_time_that_comes_twice_means_the_first_that_is_ahead() -> None:
    before = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)  # 01:00, the first time
    between = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)  # 01:45, the first time
    for typed in ("01:30", "2026-11-01 01:30"):
        assert parse_until(typed, now=before, zone=NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        assert parse_until(typed, now=between, zone=NEW_YORK) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_naive_now_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse_until("18:00", now=NOW.replace(tzinfo=None), zone=TOKYO)


@given(
    st.one_of(st.text(), st.from_regex(r"([0-9]{4}-[0-9]{2}-[0-9]{2} )?[0-9]{2}:[0-9]{2}", fullmatch=True)),
    st.integers(min_value=1_600_000_000, max_value=2_100_000_000).map(
        lambda s: datetime.fromtimestamp(s, UTC)
    ),
    st.sampled_from((TOKYO, NEW_YORK, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Australia/Lord_Howe"))),
)
def test_any_text_is_an_end_that_is_ahead_or_one_refusal(typed: str, now: datetime, zone: ZoneInfo) -> None:
    try:
        end = parse_until(typed, now=now, zone=zone)
    except Refused:
        return
    assert timedelta(0) < end - now <= LONGEST
