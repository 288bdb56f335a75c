"""What a keeper makes of PrivateLink that is slow, changed by others, or answers oddly; pass by pass."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import NO_DRIFT
from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.request import Kind
from bot.heroku.client import HerokuClient
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.privatelink_harness import ACCOUNT, OTHER, PrivateLinkPasses
from tests.unit import factories
from tests.unit.factories import POLICY

TOKEN = "HRKU-played"
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
"""Every answer that nobody outside knows, the other way round."""


@contextlib.asynccontextmanager
async def emulated(
    store: PostgresStore,
    engine: AsyncEngine,
    *,
    behavior: Behavior = LIKELY,
    times: TransitionTimes | None = None,
) -> AsyncIterator[PrivateLinkPasses]:
    heroku = default_world(token=TOKEN, times=times or TransitionTimes.of(0), behavior=behavior)
    transport = httpx.ASGITransport(heroku_server(heroku))
    base = "http://heroku.test"
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=transport)
    passes = PrivateLinkPasses(store=store, engine=engine, heroku=heroku, client=client)
    await passes.begin()
    yield passes
    await client.close()


@pytest.fixture
async def passes(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[PrivateLinkPasses]:
    async with emulated(store, engine) as made:
        yield made


# --- the whole way, whatever the answers that nobody knows are ---------------------------------------


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_opened_shared_and_ended_leaves_the_endpoint_and_nobody_in_it(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(store, engine, behavior=behavior) as passes:
        first = await passes.in_force()
        second = await passes.in_force(f"{ACCOUNT} {OTHER}")
        assert passes.accounts() == [ACCOUNT, OTHER]
        assert len(passes.calls("POST")) == 1
        await passes.end(first)
        await passes.look(2)
        assert await passes.state(first) == "ended"
        assert passes.accounts() == [ACCOUNT, OTHER]
        await passes.end(second)
        await passes.look(2)
        assert await passes.state(second) == "ended"
        assert passes.accounts() == []
        assert passes.status() == "Operational"


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_closing_destroys_everything_and_is_done_once_it_is_proven(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(
        store, engine, behavior=behavior, times=replace(TransitionTimes.of(0), unlink=0.3)
    ) as passes:
        grant = await passes.in_force()
        passes.heroku.add_account_externally(DATABASE, OTHER, now=passes.now)
        await passes.end(grant)
        operation = await passes.change(Kind.CLOSE)
        await passes.look()
        assert passes.status() == "Deprovisioned"
        assert await passes.made(operation) == ("doing", None)
        assert await passes.state(grant) == "ending"
        while passes.status() is not None:
            await passes.look()
        await passes.look()
        assert await passes.made(operation) == ("done", None)
        assert await passes.state(grant) == "ended"
        assert len(passes.calls("DELETE")) == 1


@pytest.mark.parametrize("behavior", [LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def test_accounts_wait_until_the_endpoint_that_others_are_making_is_ready(
    store: PostgresStore, engine: AsyncEngine, behavior: Behavior
) -> None:
    async with emulated(
        store, engine, behavior=behavior, times=replace(TransitionTimes.of(0), link=LONG)
    ) as passes:
        passes.heroku.create_privatelink_externally(DATABASE, [OTHER], now=passes.now)
        grant = await passes.approved()
        await passes.look(2)
        assert passes.calls("PUT") == passes.calls("POST") == []
        assert await passes.state(grant) == "applying"
        link = passes.heroku.privatelink(DATABASE, now=passes.now)
        assert link is not None
        link.operational_at = passes.now
        await passes.look(3)
        assert await passes.state(grant) == "in_force"
        assert passes.accounts() == [OTHER, ACCOUNT]


# --- deadlines ---------------------------------------------------------------------------------------


async def test_an_endpoint_that_is_not_ready_in_time_is_a_failure_and_what_it_left_is_removed(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), link=LONG)) as passes:
        grant = await passes.approved()
        await passes.look(2)
        assert await passes.state(grant) == "applying"
        await passes.deadline()
        await passes.look()
        assert (await passes.state(grant), await passes.why(grant)) == ("failed", "deadline")
        assert passes.accounts() == []


async def test_a_change_that_is_not_made_in_time_is_a_failure(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), unlink=LONG)) as passes:
        await passes.in_force()
        operation = await passes.change(Kind.CLOSE)
        await passes.look(2)
        await passes.deadline()
        await passes.look()
        assert await passes.made(operation) == ("failed", "deadline")
        assert "notification.not_done" in await passes.told("U0ENGINEER")


async def test_looks_grow_apart_while_something_is_under_way_and_rest_afterwards(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, times=replace(TransitionTimes.of(0), admit=LONG)) as passes:
        await passes.approved()
        await passes.run()
        assert await passes.due() <= timedelta(seconds=1)
        await passes.look(5)
        assert timedelta(seconds=10) < await passes.due() <= timedelta(seconds=15)


# --- lost answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [OPEN, ADD])
async def test_an_account_whose_answer_was_lost_is_found_and_not_asked_for_again(
    passes: PrivateLinkPasses, on: str
) -> None:
    if on == ADD:
        await passes.in_force(OTHER)
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.lost_answer(), on=on)
    await passes.look(2)
    assert await passes.state(grant) == "in_force"
    assert len(passes.calls(on.split()[0])) == 1
    await passes.end(grant)
    await passes.look(2)
    assert (await passes.state(grant), ACCOUNT in passes.accounts()) == ("ended", False)


@pytest.mark.parametrize("on", [OPEN, ADD])
async def test_a_call_that_never_arrived_is_repeated_after_a_minute_and_not_before(
    passes: PrivateLinkPasses, on: str
) -> None:
    if on == ADD:
        await passes.in_force(OTHER)
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.cut_before(), on=on)
    await passes.look(3)
    assert (await passes.state(grant), ACCOUNT in passes.accounts()) == ("applying", False)
    await passes.minute()
    await passes.look(3)
    assert await passes.state(grant) == "in_force"


async def test_what_lands_late_after_its_grant_has_ended_is_taken_away(passes: PrivateLinkPasses) -> None:
    await passes.in_force(OTHER)
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.cut_before(), on=ADD)
    await passes.look()
    await passes.end(grant)
    await passes.look()
    assert await passes.state(grant) == "ending"
    await passes.minute()
    await passes.look()
    assert await passes.state(grant) == "ended"
    passes.heroku.add_account_externally(DATABASE, ACCOUNT, now=passes.now)
    await passes.look(2)
    assert passes.accounts() == [OTHER]


async def test_a_removal_whose_answer_was_lost_is_read_back_and_one_that_came_to_nothing_repeated(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    await passes.end(grant)
    passes.heroku.fault(fault_injection.status(500), on=REMOVE)
    await passes.look(2)
    assert (await passes.state(grant), len(passes.calls("PATCH"))) == ("ending", 1)
    await passes.minute()
    await passes.look(2)
    assert (await passes.state(grant), passes.accounts()) == ("ended", [])


async def test_a_closing_whose_answer_was_lost_is_asked_for_again_after_a_minute(
    passes: PrivateLinkPasses,
) -> None:
    await passes.in_force()
    operation = await passes.change(Kind.CLOSE)
    passes.heroku.fault(fault_injection.cut_before(), on=CLOSE)
    await passes.look(3)
    assert (await passes.made(operation), passes.status()) == (("doing", None), "Operational")
    await passes.minute()
    await passes.look(2)
    assert (await passes.made(operation), passes.status()) == (("done", None), None)


# --- refusals ----------------------------------------------------------------------------------------


async def test_one_account_that_heroku_refuses_keeps_no_other_out(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, behavior=replace(LIKELY, most_accounts=1)) as passes:
        one, two = await passes.approved(), await passes.approved(f"{ACCOUNT} {OTHER}")
        await passes.look(4)
        assert await passes.state(one) == "in_force"
        assert (await passes.state(two), await passes.why(two)) == ("failed", "refused")
        assert passes.accounts() == [ACCOUNT]


async def test_an_endpoint_that_somebody_makes_between_look_and_call_is_taken_as_it_is(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.status(422), on=OPEN)
    passes.heroku.create_privatelink_externally(DATABASE, [OTHER], now=passes.now)
    passes.heroku.fault(fault_injection.status(404), on="GET /private-link")
    await passes.look()
    assert await passes.state(grant) == "applying"
    await passes.look(3)
    assert await passes.state(grant) == "in_force"
    await passes.end(grant)
    await passes.look(2)
    assert passes.accounts() == [OTHER]


async def test_a_closing_that_heroku_refuses_has_failed_with_its_words(passes: PrivateLinkPasses) -> None:
    await passes.in_force()
    operation = await passes.change(Kind.CLOSE)
    passes.heroku.fault(fault_injection.status(422), on=CLOSE)
    await passes.look()
    assert await passes.made(operation) == ("failed", "refused")
    assert passes.status() == "Operational"


async def test_somebody_who_is_no_member_any_more_lets_nobody_in(passes: PrivateLinkPasses) -> None:
    grant = await passes.approved()
    await passes.do(lambda tx: tx.slack_users.save([factories.person(deactivated=True)]))
    await passes.look()
    assert (await passes.state(grant), await passes.why(grant)) == ("failed", "person")
    assert passes.status() is None


async def test_a_refused_token_is_told_and_changes_nothing(passes: PrivateLinkPasses) -> None:
    grant = await passes.in_force()
    passes.heroku.fault(fault_injection.status(401), on="GET /private-link")
    await passes.look()
    assert await passes.state(grant) == "in_force"
    assert "notification.heroku_denied" in await passes.told(OPERATIONS)


# --- what others do ----------------------------------------------------------------------------------


async def test_an_account_that_others_let_in_serves_a_grant_and_outlives_it(
    passes: PrivateLinkPasses,
) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=passes.now)
    grant = await passes.approved()
    await passes.look()
    assert await passes.state(grant) == "in_force"
    await passes.end(grant)
    await passes.look(2)
    assert (await passes.state(grant), passes.accounts()) == ("ended", [ACCOUNT])
    assert passes.calls("PUT") == passes.calls("PATCH") == []


async def test_what_others_remove_is_interrupted_told_to_both_and_not_opened_again(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    passes.heroku.remove_account_externally(DATABASE, ACCOUNT, now=passes.now)
    await passes.look(3)
    assert (await passes.state(grant), await passes.why(grant)) == ("interrupted", "closed_elsewhere")
    assert passes.accounts() == []
    assert "notification.interrupted" in await passes.told("U0ENGINEER")
    assert "notification.interrupted" in await passes.told(OPERATIONS)


async def test_an_endpoint_that_others_destroy_interrupts_and_a_new_approval_makes_a_new_one(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    passes.heroku.destroy_privatelink_externally(DATABASE, now=passes.now)
    await passes.look(2)
    assert await passes.state(grant) == "interrupted"
    assert passes.status() is None
    again = await passes.in_force()
    assert await passes.state(again) == "in_force"


async def test_a_404_is_no_absence_when_the_database_is_called_otherwise_now(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    passes.heroku.rename_database(DATABASE, "postgresql-renamed-1")
    await passes.look()
    assert await passes.state(grant) == "in_force"
    await passes.look()
    assert await passes.state(grant) == "in_force"


async def test_new_unmanaged_accounts_are_told_once_and_one_that_came_back_as_such(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    passes.heroku.add_account_externally(DATABASE, OTHER, now=passes.now)
    await passes.look(2)
    await passes.end(grant)
    await passes.look(2)
    passes.heroku.add_account_externally(DATABASE, ACCOUNT, now=passes.now)
    await passes.look(2)
    assert await passes.told(OPERATIONS) == ["notification.link_unmanaged", "notification.link_back"]
    assert (await passes.drift()).back == set(parse_accounts(ACCOUNT).arns)
    assert passes.accounts() == [OTHER, ACCOUNT]


async def test_unmanaged_accounts_go_by_their_own_approved_removal(passes: PrivateLinkPasses) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT, OTHER], now=passes.now)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, parse_accounts(OTHER))
    await passes.look(2)
    assert await passes.made(operation) == ("done", None)
    assert passes.accounts() == [ACCOUNT]


async def test_an_open_request_that_relies_on_a_unmanaged_account_keeps_it_there(
    passes: PrivateLinkPasses,
) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=passes.now)
    grant = await passes.in_force()
    operation = await passes.change(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    await passes.look()
    assert await passes.made(operation) == ("failed", "needed")
    assert (await passes.state(grant), passes.accounts()) == ("in_force", [ACCOUNT])


async def test_an_adopted_account_is_ours_stays_without_a_grant_and_goes_by_its_own_removal(
    passes: PrivateLinkPasses,
) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=passes.now)
    operation = await passes.change(Kind.ADOPT, parse_accounts(ACCOUNT))
    await passes.look()
    assert await passes.made(operation) == ("done", None)
    grant = await passes.in_force()
    await passes.end(grant)
    await passes.look(2)
    assert (await passes.state(grant), passes.accounts()) == ("ended", [ACCOUNT])
    async with passes.store.transaction() as tx:
        assert len(await tx.privatelink_accounts.ours(passes.database.id)) == 1
    approved_removals = await passes.change(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    await passes.look(2)
    assert (await passes.made(approved_removals), passes.accounts()) == (("done", None), [])
    assert len(passes.calls("PATCH")) == 1


async def test_an_adopted_account_stays_once_heroku_has_refused_its_removal(
    passes: PrivateLinkPasses,
) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=passes.now)
    for _ in range(2):
        adopted = await passes.change(Kind.ADOPT, parse_accounts(ACCOUNT))
    await passes.look()
    assert await passes.made(adopted) == ("done", None)
    approved_removals = await passes.change(Kind.REMOVE_UNMANAGED, parse_accounts(ACCOUNT))
    passes.heroku.fault(fault_injection.status(422), on="PATCH")
    await passes.look(2)
    assert await passes.made(approved_removals) == ("failed", "refused")
    asked = len(passes.calls("PATCH"))
    await passes.query(
        "UPDATE privatelink_accounts SET removal_requested_at = removal_requested_at - interval '1 hour'"
    )
    await passes.look(2)
    assert (passes.accounts(), len(passes.calls("PATCH"))) == ([ACCOUNT], asked)


async def test_an_adopted_account_that_vanishes_is_told_to_its_owner_and_to_operations_once(
    passes: PrivateLinkPasses,
) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT, OTHER], now=passes.now)
    await passes.change(Kind.ADOPT, parse_accounts(OTHER))
    await passes.look()
    passes.heroku.remove_account_externally(DATABASE, OTHER, now=passes.now)
    await passes.look(2)
    assert (await passes.told(OPERATIONS))[-1] == "notification.link_missing"
    assert (await passes.told("U0ENGINEER"))[-1] == "notification.link_missing"
    assert (await passes.told(OPERATIONS)).count("notification.link_missing") == 1
    assert (await passes.drift()).missing == set(parse_accounts(OTHER).arns)


async def test_what_goes_with_an_approved_closing_is_missed_by_nobody(passes: PrivateLinkPasses) -> None:
    passes.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=passes.now)
    await passes.change(Kind.ADOPT, parse_accounts(ACCOUNT))
    await passes.look()
    closing = await passes.change(Kind.CLOSE)
    await passes.look(3)
    assert await passes.made(closing) == ("done", None)
    assert "notification.link_missing" not in await passes.told(OPERATIONS)
    assert await passes.drift() == NO_DRIFT


async def test_an_account_that_stops_being_active_is_told_once_two_looks_have_seen_it(
    passes: PrivateLinkPasses,
) -> None:
    grant = await passes.in_force()
    link = passes.heroku.privatelink(DATABASE, now=passes.now)
    assert link is not None
    later = passes.now + timedelta(hours=1)
    link.accounts.update({arn: replace(each, active_at=later) for arn, each in link.accounts.items()})
    await passes.look()
    assert await passes.told(OPERATIONS) == []
    await passes.look(2)
    assert await passes.told(OPERATIONS) == ["notification.link_unapplied"]
    assert (await passes.drift()).unapplied == set(parse_accounts(ACCOUNT).arns)
    assert await passes.state(grant) == "in_force"


async def test_config_vars_that_cannot_be_read_spoil_no_pass(passes: PrivateLinkPasses) -> None:
    grant = await passes.in_force()
    passes.heroku.create_vpc_endpoint(DATABASE, account=ACCOUNT, now=passes.now)
    passes.heroku.fault(fault_injection.status(403), on="GET /apps/.*/config-vars", times=2)
    await passes.look(2)
    assert await passes.state(grant) == "in_force"
    assert "notification.link_connected" in await passes.told("U0ENGINEER")
    for _ in range(2):
        await passes.hour()
        await passes.look()
    assert "notification.link_url" in await passes.told("U0ENGINEER")


async def test_a_config_var_that_never_appears_is_not_asked_for_in_every_pass(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    never = replace(TransitionTimes.of(0), announce=365 * 24 * 3600.0)
    async with emulated(store, engine, times=never) as passes:
        await passes.in_force()
        passes.heroku.create_vpc_endpoint(DATABASE, account=ACCOUNT, now=passes.now)
        await passes.look(5)
        asked = sum("config-vars" in entry.path for entry in passes.heroku.request_log)
        assert asked == 1
        await passes.hour()
        await passes.look(2)
        assert sum("config-vars" in entry.path for entry in passes.heroku.request_log) == 2


async def test_config_vars_come_back_as_names_alone(passes: PrivateLinkPasses) -> None:
    names = await passes.client.config_var_names("billing")
    assert "DATABASE_URL" in names
    assert not any("postgres://" in name for name in names)
