"""mTLS endpoint requests and client certificates: what is recorded for whom, and what is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import OPENING_DEADLINE
from bot.domain.mtls import issuance
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
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
    """Concludes the operation of a request, as the reconciler does."""
    async with store.transaction() as tx:
        before = await tx.operations.of_request(request)
        assert before is not None
        assert await tx.operations.update(before, after(before), doing=AuditContext(actor="pgaccess", at=NOW))
        await tx.commit()


def failed(reason_code: ReasonCode) -> Callable[[Operation], Operation]:
    return lambda change: operations.failed(change, reason_code, now=NOW)


# --- enabling ----------------------------------------------------------------------------------------


async def test_enabling_is_requested_decided_and_left_to_the_reconciler(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    details = await enable(services)
    assert (details.request.kind, details.request.terms.subject) == (Kind.ENABLE, Whole())
    approved = await actions.approve(services, details)
    assert approved.operation is not None
    assert (approved.operation.kind, approved.operation.state) == (Kind.ENABLE, OperationState.DOING)
    assert approved.grant is None


async def test_enabling_what_is_enabled_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, ON)
    assert (await actions.refusal(engine, enable(services))).reason is Refusal.MTLS_ENABLED


async def test_enabling_what_is_being_enabled_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    await actions.approve(services, await enable(services))
    assert (await actions.refusal(engine, enable(services))).reason is Refusal.MTLS_ENABLING


@pytest.mark.parametrize("verb", [enable, issue, actions.ask])
async def test_a_postgres_advanced_database_is_refused_by_its_plan(
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


async def test_without_mtls_an_address_is_refused_unless_both_are_requested(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    refused = await actions.refusal(engine, actions.ask(services))
    assert refused.reason is Refusal.MTLS_NOT_ENABLED
    assert (await ask_both(services)).request.terms.enables_mtls


async def test_one_approval_of_both_starts_the_grant_and_its_first_step(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    assert approved.grant is not None
    assert approved.operation is not None
    assert (approved.grant.state, approved.operation.kind) == (GrantState.APPLYING, Kind.ENABLE)
    longest = OPENING_DEADLINE + OPERATION_DEADLINE + timedelta(hours=8)
    assert approved.grant.ends_at == NOW + longest


async def test_what_was_enabled_before_the_decision_is_not_enabled_again(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    details = await ask_both(services)
    async with store.transaction() as tx:
        await tx.reconcile_queue.request_refresh(details.target.id)
        await tx.commit()
    await store_helpers.see(store, ON)
    assert (await actions.approve(services, details)).operation is None


async def test_of_two_requests_for_both_only_the_first_enables(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    first, second = await ask_both(services), await ask_both(services)
    assert (await actions.approve(services, first)).operation is not None
    assert (await actions.approve(services, second)).operation is None


async def test_an_address_waits_while_mtls_is_being_enabled(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, OFF)
    await actions.approve(services, await enable(services))
    details = await actions.ask(services)
    assert not details.request.terms.enables_mtls


async def test_retry_retries_the_grant_and_its_first_step(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    await actions.bring(store, approved, GrantState.FAILED)
    await end(store, approved.request.id, failed(ReasonCode.REFUSED))
    again = await services.grants.retry(approved.request.id, person=ENGINEER, key=actions.key())
    assert again.grant is not None
    assert again.operation is not None
    assert (again.grant.state, again.operation.state) == (GrantState.APPLYING, OperationState.DOING)


async def test_abandon_abandons_the_grant_and_its_first_step(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, OFF)
    approved = await actions.approve(services, await ask_both(services))
    await actions.bring(store, approved, GrantState.FAILED)
    await end(store, approved.request.id, failed(ReasonCode.REFUSED))
    over = await services.grants.abandon(approved.request.id, person=ENGINEER, key=actions.key())
    assert over.grant is not None
    assert over.operation is not None
    assert (over.grant.state, over.operation.state) == (GrantState.ENDED, OperationState.GIVEN_UP)


# --- disabling ---------------------------------------------------------------------------------------


async def test_the_preview_lists_what_disabling_would_end(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, ON)
    await actions.opened(store, services, GrantState.IN_FORCE)
    await certificates.see(store, certificates.listed())
    found = await services.mtls.preview_disable("billing", person=COLLEAGUE)
    assert len(found.requests) == 1
    assert [known.id for known in found.certificates] == [ID]
    assert [str(rule.network) for rule in found.observation.rules] == ["203.0.113.4/32"]


async def test_an_approved_disabling_ends_every_grant_in_the_same_commit(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, ON)
    grant = await actions.opened(store, services, GrantState.IN_FORCE)
    details = await disable(services, person=COLLEAGUE)
    assert details.closes == (grant.request,)
    await actions.approve(services, details)
    async with store.transaction() as tx:
        now = await tx.grants.lock(grant.id)
    assert (now.state, now.reason_code) == (GrantState.ENDING, ReasonCode.REMOVED)


@pytest.mark.parametrize("typed", ["", "bill", "crm"])
async def test_disabling_is_refused_for_another_name(
    store: PostgresStore, services: Services, engine: AsyncEngine, typed: str
) -> None:
    await store_helpers.see(store, ON)
    assert (await actions.refusal(engine, disable(services, typed=typed))).reason is Refusal.MTLS_NAME


async def test_disabling_is_refused_where_mtls_is_off_or_was_never_observed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    assert (await actions.refusal(engine, disable(services))).reason is Refusal.MTLS_UNSEEN
    await store_helpers.see(store, OFF)
    assert (await actions.refusal(engine, disable(services))).reason is Refusal.MTLS_OFF


async def test_while_mtls_is_being_disabled_requests_are_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, ON)
    await actions.approve(services, await disable(services))
    for verb in (disable, issue, enable):
        assert (await actions.refusal(engine, verb(services))).reason is Refusal.MTLS_CLOSING


# --- certificates ------------------------------------------------------------------------------------


async def test_a_certificate_is_requested_with_its_purpose(store: PostgresStore, services: Services) -> None:
    await store_helpers.see(store, ON)
    approved = await actions.approve(services, await issue(services))
    assert approved.request.terms.reason == "nightly export"
    assert approved.operation is not None
    assert approved.operation.owner == ENGINEER


async def test_without_mtls_a_certificate_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    assert (await actions.refusal(engine, issue(services))).reason is Refusal.CERTIFICATE_OFF


@pytest.mark.parametrize("person", [ENGINEER, LEAD, ADMIN])
async def test_owner_approvers_and_admins_may_request_a_revocation(
    store: PostgresStore, services: Services, person: str
) -> None:
    number = await certificates.own(store)
    details = await discard(services, str(number), person=person)
    assert (details.request.kind, details.request.terms.subject) == (Kind.DISCARD, CertificateId(ID))
    assert details.certificate is not None
    assert details.request.state is RequestState.PENDING


async def test_nobody_else_may_request_a_revocation(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    refused = await actions.refusal(engine, discard(services, str(number), person=COLLEAGUE))
    assert refused.reason is Refusal.NOT_YOURS


async def test_anybody_may_request_the_revocation_of_an_unmanaged_certificate(
    store: PostgresStore, services: Services
) -> None:
    await certificates.see(store, certificates.listed())
    details = await discard(services, ID.hex[:8], person=COLLEAGUE)
    assert details.request.terms.subject == CertificateId(ID)


@pytest.mark.parametrize("handle", ["99999", "ffffffff", "no such", "7c2b0c9", "0"])
async def test_an_unknown_handle_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine, handle: str
) -> None:
    await certificates.see(store, certificates.listed())
    assert (await actions.refusal(engine, discard(services, handle))).reason is Refusal.CERTIFICATE_UNKNOWN


async def test_a_second_revocation_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    details = await discard(services, str(number))
    refused = await actions.refusal(engine, discard(services, str(number)))
    assert (refused.reason, refused.params["id"]) == (Refusal.CERTIFICATE_REMOVING, details.request.id)
    await actions.approve(services, details)
    assert (
        await actions.refusal(engine, discard(services, str(number)))
    ).reason is Refusal.CERTIFICATE_REMOVING


async def test_certificates_are_listed_by_database(store: PostgresStore, services: Services) -> None:
    number = await certificates.own(store)
    (stock,) = await services.certificates.list_by_database(None, person=COLLEAGUE)
    assert [known.handle for known in stock.certificates] == [str(number)]
    assert await services.certificates.list_by_database("billing", person=COLLEAGUE) == (stock,)


# --- of several, a person chooses --------------------------------------------------------------------


async def undecided(store: PostgresStore, services: Services) -> int:
    """Fails an issuance whose answer was lost, with two new certificates to choose from."""
    await store_helpers.see(store, ON)
    details = await actions.approve(services, await issue(services))
    await certificates.see(store, certificates.listed(), certificates.listed(OTHER))

    def several(change: Operation) -> Operation:
        asked = issuance.undecided(issuance.asking(change, [], at=NOW), [ID, OTHER])
        return operations.failed(asked, ReasonCode.SEVERAL, now=NOW)

    await end(store, details.request.id, several)
    return details.request.id


@pytest.mark.parametrize("person", [ENGINEER, LEAD])
async def test_the_owner_or_an_approver_chooses_the_certificate(
    store: PostgresStore, services: Services, person: str
) -> None:
    request = await undecided(store, services)
    details = await services.certificates.choose(request, OTHER, person=person, key=actions.key())
    assert details.operation is not None
    assert details.operation.state is OperationState.DOING
    assert issuance.issuance_progress(details.operation).made == OTHER


async def test_nobody_else_chooses_and_only_offered_certificates_are_chosen(
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


async def test_a_certificate_that_has_an_owner_by_now_is_not_chosen(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request, other = await undecided(store, services), await certificates.own(store, OTHER)
    assert other != request
    refused = await actions.refusal(
        engine, services.certificates.choose(request, OTHER, person=ENGINEER, key=actions.key())
    )
    assert refused.reason is Refusal.CERTIFICATE_NOT_OFFERED


async def test_a_second_choice_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request = await undecided(store, services)
    await services.certificates.choose(request, OTHER, person=ENGINEER, key=actions.key())
    refused = await actions.refusal(
        engine, services.certificates.choose(request, ID, person=LEAD, key=actions.key())
    )
    assert refused.reason is Refusal.CERTIFICATE_NOT_OFFERED


async def test_the_owner_alone_does_not_enable_again_what_somebody_disabled(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, OFF)
    asked = await ask_both(services)
    await actions.approve(services, asked)
    await end(
        store,
        asked.request.id,
        lambda step: operations.failed(step, ReasonCode.CLOSED_ELSEWHERE, now=NOW),
    )
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(asked.request.id)
    assert grant is not None
    # The reconciler closes the grant in the same run.
    closed = grants.closed(grant, GrantState.FAILED, now=NOW, reason_code=ReasonCode.NOT_ENABLED)
    assert await store_helpers.change(store, grant, closed)
    await actions.refusal(engine, services.grants.retry(asked.request.id, person=ENGINEER, key=actions.key()))
