"""How long to wait, whatever a ``Retry-After`` says."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outside.retry_after import LONGEST, SHORTEST, UNSAID, read_retry_after

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def seconds(header: str | None) -> float:
    return read_retry_after(header, now=NOW).total_seconds()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("20", 20),
        (" 20 ", 20),
        ("2.5", 2.5),
        ("0", 1),
        ("-5", 1),
        ("-inf", 1),
        ("1e9", 300),
        ("9" * 400, 300),
        ("inf", 300),
        ("nan", 300),
        ("soon", 300),
        ("Mon, 99 Foo 2026", 300),
        ("Tue, 24 Nov 99999 09:00:00 GMT", 300),
        ("Tue, 24 Nov 2026 09:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 09:00:30 -0000", 30),
        ("Tue, 24 Nov 2026 18:00:30 +0900", 30),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 1),
        ("Wed, 24 Nov 2027 09:00:00 GMT", 300),
        ("Tue, 24 Nov 2026 09:00:30 +99999999", 300),
        ("Sat, 01 Jan 0001 00:00:00 +1400", 1),
        (None, 30),
        ("", 30),
        ("  ", 30),
    ],
)
def test_a_wait_is_read_in_every_form_and_within_reason(header: str | None, wait: float) -> None:
    assert seconds(header) == wait


@given(st.none() | st.text(max_size=40) | st.floats().map(str) | st.integers().map(str))
def test_whatever_it_says_the_wait_is_neither_none_nor_for_ever(header: str | None) -> None:
    assert SHORTEST <= read_retry_after(header, now=NOW) <= LONGEST


@given(st.datetimes(timezones=st.timezones() | st.just(timezone(timedelta(hours=9)))))
def test_every_date_is_a_wait(moment: datetime) -> None:
    assert SHORTEST <= read_retry_after(format_datetime(moment), now=NOW) <= LONGEST


def test_where_nothing_is_said_the_wait_is_neither_of_the_limits() -> None:
    assert SHORTEST < UNSAID < LONGEST
