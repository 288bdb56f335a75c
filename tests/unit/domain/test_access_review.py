"""What an access review asks of, in which groups, on which page, and when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import access_review
from bot.domain.access_review import (
    PER_PAGE,
    WEEK,
    Answer,
    Answered,
    Review,
    Reviewed,
    ReviewedKind,
    ReviewItem,
    page_of,
)
from bot.domain.grant import LIVE_STATES, Grant, GrantState, Kept
from bot.domain.mtls.certificate import KnownCertificate
from tests.unit import factories
from tests.unit.factories import NOW

MONTH = timedelta(days=30)
DAY = timedelta(days=1)
REVIEW = Review(id=3, begun_at=NOW, answer_by=NOW + 14 * DAY, told_at=None, over=False)


def lasting(length: timedelta | None, state: GrantState = GrantState.IN_FORCE) -> Grant:
    """A grant of a length; None has no end."""
    grant = factories.grant(state, endless=True)
    return replace(grant, ends_at=None if length is None else grant.started_at + length, duration=length)


def item(number: int, *, answer: Answer | None = None, gone: bool = False) -> ReviewItem:
    answered = None if answer is None else Answered(answer=answer, by="U0LEAD", at=NOW, because="needed")
    return ReviewItem(
        id=number,
        review=REVIEW.id,
        group=1,
        approvers=("U0LEAD",),
        reviewed=Reviewed(
            kind=ReviewedKind.GRANT,
            request=number,
            certificate=None,
            target=UUID(int=1),
            owner="U0ENGINEER",
            label="billing",
            subject="203.0.113.4/32",
            ends_at=None,
        ),
        answered=answered,
        gone=gone,
    )


@given(state=st.sampled_from(GrantState), days=st.none() | st.integers(0, 400))
def test_a_grant_is_reviewed_if_it_can_be_ended_and_has_no_end_or_a_late_one(
    state: GrantState, days: int | None
) -> None:
    grant = lasting(None if days is None else days * DAY, state)
    expected = state in LIVE_STATES and (days is None or days > 30)
    assert access_review.is_long(grant, MONTH) is expected


@pytest.mark.parametrize(("days", "reviewed"), [(2, False), (60, True)])
def test_one_that_waits_for_heroku_support_is_judged_by_its_duration(days: int, reviewed: bool) -> None:
    waiting = replace(lasting(None, GrantState.WAITING), duration=days * DAY)
    assert access_review.is_long(waiting, MONTH) is reviewed


def test_extensions_count() -> None:
    grant = lasting(29 * DAY)
    assert grant.ends_at is not None
    assert not access_review.is_long(grant, MONTH)
    assert access_review.is_long(replace(grant, ends_at=grant.ends_at + 2 * DAY), MONTH)


CERTIFICATE = KnownCertificate(
    id=UUID(int=9),
    target=UUID(int=1),
    request=17,
    owner="U0ENGINEER",
    purpose="export",
    name="client-9.example",
    status="ready",
    expires_at=NOW + 300 * DAY,
    first_seen_at=NOW,
    last_seen_at=NOW,
)


def outlives(known: KnownCertificate, *addresses: Grant) -> bool:
    return access_review.outlives(known, addresses, now=NOW, longer=MONTH)


def test_a_certificate_without_any_address_or_with_a_shorter_one_is_reviewed() -> None:
    assert outlives(CERTIFICATE)
    assert outlives(CERTIFICATE, lasting(8 * timedelta(hours=1)), lasting(100 * DAY))
    assert outlives(CERTIFICATE, lasting(None, GrantState.ENDED))
    assert outlives(replace(CERTIFICATE, expires_at=None))


def test_a_certificate_that_ends_with_its_address_or_soon_is_not() -> None:
    assert not outlives(CERTIFICATE, lasting(None))
    assert not outlives(CERTIFICATE, lasting(400 * DAY))
    assert not outlives(replace(CERTIFICATE, expires_at=NOW + 20 * DAY))


@pytest.mark.parametrize(
    "changed",
    [{"request": None}, {"owner": None}, {"absent_at": NOW}, {"status": "pending"}, {"owner_left_at": NOW}],
)
def test_what_pgaccess_did_not_issue_or_asks_of_elsewhere_is_not(changed: dict[str, Any]) -> None:
    assert not outlives(replace(CERTIFICATE, **changed))


def test_a_leavers_certificate_is_reviewed_a_week_after_its_approvers_were_asked() -> None:
    assert outlives(replace(CERTIFICATE, owner_left_at=NOW - WEEK))


@pytest.mark.parametrize(("ago", "counts"), [(timedelta(), True), (6 * DAY, True), (WEEK, False)])
def test_an_answer_of_the_weekly_review_counts_for_a_week(ago: timedelta, counts: bool) -> None:
    grant = replace(lasting(None), kept=Kept(at=NOW - ago, by="U0LEAD", under="x"))
    answered = access_review.answered_weekly(grant, now=NOW)
    assert (answered is not None) is counts
    assert answered is None or (answered.answer, answered.by) == (Answer.KEPT, "U0LEAD")


@given(minutes=st.integers(0, 14 * 365 * 24 * 60))
def test_the_next_review_is_on_a_monday_never_too_early_and_once_after_downtime(minutes: int) -> None:
    moment = NOW + timedelta(minutes=minutes)
    following = access_review.next_review(moment, 90 * DAY)
    assert following.weekday() == 0
    assert 90 * DAY < following - moment <= 97 * DAY


def test_each_group_of_approvers_has_one_place_whatever_the_order() -> None:
    groups = access_review.groups_of([("B", "A"), ("C",), ("A", "B"), ()])
    assert groups == ((), ("A", "B"), ("C",))


@given(
    states=st.lists(st.sampled_from(["open", "kept", "ended", "gone"]), min_size=1, max_size=60),
    page=st.none() | st.integers(-2, 90),
)
def test_pages_show_every_item_once_and_count_all(states: list[str], page: int | None) -> None:
    answers = {"kept": Answer.KEPT, "ended": Answer.ENDED}
    items = [
        item(number, answer=answers.get(state), gone=state == "gone") for number, state in enumerate(states)
    ]
    shown = page_of(REVIEW, items, page)
    assert shown.counts == {state: states.count(state) for state in ("kept", "ended", "gone", "open")}
    assert shown.total == len(states)
    assert 1 <= shown.number <= shown.pages
    every = [each for number in range(1, shown.pages + 1) for each in page_of(REVIEW, items, number).items]
    assert every == items
    assert len(shown.items) <= PER_PAGE
    if page is None and "open" in states:
        assert any(each.is_open for each in shown.items)
