"""A keeper's passes over changes: certificates made once, given to whom they are for, taken away for good."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import Kind
from bot.heroku.client import HerokuClient
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.certificate_harness import CREATE, DISABLE, DISCARD, ENABLE, CertificatePasses
from tests.unit import factories

TOKEN = "HRKU-played"
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
async def passes(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior, times: TransitionTimes
) -> AsyncIterator[CertificatePasses]:
    heroku = default_world(token=TOKEN, times=times, behavior=behavior)
    base = "http://heroku.test"
    transport = httpx.ASGITransport(heroku_server(heroku))
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=transport)
    made = CertificatePasses(store=store, engine=engine, heroku=heroku, client=client)
    await made.begin()
    yield made
    await client.close()


# --- a certificate is made -------------------------------------------------------------------------


async def test_a_certificate_is_made_once_and_given_to_whom_it_is_for(passes: CertificatePasses) -> None:
    before = passes.there()
    operation, known = await passes.issued()
    assert passes.there().keys() - before.keys() == {known.id}
    assert (known.owner, known.purpose, known.status) == ("U0ENGINEER", "etl", "ready")
    assert known.expires_at is not None
    assert await passes.told(operation) == [READY]
    assert len(passes.calls(CREATE)) == 1


async def test_the_certificates_of_two_requests_do_not_get_mixed_up(passes: CertificatePasses) -> None:
    mine, theirs = await passes.change(Kind.ISSUE), await passes.change(Kind.ISSUE, reason="bi")
    await passes.looks(4)
    owned = {known.request: known.purpose for known in await passes.inventory() if not known.unmanaged}
    assert owned == {mine.request: "etl", theirs.request: "bi"}
    assert len(passes.calls(CREATE)) == 2


async def test_a_unmanaged_one_stays_unmanaged_and_operations_hears_of_it_once(
    passes: CertificatePasses,
) -> None:
    await passes.issued()
    found = passes.external_changes()
    await passes.query(
        "UPDATE reconcile_queue SET observation = jsonb_set(observation, '{certificates_at}', '\"2026-01-01T00:00:00Z\"')"
    )
    await passes.looks(2)
    told = [said for kind, said in await passes.operations() if kind == "notification.certificate_unmanaged"]
    assert told == [{"app": "billing", "name": found.name, "handle": found.id.hex[:8]}]
    assert {known.id: known.unmanaged for known in await passes.inventory()}[found.id]


async def test_whoever_is_no_member_any_more_gets_no_certificate(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.ISSUE)
    async with passes.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "person")
    assert passes.calls(CREATE) == []


@pytest.mark.parametrize("pace", [replace(TransitionTimes.of(0), certify=3600)])
async def test_a_certificate_that_is_not_ready_in_time_is_a_failure_with_retry(
    passes: CertificatePasses,
) -> None:
    operation = await passes.change(Kind.ISSUE)
    await passes.looks(3)
    assert await passes.ended(operation) == ("doing", None)
    await passes.too_late()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "deadline")
    assert await passes.told(operation) == [NOT_DONE]


async def test_what_heroku_refuses_is_told_in_its_own_words(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.ISSUE)
    passes.heroku.fault(fault_injection.status(422), on=CREATE)
    await passes.look()
    assert await passes.ended(operation) == ("failed", "refused")
    assert await passes.query("SELECT detail <> '' FROM operations") == [(True,)]


async def test_a_full_rate_limit_made_nothing_and_is_asked_again_later(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.ISSUE)
    passes.heroku.fault(fault_injection.status(429), on=CREATE)
    await passes.look()
    await passes.looks(3)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.there()) == 2


# --- the answer was lost -----------------------------------------------------------------------------


async def lose(passes: CertificatePasses, *, made: bool) -> None:
    """The answer to the call that makes a certificate is lost."""
    passes.heroku.fault(fault_injection.lost_answer() if made else fault_injection.cut_before(), on=CREATE)


async def test_the_one_that_turned_up_is_ours_after_a_minute_of_only_reading(
    passes: CertificatePasses,
) -> None:
    operation = await passes.change(Kind.ISSUE)
    await lose(passes, made=True)
    await passes.looks(4)
    assert await passes.ended(operation) == ("doing", None)
    await passes.minutes()
    await passes.looks(3)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(CREATE)) == 1


async def test_none_that_turned_up_is_a_failure_and_retry_asks_once_more(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.ISSUE)
    await lose(passes, made=False)
    await passes.look()
    await passes.minutes()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "not_made")
    assert len(passes.calls(CREATE)) == 1
    await passes.again(operation)
    await passes.looks(3)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(CREATE)) == 2


async def test_of_two_that_turned_up_a_person_picks(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.ISSUE)
    await lose(passes, made=True)
    await passes.look()
    theirs = passes.external_changes()
    await passes.minutes()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "several")
    ((candidates,),) = await passes.query("SELECT progress->>'candidates' FROM operations")
    assert len(candidates.split()) == 2
    assert str(theirs.id) in candidates
    assert [known.request for known in await passes.inventory()] == [None, None, None]


async def test_while_one_answer_is_lost_no_other_certificate_is_asked_for(passes: CertificatePasses) -> None:
    await passes.change(Kind.ISSUE)
    await lose(passes, made=True)
    await passes.look()
    second = await passes.change(Kind.ISSUE, reason="bi")
    await passes.looks(2)
    assert len(passes.calls(CREATE)) == 1
    await passes.minutes()
    await passes.looks(5)
    assert await passes.ended(second) == ("done", None)
    assert len(passes.calls(CREATE)) == 2


async def test_a_process_that_died_between_intent_and_answer_makes_no_second_one(
    passes: CertificatePasses,
) -> None:
    operation = await passes.change(Kind.ISSUE)
    await lose(passes, made=True)
    await passes.look()
    passes.heroku.fault(fault_injection.status(503), on=r"GET .*/certificates$", times=1)
    await passes.minutes()
    await passes.looks(5)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(CREATE)) == 1


# --- a certificate goes ------------------------------------------------------------------------------


async def test_a_removed_certificate_is_said_to_be_gone_once_it_is_proven(passes: CertificatePasses) -> None:
    _, known = await passes.issued()
    operation = await passes.discard(known)
    await passes.look()
    await passes.look()
    assert await passes.ended(operation) == ("done", None)
    assert passes.there()[known.id] == "disabled"
    assert known.id not in {each.id for each in await passes.inventory()}
    assert await passes.told(operation) == ["notification.done"]


@pytest.mark.parametrize("behavior", [Behavior(certificate_deleted=204), Behavior(certificate_deleted=200)])
async def test_a_removal_does_not_hang_on_the_status_of_its_answer(passes: CertificatePasses) -> None:
    _, known = await passes.issued()
    operation = await passes.discard(known)
    await passes.looks(2)
    assert await passes.ended(operation) == ("done", None)


async def test_a_removal_whose_answer_was_lost_is_read_back(passes: CertificatePasses) -> None:
    _, known = await passes.issued()
    operation = await passes.discard(known)
    passes.heroku.fault(fault_injection.lost_answer(), on=DISCARD)
    await passes.looks(2)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(DISCARD)) == 1


async def test_a_removal_that_did_not_arrive_is_asked_for_again_after_a_minute(
    passes: CertificatePasses,
) -> None:
    _, known = await passes.issued()
    operation = await passes.discard(known)
    passes.heroku.fault(fault_injection.cut_before(), on=DISCARD)
    await passes.looks(2)
    assert len(passes.calls(DISCARD)) == 1
    await passes.minutes()
    await passes.looks(2)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(DISCARD)) == 2


async def test_the_owner_hears_of_a_certificate_that_somebody_else_took_away(
    passes: CertificatePasses,
) -> None:
    operation, known = await passes.issued()
    passes.heroku.delete_certificate_externally(DATABASE, known.id, now=datetime.now(UTC))
    await passes.query(
        "UPDATE reconcile_queue SET observation = jsonb_set(observation, '{certificates_at}', '\"2026-01-01T00:00:00Z\"')"
    )
    await passes.look()
    assert await passes.told(operation) == [READY, "notification.certificate_gone"]


async def test_whoever_had_it_removed_is_not_told_of_it_twice(passes: CertificatePasses) -> None:
    made, known = await passes.issued()
    await passes.discard(known)
    await passes.looks(3)
    assert await passes.told(made) == [READY]


# --- mTLS as a whole ---------------------------------------------------------------------------------


async def turn_off(passes: CertificatePasses) -> None:
    passes.heroku.disable_mtls_externally(DATABASE, now=datetime.now(UTC))
    await passes.look()
    assert await passes.inventory() == ()


@pytest.mark.parametrize(
    "behavior",
    [
        Behavior(provisioning_errors=1, first_certificate="at_once"),
        Behavior(provisioning_errors=0, first_certificate="when_operational"),
    ],
)
@pytest.mark.parametrize("pace", [replace(TransitionTimes.of(0), provision=0.2, certify=0.2)])
async def test_enabling_is_done_with_its_first_certificate(passes: CertificatePasses) -> None:
    await turn_off(passes)
    operation = await passes.change(Kind.ENABLE)
    await passes.look()
    while await passes.ended(operation) == ("doing", None):
        await passes.look()
    assert await passes.ended(operation) == ("done", None)
    assert [(known.request, known.owner) for known in await passes.inventory()] == [
        (operation.request, "U0ENGINEER")
    ]
    assert await passes.told(operation) == [READY]
    assert len(passes.calls(ENABLE)) == 1
    assert await passes.operations() == []


async def test_enabling_whose_answer_was_lost_is_not_asked_for_twice(passes: CertificatePasses) -> None:
    await turn_off(passes)
    operation = await passes.change(Kind.ENABLE)
    passes.heroku.fault(fault_injection.lost_answer(), on=ENABLE)
    await passes.looks(4)
    assert await passes.ended(operation) == ("done", None)
    assert len(passes.calls(ENABLE)) == 1


async def test_enabling_that_did_not_arrive_is_asked_for_again_after_a_minute(
    passes: CertificatePasses,
) -> None:
    await turn_off(passes)
    operation = await passes.change(Kind.ENABLE)
    passes.heroku.fault(fault_injection.cut_before(), on=ENABLE)
    await passes.looks(3)
    assert len(passes.calls(ENABLE)) == 1
    await passes.minutes()
    await passes.looks(4)
    assert await passes.ended(operation) == ("done", None)


async def test_what_somebody_enabled_meanwhile_is_done_without_a_certificate_of_ours(
    passes: CertificatePasses,
) -> None:
    await turn_off(passes)
    passes.heroku.enable_mtls_externally(DATABASE, now=datetime.now(UTC))
    operation = await passes.change(Kind.ENABLE)
    await passes.looks(2)
    assert await passes.ended(operation) == ("done", None)
    assert await passes.told(operation) == ["notification.done"]
    assert all(known.unmanaged for known in await passes.inventory())


@pytest.mark.parametrize("pace", [replace(TransitionTimes.of(0), provision=3600)])
async def test_enabling_that_takes_too_long_is_a_failure_never_silence(passes: CertificatePasses) -> None:
    await turn_off(passes)
    operation = await passes.change(Kind.ENABLE)
    await passes.looks(3)
    assert await passes.ended(operation) == ("doing", None)
    await passes.too_late()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "deadline")
    assert await passes.told(operation) == [NOT_DONE]


async def test_disabling_takes_everything_with_it_and_says_so_when_it_is_proven(
    passes: CertificatePasses,
) -> None:
    grant = await passes.in_force()
    made, _ = await passes.issued(owner="U0ENGINEER")
    operation = await passes.change(Kind.DISABLE, owner="U0COLLEAGUE")
    await passes.end(grant)
    await passes.look()
    await passes.looks(2)
    assert await passes.ended(operation) == ("done", None)
    assert await passes.state(grant) == "ended"
    assert await passes.inventory() == ()
    assert passes.calls(r"DELETE .*/ip-rules/") == []
    assert len(passes.calls(DISABLE)) == 1
    assert await passes.told(made) == [READY, "notification.certificate_gone"]


@pytest.mark.parametrize("pace", [replace(TransitionTimes.of(0), deprovision=3600)])
async def test_while_it_is_being_disabled_nothing_is_said_to_be_gone(passes: CertificatePasses) -> None:
    operation = await passes.change(Kind.DISABLE)
    await passes.looks(3)
    assert await passes.ended(operation) == ("doing", None)
    assert len(passes.calls(DISABLE)) == 1
    await passes.too_late()
    await passes.look()
    assert await passes.ended(operation) == ("failed", "deadline")


async def test_disabling_that_heroku_refuses_ends_grants_rule_by_rule(passes: CertificatePasses) -> None:
    grant = await passes.in_force()
    operation = await passes.change(Kind.DISABLE)
    await passes.end(grant)
    passes.heroku.fault(fault_injection.status(422), on=DISABLE)
    await passes.looks(4)
    assert await passes.ended(operation) == ("failed", "refused")
    assert await passes.state(grant) == "ended"
    assert passes.ours() == []
