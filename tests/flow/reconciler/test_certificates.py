"""Runs over operations: certificates are issued once, assigned to their owners, and removed for good."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import Kind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from storage.tables import operations
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import CREATE, DISABLE, DISCARD, ENABLE, MtlsHarness
from tests.unit import factories

READY = "notification.certificate_ready"
NOT_DONE = "notification.not_done"


@pytest.fixture
def behavior() -> Behavior:
    """As likely as not: enabling answers 500 at times, and the first certificate comes with the endpoint."""
    return Behavior(provisioning_errors=1)


@pytest.fixture
def times() -> TransitionTimes:
    return TransitionTimes.of(0)


@pytest.fixture
async def harness(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior, times: TransitionTimes
) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(token=TOKEN, times=times, behavior=behavior)
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


# --- a certificate is made -------------------------------------------------------------------------


async def test_a_certificate_is_made_once_and_given_to_whom_it_is_for(harness: MtlsHarness) -> None:
    before = harness.certificates()
    operation, known = await harness.issue()
    assert harness.certificates().keys() - before.keys() == {known.id}
    assert (known.owner, known.purpose, known.status) == ("U0ENGINEER", "etl", "ready")
    assert known.expires_at is not None
    assert await harness.told(operation) == [READY]
    assert len(harness.calls(CREATE)) == 1


async def test_the_certificates_of_two_requests_do_not_get_mixed_up(harness: MtlsHarness) -> None:
    mine, theirs = await harness.start(Kind.ISSUE, reason="etl"), await harness.start(Kind.ISSUE, reason="bi")
    await harness.reconcile(4)
    owned = {known.request: known.purpose for known in await harness.inventory() if not known.unmanaged}
    assert owned == {mine.request: "etl", theirs.request: "bi"}
    assert len(harness.calls(CREATE)) == 2


async def test_an_unmanaged_one_stays_unmanaged_and_operations_hears_of_it_once(
    harness: MtlsHarness,
) -> None:
    await harness.issue()
    found = harness.certificate_externally()
    await harness.age_certificates()
    await harness.reconcile(2)
    told = [
        params for kind, params in await harness.findings() if kind == "notification.certificate_unmanaged"
    ]
    assert told == [{"app": "billing", "name": found.name, "handle": found.id.hex[:8]}]
    assert {known.id: known.unmanaged for known in await harness.inventory()}[found.id]


async def test_whoever_is_no_member_any_more_gets_no_certificate(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.ISSUE)
    async with harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "person")
    assert harness.calls(CREATE) == []


@pytest.mark.parametrize("times", [replace(TransitionTimes.of(0), certify=3600)])
async def test_a_certificate_that_is_not_ready_in_time_is_a_failure_with_retry(
    harness: MtlsHarness,
) -> None:
    operation = await harness.start(Kind.ISSUE)
    await harness.reconcile(3)
    assert await harness.result(operation) == ("doing", None)
    await harness.pass_deadlines()
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "deadline")
    assert await harness.told(operation) == [NOT_DONE]


async def test_what_heroku_refuses_is_told_in_its_own_words(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.ISSUE)
    harness.heroku.fault(fault_injection.status(422), on=CREATE)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "refused")
    assert await database.value(harness.engine, operations, "detail")


async def test_a_full_rate_limit_made_nothing_and_is_asked_again_later(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.ISSUE)
    harness.heroku.fault(fault_injection.status(429), on=CREATE)
    await harness.reconcile()
    await harness.reconcile(3)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.certificates()) == 2


# --- the answer was lost -----------------------------------------------------------------------------


async def lose(harness: MtlsHarness, *, made: bool) -> None:
    """The answer to the call that makes a certificate is lost."""
    harness.heroku.fault(fault_injection.lost_answer() if made else fault_injection.cut_before(), on=CREATE)


async def test_the_one_that_turned_up_is_ours_after_a_minute_of_only_reading(
    harness: MtlsHarness,
) -> None:
    operation = await harness.start(Kind.ISSUE)
    await lose(harness, made=True)
    await harness.reconcile(4)
    assert await harness.result(operation) == ("doing", None)
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile(3)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(CREATE)) == 1


async def test_none_that_turned_up_is_a_failure_and_retry_asks_once_more(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.ISSUE)
    await lose(harness, made=False)
    await harness.reconcile()
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "not_made")
    assert len(harness.calls(CREATE)) == 1
    await harness.retry(operation)
    await harness.reconcile(3)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(CREATE)) == 2


async def test_of_two_that_turned_up_a_person_picks(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.ISSUE)
    await lose(harness, made=True)
    await harness.reconcile()
    theirs = harness.certificate_externally()
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "several")
    candidates = (await database.value(harness.engine, operations, "progress"))["candidates"]
    assert len(candidates.split()) == 2
    assert str(theirs.id) in candidates
    assert [known.request for known in await harness.inventory()] == [None, None, None]


async def test_while_one_answer_is_lost_no_other_certificate_is_asked_for(harness: MtlsHarness) -> None:
    await harness.start(Kind.ISSUE)
    await lose(harness, made=True)
    await harness.reconcile()
    second = await harness.start(Kind.ISSUE, reason="bi")
    await harness.reconcile(2)
    assert len(harness.calls(CREATE)) == 1
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile(5)
    assert await harness.result(second) == ("done", None)
    assert len(harness.calls(CREATE)) == 2


async def test_a_process_that_died_between_intent_and_answer_makes_no_second_one(
    harness: MtlsHarness,
) -> None:
    operation = await harness.start(Kind.ISSUE)
    await lose(harness, made=True)
    await harness.reconcile()
    harness.heroku.fault(fault_injection.status(503), on=r"GET .*/certificates$", times=1)
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile(5)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(CREATE)) == 1


# --- a certificate goes ------------------------------------------------------------------------------


async def test_a_removed_certificate_is_said_to_be_gone_once_it_is_proven(harness: MtlsHarness) -> None:
    _, known = await harness.issue()
    operation = await harness.discard(known)
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    assert harness.certificates()[known.id] == "disabled"
    assert known.id not in {each.id for each in await harness.inventory()}
    assert await harness.told(operation) == ["notification.done"]


@pytest.mark.parametrize("behavior", [Behavior(certificate_deleted=204), Behavior(certificate_deleted=200)])
async def test_a_removal_does_not_hang_on_the_status_of_its_answer(harness: MtlsHarness) -> None:
    _, known = await harness.issue()
    operation = await harness.discard(known)
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)


async def test_a_removal_whose_answer_was_lost_is_read_back(harness: MtlsHarness) -> None:
    _, known = await harness.issue()
    operation = await harness.discard(known)
    harness.heroku.fault(fault_injection.lost_answer(), on=DISCARD)
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(DISCARD)) == 1


async def test_a_removal_that_did_not_arrive_is_asked_for_again_after_a_minute(
    harness: MtlsHarness,
) -> None:
    _, known = await harness.issue()
    operation = await harness.discard(known)
    harness.heroku.fault(fault_injection.cut_before(), on=DISCARD)
    await harness.reconcile(2)
    assert len(harness.calls(DISCARD)) == 1
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(DISCARD)) == 2


async def test_the_owner_hears_of_a_certificate_that_somebody_else_took_away(
    harness: MtlsHarness,
) -> None:
    operation, known = await harness.issue()
    harness.heroku.delete_certificate_externally(DATABASE, known.id, now=datetime.now(UTC))
    await harness.age_certificates()
    await harness.reconcile()
    assert await harness.told(operation) == [READY, "notification.certificate_gone"]


async def test_whoever_had_it_removed_is_not_told_of_it_twice(harness: MtlsHarness) -> None:
    made, known = await harness.issue()
    await harness.discard(known)
    await harness.reconcile(3)
    assert await harness.told(made) == [READY]


# --- mTLS as a whole ---------------------------------------------------------------------------------


async def turn_off(harness: MtlsHarness) -> None:
    harness.heroku.disable_mtls_externally(DATABASE, now=datetime.now(UTC))
    await harness.reconcile()
    assert await harness.inventory() == ()


@pytest.mark.parametrize(
    "behavior",
    [
        Behavior(provisioning_errors=1, first_certificate="at_once"),
        Behavior(provisioning_errors=0, first_certificate="when_operational"),
    ],
)
@pytest.mark.parametrize("times", [replace(TransitionTimes.of(0), provision=0.2, certify=0.2)])
async def test_enabling_is_done_with_its_first_certificate(harness: MtlsHarness) -> None:
    await turn_off(harness)
    operation = await harness.start(Kind.ENABLE)
    await harness.reconcile()
    while await harness.result(operation) == ("doing", None):
        await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    assert [(known.request, known.owner) for known in await harness.inventory()] == [
        (operation.request, "U0ENGINEER")
    ]
    assert await harness.told(operation) == [READY]
    assert len(harness.calls(ENABLE)) == 1
    assert await harness.findings() == []


async def test_enabling_whose_answer_was_lost_is_not_asked_for_twice(harness: MtlsHarness) -> None:
    await turn_off(harness)
    operation = await harness.start(Kind.ENABLE)
    harness.heroku.fault(fault_injection.lost_answer(), on=ENABLE)
    await harness.reconcile(4)
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(ENABLE)) == 1


async def test_enabling_that_did_not_arrive_is_asked_for_again_after_a_minute(
    harness: MtlsHarness,
) -> None:
    await turn_off(harness)
    operation = await harness.start(Kind.ENABLE)
    harness.heroku.fault(fault_injection.cut_before(), on=ENABLE)
    await harness.reconcile(3)
    assert len(harness.calls(ENABLE)) == 1
    await harness.age_requests(timedelta(minutes=2))
    await harness.reconcile(4)
    assert await harness.result(operation) == ("done", None)


async def test_what_somebody_enabled_meanwhile_is_done_without_a_certificate_of_ours(
    harness: MtlsHarness,
) -> None:
    await turn_off(harness)
    harness.heroku.enable_mtls_externally(DATABASE, now=datetime.now(UTC))
    operation = await harness.start(Kind.ENABLE)
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)
    assert await harness.told(operation) == ["notification.done"]
    assert all(known.unmanaged for known in await harness.inventory())


@pytest.mark.parametrize("times", [replace(TransitionTimes.of(0), provision=3600)])
async def test_enabling_that_takes_too_long_is_a_failure_never_silence(harness: MtlsHarness) -> None:
    await turn_off(harness)
    operation = await harness.start(Kind.ENABLE)
    await harness.reconcile(3)
    assert await harness.result(operation) == ("doing", None)
    await harness.pass_deadlines()
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "deadline")
    assert await harness.told(operation) == [NOT_DONE]


async def test_disabling_takes_everything_with_it_and_says_so_when_it_is_proven(
    harness: MtlsHarness,
) -> None:
    grant = await harness.open()
    made, _ = await harness.issue(owner="U0ENGINEER")
    operation = await harness.start(Kind.DISABLE, owner="U0COLLEAGUE")
    await harness.end(grant)
    await harness.reconcile()
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)
    assert await harness.state(grant) == "ended"
    assert await harness.inventory() == ()
    assert harness.calls(r"DELETE .*/ip-rules/") == []
    assert len(harness.calls(DISABLE)) == 1
    assert await harness.told(made) == [READY, "notification.certificate_gone"]


@pytest.mark.parametrize("times", [replace(TransitionTimes.of(0), deprovision=3600)])
async def test_while_it_is_being_disabled_nothing_is_said_to_be_gone(harness: MtlsHarness) -> None:
    operation = await harness.start(Kind.DISABLE)
    await harness.reconcile(3)
    assert await harness.result(operation) == ("doing", None)
    assert len(harness.calls(DISABLE)) == 1
    await harness.pass_deadlines()
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "deadline")


async def test_disabling_that_heroku_refuses_ends_grants_rule_by_rule(harness: MtlsHarness) -> None:
    grant = await harness.open()
    operation = await harness.start(Kind.DISABLE)
    await harness.end(grant)
    harness.heroku.fault(fault_injection.status(422), on=DISABLE)
    await harness.reconcile(4)
    assert await harness.result(operation) == ("failed", "refused")
    assert await harness.state(grant) == "ended"
    assert harness.owned() == []
