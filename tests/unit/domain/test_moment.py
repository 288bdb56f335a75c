"""Moments in the past, as people type them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.moment import parse_moment, show_moment
from tests.unit.factories import NOW

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
TWO = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "zone", "moment"),
    [
        ("2026-03-03 14:00", UTC, TWO),
        ("2026-03-03T14:00", UTC, TWO),
        ("2026-03-03T14:00Z", TOKYO, TWO),
        ("2026-03-03 14:00 UTC", TOKYO, TWO),
        ("2026-03-03 14:00:00z", TOKYO, TWO),
        ("2026-03-03T23:00+09:00", BERLIN, TWO),
        ("2026-03-03 23:00 +0900", UTC, TWO),
        ("2026-03-03 09:00-05:00", UTC, TWO),
        ("2026-03-03 23:00", TOKYO, TWO),
        ("2026/3/3 23:00", TOKYO, TWO),
        ("2026年3月3日 23時", TOKYO, TWO),
        ("2026年3月3日23時0分", TOKYO, TWO),
        ("2026-03-03 14:00:30.123", UTC, TWO + timedelta(seconds=30)),
        ("2026-03-03", UTC, TWO.replace(hour=0)),
        # NOW is 09:00 UTC, 18:00 in Tokyo.
        ("8:00", UTC, NOW - timedelta(hours=1)),
        ("17:00", TOKYO, NOW - timedelta(hours=1)),
        ("today 17:00", TOKYO, NOW - timedelta(hours=1)),
        ("Yesterday at 17:00", TOKYO, NOW - timedelta(hours=25)),
        ("昨日の17時", TOKYO, NOW - timedelta(hours=25)),
        ("  2026-03-03   14:00 ", UTC, TWO),
        # When clocks go back the first of two equal times is meant; a skipped one is as in PEP 495.
        ("2026-10-25 02:30", BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29 02:30", BERLIN, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_the_zone_of_who_asks_unless_it_has_an_offset(
    typed: str, zone: ZoneInfo, moment: datetime
) -> None:
    assert parse_moment(typed, now=NOW, zone=zone) == moment


@pytest.mark.parametrize(
    "typed",
    ["", "now", "lunch", "14", "25:00", "14:60", "2026-02-30 14:00", "2026-13-01", "2026-03-03 14:00 CET",
     "2026-03-03 14:00 +99:99", "0000-01-01", "2026-03-03 14:00 and more", "tomorrow 9:00", "٢٠٢٦-٠٣-٠٣",
     "2026-03-03 14:00+9", "9" * 500],
)  # fmt: skip
def test_what_is_no_moment_is_none(typed: str) -> None:
    assert parse_moment(typed, now=NOW, zone=UTC) is None


@pytest.mark.parametrize("typed", ["0001-01-01 00:00+14:00", "9999-12-31 23:00-14:00"])
def test_moments_beyond_the_calendar_are_none(typed: str) -> None:
    assert parse_moment(typed, now=NOW, zone=UTC) is None


@pytest.mark.parametrize("zone", [UTC, TOKYO, BERLIN, ZoneInfo("America/St_Johns")])
def test_what_is_shown_is_read_back_as_the_same_moment(zone: ZoneInfo) -> None:
    for hours in range(0, 24 * 365, 37):
        moment = TWO + timedelta(hours=hours, seconds=hours % 2)
        assert parse_moment(show_moment(moment, zone), now=NOW, zone=UTC) == moment


def test_a_moment_is_shown_with_its_zone() -> None:
    assert show_moment(TWO) == "2026-03-03 14:00 UTC"
    assert show_moment(TWO, TOKYO) == "2026-03-03 23:00 +09:00"
