"""The budget of Heroku calls: closing goes first, mere looks never use up what changes need."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.rate_budget import FLOOR, OBSERVATIONS, RESERVED, Budget, CallPriority
from tests.unit.factories import NOW

FULL = Budget(size=4500, refill=1.25, tokens=4500, observations=1500, at=NOW)

purposes = st.sampled_from(CallPriority)
steps = st.lists(st.tuples(purposes, st.integers(1, 400), st.floats(0, 600)), max_size=40)


def test_a_third_of_the_tokens_is_all_that_looks_can_use_at_once() -> None:
    assert FULL.acquire(CallPriority.OBSERVE, 4500)[1] == 1500


def test_additions_leave_a_tenth_to_removals() -> None:
    left, granted = FULL.acquire(CallPriority.ADD, 4500)
    assert granted == 4050
    assert left.acquire(CallPriority.ADD, 1)[1] == 0
    assert left.acquire(CallPriority.REMOVE, 1000)[1] == 450 - FLOOR


def test_removals_leave_what_may_be_under_way() -> None:
    assert FULL.acquire(CallPriority.REMOVE, 5000)[1] == 4500 - FLOOR


def test_looks_use_up_the_tokens_of_all() -> None:
    assert FULL.acquire(CallPriority.OBSERVE, 100)[0].tokens == 4400


def test_tokens_come_back_evenly_until_the_pool_is_full() -> None:
    spent = replace(FULL, tokens=100.0, observations=0.0)
    later = spent.later(NOW + timedelta(seconds=60))
    assert (later.tokens, round(later.observations, 6)) == (175.0, 25.0)
    assert spent.later(NOW + timedelta(days=1)).tokens == 4500


def test_a_clock_that_stands_still_or_goes_back_brings_no_tokens() -> None:
    spent = replace(FULL, tokens=100.0)
    assert spent.later(NOW - timedelta(hours=1)) == spent


@given(purposes, st.floats(0, 4500), st.floats(0, 1500))
def test_after_the_wait_there_is_a_token(purpose: CallPriority, tokens: float, observations: float) -> None:
    budget = replace(FULL, tokens=tokens, observations=observations)
    waited = budget.later(NOW + budget.wait(purpose) + timedelta(milliseconds=1))
    assert waited.acquire(purpose, 1)[1] == 1


@given(steps)
def test_nobody_ever_draws_more_than_has_come_back(drawing: list[tuple[CallPriority, int, float]]) -> None:
    budget, plan, now = FULL, 0, NOW
    for purpose, calls, seconds in drawing:
        now += timedelta(seconds=seconds)
        budget, granted = budget.later(now).acquire(purpose, calls)
        plan += granted
        assert 0 <= granted <= calls
        assert plan <= FULL.size + (now - NOW).total_seconds() * FULL.refill


@given(steps)
def test_looks_get_a_third_at_most_in_the_long_run(drawing: list[tuple[CallPriority, int, float]]) -> None:
    budget, observed, now = FULL, 0, NOW
    for purpose, calls, seconds in drawing:
        now += timedelta(seconds=seconds)
        budget, granted = budget.later(now).acquire(purpose, calls)
        observed += granted if purpose is CallPriority.OBSERVE else 0
    assert observed <= (FULL.size + (now - NOW).total_seconds() * FULL.refill) * OBSERVATIONS + 1e-6


@given(st.floats(0, 4500 * RESERVED), st.integers(1, 100))
def test_with_little_left_only_removals_go_on(tokens: float, calls: int) -> None:
    little = replace(FULL, tokens=tokens)
    assert little.acquire(CallPriority.OBSERVE, calls)[1] == little.acquire(CallPriority.ADD, calls)[1] == 0


def test_what_heroku_says_is_believed_but_for_calls_under_way() -> None:
    assert FULL.correct(300).tokens == 300 - FLOOR
    assert FULL.correct(3).tokens == 0
    assert replace(FULL, tokens=5.0).correct(9999).tokens == 4500 - FLOOR
