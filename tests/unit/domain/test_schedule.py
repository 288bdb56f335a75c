"""When things end, when people are warned, and when to look again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.grant import Grant, ReasonCode, again, begin, closing, extended, verified
from bot.domain.method import OPENING_DEADLINE, Method
from bot.domain.schedule import (
    end_once_verified,
    gap,
    hard_end,
    opening_deadline,
    reminder,
    warning,
)
from bot.domain.timings import DEFAULT
from tests.unit import factories
from tests.unit.factories import NOW

HOUR = timedelta(hours=1)
HALF_AN_HOUR = timedelta(minutes=30)

durations = st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=366))
delays = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30))


def test_a_duration_may_be_used_up_by_opening_before_it_counts() -> None:
    assert hard_end(started=NOW, duration=HOUR, until=None) == NOW + OPENING_DEADLINE + HOUR


def test_an_end_that_was_given_is_absolute() -> None:
    assert hard_end(started=NOW, duration=None, until=NOW + HOUR) == NOW + HOUR


def test_what_has_neither_has_no_end_and_no_warning() -> None:
    assert hard_end(started=NOW, duration=None, until=None) is None
    assert end_once_verified(verified=NOW, duration=None, hard=None) is None
    assert warning(verified=NOW, end=None, before=HOUR) is None


@pytest.mark.parametrize(
    ("opened_after", "lasts"),
    [
        (timedelta(), HOUR),
        (timedelta(minutes=2), HOUR),
        (OPENING_DEADLINE, HOUR),
        (OPENING_DEADLINE + timedelta(minutes=5), HOUR - timedelta(minutes=5)),
    ],
)
def test_a_duration_counts_from_the_read_back_up_to_the_hard_end(
    opened_after: timedelta, lasts: timedelta
) -> None:
    opened = NOW + opened_after
    hard = hard_end(started=NOW, duration=HOUR, until=None)
    assert end_once_verified(verified=opened, duration=HOUR, hard=hard) == opened + lasts


@given(duration=durations, delay=delays)
def test_the_end_after_the_read_back_is_never_later_than_the_hard_end(
    duration: timedelta, delay: timedelta
) -> None:
    hard = hard_end(started=NOW, duration=duration, until=None)
    end = end_once_verified(verified=NOW + delay, duration=duration, hard=hard)
    assert hard is not None
    assert end is not None
    assert end <= hard
    assert end <= NOW + delay + duration


@given(left=durations, delay=delays)
def test_an_absolute_end_is_not_moved_by_the_read_back(left: timedelta, delay: timedelta) -> None:
    hard = hard_end(started=NOW, duration=None, until=NOW + left)
    assert end_once_verified(verified=NOW + delay, duration=None, hard=hard) == NOW + left


@pytest.mark.parametrize(
    ("lasts", "before", "ahead"),
    [
        (timedelta(hours=8), HALF_AN_HOUR, HALF_AN_HOUR),
        (timedelta(hours=2), HALF_AN_HOUR, HALF_AN_HOUR),
        (HOUR, HALF_AN_HOUR, timedelta(minutes=15)),
        (timedelta(minutes=4), HALF_AN_HOUR, timedelta(minutes=1)),
        (timedelta(days=5), timedelta(days=3), timedelta(hours=30)),
    ],
)
def test_a_warning_comes_ahead_of_the_end_but_in_the_last_quarter(
    lasts: timedelta, before: timedelta, ahead: timedelta
) -> None:
    end = NOW + lasts
    assert warning(verified=NOW, end=end, before=before) == end - ahead


@given(lasts=durations, before=durations)
def test_a_warning_is_never_before_the_last_quarter_nor_after_the_end(
    lasts: timedelta, before: timedelta
) -> None:
    end = NOW + lasts
    warned = warning(verified=NOW, end=end, before=before)
    assert warned is not None
    assert NOW + lasts * 3 / 4 - timedelta(microseconds=1) <= warned < end


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 15), (5, 15), (4711, 15)]
)
def test_reading_back_grows_slower_and_goes_on(attempts: int, seconds: int) -> None:
    assert gap(DEFAULT.read_back, attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 5), (3, 60), (4, 60)])
def test_trouble_is_tried_again_every_minute_at_last(attempts: int, seconds: int) -> None:
    assert gap(DEFAULT.retry, attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("given", "hours"), [(0, 1), (1, 4), (2, 12)])
def test_reminders_are_counted_from_the_asking(given: int, hours: int) -> None:
    assert reminder(asked=NOW, after=factories.RULE.remind_after, given=given) == NOW + hours * HOUR


@pytest.mark.parametrize("given", [3, 4, 4711])
def test_after_the_last_reminder_there_is_none(given: int) -> None:
    assert reminder(asked=NOW, after=factories.RULE.remind_after, given=given) is None
    assert reminder(asked=NOW, after=(), given=0) is None


def opened(delay: timedelta = timedelta()) -> Grant:
    """A grant for 8 hours that was read back some time after its approval."""
    approved = begin(factories.request(), id=factories.grant().id, now=NOW)
    return verified(approved, now=NOW + delay, warn_before=HALF_AN_HOUR)


@given(delay=delays)
def test_a_grant_ends_no_later_once_it_is_read_back_than_when_it_was_approved(delay: timedelta) -> None:
    approved, in_force = begin(factories.request(), id=factories.grant().id, now=NOW), opened(delay)
    assert approved.ends_at is not None
    assert in_force.ends_at is not None
    assert in_force.ends_at <= approved.ends_at
    assert closing(in_force, ReasonCode.EXPIRED).ends_at == in_force.ends_at


@given(since=st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=8)), by=durations)
def test_an_extension_moves_the_end_by_what_was_given_whenever_it_comes(
    since: timedelta, by: timedelta
) -> None:
    before = opened()
    after = extended(before, by, now=NOW + since, warn_before=HALF_AN_HOUR, alone=False)
    assert before.ends_at is not None
    assert after.ends_at == before.ends_at + by
    assert after.warn_at is not None
    assert NOW + since < after.warn_at < after.ends_at


@given(first=durations, second=durations)
def test_only_what_an_owner_extends_alone_uses_up_their_own(first: timedelta, second: timedelta) -> None:
    grant = extended(opened(), first, now=NOW, warn_before=HOUR, alone=True)
    grant = extended(grant, second, now=NOW, warn_before=HOUR, alone=False)
    assert grant.extended == first
    assert grant.duration == timedelta(hours=8) + first + second


def test_what_has_no_end_cannot_be_extended() -> None:
    with pytest.raises(ValueError, match="without an end"):
        extended(factories.grant(endless=True), HOUR, now=NOW, warn_before=HOUR, alone=True)


@given(delay=delays, again_after=delays)
def test_what_is_opened_again_never_ends_later_than_it_would_have(
    delay: timedelta, again_after: timedelta
) -> None:
    before = opened(delay)
    reopened = verified(again(before), now=NOW + delay + again_after, warn_before=HALF_AN_HOUR)
    assert before.ends_at is not None
    assert reopened.ends_at is not None
    assert reopened.ends_at <= before.ends_at


def test_privatelink_has_time_for_the_endpoint_and_for_an_account_after_it() -> None:
    assert opening_deadline(enables_mtls=False, method=Method.PRIVATELINK) == timedelta(minutes=45)
    hard = hard_end(started=NOW, duration=HOUR, until=None, method=Method.PRIVATELINK)
    assert hard == NOW + timedelta(minutes=45) + HOUR


@pytest.mark.parametrize(("failures", "seconds"), [(0, 60), (1, 5), (2, 15), (3, 30), (4, 60), (99, 60)])
def test_after_failures_a_removal_is_requested_again_sooner(failures: int, seconds: int) -> None:
    timings = DEFAULT.after_failures(failures)
    assert timings.removal_patience == timedelta(seconds=seconds)
    assert replace(timings, removal_patience=DEFAULT.removal_patience) == DEFAULT
