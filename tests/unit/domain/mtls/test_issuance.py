"""Having a certificate made: once, found again by what was not there before, and never taken from others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.issuance import IssuanceResult, IssuanceStep, issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.outside.text import UNREADABLE
from bot.domain.request import Kind
from bot.domain.subject import Whole
from bot.domain.timings import DEFAULT
from tests.unit import factories

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LATER = AT + DEFAULT.settled_after
IDS = [UUID(int=number) for number in range(1, 9)]

ids = st.sets(st.sampled_from(IDS), max_size=5)
usable = st.sampled_from(["pending", "ready"])
statuses = st.sampled_from(["pending", "ready", "disabling", "disabled", "a new word"])


def issue() -> Operation:
    asked = factories.request(kind=Kind.ISSUE)
    asked = replace(asked, terms=replace(asked.terms, subject=Whole()))
    return operations.begin(asked, id=UUID(int=99), now=AT)


def listed(*found: UUID, status: str = "ready") -> list[Certificate]:
    return [Certificate(id=id, name="client", status=status, expires_at=None) for id in found]


def step(
    operation: Operation,
    there: list[Certificate],
    *,
    taken: frozenset[UUID] = frozenset(),
    at: datetime = LATER,
    overdue: bool = False,
) -> IssuanceResult:
    return issuance.step(issuance_progress(operation), there, taken=taken, at=at, overdue=overdue)


def asked(*known: UUID) -> Operation:
    return issuance.asking(issue(), listed(*known), at=AT)


# --- the answer was lost ------------------------------------------------------------------------------


@given(known=ids, new=ids, taken=ids, status=usable)
def test_exactly_one_unknown_certificate_is_ours_and_no_other_number_of_them(
    known: set[UUID], new: set[UUID], taken: set[UUID], status: str
) -> None:
    there = listed(*known | new | taken, status=status)
    unknown = new - known - taken
    verdict = step(asked(*known), there, taken=frozenset(taken - known))
    if len(unknown) == 1:
        assert verdict == IssuanceResult(step=IssuanceStep.FOUND, made=unknown.pop())
    elif unknown:
        candidates = tuple(sorted(unknown))
        assert verdict == IssuanceResult(
            step=IssuanceStep.FAIL, reason_code=ReasonCode.SEVERAL, candidates=candidates
        )
    else:
        assert verdict == IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NOT_MADE)


@given(known=ids, there=ids, seconds=st.floats(0, DEFAULT.settled_after.total_seconds() - 0.001))
def test_nothing_is_concluded_or_asked_for_again_while_a_late_call_may_still_land(
    known: set[UUID], there: set[UUID], seconds: float
) -> None:
    verdict = step(asked(*known), listed(*there), at=AT + timedelta(seconds=seconds))
    assert verdict == IssuanceResult(step=IssuanceStep.WAIT)


@given(known=ids, there=st.dictionaries(st.sampled_from(IDS), statuses, max_size=6), taken=ids)
def test_heroku_is_never_asked_twice_before_a_person_says_so(
    known: set[UUID], there: dict[UUID, str], taken: set[UUID]
) -> None:
    found = [Certificate(id=id, name="c", status=word, expires_at=None) for id, word in there.items()]
    assert step(asked(*known), found, taken=frozenset(taken)).step is not IssuanceStep.ASK


@given(word=st.sampled_from(["disabling", "disabled", "a new word"]))
def test_what_cannot_be_used_any_more_is_not_taken_for_ours(word: str) -> None:
    assert step(asked(), listed(IDS[0], status=word)).reason_code is ReasonCode.NOT_MADE


def test_what_was_there_before_is_not_ours_even_if_it_was_the_only_one() -> None:
    assert step(asked(IDS[0]), listed(IDS[0])).reason_code is ReasonCode.NOT_MADE


# --- a person says that it be tried again ------------------------------------------------------------


def failed(operation: Operation, reason_code: ReasonCode) -> Operation:
    return operations.failed(operation, reason_code, now=LATER)


def test_tried_again_what_turned_up_late_is_ours_and_nothing_is_asked_for() -> None:
    again = issuance.again(failed(asked(IDS[0]), ReasonCode.NOT_MADE))
    assert again.state is OperationState.DOING
    assert step(again, listed(IDS[0], IDS[1])) == IssuanceResult(step=IssuanceStep.FOUND, made=IDS[1])


def test_tried_again_it_is_asked_for_once_more_where_nothing_turned_up() -> None:
    again = issuance.again(failed(asked(IDS[0]), ReasonCode.NOT_MADE))
    assert step(again, listed(IDS[0])) == IssuanceResult(step=IssuanceStep.ASK)


def test_once_asked_again_it_is_waited_for_as_the_first_time() -> None:
    again = issuance.asking(issuance.again(failed(asked(), ReasonCode.NOT_MADE)), listed(), at=LATER)
    assert step(again, listed(), at=LATER).step is IssuanceStep.WAIT


@given(known=ids, candidates=st.sets(st.sampled_from(IDS), min_size=2, max_size=5))
def test_those_that_nobody_picked_are_not_ours_when_it_is_tried_again(
    known: set[UUID], candidates: set[UUID]
) -> None:
    assume(not known & candidates)
    undecided = issuance.undecided(asked(*known), candidates)
    again = issuance.again(failed(undecided, ReasonCode.SEVERAL))
    assert step(again, listed(*known | candidates)) == IssuanceResult(step=IssuanceStep.ASK)


def test_the_one_that_somebody_picked_is_followed_until_it_is_ready() -> None:
    undecided = issuance.undecided(asked(), IDS[:2])
    picked = issuance.picked(failed(undecided, ReasonCode.SEVERAL), IDS[1])
    assert step(picked, listed(*IDS[:2], status="pending")) == IssuanceResult(step=IssuanceStep.WAIT)
    assert step(picked, listed(*IDS[:2])) == IssuanceResult(step=IssuanceStep.DONE, made=IDS[1])


def test_what_failed_before_heroku_was_asked_begins_anew() -> None:
    again = issuance.again(failed(issue(), ReasonCode.PERSON))
    assert again.progress == {}
    assert step(again, listed(IDS[0])) == IssuanceResult(step=IssuanceStep.ASK)


def test_a_certificate_that_went_away_while_it_was_made_is_made_anew() -> None:
    gone = failed(issuance.found(asked(), IDS[0]), ReasonCode.NEW_GONE)
    assert step(issuance.again(gone), listed()) == IssuanceResult(step=IssuanceStep.ASK)


# --- the answer came -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "overdue", "verdict"),
    [
        (listed(IDS[0], status="pending"), False, IssuanceResult(step=IssuanceStep.WAIT)),
        ([], False, IssuanceResult(step=IssuanceStep.WAIT)),
        (listed(IDS[0]), False, IssuanceResult(step=IssuanceStep.DONE, made=IDS[0])),
        (listed(IDS[0]), True, IssuanceResult(step=IssuanceStep.DONE, made=IDS[0])),
        (
            listed(IDS[0], status="pending"),
            True,
            IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.DEADLINE),
        ),
        ([], True, IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NEW_GONE)),
        (
            listed(IDS[0], status="disabled"),
            False,
            IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NEW_GONE),
        ),
        (
            listed(IDS[0], status="disabling"),
            False,
            IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NEW_GONE),
        ),
    ],
)
def test_a_certificate_whose_id_is_known_is_followed_to_its_end(
    there: list[Certificate], overdue: bool, verdict: IssuanceResult
) -> None:
    assert step(issuance.found(asked(), IDS[0]), there, overdue=overdue) == verdict


def test_a_definite_no_leaves_nothing_to_look_for() -> None:
    assert not issuance_progress(issuance.not_asked(asked())).is_open


def test_a_missed_deadline_is_a_failure_whatever_is_there() -> None:
    assert step(issue(), [], overdue=True).reason_code is ReasonCode.DEADLINE
    assert step(asked(), listed(IDS[0]), overdue=True).reason_code is ReasonCode.DEADLINE


@pytest.mark.parametrize("word", ["pending", "pondering", UNREADABLE])
def test_ours_whose_status_is_not_known_is_still_being_made(word: str) -> None:
    made = issuance.found(asked(), IDS[0])
    assert step(made, listed(IDS[0], status=word)) == IssuanceResult(step=IssuanceStep.WAIT)


@pytest.mark.parametrize("word", ["disabling", "disabled"])
def test_ours_that_was_disabled_meanwhile_has_failed(word: str) -> None:
    verdict = step(issuance.found(asked(), IDS[0]), listed(IDS[0], status=word))
    assert verdict.reason_code is ReasonCode.NEW_GONE


def test_a_certificate_without_an_id_that_can_be_read_is_not_taken_for_ours() -> None:
    odd = Certificate(id=IDS[0], name="c", status="ready", expires_at=None, id_read=False)
    assert step(asked(), [odd]).reason_code is ReasonCode.NOT_MADE
