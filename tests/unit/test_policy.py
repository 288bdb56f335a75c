"""The rules of the house: how long, with what reason, and who decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.policy import allowed_duration, require_approver, require_reason
from bot.errors import Refusal, Refused
from tests.unit import samples
from tests.unit.samples import NOW, POLICY

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wish", "allowed"),
    [
        (None, POLICY.default_duration),
        (MINUTE, MINUTE),
        (timedelta(hours=9), timedelta(hours=9)),
        (POLICY.longest_duration, POLICY.longest_duration),
    ],
)
def test_a_wish_up_to_the_longest_is_allowed_and_none_is_the_default(
    wish: timedelta | None, allowed: timedelta
) -> None:
    assert allowed_duration(POLICY, now=NOW, wish=wish, until=None) == allowed


@pytest.mark.parametrize("left", [timedelta(seconds=1), timedelta(hours=3), POLICY.longest_duration])
def test_an_end_within_the_longest_rules_alone(left: timedelta) -> None:
    assert allowed_duration(POLICY, now=NOW, wish=None, until=NOW + left) is None


@pytest.mark.parametrize(
    ("wish", "left", "refusal"),
    [
        (POLICY.longest_duration + MINUTE, None, Refusal.DURATION_TOO_LONG),
        (None, POLICY.longest_duration + timedelta(seconds=1), Refusal.DURATION_TOO_LONG),
        (None, timedelta(), Refusal.END_PAST),
        (None, -MINUTE, Refusal.END_PAST),
    ],
)
def test_too_long_and_over_before_it_begins_are_refused(
    wish: timedelta | None, left: timedelta | None, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as caught:
        allowed_duration(POLICY, now=NOW, wish=wish, until=None if left is None else NOW + left)
    assert caught.value.reason is refusal


def test_who_asks_for_too_long_is_told_what_is_allowed() -> None:
    with pytest.raises(Refused) as caught:
        allowed_duration(POLICY, now=NOW, wish=timedelta(days=6), until=None)
    assert caught.value.params == {"longest": "5d"}


@pytest.mark.parametrize(
    ("least", "reason"), [(0, ""), (3, "fix"), (3, "quarterly migration"), (3, "月次の")]
)
def test_a_reason_of_enough_characters_will_do(least: int, reason: str) -> None:
    require_reason(replace(POLICY, minimum_reason=least), reason)


@pytest.mark.parametrize(("least", "reason"), [(1, ""), (3, "no"), (3, "月次")])
def test_a_shorter_reason_is_refused_with_the_least_that_would_do(least: int, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        require_reason(replace(POLICY, minimum_reason=least), reason)
    assert (caught.value.reason, caught.value.params) == (Refusal.REASON_SHORT, {"least": least})


@pytest.mark.parametrize("person", sorted(POLICY.approvers))
def test_every_approver_decides_on_what_others_ask(person: str) -> None:
    require_approver(POLICY, person=person, request=samples.request())


def test_whoever_is_no_approver_decides_nothing() -> None:
    with pytest.raises(Refused) as caught:
        require_approver(POLICY, person="U0COLLEAGUE", request=samples.request())
    assert (caught.value.reason, caught.value.params) == (Refusal.APPROVER_NOT, {"id": 17})


@pytest.mark.parametrize("requester", ["U0LEAD", "U0ENGINEER"])
def test_nobody_decides_on_their_own_request_approver_or_not(requester: str) -> None:
    own = replace(samples.request(), requester=requester)
    with pytest.raises(Refused) as caught:
        require_approver(POLICY, person=requester, request=own)
    assert caught.value.reason is Refusal.APPROVER_SELF
