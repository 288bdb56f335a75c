"""Enabling, disabling, removing: what follows from the endpoint's status, and when Heroku is asked again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import operation as changes
from bot.domain.grant import Why
from bot.domain.mtls import endpoint, issuance
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.endpoint import DEPROVISIONING, OPERATIONAL, PROVISIONING, Step, Switch
from bot.domain.mtls.issuance import CALL
from bot.domain.operation import Change
from bot.domain.request import Kind
from bot.domain.schedule import QUARANTINE, REMOVAL_PATIENCE
from bot.domain.subject import Whole
from tests.unit import factories

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETTLED = AT + CALL + QUARANTINE
LATER = AT + REMOVAL_PATIENCE
OURS = UUID(int=1)

words = st.sampled_from([PROVISIONING, OPERATIONAL, DEPROVISIONING, "a new word", None])
moments = st.none() | st.just(AT)


def enable() -> Change:
    asked = factories.request(kind=Kind.ENABLE)
    asked = replace(asked, terms=replace(asked.terms, subject=Whole()))
    return changes.begin(asked, id=UUID(int=99), now=AT)


@pytest.mark.parametrize(
    ("switch", "status", "at", "step"),
    [
        (Switch(), None, AT, Step.ASK),
        (Switch(), PROVISIONING, AT, Step.WAIT),
        (Switch(), DEPROVISIONING, AT, Step.WAIT),
        (Switch(), OPERATIONAL, AT, Step.DONE),
        (Switch(asked_at=AT), None, AT, Step.WAIT),
        (Switch(asked_at=AT), None, SETTLED, Step.ASK),
        (Switch(asked_at=AT), PROVISIONING, SETTLED, Step.WAIT),
        (Switch(asked_at=AT), OPERATIONAL, AT, Step.READ_CERTIFICATES),
        (Switch(asked_at=AT, seen=True), None, SETTLED, Step.FAIL),
    ],
)
def test_what_follows_for_enabling(switch: Switch, status: str | None, at: datetime, step: Step) -> None:
    assert endpoint.enabling(switch, status, at=at, overdue=False)[0] is step


def test_what_somebody_disabled_meanwhile_is_not_enabled_again() -> None:
    switch = Switch(asked_at=AT, seen=True)
    assert endpoint.enabling(switch, None, at=SETTLED, overdue=False)[1] is Why.CLOSED_ELSEWHERE


@given(asked_at=moments, seen=st.booleans(), status=words.filter(lambda word: word != OPERATIONAL))
def test_an_overdue_enabling_fails_with_its_deadline(
    asked_at: datetime | None, seen: bool, status: str | None
) -> None:
    switch = Switch(asked_at=asked_at, seen=seen)
    assert endpoint.enabling(switch, status, at=SETTLED, overdue=True) == (Step.FAIL, Why.DEADLINE)


@given(asked_at=moments, status=words, late=st.integers(0, 300))
def test_disabling_is_done_when_it_is_proven_and_asked_for_only_where_it_is_not_on_its_way(
    asked_at: datetime | None, status: str | None, late: int
) -> None:
    at = AT + timedelta(seconds=late)
    step, _ = endpoint.disabling(Switch(asked_at=asked_at), status, at=at, overdue=False)
    assert (step is Step.DONE) == (status is None)
    if step is Step.ASK:
        assert status != DEPROVISIONING
        assert asked_at is None or at >= asked_at + REMOVAL_PATIENCE


def test_an_overdue_disabling_is_a_failure_unless_it_is_proven() -> None:
    overdue = (Step.FAIL, Why.DEADLINE)
    assert endpoint.disabling(Switch(asked_at=AT), OPERATIONAL, at=LATER, overdue=True) == overdue
    assert endpoint.disabling(Switch(asked_at=AT), None, at=LATER, overdue=True) == (Step.DONE, None)


# --- removing a certificate ---------------------------------------------------------------------------


def listed(*found: UUID, status: str = "ready") -> list[Certificate]:
    return [Certificate(id=id, name="client", status=status, expires_at=None) for id in found]


@pytest.mark.parametrize(
    ("there", "asked_at", "at", "step"),
    [
        (listed(OURS), None, AT, Step.ASK),
        (listed(OURS), AT, AT, Step.WAIT),
        (listed(OURS), AT, LATER, Step.ASK),
        (listed(OURS, status="disabling"), AT, LATER, Step.WAIT),
        (listed(OURS, status="disabled"), AT, AT, Step.DONE),
        ([], AT, AT, Step.DONE),
        (listed(OURS, status="disabled"), None, AT, Step.DONE),
    ],
)
def test_what_follows_for_removing_a_certificate(
    there: list[Certificate], asked_at: datetime | None, at: datetime, step: Step
) -> None:
    found = endpoint.discarding(Switch(asked_at=asked_at), OURS, there, at=at, overdue=False)
    assert found == (step, None)


def test_an_overdue_removal_is_a_failure() -> None:
    found = endpoint.discarding(Switch(asked_at=AT), OURS, listed(OURS), at=LATER, overdue=True)
    assert found == (Step.FAIL, Why.DEADLINE)


# --- the first certificate ----------------------------------------------------------------------------


def first(
    change: Change, *found: UUID, at: datetime = AT, taken: frozenset[UUID] = frozenset()
) -> issuance.Verdict:
    return endpoint.first_certificate(change, listed(*found), taken=taken, at=at)


def enabled() -> Change:
    return endpoint.operational(endpoint.asking(enable(), at=AT), at=AT)


def test_the_one_that_is_there_after_enabling_is_for_whom_it_was_enabled() -> None:
    assert first(enabled(), OURS) == issuance.Verdict(step=issuance.Step.FOUND, made=OURS)


def test_one_that_was_made_for_another_request_is_not_the_first() -> None:
    assert first(enabled(), OURS, taken=frozenset({OURS})).step is issuance.Step.WAIT


def test_of_two_a_person_picks() -> None:
    verdict = first(enabled(), OURS, UUID(int=2))
    assert (verdict.why, verdict.candidates) == (Why.SEVERAL, (OURS, UUID(int=2)))


def test_without_one_enabling_is_done_after_a_minute() -> None:
    assert first(enabled()).step is issuance.Step.WAIT
    assert first(enabled(), at=AT + QUARANTINE) == issuance.Verdict(step=issuance.Step.DONE)
