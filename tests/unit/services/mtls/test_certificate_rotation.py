"""Certificate rotation: who may request it, that it is requested once, and what a confirmation starts."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import rotation
from bot.domain.mtls.rotation import GRACE, PATIENCE, REMINDERS
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.domain.subject import CertificateId
from bot.ports import MessageKind, RequestDetails
from bot.services import Services
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, LEAD
from tests.unit.services.certificates import ID
from tests.unit.storage.store_helpers import BY_LEAD

NEW = UUID("7c2b0c9e-0000-4000-8000-000000000002")
UNMANAGED = UUID("deadbeef-0000-4000-8000-000000000007")


async def rotate(
    services: Services, handle: str | int, person: str = ENGINEER, reason: str | None = None
) -> RequestDetails:
    return await services.certificate_rotation.rotate(str(handle), reason, person=person, key=actions.key())


async def begun(store: PostgresStore, services: Services) -> Operation:
    """Approves a rotation; returns its request."""
    asked = await rotate(services, await certificates.own(store))
    approved = await actions.approve(services, asked)
    assert approved.operation is not None
    return approved.operation


async def handed_over(store: PostgresStore, services: Services) -> Operation:
    """Moves a rotation to a ready new certificate, as a reconcile run records it."""
    before = await begun(store, services)
    after = rotation.made(before, NEW, now=NOW)
    await move(store, before, after)
    return after


async def move(store: PostgresStore, before: Operation, after: Operation) -> None:
    async with store.transaction() as tx:
        assert await tx.operations.update(before, after, doing=BY_LEAD)
        await tx.commit()


async def current(store: PostgresStore, change: Operation) -> Operation:
    async with store.transaction() as tx:
        return await tx.operations.lock(change.id)


async def messages(engine: AsyncEngine, kind: MessageKind) -> int:
    return await database.count(engine, outbox, kind=kind)


# --- asking ------------------------------------------------------------------------------------------


async def test_a_rotation_request_names_the_old_certificate_and_repeats_its_purpose(
    store: PostgresStore, services: Services
) -> None:
    details = await rotate(services, await certificates.own(store))
    terms = details.request.terms
    assert (details.request.kind, details.request.state) == (Kind.ROTATE, RequestState.PENDING)
    assert (terms.subject, terms.reason) == (CertificateId(ID), "nightly export")


@pytest.mark.parametrize("person", [LEAD, ADMIN])
async def test_approvers_and_admins_may_request_a_rotation(
    store: PostgresStore, services: Services, person: str
) -> None:
    details = await rotate(services, await certificates.own(store), person, "its owner has left")
    assert (details.request.requester, details.request.terms.reason) == (person, "its owner has left")


async def test_nobody_else_may_request_a_rotation(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request = await certificates.own(store)
    refused = await actions.refusal(engine, rotate(services, request, COLLEAGUE))
    assert refused.reason == "not_yours"


async def test_an_unmanaged_certificate_is_named_by_the_beginning_of_its_id(
    store: PostgresStore, services: Services
) -> None:
    await certificates.see(store, certificates.listed(UNMANAGED))
    details = await rotate(services, "deadbeef", COLLEAGUE)
    assert details.request.terms.subject == CertificateId(UNMANAGED)


async def test_a_second_rotation_is_refused_while_the_first_is_pending_or_under_way(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    request = await certificates.own(store)
    asked = await rotate(services, request)
    for _ in range(2):
        refused = await actions.refusal(engine, rotate(services, request))
        assert (refused.reason, refused.params["id"]) == ("rotation_open", asked.request.id)
        if asked.request.state is RequestState.PENDING:
            asked = await actions.approve(services, asked)


async def test_after_a_denial_a_rotation_can_be_requested_again(
    store: PostgresStore, services: Services
) -> None:
    request = await certificates.own(store)
    await actions.deny(services, await rotate(services, request))
    assert (await rotate(services, request)).request.state is RequestState.PENDING


@pytest.mark.parametrize("status", ["pending", "disabling"])
async def test_a_certificate_that_is_not_ready_is_not_rotated(
    store: PostgresStore, services: Services, engine: AsyncEngine, status: str
) -> None:
    request = await certificates.own(store)
    await certificates.see(store, certificates.listed(status=status))
    refused = await actions.refusal(engine, rotate(services, request))
    assert refused.reason == "certificate_not_ready"


# --- installed ---------------------------------------------------------------------------------------


async def test_confirming_the_installation_begins_the_grace_period_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    for _ in range(2):
        await services.certificate_rotation.confirm_installed(
            change.request, person=ENGINEER, key=actions.key()
        )
        clock.present += timedelta(minutes=5)
    after = await current(store, change)
    assert after.check_at == NOW + GRACE
    lines = [line for line in await actions.transitions(engine) if line[1] == "rotate"]
    assert lines[-1] == (ENGINEER, "rotate", "doing, installing", "doing, resting")
    assert len(lines) == 3


async def test_nobody_else_confirms_the_installation(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    refused = await actions.refusal(
        engine,
        services.certificate_rotation.confirm_installed(change.request, person=COLLEAGUE, key=actions.key()),
    )
    assert refused.reason == "not_yours"


async def test_before_it_is_issued_a_certificate_cannot_be_installed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await begun(store, services)
    refused = await actions.refusal(
        engine,
        services.certificate_rotation.confirm_installed(change.request, person=ENGINEER, key=actions.key()),
    )
    assert refused.reason == "rotation_not_waiting"


async def test_after_the_grace_period_one_reconcile_run_is_triggered(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    await services.certificate_rotation.confirm_installed(change.request, person=ENGINEER, key=actions.key())
    before = await database.generation(engine)
    for after in (GRACE - timedelta(seconds=1), GRACE, GRACE + timedelta(hours=1)):
        clock.present = NOW + after
        await services.deadlines.run_due()
    assert await database.generation(engine) == before + 1


# --- never confirmed -----------------------------------------------------------------------------------


async def test_an_unconfirmed_installation_is_reminded_of_and_then_fails(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    for after in (*REMINDERS, PATIENCE):
        clock.present = NOW + after
        await services.deadlines.run_due()
        await services.deadlines.run_due()
    assert await messages(engine, MessageKind.INSTALL) == len(REMINDERS)
    failed = await current(store, change)
    assert (failed.state, failed.reason_code, failed.check_at) == (
        OperationState.FAILED,
        ReasonCode.NOT_INSTALLED,
        None,
    )
    assert await messages(engine, MessageKind.NOT_DONE) == 1


async def test_a_retried_rotation_waits_for_the_certificate_that_exists(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    change = await handed_over(store, services)
    failed = operations.failed(change, ReasonCode.NOT_INSTALLED, now=NOW)
    await move(store, change, failed)
    await services.grants.retry(change.request, person=ENGINEER, key=actions.key())
    again = await current(store, change)
    assert rotation.rotation_of(again).new == NEW
    assert again.check_at == clock.present + REMINDERS[0]


async def test_a_request_that_is_no_rotation_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    refused = await actions.refusal(
        engine,
        services.certificate_rotation.confirm_installed(asked.request.id, person=ENGINEER, key=str(uuid4())),
    )
    assert refused.reason == "rotation_not_waiting"


# --- tests, and an old one that is still needed ---------------------------------------------------------


async def ready_to_test(store: PostgresStore, services: Services) -> Operation:
    before = await begun(store, services)
    after = rotation.made(before, NEW, now=NOW, testable=True)
    await move(store, before, after)
    return after


async def test_a_test_is_requested_once_and_triggers_a_reconcile_run(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await ready_to_test(store, services)
    before = await database.generation(engine)
    for _ in range(2):
        await services.certificate_rotation.test(change.request, person=ENGINEER, key=actions.key())
    found = rotation.rotation_of(await current(store, change))
    assert (found.test_asked_at, found.tested) == (NOW, None)
    assert await database.generation(engine) == before + 1


async def test_approvers_may_request_a_test_and_nobody_else(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await ready_to_test(store, services)
    refused = await actions.refusal(
        engine, services.certificate_rotation.test(change.request, person=COLLEAGUE, key=actions.key())
    )
    assert refused.reason == "not_yours"
    await services.certificate_rotation.test(change.request, person=LEAD, key=actions.key())
    assert rotation.rotation_of(await current(store, change)).test_asked_at == NOW


async def test_a_test_that_is_impossible_is_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    refused = await actions.refusal(
        engine, services.certificate_rotation.test(change.request, person=ENGINEER, key=actions.key())
    )
    assert refused.reason == "rotation_no_test"


async def test_keep_old_takes_back_the_confirmation(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    change = await handed_over(store, services)
    await services.certificate_rotation.confirm_installed(change.request, person=ENGINEER, key=actions.key())
    refused = await actions.refusal(
        engine, services.certificate_rotation.keep_old(change.request, person=COLLEAGUE, key=actions.key())
    )
    assert refused.reason == "not_yours"
    await services.certificate_rotation.keep_old(change.request, person=ENGINEER, key=actions.key())
    kept_one = await current(store, change)
    assert rotation.rotation_of(kept_one).waits_for_word
    assert kept_one.check_at == NOW + REMINDERS[0]


async def test_keep_old_before_a_confirmation_changes_nothing(
    store: PostgresStore, services: Services
) -> None:
    change = await handed_over(store, services)
    await services.certificate_rotation.keep_old(change.request, person=ENGINEER, key=actions.key())
    assert await current(store, change) == change
