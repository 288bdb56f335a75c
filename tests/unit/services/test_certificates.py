"""mTLS as a whole and certificates: what is recorded for whom, what is refused, and without a trace."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import operation as operations
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.mtls import issuance
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.domain.schedule import OPENING_DEADLINE, OPERATION_DEADLINE
from bot.domain.subject import CertificateId, Whole
from bot.errors import Refusal
from bot.ports import AuditContext, RequestDetails
from bot.services import RequestInput, Services
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.services import actions, certificates
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, LEAD
from tests.unit.services.certificates import ID
from tests.unit.storage import store_helpers

OFF = factories.look(enabled=False)
ON = factories.look(factories.rule("203.0.113.4/32"))
REQUEST_INPUT = RequestInput(target="billing", reason="nightly export")
OTHER = UUID("8d3c1daf-0000-4000-8000-000000000002")


async def enable(services: Services, *, person: str = ENGINEER) -> RequestDetails:
    return await services.mtls.enable(REQUEST_INPUT, person=person, key=actions.key())


async def issue(services: Services, *, person: str = ENGINEER) -> RequestDetails:
    return await services.certificates.issue(REQUEST_INPUT, person=person, key=actions.key())


async def disable(services: Services, *, typed: str = "billing", person: str = ENGINEER) -> RequestDetails:
    return await services.mtls.disable(REQUEST_INPUT, typed=typed, person=person, key=actions.key())


async def discard(services: Services, handle: str, *, person: str = ENGINEER) -> RequestDetails:
    return await services.certificates.revoke(handle, "lost", person=person, key=actions.key())


async def end(store: PostgresStore, request: int, after: Callable[[Operation], Operation]) -> None:
    """The keeper concludes the change of a request."""
    async with store.transaction() as tx:
        before = await tx.operations.of_request(request)
        assert before is not None
        assert await tx.operations.update(before, after(before), doing=AuditContext(actor="pgaccess", at=NOW))
        await tx.commit()


def failed(reason_code: ReasonCode) -> Callable[[Operation], Operation]:
    return lambda change: operations.failed(change, reason_code, now=NOW)


# --- enabling ----------------------------------------------------------------------------------------


async def test_enabling_is_asked_for_decided_and_then_the_keepers(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    case = await enable(services)
    assert (case.request.kind, case.request.terms.subject) == (Kind.ENABLE, Whole())
    approved = await actions.approve(services, case)
    assert approved.operation is not None
    assert (approved.operation.kind, approved.operation.state) == (Kind.ENABLE, OperationState.DOING)
    assert approved.grant is None


async def test_what_is_enabled_already_is_not_asked_for(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, ON)
    assert (await actions.refusal(engine, enable(services))).reason is Refusal.MTLS_ENABLED


async def test_what_is_being_enabled_is_not_asked_for_twice(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    await actions.approve(services, await enable(services))
    assert (await actions.refusal(engine, enable(services))).reason is Refusal.MTLS_ENABLING


@pytest.mark.parametrize("verb", [enable, issue, actions.ask])
async def test_a_database_on_postgres_advanced_is_refused_with_the_fact(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    verb: Callable[[Services], Awaitable[RequestDetails]],
) -> None:
    plan = "heroku-postgresql:advanced-private-1"
    await store_helpers.discover(store, replace(factories.database(), plan=plan))
    refused = await actions.refusal(engine, verb(services))
    assert (refused.reason, refused.params["plan"]) == (Refusal.MTLS_PLAN, plan)


async def test_shield_plans_have_mtls(store: PostgresStore, services: Services) -> None:
    shield = replace(factories.database(shield=True), plan="heroku-postgresql:shield-4")
    await store_helpers.discover(store, shield)
    assert (await enable(services)).request.state is RequestState.PENDING


# --- an address and mTLS in one request --------------------------------------------------------------


async def ask_both(services: Services) -> RequestDetails:
    return await actions.ask(services, replace(actions.REQUEST_INPUT, enables_mtls=True))


async def test_an_address_without_mtls_is_refused_until_somebody_wants_both(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    refused = await actions.refusal(engine, actions.ask(services))
    assert refused.reason is Refusal.MTLS_NOT_ENABLED
    assert (await ask_both(services)).request.terms.enables_mtls


async def test_one_approval_of_both_starts_the_grant_and_the_step_before_it(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    assert approved.grant is not None
    assert approved.operation is not None
    assert (approved.grant.state, approved.operation.kind) == (GrantState.APPLYING, Kind.ENABLE)
    longest = OPENING_DEADLINE + OPERATION_DEADLINE + timedelta(hours=8)
    assert approved.grant.ends_at == NOW + longest


async def test_what_somebody_has_enabled_before_the_decision_is_not_enabled_again(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    case = await ask_both(services)
    async with store.transaction() as tx:
        await tx.reconcile_queue.request_refresh(case.target.id)
        await tx.commit()
    await store_helpers.see(store, ON)
    assert (await actions.approve(services, case)).operation is None


async def test_of_two_that_want_both_only_the_first_enables(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, OFF)
    first, second = await ask_both(services), await ask_both(services)
    assert (await actions.approve(services, first)).operation is not None
    assert (await actions.approve(services, second)).operation is None


async def test_an_address_for_what_is_being_enabled_already_just_waits(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    await actions.approve(services, await enable(services))
    case = await actions.ask(services)
    assert not case.request.terms.enables_mtls


async def test_both_are_tried_again_together(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    await actions.bring(store, approved, GrantState.FAILED)
    await end(store, approved.request.id, failed(ReasonCode.REFUSED))
    again = await services.grants.retry(approved.request.id, person=ENGINEER, key=actions.key())
    assert again.grant is not None
    assert again.operation is not None
    assert (again.grant.state, again.operation.state) == (GrantState.APPLYING, OperationState.DOING)


async def test_both_are_given_up_together(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    await actions.bring(store, approved, GrantState.FAILED)
    await end(store, approved.request.id, failed(ReasonCode.REFUSED))
    over = await services.grants.abandon(approved.request.id, person=ENGINEER, key=actions.key())
    assert over.grant is not None
    assert over.operation is not None
    assert (over.grant.state, over.operation.state) == (GrantState.ENDED, OperationState.GIVEN_UP)


# --- disabling ---------------------------------------------------------------------------------------


async def test_what_disabling_would_end_is_listed_before_it_is_asked_for(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, ON)
    await actions.opened(store, services, GrantState.IN_FORCE)
    await certificates.see(store, certificates.listed())
    found = await services.mtls.preview_disable("billing", person=COLLEAGUE)
    assert len(found.requests) == 1
    assert [known.id for known in found.certificates] == [ID]
    assert [str(rule.network) for rule in found.observation.rules] == ["203.0.113.4/32"]


async def test_disabling_ends_every_grant_in_the_very_approval(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, ON)
    grant = await actions.opened(store, services, GrantState.IN_FORCE)
    case = await disable(services, person=COLLEAGUE)
    assert case.closes == (grant.request,)
    await actions.approve(services, case)
    async with store.transaction() as tx:
        now = await tx.grants.lock(grant.id)
    assert (now.state, now.reason_code) == (GrantState.ENDING, ReasonCode.REMOVED)


@pytest.mark.parametrize("typed", ["", "bill", "crm"])
async def test_another_name_disables_nothing(
    store: PostgresStore, services: Services, engine: AsyncEngine, typed: str
) -> None:
    await store_helpers.see(store, ON)
    assert (await actions.refusal(engine, disable(services, typed=typed))).reason is Refusal.MTLS_NAME


async def test_nothing_is_disabled_that_is_off_or_was_never_seen(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    assert (await actions.refusal(engine, disable(services))).reason is Refusal.MTLS_UNSEEN
    await store_helpers.see(store, OFF)
    assert (await actions.refusal(engine, disable(services))).reason is Refusal.MTLS_OFF


async def test_while_it_is_being_disabled_nothing_new_is_asked_for(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, ON)
    await actions.approve(services, await disable(services))
    for verb in (disable, issue, enable):
        assert (await actions.refusal(engine, verb(services))).reason is Refusal.MTLS_CLOSING


# --- certificates ------------------------------------------------------------------------------------


async def test_a_certificate_is_asked_for_with_its_purpose(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, ON)
    approved = await actions.approve(services, await issue(services))
    assert approved.request.terms.reason == "nightly export"
    assert approved.operation is not None
    assert approved.operation.owner == ENGINEER


async def test_without_mtls_there_is_no_certificate_to_ask_for(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    assert (await actions.refusal(engine, issue(services))).reason is Refusal.CERTIFICATE_OFF


@pytest.mark.parametrize("person", [ENGINEER, LEAD, ADMIN])
async def test_its_owner_an_approver_and_an_admin_may_ask_for_its_removal(
    store: PostgresStore, services: Services, person: str
) -> None:
    number = await certificates.own(store)
    case = await discard(services, str(number), person=person)
    assert (case.request.kind, case.request.terms.subject) == (Kind.DISCARD, CertificateId(ID))
    assert case.certificate is not None
    assert case.request.state is RequestState.PENDING


async def test_nobody_else_may(store: PostgresStore, services: Services, engine: AsyncEngine) -> None:
    number = await certificates.own(store)
    refused = await actions.refusal(engine, discard(services, str(number), person=COLLEAGUE))
    assert refused.reason is Refusal.NOT_YOURS


async def test_anybody_may_ask_for_the_removal_of_a_unmanaged_one_by_how_its_id_begins(
    store: PostgresStore, services: Services
) -> None:
    await certificates.see(store, certificates.listed())
    case = await discard(services, ID.hex[:8], person=COLLEAGUE)
    assert case.request.terms.subject == CertificateId(ID)


@pytest.mark.parametrize("handle", ["99999", "ffffffff", "no such", "7c2b0c9", "0"])
async def test_a_name_that_no_certificate_has_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine, handle: str
) -> None:
    await certificates.see(store, certificates.listed())
    assert (await actions.refusal(engine, discard(services, handle))).reason is Refusal.CERTIFICATE_UNKNOWN


async def test_its_removal_is_not_asked_for_twice(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    case = await discard(services, str(number))
    refused = await actions.refusal(engine, discard(services, str(number)))
    assert (refused.reason, refused.params["id"]) == (Refusal.CERTIFICATE_REMOVING, case.request.id)
    await actions.approve(services, case)
    assert (
        await actions.refusal(engine, discard(services, str(number)))
    ).reason is Refusal.CERTIFICATE_REMOVING


async def test_all_certificates_are_shown_by_database(store: PostgresStore, services: Services) -> None:
    number = await certificates.own(store)
    (stock,) = await services.certificates.list_by_database(None, person=COLLEAGUE)
    assert [known.handle for known in stock.certificates] == [str(number)]
    assert await services.certificates.list_by_database("billing", person=COLLEAGUE) == (stock,)


# --- of several, a person picks ----------------------------------------------------------------------


async def undecided(store: PostgresStore, services: Services) -> int:
    """An answer was lost, and two certificates turned up."""
    await store_helpers.see(store, ON)
    case = await actions.approve(services, await issue(services))
    await certificates.see(store, certificates.listed(), certificates.listed(OTHER))

    def several(change: Operation) -> Operation:
        asked = issuance.undecided(issuance.asking(change, [], at=NOW), [ID, OTHER])
        return operations.failed(asked, ReasonCode.SEVERAL, now=NOW)

    await end(store, case.request.id, several)
    return case.request.id


@pytest.mark.parametrize("person", [ENGINEER, LEAD])
async def test_the_owner_or_an_approver_says_which_one_it_is(
    store: PostgresStore, services: Services, person: str
) -> None:
    request = await undecided(store, services)
    case = await services.certificates.choose(request, OTHER, person=person, key=actions.key())
    assert case.operation is not None
    assert case.operation.state is OperationState.DOING
    assert issuance.issuance_progress(case.operation).made == OTHER


async def test_nobody_else_picks_and_nothing_that_was_not_offered(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request = await undecided(store, services)
    refused = await actions.refusal(
        engine, services.certificates.choose(request, ID, person=COLLEAGUE, key=actions.key())
    )
    assert refused.reason is Refusal.NOT_YOURS
    refused = await actions.refusal(
        engine, services.certificates.choose(request, uuid4(), person=ENGINEER, key=actions.key())
    )
    assert refused.reason is Refusal.CERTIFICATE_NOT_OFFERED


async def test_what_belongs_to_somebody_by_now_is_not_picked(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request, other = await undecided(store, services), await certificates.own(store, OTHER)
    assert other != request
    refused = await actions.refusal(
        engine, services.certificates.choose(request, OTHER, person=ENGINEER, key=actions.key())
    )
    assert refused.reason is Refusal.CERTIFICATE_NOT_OFFERED


async def test_who_comes_second_with_another_pick_is_told_that_it_is_settled(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request = await undecided(store, services)
    await services.certificates.choose(request, OTHER, person=ENGINEER, key=actions.key())
    refused = await actions.refusal(
        engine, services.certificates.choose(request, ID, person=LEAD, key=actions.key())
    )
    assert refused.reason is Refusal.CERTIFICATE_NOT_OFFERED
