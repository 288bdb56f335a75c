"""An outage takes nothing from a grant: its hard end moves while nothing of it can be open."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState
from bot.domain.method import OPENING_DEADLINE
from bot.domain.schedule import OPERATION_DEADLINE, POSTPONED_AT_MOST
from tests.unit import factories
from tests.unit.factories import NOW

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=2)


def applying() -> Grant:
    """A grant for 8 hours that was just approved."""
    return grants.begin(factories.request(), id=factories.database().id, now=NOW)


@pytest.mark.parametrize(("enables_mtls", "more"), [(False, timedelta()), (True, OPERATION_DEADLINE)])
def test_the_hard_end_is_what_it_were_if_the_approval_were_of_now(
    enables_mtls: bool, more: timedelta
) -> None:
    moved = grants.postponed(applying(), now=LATER, enables_mtls=enables_mtls)
    assert moved.ends_at == LATER + OPENING_DEADLINE + more + timedelta(hours=8)


def test_a_read_back_within_the_deadline_leaves_the_whole_duration() -> None:
    moved = grants.postponed(applying(), now=LATER, enables_mtls=False)
    at = LATER + OPENING_DEADLINE
    assert grants.verified(moved, now=at, warn_before=MINUTE).ends_at == at + timedelta(hours=8)


def test_an_end_never_moves_forward() -> None:
    grant = grants.postponed(applying(), now=LATER, enables_mtls=False)
    assert grants.postponed(grant, now=NOW, enables_mtls=False) == grant


@pytest.mark.parametrize("end", [None, NOW + timedelta(hours=1)])
def test_what_has_no_duration_keeps_its_end(end: datetime | None) -> None:
    grant = replace(applying(), duration=None, ends_at=end)
    assert grants.postponed(grant, now=LATER, enables_mtls=False) == grant


@pytest.mark.parametrize("state", GrantState)
def test_only_what_is_to_be_opened_waits(state: GrantState) -> None:
    grant = replace(applying(), state=state)
    assert grants.can_wait(grant, now=LATER) is (state is GrantState.APPLYING)


def test_what_was_in_force_before_does_not_wait() -> None:
    assert not grants.can_wait(replace(applying(), verified_at=NOW), now=LATER)


@pytest.mark.parametrize(("age", "waits"), [(POSTPONED_AT_MOST, True), (POSTPONED_AT_MOST + MINUTE, False)])
def test_an_approval_waits_for_a_day(age: timedelta, waits: bool) -> None:
    assert grants.can_wait(applying(), now=NOW + age) is waits
