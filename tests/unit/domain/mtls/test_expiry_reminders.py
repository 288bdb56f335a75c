"""The schedule of reminders: each step once, the most urgent one after downtime, and put off only so far."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.mtls import expiry_reminders
from bot.domain.mtls.expiry_reminders import SNOOZES, STEPS, ReminderSchedule
from bot.errors import Refusal, Refused

END = datetime(2027, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

MOMENTS = st.floats(min_value=-5, max_value=400, allow_nan=False).map(lambda days: END - days * DAY)
"""From more than a year before the end to five days after it."""

ENDS = st.floats(min_value=-100, max_value=100, allow_nan=False).map(lambda days: END + days * DAY)


def climb(
    state: ReminderSchedule, ticks: list[datetime], *, end: datetime = END
) -> tuple[ReminderSchedule, list[int]]:
    """Follows the clock through some moments; what was said on the way."""
    said: list[int] = []
    for now in ticks:
        step = expiry_reminders.due(state, expires_at=end, now=now)
        if step is not None:
            said.append(step)
            state = expiry_reminders.reminded(state, step)
    return state, said


# --- steps -----------------------------------------------------------------------------------------


def test_whoever_looks_all_the_time_hears_every_step_at_its_moment() -> None:
    hours = [END - 70 * DAY + hour * timedelta(hours=1) for hour in range(75 * 24)]
    assert climb(ReminderSchedule(), hours)[1] == list(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_due_from_its_moment_on_and_not_a_second_before(step: int) -> None:
    moment = END - step * DAY
    assert expiry_reminders.due(ReminderSchedule(), expires_at=END, now=moment) == step
    assert expiry_reminders.due(ReminderSchedule(), expires_at=END, now=moment - SECOND) != step


def test_after_downtime_over_several_steps_only_the_most_urgent_is_said() -> None:
    state = expiry_reminders.reminded(ReminderSchedule(), 60)
    assert climb(state, [END - 5 * DAY, END - 5 * DAY]) == (ReminderSchedule(step=7), [7])


def test_once_the_end_is_said_nothing_follows() -> None:
    state = expiry_reminders.reminded(ReminderSchedule(), 0)
    assert expiry_reminders.next_moment(state, expires_at=END) is None
    assert expiry_reminders.due(state, expires_at=END, now=END + 1000 * DAY) is None


@given(st.lists(MOMENTS, max_size=40))
def test_however_time_jumps_each_step_is_said_once_and_ever_nearer_the_end(ticks: list[datetime]) -> None:
    _, said = climb(ReminderSchedule(), ticks)
    assert all(earlier > later for earlier, later in pairwise(said))


@given(st.lists(MOMENTS, min_size=1, max_size=40))
def test_catching_up_ends_where_looking_all_the_time_ends(ticks: list[datetime]) -> None:
    often, _ = climb(ReminderSchedule(), sorted(ticks))
    once, said = climb(ReminderSchedule(), [max(ticks)])
    assert often == once
    assert len(said) <= 1


@given(MOMENTS, st.sampled_from([None, *STEPS]), st.one_of(st.none(), MOMENTS))
def test_something_is_due_exactly_when_the_next_moment_has_come(
    now: datetime, step: int | None, until: datetime | None
) -> None:
    state = ReminderSchedule(step=step, snoozed_until=None if step is None else until)
    moment = expiry_reminders.next_moment(state, expires_at=END)
    assert (expiry_reminders.due(state, expires_at=END, now=now) is not None) is (
        moment is not None and moment <= now
    )


@given(st.lists(MOMENTS, max_size=20), ENDS)
def test_an_end_that_is_read_anew_says_no_step_twice(ticks: list[datetime], other: datetime) -> None:
    state, said = climb(ReminderSchedule(), ticks)
    _, further = climb(state, ticks, end=other)
    assert not set(said) & set(further)


# --- taking note -----------------------------------------------------------------------------------


def test_taking_note_is_quiet_until_the_next_step_and_not_beyond() -> None:
    state = expiry_reminders.reminded(ReminderSchedule(), 30)
    later = expiry_reminders.snoozed(state, expires_at=END, now=END - 30 * DAY, handle="17")
    noted = expiry_reminders.acknowledged(later, by="U0ENGINEER", now=END)
    assert expiry_reminders.next_moment(noted, expires_at=END) == END - 14 * DAY
    assert climb(noted, [END - 20 * DAY, END - 14 * DAY])[1] == [14]


def test_a_new_step_wants_to_be_taken_note_of_anew() -> None:
    noted = expiry_reminders.acknowledged(ReminderSchedule(step=30), by="U0ENGINEER", now=END - 29 * DAY)
    assert expiry_reminders.reminded(noted, 14) == ReminderSchedule(step=14)


# --- putting off -----------------------------------------------------------------------------------


def test_a_reminder_that_was_put_off_comes_again_after_a_week() -> None:
    now = END - 60 * DAY
    state = expiry_reminders.snoozed(ReminderSchedule(step=60), expires_at=END, now=now, handle="17")
    assert state.snoozed_until == now + 7 * DAY
    assert climb(state, [now + 6 * DAY, now + 7 * DAY, now + 7 * DAY])[1] == [60]


def test_where_the_next_step_is_nearer_it_comes_again_half_the_way_there() -> None:
    state = expiry_reminders.snoozed(
        ReminderSchedule(step=14), expires_at=END, now=END - 14 * DAY, handle="17"
    )
    assert state.snoozed_until == END - 10.5 * DAY


@given(st.sampled_from([step for step in STEPS if step > 3]), st.floats(min_value=0, max_value=60))
def test_nothing_is_put_off_to_the_next_step_nor_past_three_days_before_the_end(
    step: int, after: float
) -> None:
    now = END - step * DAY + after * DAY
    until = expiry_reminders.snooze_until(ReminderSchedule(step=step), expires_at=END, now=now)
    if until is None:
        assert now >= END - 3 * DAY
        return
    assert now < until < END - 3 * DAY
    assert until <= now + 7 * DAY
    assert all(until < moment for other in STEPS if (moment := END - other * DAY) > now and other < step)


def test_a_step_is_put_off_twice_and_no_more_and_the_next_one_anew() -> None:
    now, state = END - 60 * DAY, ReminderSchedule(step=60)
    for _ in range(SNOOZES):
        state = expiry_reminders.snoozed(state, expires_at=END, now=now, handle="17")
        assert state.snoozed_until is not None
        now = state.snoozed_until
        state = expiry_reminders.reminded(state, 60)
    with pytest.raises(Refused) as caught:
        expiry_reminders.snoozed(state, expires_at=END, now=now, handle="17")
    assert caught.value.reason is Refusal.SNOOZE_SPENT
    assert expiry_reminders.reminded(state, 30).snoozes == 0


@pytest.mark.parametrize("left", [3, 2, 0, -1])
def test_in_the_last_three_days_nothing_is_put_off(left: int) -> None:
    with pytest.raises(Refused) as caught:
        expiry_reminders.snoozed(ReminderSchedule(step=3), expires_at=END, now=END - left * DAY, handle="17")
    assert caught.value.reason is Refusal.SNOOZE_LATE


# --- the weekly summary ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 30, 9, tzinfo=UTC)),
        (datetime(2026, 11, 30, 8, 59, tzinfo=UTC), datetime(2026, 11, 30, 9, tzinfo=UTC)),
        (datetime(2026, 11, 30, 9, tzinfo=UTC), datetime(2026, 12, 7, 9, tzinfo=UTC)),
        (datetime(2026, 11, 29, 23, 59, tzinfo=UTC), datetime(2026, 11, 30, 9, tzinfo=UTC)),
    ],
)
def test_what_nobody_owns_is_summed_up_on_monday_at_nine(now: datetime, monday: datetime) -> None:
    assert expiry_reminders.next_summary(now) == monday
