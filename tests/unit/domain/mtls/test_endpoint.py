"""Enabling, disabling, removing: what follows from the endpoint's status, and when Heroku is asked again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import endpoint, issuance
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.endpoint import DEPROVISIONING, OPERATIONAL, PROVISIONING, EndpointProgress, EndpointStep
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.domain.subject import Whole
from bot.domain.timings import DEFAULT
from tests.unit import factories

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETTLED = AT + DEFAULT.settled_after
LATER = AT + DEFAULT.removal_patience
OURS = UUID(int=1)

words = st.sampled_from([PROVISIONING, OPERATIONAL, DEPROVISIONING, "a new word", None])
moments = st.none() | st.just(AT)


def enable() -> Operation:
    asked = factories.request(kind=Kind.ENABLE)
    asked = replace(asked, terms=replace(asked.terms, subject=Whole()))
    return operations.begin(asked, id=UUID(int=99), now=AT)


@pytest.mark.parametrize(
    ("switch", "status", "at", "step"),
    [
        (EndpointProgress(), None, AT, EndpointStep.ASK),
        (EndpointProgress(), PROVISIONING, AT, EndpointStep.WAIT),
        (EndpointProgress(), DEPROVISIONING, AT, EndpointStep.WAIT),
        (EndpointProgress(), OPERATIONAL, AT, EndpointStep.DONE),
        (EndpointProgress(asked_at=AT), None, AT, EndpointStep.WAIT),
        (EndpointProgress(asked_at=AT), None, SETTLED, EndpointStep.ASK),
        (EndpointProgress(asked_at=AT), PROVISIONING, SETTLED, EndpointStep.WAIT),
        (EndpointProgress(asked_at=AT), OPERATIONAL, AT, EndpointStep.READ_CERTIFICATES),
        (EndpointProgress(asked_at=AT, seen=True), None, SETTLED, EndpointStep.FAIL),
    ],
)
def test_what_follows_for_enabling(
    switch: EndpointProgress, status: str | None, at: datetime, step: EndpointStep
) -> None:
    assert endpoint.enabling(switch, status, at=at, overdue=False)[0] is step


def test_what_somebody_disabled_meanwhile_is_not_enabled_again() -> None:
    switch = EndpointProgress(asked_at=AT, seen=True)
    assert endpoint.enabling(switch, None, at=SETTLED, overdue=False)[1] is ReasonCode.CLOSED_ELSEWHERE


@given(asked_at=moments, seen=st.booleans(), status=words.filter(lambda word: word != OPERATIONAL))
def test_an_overdue_enabling_fails_with_its_deadline(
    asked_at: datetime | None, seen: bool, status: str | None
) -> None:
    switch = EndpointProgress(asked_at=asked_at, seen=seen)
    assert endpoint.enabling(switch, status, at=SETTLED, overdue=True) == (
        EndpointStep.FAIL,
        ReasonCode.DEADLINE,
    )


@given(asked_at=moments, status=words, late=st.integers(0, 300))
def test_disabling_is_done_when_it_is_proven_and_asked_for_only_where_it_is_not_on_its_way(
    asked_at: datetime | None, status: str | None, late: int
) -> None:
    at = AT + timedelta(seconds=late)
    step, _ = endpoint.disabling(EndpointProgress(asked_at=asked_at), status, at=at, overdue=False)
    assert (step is EndpointStep.DONE) == (status is None)
    if step is EndpointStep.ASK:
        assert status != DEPROVISIONING
        assert asked_at is None or at >= asked_at + DEFAULT.removal_patience


def test_an_overdue_disabling_is_a_failure_unless_it_is_proven() -> None:
    overdue = (EndpointStep.FAIL, ReasonCode.DEADLINE)
    assert endpoint.disabling(EndpointProgress(asked_at=AT), OPERATIONAL, at=LATER, overdue=True) == overdue
    assert endpoint.disabling(EndpointProgress(asked_at=AT), None, at=LATER, overdue=True) == (
        EndpointStep.DONE,
        None,
    )


# --- removing a certificate ---------------------------------------------------------------------------


def listed(*found: UUID, status: str = "ready") -> list[Certificate]:
    return [Certificate(id=id, name="client", status=status, expires_at=None) for id in found]


@pytest.mark.parametrize(
    ("there", "asked_at", "at", "step"),
    [
        (listed(OURS), None, AT, EndpointStep.ASK),
        (listed(OURS), AT, AT, EndpointStep.WAIT),
        (listed(OURS), AT, LATER, EndpointStep.ASK),
        (listed(OURS, status="disabling"), AT, LATER, EndpointStep.WAIT),
        (listed(OURS, status="disabled"), AT, AT, EndpointStep.DONE),
        ([], AT, AT, EndpointStep.DONE),
        (listed(OURS, status="disabled"), None, AT, EndpointStep.DONE),
    ],
)
def test_what_follows_for_removing_a_certificate(
    there: list[Certificate], asked_at: datetime | None, at: datetime, step: EndpointStep
) -> None:
    found = endpoint.discarding(EndpointProgress(asked_at=asked_at), OURS, there, at=at, overdue=False)
    assert found == (step, None)


def test_an_overdue_removal_is_a_failure() -> None:
    found = endpoint.discarding(EndpointProgress(asked_at=AT), OURS, listed(OURS), at=LATER, overdue=True)
    assert found == (EndpointStep.FAIL, ReasonCode.DEADLINE)


# --- the first certificate ----------------------------------------------------------------------------


def first(
    operation: Operation, *found: UUID, at: datetime = AT, taken: frozenset[UUID] = frozenset()
) -> issuance.IssuanceResult:
    return endpoint.first_certificate(operation, listed(*found), taken=taken, at=at)


def enabled() -> Operation:
    return endpoint.operational(endpoint.asking(enable(), at=AT), at=AT)


def test_the_one_that_is_there_after_enabling_is_for_whom_it_was_enabled() -> None:
    assert first(enabled(), OURS) == issuance.IssuanceResult(step=issuance.IssuanceStep.FOUND, made=OURS)


def test_one_that_was_made_for_another_request_is_not_the_first() -> None:
    assert first(enabled(), OURS, taken=frozenset({OURS})).step is issuance.IssuanceStep.WAIT


def test_of_two_a_person_picks() -> None:
    verdict = first(enabled(), OURS, UUID(int=2))
    assert (verdict.reason_code, verdict.candidates) == (ReasonCode.SEVERAL, (OURS, UUID(int=2)))


def test_without_one_enabling_is_done_after_a_minute() -> None:
    assert first(enabled()).step is issuance.IssuanceStep.WAIT
    assert first(enabled(), at=AT + DEFAULT.quarantine) == issuance.IssuanceResult(
        step=issuance.IssuanceStep.DONE
    )
