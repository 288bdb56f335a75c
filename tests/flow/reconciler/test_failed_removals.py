"""A removal that failed is requested again after seconds: doing it twice by its id harms nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.request import Kind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fault_injection import Fault
from sandbox.heroku.fixtures import DATABASE, default_world
from storage.tables import mtls_rules, privatelink_accounts
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import DISCARD, REMOVE, MtlsHarness
from tests.flow.reconciler.privatelink_harness import OTHER, PrivateLinkHarness
from tests.unit.factories import NETWORK

SOON = timedelta(seconds=6)
"""Longer than the first gap between attempts."""
PATCH = "PATCH .*/allowed_accounts"

FAILURES = [fault_injection.status(500), fault_injection.cut_before(), fault_injection.html_body(503)]


@pytest.fixture
async def mtls(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[MtlsHarness]:
    times, behavior = TransitionTimes.of(0), Behavior(provisioning_errors=0)
    heroku = default_world(token=TOKEN, times=times, behavior=behavior)
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


@pytest.fixture
async def privatelink(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[PrivateLinkHarness]:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0))
    async with heroku_client(heroku) as client:
        made = PrivateLinkHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_rule_is_removed_after_seconds(mtls: MtlsHarness, failure: Fault) -> None:
    grant = await mtls.open()
    await mtls.end(grant)
    mtls.heroku.fault(failure, on=REMOVE)
    await mtls.reconcile(2)
    # Not at once either: a removal that went through shows first.
    assert len(mtls.calls(REMOVE)) == 1
    assert await mtls.due() < SOON
    await database.make_older(mtls.engine, mtls_rules, "removal_requested_at", by=SOON)
    await mtls.reconcile(2)
    assert (await mtls.state(grant), mtls.owned()) == ("ended", [])


async def test_the_gaps_between_removals_that_fail_grow(mtls: MtlsHarness) -> None:
    grant = await mtls.open()
    await mtls.end(grant)
    mtls.heroku.fault(fault_injection.status(500), on=REMOVE, times=None)
    for _ in range(2):
        await mtls.reconcile()
        await database.make_older(mtls.engine, mtls_rules, "removal_requested_at", by=SOON)
    await mtls.reconcile()
    assert len(mtls.calls(REMOVE)) == 2
    await mtls.wait_a_minute()
    await mtls.reconcile()
    assert len(mtls.calls(REMOVE)) == 3


async def test_a_removal_that_went_through_is_read_back_and_not_repeated(mtls: MtlsHarness) -> None:
    grant = await mtls.open()
    await mtls.end(grant)
    mtls.heroku.fault(fault_injection.lost_answer(), on=REMOVE)
    await mtls.reconcile(2)
    assert (await mtls.state(grant), len(mtls.calls(REMOVE))) == ("ended", 1)


async def test_an_approved_removal_of_an_unmanaged_rule_is_repeated_after_seconds(mtls: MtlsHarness) -> None:
    mtls.rule_externally(NETWORK)
    await mtls.reconcile()
    operation = await mtls.start(Kind.REMOVE_UNMANAGED, NETWORK)
    mtls.heroku.fault(fault_injection.status(500), on=REMOVE)
    await mtls.reconcile()
    await mtls.age_requests(by=SOON)
    await mtls.reconcile(2)
    assert (await mtls.result(operation), str(NETWORK) in mtls.networks()) == (("done", None), False)


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_certificate_is_revoked_after_seconds(mtls: MtlsHarness, failure: Fault) -> None:
    _, known = await mtls.issue()
    operation = await mtls.discard(known)
    mtls.heroku.fault(failure, on=DISCARD)
    await mtls.reconcile()
    await mtls.age_requests(by=SOON)
    await mtls.reconcile(3)
    assert (await mtls.result(operation), len(mtls.calls(DISCARD))) == (("done", None), 2)


@pytest.mark.parametrize("failure", [*FAILURES, fault_injection.status(403)])
async def test_an_account_is_removed_after_seconds(privatelink: PrivateLinkHarness, failure: Fault) -> None:
    grant = await privatelink.open()
    await privatelink.end(grant)
    privatelink.heroku.fault(failure, on=PATCH)
    await privatelink.reconcile()
    assert await privatelink.due() < SOON
    await database.make_older(privatelink.engine, privatelink_accounts, "removal_requested_at", by=SOON)
    await privatelink.reconcile(2)
    assert (await privatelink.state(grant), privatelink.accounts()) == ("ended", [])


async def test_an_approved_removal_of_an_account_is_repeated_after_seconds(
    privatelink: PrivateLinkHarness,
) -> None:
    await privatelink.open()
    privatelink.heroku.add_account_externally(DATABASE, OTHER, now=privatelink.now)
    await privatelink.reconcile()
    operation = await privatelink.start(Kind.REMOVE_UNMANAGED, parse_accounts(OTHER))
    privatelink.heroku.fault(fault_injection.status(500), on=PATCH)
    await privatelink.reconcile()
    await privatelink.age_requests(by=SOON)
    await privatelink.reconcile(2)
    assert await privatelink.result(operation) == ("done", None)
