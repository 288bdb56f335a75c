"""Rotating: the old certificate is removed last, only where the new one is there, and somebody said so."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import rotation
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.rotation import GRACE, PATIENCE, REMINDERS, RotationStage, RotationStep, rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId, Whole
from tests.unit import factories
from tests.unit.factories import NOW

OLD, NEW = UUID(int=70), UUID(int=71)
SECOND = timedelta(seconds=1)


def begun() -> Operation:
    asked = factories.request(kind=Kind.ROTATE, endless=True)
    asked = replace(asked, terms=replace(asked.terms, subject=CertificateId(OLD)))
    return operations.begin(asked, id=UUID(int=3), now=NOW)


def waiting() -> Operation:
    return rotation.made(begun(), NEW, now=NOW)


def resting() -> Operation:
    return rotation.installed(waiting(), now=NOW)


def removing() -> Operation:
    return rotation.removing(resting(), at=NOW + GRACE)


def certificate(id: UUID, status: str = "ready", *, days: float = 365) -> Certificate:
    return Certificate(id=id, name="client", status=status, expires_at=NOW + timedelta(days=days))


BOTH = (certificate(OLD), certificate(NEW))


def next_step(
    operation: Operation,
    listed: tuple[Certificate, ...],
    *,
    after: timedelta = timedelta(),
    overdue: bool = False,
) -> tuple[RotationStep, ReasonCode | None]:
    now = NOW + after
    return rotation.step(rotation_of(operation), listed, now=now, at=now, overdue=overdue)


# --- its course ------------------------------------------------------------------------------------


def test_it_goes_through_its_stages_in_order() -> None:
    stages = [rotation_of(each).stage for each in (begun(), waiting(), resting(), removing())]
    assert stages == list(RotationStage)


def test_it_begins_with_a_new_certificate() -> None:
    assert next_step(begun(), (certificate(OLD),)) == (RotationStep.MAKE, None)


def test_it_waits_for_as_long_as_nobody_says_that_the_new_one_is_installed() -> None:
    assert next_step(waiting(), BOTH, after=timedelta(days=13), overdue=True) == (RotationStep.WAIT, None)


def test_the_old_one_is_removed_after_the_grace_and_not_a_second_before() -> None:
    assert next_step(resting(), BOTH, after=GRACE - SECOND) == (RotationStep.WAIT, None)
    assert next_step(resting(), BOTH, after=GRACE) == (RotationStep.REMOVE, None)


def test_it_is_done_once_the_old_one_is_proven_gone() -> None:
    on_its_way = (certificate(OLD, "disabling"), certificate(NEW))
    assert next_step(removing(), on_its_way, after=GRACE) == (RotationStep.READ_BACK, None)
    for gone in ((certificate(NEW),), (certificate(OLD, "disabled"), certificate(NEW))):
        assert next_step(removing(), gone, after=GRACE) == (RotationStep.DONE, None)


def test_a_removal_that_shows_no_effect_is_asked_for_again_after_a_minute() -> None:
    assert next_step(removing(), BOTH, after=GRACE + timedelta(seconds=59)) == (RotationStep.READ_BACK, None)
    assert next_step(removing(), BOTH, after=GRACE + timedelta(seconds=60)) == (RotationStep.REMOVE, None)


# --- what may come between ---------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [waiting(), resting(), removing()], ids=list(RotationStage)[1:])
@pytest.mark.parametrize(
    "left",
    [
        (certificate(OLD),),
        (certificate(OLD), certificate(NEW, "disabled")),
        (certificate(OLD), certificate(NEW, "disabling")),
        (certificate(OLD), certificate(NEW, days=-1)),
        (),
    ],
    ids=["gone", "disabled", "disabling", "expired", "all gone"],
)
def test_a_new_certificate_that_is_not_there_any_more_is_a_failure(
    operation: Operation, left: tuple[Certificate, ...]
) -> None:
    assert next_step(operation, left, after=2 * GRACE) == (RotationStep.FAIL, ReasonCode.NEW_GONE)


@pytest.mark.parametrize("operation", [waiting(), resting()])
def test_an_old_one_that_somebody_else_removed_is_said(operation: Operation) -> None:
    assert next_step(operation, (certificate(NEW),)) == (RotationStep.FAIL, ReasonCode.OLD_GONE)


def test_a_removal_that_does_not_come_to_an_end_is_a_failure() -> None:
    assert next_step(removing(), BOTH, after=GRACE, overdue=True) == (RotationStep.FAIL, ReasonCode.DEADLINE)


STATUSES = st.sampled_from(["pending", "ready", "disabling", "disabled"])
LISTS = st.lists(
    st.builds(
        certificate,
        st.sampled_from([OLD, NEW, UUID(int=72)]),
        STATUSES,
        days=st.floats(min_value=-10, max_value=400),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
).map(tuple)


@given(
    st.sampled_from([begun(), waiting(), resting(), removing()]),
    LISTS,
    st.floats(min_value=0, max_value=30).map(lambda days: timedelta(days=days)),
    st.booleans(),
)
def test_the_last_certificate_that_works_is_never_removed(
    operation: Operation, listed: tuple[Certificate, ...], after: timedelta, overdue: bool
) -> None:
    step, _ = next_step(operation, listed, after=after, overdue=overdue)
    if step is RotationStep.REMOVE:
        now = NOW + after
        assert [each for each in listed if rotation.is_usable(each, now=now) and each.id != OLD]
        assert rotation_of(operation).installed_at is not None
        assert now >= NOW + GRACE


# --- the old one is still needed, and tests ----------------------------------------------------------


def tried(operation: Operation, found: ConnectionResult) -> Operation:
    return rotation.tested(rotation.testing(operation, now=NOW), found, now=NOW + SECOND)


def test_an_old_one_that_is_still_needed_stays_until_the_new_one_is_said_to_be_installed_again() -> None:
    kept = rotation.not_installed(resting(), now=NOW + SECOND)
    assert rotation_of(kept).stage is RotationStage.INSTALLING
    assert kept.check_at == NOW + SECOND + REMINDERS[0]
    assert next_step(kept, BOTH, after=2 * GRACE) == (RotationStep.WAIT, None)
    assert not rotation.is_over(kept, now=NOW + PATIENCE)


def test_a_test_that_was_asked_for_comes_before_the_removal() -> None:
    asked = rotation.testing(resting(), now=NOW)
    assert next_step(asked, BOTH, after=GRACE) == (RotationStep.TEST, None)
    assert next_step(tried(resting(), ConnectionResult.CONNECTED), BOTH, after=GRACE) == (
        RotationStep.REMOVE,
        None,
    )


def test_a_new_one_that_is_gone_is_not_tested() -> None:
    asked = rotation.testing(waiting(), now=NOW)
    assert next_step(asked, (certificate(OLD),)) == (RotationStep.FAIL, ReasonCode.NEW_GONE)


def test_an_old_one_on_its_way_out_is_removed_and_not_tested() -> None:
    asked = rotation.testing(removing(), now=NOW)
    assert next_step(asked, BOTH, after=GRACE) == (RotationStep.READ_BACK, None)


def test_a_new_one_that_is_proven_not_to_work_keeps_the_old_one_in_place() -> None:
    refused = tried(resting(), ConnectionResult.NOT_ACCEPTED)
    assert next_step(refused, BOTH, after=GRACE - SECOND) == (RotationStep.WAIT, None)
    assert next_step(refused, BOTH, after=GRACE) == (RotationStep.FAIL, ReasonCode.NOT_ACCEPTED)


@pytest.mark.parametrize(
    "found", [found for found in ConnectionResult if found is not ConnectionResult.NOT_ACCEPTED]
)
def test_a_test_that_says_nothing_about_the_certificate_decides_nothing(found: ConnectionResult) -> None:
    assert next_step(tried(resting(), found), BOTH, after=GRACE) == (RotationStep.REMOVE, None)


def test_whoever_presses_once_more_knows_better_than_the_test() -> None:
    again = rotation.again(
        operations.failed(
            tried(resting(), ConnectionResult.NOT_ACCEPTED), ReasonCode.NOT_ACCEPTED, now=NOW + GRACE
        ),
        now=NOW + GRACE,
    )
    assert rotation_of(again).tested is None
    assert next_step(again, BOTH, after=GRACE) == (RotationStep.REMOVE, None)


def test_a_test_that_begins_forgets_what_came_of_the_last_one() -> None:
    again = rotation_of(rotation.testing(tried(waiting(), ConnectionResult.OTHER), now=NOW + 2 * SECOND))
    assert (again.tested, again.tested_at, again.test_asked_at) == (None, None, NOW + 2 * SECOND)


@pytest.mark.parametrize("testable", [True, False])
def test_what_can_be_tested_stays_so_when_it_is_tried_once_more(testable: bool) -> None:
    begun_so = rotation.made(begun(), NEW, now=NOW, testable=testable)
    assert rotation_of(retried(begun_so, ReasonCode.NOT_INSTALLED)).testable is testable


# --- somebody is reminded ----------------------------------------------------------------------------


def test_whoever_has_not_installed_it_is_reminded_thrice_and_then_it_is_over() -> None:
    operation, moments = waiting(), []
    while operation.check_at is not None and not rotation.is_over(operation, now=operation.check_at):
        moments.append(operation.check_at - NOW)
        operation = rotation.reminded(operation, now=operation.check_at)
    assert tuple(moments) == REMINDERS
    assert operation.check_at == NOW + PATIENCE


def test_after_downtime_somebody_is_reminded_once() -> None:
    late = rotation.reminded(waiting(), now=NOW + timedelta(days=5))
    assert late.check_at == NOW + REMINDERS[2]
    assert rotation.reminded(waiting(), now=NOW + timedelta(days=8)).check_at == NOW + PATIENCE


def test_nothing_is_over_that_somebody_has_installed() -> None:
    assert not rotation.is_over(resting(), now=NOW + 2 * PATIENCE)


# --- once more ---------------------------------------------------------------------------------------


def failed(operation: Operation, reason_code: ReasonCode) -> Operation:
    return operations.failed(operation, reason_code, now=NOW + timedelta(days=1))


def retried(operation: Operation, reason_code: ReasonCode) -> Operation:
    again = rotation.again(failed(operation, reason_code), now=NOW + timedelta(days=2))
    assert (again.state, again.reason_code, again.closed_at) == (OperationState.DOING, None, None)
    return again


def test_a_certificate_that_is_there_is_not_made_again() -> None:
    again = retried(waiting(), ReasonCode.NOT_INSTALLED)
    assert rotation_of(again).new == NEW
    assert again.check_at == NOW + timedelta(days=2) + REMINDERS[0]


@pytest.mark.parametrize(
    ("operation", "reason_code"), [(begun(), ReasonCode.DEADLINE), (resting(), ReasonCode.NEW_GONE)]
)
def test_one_that_is_not_there_is_made_anew(operation: Operation, reason_code: ReasonCode) -> None:
    assert rotation_of(retried(operation, reason_code)).stage is RotationStage.MAKING


def test_a_removal_by_somebody_else_is_accepted_when_a_person_says_so() -> None:
    again = retried(waiting(), ReasonCode.OLD_GONE)
    assert next_step(again, (certificate(NEW),), after=timedelta(days=2)) == (RotationStep.DONE, None)


def test_a_removal_that_failed_is_asked_for_again() -> None:
    again = retried(removing(), ReasonCode.DEADLINE)
    assert next_step(again, BOTH, after=timedelta(days=2)) == (RotationStep.REMOVE, None)


def test_only_a_rotation_can_be_read_as_one() -> None:
    with pytest.raises(TypeError, match="rotates no certificate"):
        rotation_of(replace(begun(), kind=Kind.ISSUE, subject=Whole()))
