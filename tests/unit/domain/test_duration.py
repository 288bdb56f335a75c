"""Exact durations: what is read, what is refused, and how it is shown; ``times`` has what people type."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.duration import LONGEST, SHORTEST, parse_duration, show_duration
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import CATALOGUE


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


def test_no_sentence_shows_a_date_that_passes() -> None:
    for sentences in CATALOGUE.values():
        assert [key for key, said in sentences.items() if re.search(r"20\d\d[-/年]", said)] == []
