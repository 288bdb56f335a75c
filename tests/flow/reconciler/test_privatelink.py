"""Reconciling PrivateLink that is slow, changed by others, or answers oddly; run by run."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import NO_DRIFT
from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.request import Kind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from storage.tables import privatelink_accounts
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.privatelink_harness import ACCOUNT, OTHER, PrivateLinkHarness
from tests.unit import factories
from tests.unit.factories import POLICY

LONG = 1000.0
"""Seconds; longer than any test."""
ADD = "PUT .*/allowed_accounts"
REMOVE = "PATCH .*/allowed_accounts"
OPEN = "POST /private-link"
CLOSE = "DELETE /private-link"
OPERATIONS = POLICY.operations_channel

LIKELY = Behavior()
UNLIKELY = Behavior(
    link_created=200,
    link_deleted=204,
    link_already=409,
    accounts_changed=200,
    absent_account=404,
    accounts_while_provisioning="refuse",
    removed_account="cut",
    service_name_early="empty",
    account_ids=False,
    legacy_accounts=True,
    connection_waiting="PendingAcceptance",
)
"""Every answer that Heroku does not document, the other way round."""


@contextlib.asynccontextmanager
async def emulated(
    store: PostgresStore,
    engine: AsyncEngine,
    *,
    behavior: Behavior = LIKELY,
    times: TransitionTimes | None = None,
) -> AsyncIterator[PrivateLinkHarness]:
    heroku = default_world(token=TOKEN, times=times or TransitionTimes.of(0), behavior=behavior)
    async with heroku_client(heroku) as client:
        harness = PrivateLinkHarness(store=store, engine=engine, heroku=heroku, client=client)
        await harness.begin()
        yield harness


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[PrivateLinkHarness]:
    async with emulated(store, engine) as made:
        yield made


# --- from opening to closing, whatever the undocumented answers are ---------------------------------------


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_opened_shared_and_ended_leaves_the_endpoint_and_nobody_in_it(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(store, engine, behavior=behavior) as harness:
        first = await harness.open()
        second = await harness.open(f"{ACCOUNT} {OTHER}")
        assert harness.accounts() == [ACCOUNT, OTHER]
        assert len(harness.calls("^POST .*private-link")) == 1
        await harness.end(first)
        await harness.reconcile(2)
        assert await harness.state(first) == "ended"
        assert harness.accounts() == [ACCOUNT, OTHER]
        await harness.end(second)
        await harness.reconcile(2)
        assert await harness.state(second) == "ended"
        assert harness.accounts() == []
        assert harness.status() == "Operational"


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_closing_destroys_everything_and_is_done_once_it_is_proven(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(
        store, engine, behavior=behavior, times=replace(TransitionTimes.of(0), unlink=0.3)
    ) as harness:
        grant = await harness.open()
        harness.heroku.add_account_externally(DATABASE, OTHER, now=harness.now)
        await harness.end(grant)
        operation = await harness.start(Kind.CLOSE)
        await harness.reconcile()
        assert harness.status() == "Deprovisioned"
        assert await harness.result(operation) == ("doing", None)
        assert await harness.state(grant) == "ending"
        while harness.status() is not None:
            await harness.reconcile()
        await harness.reconcile()
        assert await harness.result(operation) == ("done", None)
        assert await harness.state(grant) == "ended"
        assert len(harness.calls("^DELETE .*private-link")) == 1


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_accounts_wait_until_the_endpoint_that_others_are_making_is_ready(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(
        store, engine, behavior=behavior, times=replace(TransitionTimes.of(0), link=LONG)
    ) as harness:
        harness.heroku.create_privatelink_externally(DATABASE, [OTHER], now=harness.now)
        grant = await harness.approve()
        await harness.reconcile(2)
        assert harness.calls("^PUT .*private-link") == harness.calls("^POST .*private-link") == []
        assert await harness.state(grant) == "applying"
        link = harness.heroku.privatelink(DATABASE, now=harness.now)
        assert link is not None
        link.operational_at = harness.now
        await harness.reconcile(3)
        assert await harness.state(grant) == "in_force"
        assert harness.accounts() == [OTHER, ACCOUNT]


# --- deadlines ---------------------------------------------------------------------------------------


async def test_an_endpoint_that_is_not_ready_in_time_is_a_failure_and_what_it_left_is_removed(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), link=LONG)) as harness:
        grant = await harness.approve()
        await harness.reconcile(2)
        assert await harness.state(grant) == "applying"
        await harness.pass_deadlines()
        await harness.reconcile()
        assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "deadline")
        assert harness.accounts() == []


async def test_a_change_that_is_not_made_in_time_is_a_failure(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), unlink=LONG)) as harness:
        await harness.open()
        operation = await harness.start(Kind.CLOSE)
        await harness.reconcile(2)
        await harness.pass_deadlines()
        await harness.reconcile()
        assert await harness.result(operation) == ("failed", "deadline")
        assert "notification.not_done" in await harness.messages("U0ENGINEER")


async def test_looks_grow_apart_while_something_is_under_way_and_rest_afterwards(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), admit=LONG)) as harness:
        await harness.approve()
        await harness.run()
        assert await harness.due() <= timedelta(seconds=1)
        await harness.reconcile(5)
        assert timedelta(seconds=10) < await harness.due() <= timedelta(seconds=15)


# --- lost answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [OPEN, ADD])
async def test_an_account_whose_answer_was_lost_is_found_and_not_asked_for_again(
    harness: PrivateLinkHarness, on: str
) -> None:
    if on == ADD:
        await harness.open(OTHER)
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.lost_answer(), on=on)
    await harness.reconcile(2)
    assert await harness.state(grant) == "in_force"
    assert len(harness.calls(f"^{on.split()[0]} .*private-link")) == 1
    await harness.end(grant)
    await harness.reconcile(2)
    assert (await harness.state(grant), ACCOUNT in harness.accounts()) == ("ended", False)


@pytest.mark.parametrize("on", [OPEN, ADD])
async def test_a_call_that_never_arrived_is_repeated_after_a_minute_and_not_before(
    harness: PrivateLinkHarness, on: str
) -> None:
    if on == ADD:
        await harness.open(OTHER)
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.cut_before(), on=on)
    await harness.reconcile(3)
    assert (await harness.state(grant), ACCOUNT in harness.accounts()) == ("applying", False)
    await harness.wait_a_minute()
    await harness.reconcile(3)
    assert await harness.state(grant) == "in_force"


async def test_what_lands_late_after_its_grant_has_ended_is_taken_away(harness: PrivateLinkHarness) -> None:
    await harness.open(OTHER)
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.cut_before(), on=ADD)
    await harness.reconcile()
    await harness.end(grant)
    await harness.reconcile()
    assert await harness.state(grant) == "ending"
    await harness.wait_a_minute()
    await harness.reconcile()
    assert await harness.state(grant) == "ended"
    harness.heroku.add_account_externally(DATABASE, ACCOUNT, now=harness.now)
    await harness.reconcile(2)
    assert harness.accounts() == [OTHER]


async def test_a_removal_whose_answer_was_lost_is_read_back_and_one_that_came_to_nothing_repeated(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    await harness.end(grant)
    harness.heroku.fault(fault_injection.status(500), on=REMOVE)
    await harness.reconcile(2)
    assert (await harness.state(grant), len(harness.calls("^PATCH .*private-link"))) == ("ending", 1)
    await harness.wait_a_minute()
    await harness.reconcile(2)
    assert (await harness.state(grant), harness.accounts()) == ("ended", [])


async def test_a_closing_whose_answer_was_lost_is_asked_for_again_after_a_minute(
    harness: PrivateLinkHarness,
) -> None:
    await harness.open()
    operation = await harness.start(Kind.CLOSE)
    harness.heroku.fault(fault_injection.cut_before(), on=CLOSE)
    await harness.reconcile(3)
    assert (await harness.result(operation), harness.status()) == (("doing", None), "Operational")
    await harness.wait_a_minute()
    await harness.reconcile(2)
    assert (await harness.result(operation), harness.status()) == (("done", None), None)


# --- refusals ----------------------------------------------------------------------------------------


async def test_one_account_that_heroku_refuses_keeps_no_other_out(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, behavior=replace(LIKELY, most_accounts=1)) as harness:
        one, two = await harness.approve(), await harness.approve(f"{ACCOUNT} {OTHER}")
        await harness.reconcile(4)
        assert await harness.state(one) == "in_force"
        assert (await harness.state(two), await harness.reason(two)) == ("failed", "refused")
        assert harness.accounts() == [ACCOUNT]


async def test_an_endpoint_that_somebody_makes_between_look_and_call_is_taken_as_it_is(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.status(422), on=OPEN)
    harness.heroku.create_privatelink_externally(DATABASE, [OTHER], now=harness.now)
    harness.heroku.fault(fault_injection.status(404), on="GET /private-link")
    await harness.reconcile()
    assert await harness.state(grant) == "applying"
    await harness.reconcile(3)
    assert await harness.state(grant) == "in_force"
    await harness.end(grant)
    await harness.reconcile(2)
    assert harness.accounts() == [OTHER]


async def test_a_closing_that_heroku_refuses_has_failed_with_its_words(harness: PrivateLinkHarness) -> None:
    await harness.open()
    operation = await harness.start(Kind.CLOSE)
    harness.heroku.fault(fault_injection.status(422), on=CLOSE)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "refused")
    assert harness.status() == "Operational"


async def test_somebody_who_is_no_member_any_more_lets_nobody_in(harness: PrivateLinkHarness) -> None:
    grant = await harness.approve()
    await harness.do(lambda tx: tx.slack_users.save([factories.person(deactivated=True)]))
    await harness.reconcile()
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "person")
    assert harness.status() is None


async def test_a_refused_token_is_told_and_changes_nothing(harness: PrivateLinkHarness) -> None:
    grant = await harness.open()
    harness.heroku.fault(fault_injection.status(401), on="GET /private-link")
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    assert "notification.heroku_denied" in await harness.messages(OPERATIONS)


# --- what others do ----------------------------------------------------------------------------------


async def test_an_account_that_others_allowed_serves_a_grant_and_outlives_it(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=harness.now)
    grant = await harness.approve()
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    await harness.end(grant)
    await harness.reconcile(2)
    assert (await harness.state(grant), harness.accounts()) == ("ended", [ACCOUNT])
    assert harness.calls("^PUT .*private-link") == harness.calls("^PATCH .*private-link") == []


async def test_what_others_remove_is_interrupted_told_to_both_and_not_opened_again(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    harness.heroku.remove_account_externally(DATABASE, ACCOUNT, now=harness.now)
    await harness.reconcile(3)
    assert (await harness.state(grant), await harness.reason(grant)) == ("interrupted", "closed_elsewhere")
    assert harness.accounts() == []
    assert "notification.interrupted" in await harness.messages("U0ENGINEER")
    assert "notification.interrupted" in await harness.messages(OPERATIONS)


async def test_an_endpoint_that_others_destroy_interrupts_and_a_new_approval_makes_a_new_one(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    harness.heroku.destroy_privatelink_externally(DATABASE, now=harness.now)
    await harness.reconcile(2)
    assert await harness.state(grant) == "interrupted"
    assert harness.status() is None
    again = await harness.open()
    assert await harness.state(again) == "in_force"


async def test_a_404_is_no_absence_when_the_database_is_called_otherwise_now(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    harness.heroku.rename_database(DATABASE, "postgresql-renamed-1")
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"


async def test_new_unmanaged_accounts_are_told_once_and_one_that_came_back_as_such(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    harness.heroku.add_account_externally(DATABASE, OTHER, now=harness.now)
    await harness.reconcile(2)
    await harness.end(grant)
    await harness.reconcile(2)
    harness.heroku.add_account_externally(DATABASE, ACCOUNT, now=harness.now)
    await harness.reconcile(2)
    assert await harness.messages(OPERATIONS) == ["notification.link_unmanaged", "notification.link_back"]
    assert (await harness.drift()).back == set(parse_accounts(ACCOUNT).arns)
    assert harness.accounts() == [OTHER, ACCOUNT]


async def test_unmanaged_accounts_go_by_their_own_approved_removal(harness: PrivateLinkHarness) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT, OTHER], now=harness.now)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, parse_accounts(OTHER))
    await harness.reconcile(2)
    assert await harness.result(operation) == ("done", None)
    assert harness.accounts() == [ACCOUNT]


async def test_an_open_request_that_relies_on_an_unmanaged_account_keeps_it_there(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=harness.now)
    grant = await harness.open()
    operation = await harness.start(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "needed")
    assert (await harness.state(grant), harness.accounts()) == ("in_force", [ACCOUNT])


async def test_an_adopted_account_is_ours_stays_without_a_grant_and_goes_by_its_own_removal(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=harness.now)
    operation = await harness.start(Kind.ADOPT, parse_accounts(ACCOUNT))
    await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    grant = await harness.open()
    await harness.end(grant)
    await harness.reconcile(2)
    assert (await harness.state(grant), harness.accounts()) == ("ended", [ACCOUNT])
    async with harness.store.transaction() as tx:
        assert len(await tx.privatelink_accounts.owned(harness.target.id)) == 1
    removal = await harness.start(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    await harness.reconcile(2)
    assert (await harness.result(removal), harness.accounts()) == (("done", None), [])
    assert len(harness.calls("^PATCH .*private-link")) == 1


async def test_an_adopted_account_stays_once_heroku_has_refused_its_removal(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=harness.now)
    for _ in range(2):
        adopted = await harness.start(Kind.ADOPT, parse_accounts(ACCOUNT))
    await harness.reconcile()
    assert await harness.result(adopted) == ("done", None)
    removal = await harness.start(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    harness.heroku.fault(fault_injection.status(422), on="PATCH")
    await harness.reconcile(2)
    assert await harness.result(removal) == ("failed", "refused")
    asked = len(harness.calls("^PATCH .*private-link"))
    await database.make_older(
        harness.engine, privatelink_accounts, "removal_requested_at", by=timedelta(hours=1)
    )
    await harness.reconcile(2)
    assert (harness.accounts(), len(harness.calls("^PATCH .*private-link"))) == ([ACCOUNT], asked)


async def test_an_adopted_account_that_vanishes_is_told_to_its_owner_and_to_operations_once(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT, OTHER], now=harness.now)
    await harness.start(Kind.ADOPT, parse_accounts(OTHER))
    await harness.reconcile()
    harness.heroku.remove_account_externally(DATABASE, OTHER, now=harness.now)
    await harness.reconcile(2)
    assert (await harness.messages(OPERATIONS))[-1] == "notification.link_missing"
    assert (await harness.messages("U0ENGINEER"))[-1] == "notification.link_missing"
    assert (await harness.messages(OPERATIONS)).count("notification.link_missing") == 1
    assert (await harness.drift()).missing == set(parse_accounts(OTHER).arns)


async def test_what_goes_with_an_approved_closing_is_not_reported_as_missing(
    harness: PrivateLinkHarness,
) -> None:
    harness.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=harness.now)
    await harness.start(Kind.ADOPT, parse_accounts(ACCOUNT))
    await harness.reconcile()
    closing = await harness.start(Kind.CLOSE)
    await harness.reconcile(3)
    assert await harness.result(closing) == ("done", None)
    assert "notification.link_missing" not in await harness.messages(OPERATIONS)
    assert await harness.drift() == NO_DRIFT


async def test_an_account_that_stops_being_active_is_told_once_two_looks_have_seen_it(
    harness: PrivateLinkHarness,
) -> None:
    grant = await harness.open()
    link = harness.heroku.privatelink(DATABASE, now=harness.now)
    assert link is not None
    later = harness.now + timedelta(hours=1)
    link.accounts.update({arn: replace(each, active_at=later) for arn, each in link.accounts.items()})
    await harness.reconcile()
    assert await harness.messages(OPERATIONS) == []
    await harness.reconcile(2)
    assert await harness.messages(OPERATIONS) == ["notification.link_unapplied"]
    assert (await harness.drift()).unapplied == set(parse_accounts(ACCOUNT).arns)
    assert await harness.state(grant) == "in_force"


async def test_config_vars_that_cannot_be_read_spoil_no_pass(harness: PrivateLinkHarness) -> None:
    grant = await harness.open()
    harness.heroku.create_vpc_endpoint(DATABASE, account=ACCOUNT, now=harness.now)
    harness.heroku.fault(fault_injection.status(403), on="GET /apps/.*/config-vars", times=2)
    await harness.reconcile(2)
    assert await harness.state(grant) == "in_force"
    assert "notification.link_connected" in await harness.messages("U0ENGINEER")
    for _ in range(2):
        await harness.wait_an_hour()
        await harness.reconcile()
    assert "notification.link_url" in await harness.messages("U0ENGINEER")


async def test_a_config_var_that_never_appears_is_not_read_in_every_run(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    never = replace(TransitionTimes.of(0), announce=365 * 24 * 3600.0)
    async with emulated(store, engine, times=never) as harness:
        await harness.open()
        harness.heroku.create_vpc_endpoint(DATABASE, account=ACCOUNT, now=harness.now)
        await harness.reconcile(5)
        asked = sum("config-vars" in entry.path for entry in harness.heroku.request_log)
        assert asked == 1
        await harness.wait_an_hour()
        await harness.reconcile(2)
        assert sum("config-vars" in entry.path for entry in harness.heroku.request_log) == 2


async def test_config_vars_come_back_as_names_alone(harness: PrivateLinkHarness) -> None:
    names = await harness.client.config_var_names("billing")
    assert "DATABASE_URL" in names
    assert not any("postgres://" in name for name in names)
