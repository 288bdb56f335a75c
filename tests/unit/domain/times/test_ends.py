"""Ends as people type them, in English and Japanese: what they mean, and what is unclear or refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.duration import LONGEST
from bot.domain.times.ends import looks_like_end, read_end, read_window
from bot.domain.times.readings import Unclear, UnclearTime, write_reading
from bot.domain.times.vocabulary import TIMES
from bot.errors import Refusal, Refused

BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
CASABLANCA = ZoneInfo("Africa/Casablanca")
LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=BERLIN)  # a Tuesday


def meaning(typed: str, now: datetime, zone: ZoneInfo) -> str:
    """What a text means, on the person's clock: one time, or several with ``or``; or how it is refused."""
    try:
        read = read_end(typed, now=now, zone=zone)
    except Refused as refused:
        return refused.reason
    readings = read.readings if isinstance(read, Unclear) else (read,)
    return " or ".join(f"{each.astimezone(zone):%a %m-%d %H:%M}" for each in readings)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        # Clock times: the next time that the clock shows them.
        ("18:00", "Tue 11-24 18:00"),
        ("9:00", "Wed 11-25 09:00"),
        ("14:00", "Wed 11-25 14:00"),
        ("14:01", "Tue 11-24 14:01"),
        ("6pm", "Tue 11-24 18:00"),
        ("6 pm", "Tue 11-24 18:00"),
        ("6 p.m.", "Tue 11-24 18:00"),
        ("6:30PM", "Tue 11-24 18:30"),
        ("9am", "Wed 11-25 09:00"),
        ("12am", "Wed 11-25 00:00"),
        ("12pm", "Wed 11-25 12:00"),
        ("noon", "Wed 11-25 12:00"),
        ("midnight", "Wed 11-25 00:00"),
        ("24:00", "Wed 11-25 00:00"),
        ("until 6pm", "Tue 11-24 18:00"),
        ("by 6pm", "Tue 11-24 18:00"),
        ("18", "Tue 11-24 18:00"),
        ("18時", "Tue 11-24 18:00"),
        ("18時まで", "Tue 11-24 18:00"),
        ("18時半", "Tue 11-24 18:30"),
        ("18時30分", "Tue 11-24 18:30"),
        ("午後6時", "Tue 11-24 18:00"),
        ("午後6時半", "Tue 11-24 18:30"),
        ("午前9時", "Wed 11-25 09:00"),
        ("朝9時", "Wed 11-25 09:00"),
        ("夜9時", "Tue 11-24 21:00"),
        ("正午", "Wed 11-25 12:00"),
        ("25時", "Wed 11-25 01:00"),
        # Days: to their last minute.
        ("today", "Tue 11-24 23:59"),
        ("tomorrow", "Wed 11-25 23:59"),
        ("end of day", "Tue 11-24 23:59"),
        ("end of the day", "Tue 11-24 23:59"),
        ("EOD", "Tue 11-24 23:59"),
        ("end of month", "Mon 11-30 23:59"),
        ("friday", "Fri 11-27 23:59"),
        ("fri", "Fri 11-27 23:59"),
        ("this friday", "Fri 11-27 23:59"),
        ("monday", "Mon 11-30 23:59"),
        ("今日中", "Tue 11-24 23:59"),
        ("明日", "Wed 11-25 23:59"),
        ("明日まで", "Wed 11-25 23:59"),
        ("金曜", "Fri 11-27 23:59"),
        ("今月末", "Mon 11-30 23:59"),
        ("月末", "Mon 11-30 23:59"),
        # Days with a clock time.
        ("tomorrow 9am", "Wed 11-25 09:00"),
        ("Tomorrow at 9:00", "Wed 11-25 09:00"),
        ("9am tomorrow", "Wed 11-25 09:00"),
        ("tomorrow noon", "Wed 11-25 12:00"),
        ("noon tomorrow", "Wed 11-25 12:00"),
        ("day after tomorrow 9:00", "Thu 11-26 09:00"),
        ("today 23:59", "Tue 11-24 23:59"),
        ("tonight 8", "Tue 11-24 20:00"),
        ("tonight at 8:30", "Tue 11-24 20:30"),
        ("tonight at 2", "Wed 11-25 02:00"),
        ("tomorrow morning 9:30", "Wed 11-25 09:30"),
        ("9 in the morning", "Wed 11-25 09:00"),
        ("friday 18:00", "Fri 11-27 18:00"),
        ("18:00 on Friday", "Fri 11-27 18:00"),
        ("Friday, 6pm", "Fri 11-27 18:00"),
        ("friday next week", "Fri 12-04 23:59"),
        ("tuesday 9:00", "Tue 12-01 09:00"),
        ("next tuesday", "Tue 12-01 23:59"),
        ("明日の9時", "Wed 11-25 09:00"),
        ("明日9:00", "Wed 11-25 09:00"),
        ("明日 9:00", "Wed 11-25 09:00"),
        ("明日の朝9時", "Wed 11-25 09:00"),
        ("明後日9時", "Thu 11-26 09:00"),
        ("翌日9時", "Wed 11-25 09:00"),
        ("今夜8時", "Tue 11-24 20:00"),
        ("金曜18時", "Fri 11-27 18:00"),
        ("金曜日の18時まで", "Fri 11-27 18:00"),
        ("来週の金曜", "Fri 12-04 23:59"),
        ("来週金曜18時", "Fri 12-04 18:00"),
        # Dates.
        ("2026-12-24 18:00", "Thu 12-24 18:00"),
        ("2026-12-24T18:00", "Thu 12-24 18:00"),
        ("2026/12/24 18:00", "Thu 12-24 18:00"),
        ("2026-12-24", "Thu 12-24 23:59"),
        ("24 Dec 18:00", "Thu 12-24 18:00"),
        ("24. Dec", "Thu 12-24 23:59"),
        ("Dec 24", "Thu 12-24 23:59"),
        ("December 24 at 6pm", "Thu 12-24 18:00"),
        ("Dec 24, 2026 6pm", "Thu 12-24 18:00"),
        ("24th of December 18:00", "Thu 12-24 18:00"),
        ("Thu 24 Dec", "Thu 12-24 23:59"),
        ("24.12.2026 18:00", "Thu 12-24 18:00"),
        ("24.12.", "Thu 12-24 23:59"),
        ("24/12", "Thu 12-24 23:59"),
        ("12/24", "Thu 12-24 23:59"),
        ("24/12/26", "Thu 12-24 23:59"),
        ("05/05", "Wed 05-05 23:59"),
        ("5 Jan", "Tue 01-05 23:59"),
        ("the 26th", "Thu 11-26 23:59"),
        ("2026年12月24日18時", "Thu 12-24 18:00"),
        ("12月24日18時", "Thu 12-24 18:00"),
        ("12月24日", "Thu 12-24 23:59"),
        ("26日", "Thu 11-26 23:59"),
        ("26日(木)", "Thu 11-26 23:59"),
        ("26日18時まで", "Thu 11-26 18:00"),
        # Zones.
        ("18:00 UTC", "Tue 11-24 19:00"),
        ("18:00Z", "Tue 11-24 19:00"),
        ("6pm GMT", "Tue 11-24 19:00"),
        ("18:00 CET", "Tue 11-24 18:00"),
        ("18:00 JST", "Wed 11-25 10:00"),
        ("日本時間18時", "Wed 11-25 10:00"),
        ("18:00 ET", "Wed 11-25 00:00"),
        ("18:00 EST", "Wed 11-25 00:00"),
        ("18:00 +09:00", "Wed 11-25 10:00"),
        ("18:00+0900", "Wed 11-25 10:00"),
        ("18:00 UTC+2", "Tue 11-24 17:00"),
        ("18:00 Europe/London", "Tue 11-24 19:00"),
        ("18:00 america/new_york", "Wed 11-25 00:00"),
        ("2026-11-25T18:00+09:00", "Wed 11-25 10:00"),
        ("2026-11-25T18:00:00Z", "Wed 11-25 19:00"),
        ("tomorrow 9:00 UTC", "Wed 11-25 10:00"),
        ("friday 18:00 CET", "Fri 11-27 18:00"),
        # Unclear: every reading.
        ("6", "Tue 11-24 18:00 or Wed 11-25 06:00"),
        ("until 6", "Tue 11-24 18:00 or Wed 11-25 06:00"),
        ("6 o'clock", "Tue 11-24 18:00 or Wed 11-25 06:00"),
        ("12", "Wed 11-25 00:00 or Wed 11-25 12:00"),
        ("tomorrow 6", "Wed 11-25 06:00 or Wed 11-25 18:00"),
        ("tuesday", "Tue 11-24 23:59 or Tue 12-01 23:59"),
        ("tuesday 18:00", "Tue 11-24 18:00 or Tue 12-01 18:00"),
        ("火曜", "Tue 11-24 23:59 or Tue 12-01 23:59"),
        ("next friday", "Fri 11-27 23:59 or Fri 12-04 23:59"),
        ("next week", "Sun 11-29 23:59 or Sun 12-06 23:59"),
        ("来週", "Sun 11-29 23:59 or Sun 12-06 23:59"),
        ("end of week", "Fri 11-27 23:59 or Sun 11-29 23:59"),
        ("今週中", "Fri 11-27 23:59 or Sun 11-29 23:59"),
        ("monday morning", "Mon 11-30 09:00 or Mon 11-30 12:00"),
        ("tonight", "Tue 11-24 22:00 or Tue 11-24 23:59"),
        ("this evening", "Tue 11-24 18:00 or Tue 11-24 22:00"),
        ("tomorrow midnight", "Wed 11-25 00:00 or Thu 11-26 00:00"),
        ("the 24th", "Tue 11-24 23:59 or Thu 12-24 23:59"),
        ("04/05", "Mon 04-05 23:59 or Tue 05-04 23:59"),
        ("04/05/2027", "Mon 04-05 23:59 or Tue 05-04 23:59"),
        ("4.5.", "Mon 04-05 23:59 or Tue 05-04 23:59"),
        ("18:00 CEST", "Tue 11-24 17:00 or Tue 11-24 18:00"),
        ("18:00 CST", "Wed 11-25 00:00 or Wed 11-25 01:00 or Wed 11-25 11:00"),
        ("9:00 PST", "Tue 11-24 18:00 or Wed 11-25 02:00"),
        ("18:00 IST", "Tue 11-24 17:00 or Tue 11-24 18:00 or Tue 11-24 19:00 or Wed 11-25 13:30"),
    ],
)
def test_an_end_means_what_people_mean_by_it(typed: str, means: str) -> None:
    assert meaning(typed, NOW, BERLIN) == means


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", Refusal.END_UNREADABLE),
        ("frday", Refusal.END_UNREADABLE),
        ("the blue door", Refusal.END_UNREADABLE),
        ("now", Refusal.END_UNREADABLE),
        ("tomorrow now", Refusal.END_UNREADABLE),
        ("18:60", Refusal.END_UNREADABLE),
        ("25:00", Refusal.END_UNREADABLE),
        ("tomorrow at 25:00", Refusal.END_UNREADABLE),
        ("13pm", Refusal.END_UNREADABLE),
        ("30時", Refusal.END_UNREADABLE),
        ("18:00 19:00", Refusal.END_UNREADABLE),
        ("18:00 6", Refusal.END_UNREADABLE),
        ("today tomorrow", Refusal.END_UNREADABLE),
        ("tomorrow friday", Refusal.END_UNREADABLE),
        ("Fri 24 Dec 2026", Refusal.END_UNREADABLE),
        ("next week 18:00", Refusal.END_UNREADABLE),
        ("may", Refusal.END_UNREADABLE),
        ("next", Refusal.END_UNREADABLE),
        ("pm", Refusal.END_UNREADABLE),
        ("UTC", Refusal.END_UNREADABLE),
        ("at", Refusal.END_UNREADABLE),
        ("1800", Refusal.END_UNREADABLE),
        ("2027", Refusal.END_UNREADABLE),
        ("-18:00", Refusal.END_UNREADABLE),
        ("18:00 +99:00", Refusal.END_UNREADABLE),
        ("18:00 Mars/Olympus", Refusal.END_UNREADABLE),
        ("18:00 ../etc/passwd", Refusal.END_UNREADABLE),
        ("31/02 18:00", Refusal.END_UNREADABLE),
        ("2026-02-30 18:00", Refusal.END_UNREADABLE),
        ("2026-13-01 18:00", Refusal.END_UNREADABLE),
        ("2026-11-2518:00", Refusal.END_UNREADABLE),
        ("8時間", Refusal.END_UNREADABLE),
        ("１８:00", Refusal.END_UNREADABLE),
        ("18:00 " * 20, Refusal.END_UNREADABLE),
        ("yesterday", Refusal.END_PAST),
        ("昨日18時", Refusal.END_PAST),
        ("today 9:00", Refusal.END_PAST),
        ("this monday", Refusal.END_PAST),
        ("2026-11-24 14:00", Refusal.END_PAST),
        ("2025-11-25 18:00", Refusal.END_PAST),
        ("0001-01-01 00:00", Refusal.END_PAST),
        ("29 Feb", Refusal.DURATION_TOO_LONG),
        ("2027-11-26 18:00", Refusal.DURATION_TOO_LONG),
        ("9999-12-31 23:59", Refusal.DURATION_TOO_LONG),
    ],
)
def test_what_is_no_end_is_refused_by_name(typed: str, refusal: Refusal) -> None:
    assert meaning(typed, NOW, BERLIN) == refusal


@pytest.mark.parametrize(
    ("typed", "day", "means"),
    [
        # On a Friday, on a Sunday, and at the turn of the year.
        ("friday", 27, "Fri 11-27 23:59 or Fri 12-04 23:59"),
        ("next friday", 27, "Fri 12-04 23:59"),
        ("end of week", 27, "Fri 11-27 23:59 or Sun 11-29 23:59"),
        ("end of week", 28, "Sun 11-29 23:59"),
        ("next friday", 28, "Fri 12-04 23:59"),
        ("next friday", 29, "Fri 12-04 23:59 or Fri 12-11 23:59"),
        ("来週の金曜", 29, "Fri 12-04 23:59 or Fri 12-11 23:59"),
        ("monday", 29, "Mon 11-30 23:59"),
        ("end of month", 30, "Mon 11-30 23:59"),
    ],
)
def test_a_weekday_depends_on_the_day_on_which_it_is_typed(typed: str, day: int, means: str) -> None:
    assert meaning(typed, NOW.replace(day=day), BERLIN) == means


def test_a_date_without_a_year_is_the_next_such_date() -> None:
    eve = datetime(2026, 12, 31, 22, 0, tzinfo=BERLIN)
    assert meaning("Jan 1", eve, BERLIN) == "Fri 01-01 23:59"
    assert meaning("31 Dec", eve, BERLIN) == "Thu 12-31 23:59"
    assert meaning("29 Feb", datetime(2028, 2, 1, tzinfo=BERLIN), BERLIN) == "Tue 02-29 23:59"


def test_tomorrow_in_another_zone_may_be_another_day() -> None:
    # 23:30 in Berlin is already the 25th in Tokyo.
    late = datetime(2026, 11, 24, 23, 30, tzinfo=BERLIN)
    assert meaning("tomorrow 9:00 JST", late, BERLIN) == "Wed 11-25 01:00 or Thu 11-26 01:00"
    assert meaning("today 20:00 JST", late, BERLIN) == "Wed 11-25 12:00"


def test_an_abbreviation_that_the_persons_own_zone_has_means_that_zone() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    assert meaning("18:00 IST", datetime(2026, 11, 24, 14, 0, tzinfo=kolkata), kolkata) == "Tue 11-24 18:00"
    chicago = ZoneInfo("America/Chicago")
    assert meaning("18:00 CST", datetime(2026, 11, 24, 14, 0, tzinfo=chicago), chicago) == "Tue 11-24 18:00"


@pytest.mark.parametrize(
    ("zone", "now", "typed", "means"),
    [
        # Clocks go back: the hour comes twice.
        (BERLIN, "2026-10-25 00:00", "02:30", "02:30+02:00 or 02:30+01:00"),
        (BERLIN, "2026-10-25 00:00", "02:30 CEST", "02:30+02:00"),
        (BERLIN, "2026-10-25 00:00", "02:30 CET", "02:30+01:00"),
        (BERLIN, "2026-10-24 12:00", "tomorrow 2:30", "02:30+02:00 or 02:30+01:00"),
        (BERLIN, "2026-10-24 12:00", "明日の2時半", "02:30+02:00 or 02:30+01:00"),
        (BERLIN, "2026-10-25 00:00", "03:00", "03:00+01:00"),
        (BERLIN, "2026-10-25 00:00", "01:59", "01:59+02:00"),
        (NEW_YORK, "2026-11-01 00:00", "01:30", "01:30-04:00 or 01:30-05:00"),
        (NEW_YORK, "2026-11-01 00:00", "01:30 EST", "01:30-05:00"),
        (NEW_YORK, "2026-11-01 00:00", "1am", "01:00-04:00 or 01:00-05:00"),
        (LONDON, "2026-10-25 00:00", "01:15", "01:15+01:00 or 01:15+00:00"),
        (LORD_HOWE, "2026-04-05 00:00", "01:45", "01:45+11:00 or 01:45+10:30"),
        (LORD_HOWE, "2026-04-05 00:00", "01:15", "01:15+11:00"),
        # Clocks go forward: the time does not exist.
        (BERLIN, "2026-03-29 00:00", "02:30", "01:30+01:00 or 03:30+02:00"),
        (BERLIN, "2026-03-29 00:00", "03:00", "03:00+02:00"),
        (NEW_YORK, "2026-03-08 00:00", "02:30", "01:30-05:00 or 03:30-04:00"),
        (LONDON, "2026-03-29 00:00", "01:30", "00:30+00:00 or 02:30+01:00"),
        (LORD_HOWE, "2026-10-04 00:00", "02:15", "01:45+10:30 or 02:45+11:00"),
        (LORD_HOWE, "2026-10-04 00:00", "02:45", "02:45+11:00"),
        # Morocco goes back for Ramadan, by Europe's winter in the middle of spring.
        (CASABLANCA, "2026-02-15 00:00", "02:30", "02:30+01:00 or 02:30+00:00"),
        (CASABLANCA, "2026-03-22 00:00", "02:30", "01:30+00:00 or 03:30+01:00"),
        # Brazil and Japan change no more.
        (SAO_PAULO, "2026-10-18 00:00", "00:30", "00:30-03:00"),
        (TOKYO, "2026-03-29 00:00", "02:30", "02:30+09:00"),
        # Days of 23 and of 25 hours end on the clock.
        (BERLIN, "2026-03-29 00:30", "end of day", "23:59+02:00"),
        (BERLIN, "2026-10-25 00:30", "end of day", "23:59+01:00"),
    ],
)
def test_a_clock_time_that_comes_twice_or_never_has_both_readings(
    zone: ZoneInfo, now: str, typed: str, means: str
) -> None:
    read = read_end(typed, now=datetime.fromisoformat(now).replace(tzinfo=zone), zone=zone)
    readings = read.readings if isinstance(read, Unclear) else (read,)
    local = (each.astimezone(zone).isoformat() for each in readings)
    assert " or ".join(each[11:16] + each[19:] for each in local) == means


def test_of_a_time_that_comes_twice_the_one_that_has_passed_is_not_meant() -> None:
    between = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)  # 01:45 in New York, the first time
    assert read_end("01:30", now=between, zone=NEW_YORK) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_naive_now_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="aware"):
        read_end("18:00", now=NOW.replace(tzinfo=None), zone=TOKYO)


@pytest.mark.parametrize("typed", ["25:00", "frday", "31/02", "２４時"])
@pytest.mark.parametrize("zone", [TOKYO, NEW_YORK, ZoneInfo("Pacific/Kiritimati")])
@pytest.mark.parametrize("now", [NOW, datetime(2026, 12, 31, 23, 59, tzinfo=UTC)])
def test_the_example_of_an_end_lies_ahead_and_is_one_that_is_taken(
    typed: str, zone: ZoneInfo, now: datetime
) -> None:
    with pytest.raises(Refused) as refused:
        read_end(typed, now=now, zone=zone)
    end = read_end(str(refused.value.params["example"]), now=now, zone=zone)
    assert isinstance(end, datetime)
    assert end - now < timedelta(days=4)


MOMENTS = st.integers(min_value=1_600_000_000, max_value=2_100_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
ZONES = st.sampled_from((BERLIN, TOKYO, NEW_YORK, LORD_HOWE, CASABLANCA, ZoneInfo("Pacific/Kiritimati")))
WORDS = st.lists(
    st.one_of(
        st.sampled_from(sorted(TIMES)),
        st.sampled_from(("6", "18:00", "02:30", "6pm", "04/05", "2026-12-24", "24", "UTC", "CST", "24日")),
    ),
    min_size=1,
    max_size=4,
).map(" ".join)


@given(st.one_of(st.text(), WORDS), MOMENTS, ZONES)
def test_any_text_is_an_end_that_is_ahead_or_readings_that_are_or_one_refusal(
    typed: str, now: datetime, zone: ZoneInfo
) -> None:
    try:
        read = read_end(typed, now=now, zone=zone)
    except Refused:
        return
    readings = read.readings if isinstance(read, Unclear) else (read,)
    assert all(timedelta(0) < each - now <= LONGEST for each in readings)
    assert list(readings) == sorted(set(readings))


@given(WORDS, MOMENTS, ZONES)
def test_a_written_reading_reads_back_as_itself_alone(typed: str, now: datetime, zone: ZoneInfo) -> None:
    try:
        read = read_end(typed, now=now, zone=zone)
    except Refused:
        return
    for each in read.readings if isinstance(read, Unclear) else (read,):
        written = write_reading(each)
        assert looks_like_end(written)
        assert read_end(written, now=now, zone=zone) == each


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("18:00", True),
        ("tomorrow", True),
        ("until 6", True),
        ("friday 18:00", True),
        ("18時", True),
        ("18:60", True),
        ("金曜", True),
        ("8h", False),
        ("8時間", False),
        ("1時間半", False),
        ("1 week", False),
        ("2日", False),
        ("6", False),
        ("frday", False),
    ],
)
def test_one_field_takes_durations_and_ends(typed: str, end: bool) -> None:
    assert looks_like_end(typed) is end


@pytest.mark.parametrize(
    ("start", "until", "duration", "window"),
    [
        ("23:00", None, "1h", "11-24 23:00 to 11-25 00:00"),
        ("tomorrow 22:00", "23:30", None, "11-25 22:00 to 11-25 23:30"),
        ("22:00", "23:30", None, "11-24 22:00 to 11-24 23:30"),
        ("22:00", "2:00", None, "11-24 22:00 to 11-25 02:00"),
        ("明日22時", "23時半", None, "11-25 22:00 to 11-25 23:30"),
        ("friday 18:00", None, "1 week", "11-27 18:00 to 12-04 18:00"),
        ("tomorrow", "friday", None, "11-25 00:00 to 11-27 23:59"),
    ],
)
def test_a_later_start_has_its_end_as_seen_from_it(
    start: str, until: str | None, duration: str | None, window: str
) -> None:
    read = read_window(start, until=until, duration=duration, now=NOW, zone=BERLIN)
    assert read is not None
    assert read.end is not None
    shown = (f"{each.astimezone(BERLIN):%m-%d %H:%M}" for each in (read.start, read.end))
    assert " to ".join(shown) == window


@pytest.mark.parametrize("start", ["now", "from now", "today", "今", "今から", "今日から"])
def test_a_start_that_is_now_is_no_later_start(start: str) -> None:
    assert read_window(start, until="18:00", duration=None, now=NOW, zone=BERLIN) is None


def test_a_start_in_the_past_is_refused_as_a_start() -> None:
    with pytest.raises(Refused) as refused:
        read_window("today 9:00", until="18:00", duration=None, now=NOW, zone=BERLIN)
    assert refused.value.reason is Refusal.START_PAST


def test_an_unclear_start_is_told_with_its_readings() -> None:
    with pytest.raises(UnclearTime) as unclear:
        read_window("tuesday 18:00", until=None, duration="1h", now=NOW, zone=BERLIN)
    assert len(unclear.value.readings) == 2
