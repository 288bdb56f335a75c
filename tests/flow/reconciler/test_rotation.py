"""Rotations run by run: issued once, handed over once, and the old certificate removed last, if at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import operation as operation_rules
from bot.domain.grant import ReasonCode
from bot.domain.mtls import rotation
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.rotation import GRACE, RotationStage, rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, Request, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import CertificateId
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, Credential, Login
from bot.reconciler.lease import LeaseManager
from bot.services import open_services
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from storage.tables import audit, operations, outbox, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import MtlsHarness
from tests.unit import factories
from tests.unit.factories import POLICY, emulated_database
from tests.unit.storage import store_helpers

MAKE, REMOVE = r"POST .*/certificates$", r"DELETE .*/certificates/"


@pytest.fixture
def behavior() -> Behavior:
    return Behavior()


class EmulatedConnectionTest:
    """Tests connections without a network, with the result that a test asks for."""

    def __init__(self) -> None:
        self.finds = ConnectionResult.CONNECTED
        self.dies = False
        self.tried: list[tuple[Login, Credential]] = []

    async def connect(self, login: Login, credential: Credential, *, root: str) -> ConnectionResult:
        """Notes what was brought along; ``dies`` once in the middle of it."""
        assert root.startswith("-----BEGIN CERTIFICATE-----")
        if self.dies:
            self.dies = False
            raise asyncio.CancelledError
        self.tried.append((login, credential))
        return self.finds


@pytest.fixture
def probe() -> EmulatedConnectionTest:
    return EmulatedConnectionTest()


@pytest.fixture
def probing() -> bool:
    """Whether new certificates may be tested from here."""
    return True


@pytest.fixture
async def harness(
    store: PostgresStore,
    engine: AsyncEngine,
    behavior: Behavior,
    probe: EmulatedConnectionTest,
    probing: bool,
) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=behavior)
    async with heroku_client(heroku) as client:
        yield MtlsHarness(
            store=store, engine=engine, heroku=heroku, client=client, probe=probe if probing else None
        )


class Rotating:
    """One rotation of the certificate that the emulated database begins with, and what becomes of it."""

    def __init__(self, harness: MtlsHarness) -> None:
        self.harness = harness
        self.services = open_services(store=harness.store, policy=POLICY, clock=harness.clock)
        self.old = UUID(int=0)
        self.id = uuid4()

    async def begin(self) -> None:
        """It was asked for and approved."""
        harness = self.harness
        await harness.begin()
        await harness.reconcile()
        (self.old,) = self.ready()
        asked = factories.request(kind=Kind.ROTATE, endless=True, reason="it grows old")
        subject = CertificateId(self.old)
        terms = replace(asked.terms, target=harness.target.id, subject=subject)
        request = await store_helpers.record(harness.store, replace(asked, terms=terms))
        operation = operation_rules.begin(request, id=self.id, now=harness.clock.now())
        doing = AuditContext(actor="U0LEAD", at=harness.clock.now())
        async with harness.store.transaction() as tx:
            await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=doing)
            await tx.reconcile_queue.bump_generation(harness.target.id, operation.method)
            await tx.commit()

    async def handed_over(self) -> UUID:
        """The new certificate is ready; returns its id."""
        await self.begin()
        for _ in range(3):
            await self.harness.reconcile()
        new = rotation_of(await self.now()).new
        assert new is not None
        return new

    async def installed(self) -> UUID:
        """Its owner has said that it is installed; returns its id."""
        new = await self.handed_over()
        request = (await self.now()).request
        await self.services.certificate_rotation.confirm_installed(
            request, person="U0ENGINEER", key=f"installed:{uuid4()}"
        )
        return new

    async def rested(self) -> UUID:
        """The grace is over."""
        new = await self.installed()
        self.harness.clock.present += GRACE
        await self.know_again()
        return new

    async def know_again(self) -> None:
        """The people were counted just now."""
        async with self.harness.store.transaction() as tx:
            await tx.slack_users.save([factories.person()])
            await tx.commit()

    async def now(self) -> Operation:
        async with self.harness.store.transaction() as tx:
            return await tx.operations.lock(self.id)

    async def stage(self) -> RotationStage:
        return rotation_of(await self.now()).stage

    async def failed(self) -> ReasonCode | None:
        operation = await self.now()
        assert operation.state is OperationState.FAILED
        return operation.reason_code

    async def told(self, kind: str) -> int:
        return await database.count(self.harness.engine, outbox, kind=kind)

    def ready(self) -> list[UUID]:
        found = self.harness.heroku.certificates(DATABASE, now=datetime.now(UTC))
        return [each.id for each in found if each.status == "ready"]

    def remove_externally(self, certificate: UUID) -> None:
        self.harness.heroku.delete_certificate_externally(DATABASE, certificate, now=datetime.now(UTC))


@pytest.fixture
def rotating(harness: MtlsHarness) -> Rotating:
    return Rotating(harness)


# --- its course --------------------------------------------------------------------------------------


async def test_a_new_certificate_is_made_once_handed_over_and_waited_for(rotating: Rotating) -> None:
    new = await rotating.handed_over()
    for _ in range(3):
        await rotating.harness.reconcile()
    assert rotating.ready() == [rotating.old, new]
    assert len(rotating.harness.calls(MAKE)) == 1
    assert await rotating.stage() is RotationStage.INSTALLING
    assert await rotating.told("notification.rotation_ready") == 1


async def test_the_new_one_belongs_to_whoever_asked(rotating: Rotating) -> None:
    new = await rotating.handed_over()
    async with rotating.harness.store.transaction() as tx:
        known = await tx.certificates.find(new)
    assert known is not None
    assert (known.owner, known.purpose) == ("U0ENGINEER", "it grows old")


async def test_while_a_person_is_waited_for_heroku_is_left_in_peace(rotating: Rotating) -> None:
    await rotating.handed_over()
    await rotating.harness.reconcile()
    assert await rotating.harness.due() > timedelta(minutes=9)


async def test_the_old_one_stays_until_the_grace_is_over(rotating: Rotating) -> None:
    new = await rotating.installed()
    rotating.harness.clock.present += GRACE - timedelta(seconds=1)
    await rotating.harness.reconcile()
    assert rotating.ready() == [rotating.old, new]
    assert rotating.harness.calls(REMOVE) == []


async def test_then_it_is_removed_and_the_rotation_done_once_that_was_read_back(rotating: Rotating) -> None:
    new = await rotating.rested()
    await rotating.harness.reconcile()
    assert await rotating.stage() is RotationStage.REMOVING
    await rotating.harness.reconcile()
    assert (await rotating.now()).state is OperationState.DONE
    assert rotating.ready() == [new]
    assert len(rotating.harness.calls(REMOVE)) == 1
    assert await rotating.told("notification.done") == 1


async def test_every_stage_has_its_line_in_the_audit_trail(rotating: Rotating) -> None:
    await rotating.rested()
    await rotating.harness.reconcile()
    await rotating.harness.reconcile()
    assert await database.audit_lines(rotating.harness.engine, "actor", "after", subject="rotate") == [
        ("U0LEAD", "doing, making"),
        ("pgaccess", "doing, installing"),
        ("U0ENGINEER", "doing, resting"),
        ("pgaccess", "doing, removing"),
        ("pgaccess", "done"),
    ]


# --- what may come between -----------------------------------------------------------------------------


async def test_a_new_one_that_somebody_removed_is_said_and_the_old_one_stays(rotating: Rotating) -> None:
    rotating.remove_externally(await rotating.rested())
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.NEW_GONE
    assert rotating.ready() == [rotating.old]
    assert rotating.harness.calls(REMOVE) == []
    assert await rotating.told("notification.not_done") == 1


async def test_a_new_one_whose_removal_was_approved_is_none_to_rely_on(rotating: Rotating) -> None:
    new = await rotating.rested()
    harness = rotating.harness
    asked = factories.request(kind=Kind.DISCARD, endless=True, reason="lost")
    terms = replace(asked.terms, target=harness.target.id, subject=CertificateId(new))
    request = await store_helpers.record(harness.store, replace(asked, terms=terms))
    discard = operation_rules.begin(request, id=uuid4(), now=harness.clock.now())
    async with harness.store.transaction() as tx:
        await tx.operations.start(
            discard, within=OPERATION_DEADLINE, doing=AuditContext(actor="U0LEAD", at=harness.clock.now())
        )
        await tx.reconcile_queue.bump_generation(harness.target.id, discard.method)
        await tx.commit()
    for _ in range(3):
        await harness.reconcile()
    assert rotating.ready() == [rotating.old]
    assert await rotating.failed() is ReasonCode.NEW_GONE


async def test_another_new_one_for_one_that_somebody_removed_needs_a_request(rotating: Rotating) -> None:
    new = await rotating.installed()
    rotating.remove_externally(new)
    await rotating.harness.reconcile()
    request = (await rotating.now()).request
    with pytest.raises(Refused) as caught:
        await rotating.services.grants.retry(request, person="U0ENGINEER", key="retry")
    assert caught.value.reason is Refusal.RETRY_ASKS_AGAIN
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.NEW_GONE
    assert len(rotating.harness.calls(MAKE)) == 1


async def test_an_old_one_that_somebody_removed_is_said(rotating: Rotating) -> None:
    new = await rotating.handed_over()
    rotating.remove_externally(rotating.old)
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.OLD_GONE
    request = (await rotating.now()).request
    await rotating.services.grants.retry(request, person="U0ENGINEER", key="retry")
    await rotating.harness.reconcile()
    assert (await rotating.now()).state is OperationState.DONE
    assert rotating.ready() == [new]
    assert rotating.harness.calls(REMOVE) == []


async def test_an_answer_that_is_lost_is_found_again_and_nothing_is_made_twice(rotating: Rotating) -> None:
    await rotating.begin()
    rotating.harness.heroku.fault(fault_injection.lost_answer(), on=MAKE)
    await rotating.harness.reconcile()
    for _ in range(2):
        await rotating.harness.reconcile()
    await rotating.harness.age_requests(timedelta(minutes=2))
    for _ in range(3):
        await rotating.harness.reconcile()
    assert len(rotating.harness.calls(MAKE)) == 1
    assert await rotating.stage() is RotationStage.INSTALLING


async def test_a_removal_whose_answer_is_lost_is_read_back(rotating: Rotating) -> None:
    new = await rotating.rested()
    rotating.harness.heroku.fault(fault_injection.lost_answer(), on=REMOVE)
    await rotating.harness.reconcile()
    await rotating.harness.reconcile()
    assert (await rotating.now()).state is OperationState.DONE
    assert rotating.ready() == [new]


async def test_a_list_that_cannot_be_read_decides_nothing(rotating: Rotating) -> None:
    new = await rotating.rested()
    rotating.harness.heroku.fault(fault_injection.status(500), on=r"GET .*/certificates$")
    await rotating.harness.reconcile()
    assert await rotating.stage() is RotationStage.RESTING
    assert rotating.ready() == [rotating.old, new]


async def test_where_mtls_was_taken_away_nothing_is_removed(rotating: Rotating) -> None:
    await rotating.rested()
    rotating.harness.heroku.disable_mtls_externally(DATABASE, now=datetime.now(UTC))
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.NEW_GONE
    assert rotating.harness.calls(REMOVE) == []


async def test_whoever_has_left_meanwhile_is_made_no_certificate(rotating: Rotating) -> None:
    await rotating.begin()
    async with rotating.harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.PERSON
    assert rotating.harness.calls(MAKE) == []


async def test_the_deadline_of_the_removal_is_its_own(rotating: Rotating) -> None:
    await rotating.rested()
    await rotating.harness.pass_deadlines()
    await rotating.harness.reconcile()
    await rotating.harness.reconcile()
    assert (await rotating.now()).state is OperationState.DONE


# --- what people say on the way --------------------------------------------------------------------------


async def test_an_old_one_that_is_still_needed_stays(rotating: Rotating) -> None:
    new = await rotating.installed()
    request = (await rotating.now()).request
    for press in ("first", "second"):
        await rotating.services.certificate_rotation.keep_old(request, person="U0ENGINEER", key=press)
    rotating.harness.clock.present += GRACE
    await rotating.harness.reconcile()
    assert await rotating.stage() is RotationStage.INSTALLING
    assert rotating.ready() == [rotating.old, new]


async def test_even_one_whose_removal_a_run_has_just_claimed_stays(rotating: Rotating) -> None:
    new = await rotating.rested()
    request = (await rotating.now()).request
    run = await rotating.harness.claim()
    await rotating.services.certificate_rotation.keep_old(request, person="U0ENGINEER", key="keep")
    await rotating.harness.controller.work(run)
    assert rotating.harness.calls(REMOVE) == []
    assert rotating.ready() == [rotating.old, new]


async def test_one_that_is_being_removed_is_not_kept(rotating: Rotating) -> None:
    await rotating.rested()
    await rotating.harness.reconcile()
    request = (await rotating.now()).request
    with pytest.raises(Refused) as refused:
        await rotating.services.certificate_rotation.keep_old(request, person="U0ENGINEER", key="keep")
    assert refused.value.reason is Refusal.ROTATION_OLD_GOING


async def test_a_button_and_a_run_never_wait_for_each_other(rotating: Rotating) -> None:
    await rotating.handed_over()
    claimed = await rotating.harness.claim()
    leases = LeaseManager(store=rotating.harness.store, deadline=rotating.harness.client.deadline)
    async with leases.holding(claimed.run, operation=rotating.id) as tx:
        pressing = asyncio.create_task(asked_for_a_test(rotating))
        await rotating.harness.until_a_transaction_waits()
        await tx.operations.lock(rotating.id)
    await pressing
    assert rotation_of(await rotating.now()).test_asked_at is not None


# --- testing the new one ---------------------------------------------------------------------------------


async def asked_for_a_test(rotating: Rotating) -> None:
    request = (await rotating.now()).request
    await rotating.services.certificate_rotation.test(request, person="U0ENGINEER", key=f"test:{uuid4()}")


async def test_a_test_connects_with_the_new_certificate_and_its_word_is_kept(
    rotating: Rotating, probe: EmulatedConnectionTest
) -> None:
    new = await rotating.handed_over()
    await asked_for_a_test(rotating)
    await rotating.harness.reconcile()
    await rotating.harness.reconcile()
    (login, credential), *more = probe.tried
    assert more == []
    assert credential == await rotating.harness.client.credential(emulated_database(), new)
    assert login.password in rotating.harness.heroku.connection(DATABASE)
    remembered = rotation_of(await rotating.now())
    assert (remembered.tested, remembered.test_asked_at) == (ConnectionResult.CONNECTED, None)
    assert await rotating.stage() is RotationStage.INSTALLING


async def test_who_had_it_tested_and_what_came_of_it_is_in_the_audit_trail(rotating: Rotating) -> None:
    await rotating.handed_over()
    await asked_for_a_test(rotating)
    await rotating.harness.reconcile()
    engine = rotating.harness.engine
    lines = await database.audit_lines(engine, "actor", "after", subject="rotate")
    assert lines[-2:] == [
        ("U0ENGINEER", "doing, installing, testing"),
        ("pgaccess", "doing, installing"),
    ]
    assert (await database.audit_details(engine, "found", subject="rotate"))[-2:] == [None, "connected"]


async def test_what_a_test_uses_is_nowhere_in_the_store(
    rotating: Rotating, probe: EmulatedConnectionTest
) -> None:
    await rotating.handed_over()
    await asked_for_a_test(rotating)
    await rotating.harness.reconcile()
    ((login, _),) = probe.tried
    for table in (operations, outbox, audit):
        kept = repr(await database.rows(rotating.harness.engine, table))
        assert login.password not in kept
        assert "PRIVATE" not in kept


async def test_where_heroku_gives_no_key_nothing_is_tried_and_that_is_said(
    rotating: Rotating, probe: EmulatedConnectionTest
) -> None:
    await rotating.handed_over()
    rotating.harness.heroku.fault(fault_injection.status(500), on=r"GET .*/config-vars")
    await asked_for_a_test(rotating)
    await rotating.harness.reconcile()
    assert rotation_of(await rotating.now()).tested is ConnectionResult.NOT_FETCHED
    assert probe.tried == []


async def test_a_new_one_that_does_not_work_keeps_the_old_one_until_a_person_says_otherwise(
    rotating: Rotating, probe: EmulatedConnectionTest
) -> None:
    new = await rotating.installed()
    probe.finds = ConnectionResult.NOT_ACCEPTED
    await asked_for_a_test(rotating)
    await rotating.harness.reconcile()
    rotating.harness.clock.present += GRACE
    await rotating.harness.reconcile()
    assert await rotating.failed() is ReasonCode.NOT_ACCEPTED
    assert rotating.ready() == [rotating.old, new]
    request = (await rotating.now()).request
    await rotating.services.grants.retry(request, person="U0ENGINEER", key="retry")
    await rotating.harness.reconcile()
    assert await rotating.stage() is RotationStage.REMOVING


async def test_a_test_whose_process_died_is_made_again(
    rotating: Rotating, probe: EmulatedConnectionTest
) -> None:
    await rotating.handed_over()
    await asked_for_a_test(rotating)
    probe.dies = True
    with pytest.raises(asyncio.CancelledError):
        await rotating.harness.reconcile()
    await database.end_leases(rotating.harness.engine, reconcile_queue)
    await rotating.harness.reconcile()
    assert rotation_of(await rotating.now()).tested is ConnectionResult.CONNECTED


async def test_nobody_else_has_it_tested(rotating: Rotating, probe: EmulatedConnectionTest) -> None:
    await rotating.handed_over()
    request = (await rotating.now()).request
    async with rotating.harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person(), factories.person("U0STRANGER")])
        await tx.commit()
    with pytest.raises(Refused) as refused:
        await rotating.services.certificate_rotation.test(request, person="U0STRANGER", key="test")
    assert refused.value.reason is Refusal.NOT_YOURS
    assert probe.tried == []


@pytest.mark.parametrize("probing", [False])
async def test_where_it_is_switched_off_there_is_nothing_to_test(rotating: Rotating, probing: bool) -> None:
    await rotating.handed_over()
    request = (await rotating.now()).request
    with pytest.raises(Refused) as refused:
        await rotating.services.certificate_rotation.test(request, person="U0ENGINEER", key="test")
    assert refused.value.reason is Refusal.ROTATION_NO_TEST


def test_a_rotation_remembers_no_secret() -> None:
    begun = operation_rules.begin(_asked(), id=uuid4(), now=factories.NOW)
    made = rotation.made(begun, uuid4(), now=factories.NOW, testable=True)
    tried = rotation.tested(
        rotation.testing(made, now=factories.NOW), ConnectionResult.OTHER, now=factories.NOW
    )
    assert set(tried.progress) == {"new", "ready_at", "reminders", "testable", "tested", "tested_at"}


def _asked() -> Request:
    asked = factories.request(kind=Kind.ROTATE, endless=True)
    return replace(asked, terms=replace(asked.terms, subject=CertificateId(uuid4())))
