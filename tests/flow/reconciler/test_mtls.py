"""Reconciling with a Heroku that is stale, renamed, odd or refusing; run by run, without waiting."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.domain.method import Method
from bot.domain.mtls.reach import listing
from bot.domain.observation import mtls_observation
from bot.errors import HerokuAmbiguousError
from bot.heroku.client import HerokuClient
from bot.ports import MessageKind, WorkerName
from bot.worker import WorkLoop, running
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, SECOND_DATABASE, default_world
from storage.tables import outbox, reconcile_queue
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import ADD, LIST, REMOVE, MtlsHarness
from tests.unit import factories
from tests.unit.factories import NETWORK, emulated_database
from tests.unit.storage import store_helpers

OTHER = IPv4Network("203.0.113.9/32")
NINE_HOURS = timedelta(hours=9)


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(
        token=TOKEN, databases=2, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0)
    )
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


# --- lists that lie ---------------------------------------------------------------------------------


async def test_a_rule_that_one_list_lacked_is_ours_again_and_closing_wins(harness: MtlsHarness) -> None:
    grant = await harness.open()
    with harness.stale():
        await harness.reconcile()
    assert await harness.state(grant) == "interrupted"
    await harness.reconcile()
    assert harness.owned() == []
    assert await harness.state(grant) == "interrupted"
    kind, params = (await harness.findings())[-1]
    assert kind == "notification.rule_restored"
    assert params == {"app": "billing", "network": str(NETWORK)}


@pytest.mark.parametrize("lists", [1, 2])
async def test_what_says_that_a_rule_is_listed_again_is_settled_when_the_rule_goes(
    harness: MtlsHarness, lists: int
) -> None:
    await harness.open()
    with harness.stale():
        await harness.reconcile(lists)
    harness.heroku.fault(fault_injection.status(503), on=REMOVE, times=None)
    await harness.reconcile(2)
    told = {"kind": MessageKind.RULE_RESTORED}
    assert await database.value(harness.engine, outbox, "settled_at", **told) is None
    harness.heroku.clear_faults()
    await harness.wait_a_minute()
    await harness.reconcile(3)
    assert harness.owned() == []
    assert await database.value(harness.engine, outbox, "settled_at", **told) == harness.clock.present
    # Nothing is left that says to be out of sync.
    assert await database.values(harness.engine, outbox, "id", kind=MessageKind.HEROKU_TROUBLE) == []


async def test_a_rule_that_outlived_what_seemed_its_end_is_removed_once_more(harness: MtlsHarness) -> None:
    grant = await harness.open()
    await harness.end(grant)
    harness.heroku.fault(fault_injection.status(500), on=REMOVE)
    await harness.reconcile()
    with harness.stale():
        await harness.reconcile()
    assert await harness.state(grant) == "ended"
    await harness.reconcile()
    assert harness.owned() == []
    assert len(harness.calls(REMOVE)) == 2


async def test_an_end_is_not_said_while_a_rule_that_no_list_has_shown_may_still_show(
    harness: MtlsHarness,
) -> None:
    grant = await harness.approve()
    await harness.reconcile()
    await harness.end(grant)
    with harness.stale():
        await harness.reconcile()
        await harness.reconcile()
        assert len(harness.calls(REMOVE)) == 1
    assert await harness.state(grant) == "ending"
    await harness.reconcile()
    await harness.wait_a_minute()
    await harness.reconcile()
    await harness.reconcile()
    assert (harness.owned(), await harness.state(grant)) == ([], "ended")


async def test_what_no_list_has_shown_a_minute_after_its_removal_has_ended(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    await harness.reconcile()
    await harness.end(grant)
    with harness.stale():
        await harness.reconcile()
        await harness.wait_a_minute()
        await harness.reconcile()
        assert await harness.state(grant) == "ended"


async def test_a_list_that_is_not_a_200_is_no_list() -> None:
    async def part(_: Request) -> JSONResponse:
        return JSONResponse([], status_code=206)

    app = Starlette(routes=[Route("/{path:path}", part)])
    base = "http://heroku.test"
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=httpx.ASGITransport(app))
    with pytest.raises(HerokuAmbiguousError):
        await client.rules(emulated_database())
    await client.close()


async def test_an_endpoint_that_is_being_made_interrupts_nothing(harness: MtlsHarness) -> None:
    harness.heroku.add_rule_externally(DATABASE, str(NETWORK), "vendor", now=datetime.now(UTC))
    grant = await harness.open()
    assert harness.calls(ADD) == []
    harness.endpoint().operational_at = datetime.now(UTC) + timedelta(minutes=5)
    harness.heroku.fault(fault_injection.status(500), on=LIST, times=1)
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"


# --- names ------------------------------------------------------------------------------------------


async def test_what_is_opened_is_opened_at_the_right_database_though_two_have_swapped_names(
    harness: MtlsHarness,
) -> None:
    harness.heroku.set_behavior(uuid_in_path=False)
    await harness.swap_names()
    grant = await harness.approve()
    for _ in range(3):
        await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    assert (harness.owned(DATABASE), harness.owned(SECOND_DATABASE)) == ([str(NETWORK)], [])


async def test_an_end_is_not_read_off_the_list_of_another_database(harness: MtlsHarness) -> None:
    harness.heroku.set_behavior(uuid_in_path=False)
    grant = await harness.open()
    await harness.swap_names()
    await harness.end(grant)
    await harness.reconcile()
    assert (await harness.state(grant), harness.owned()) == ("ending", [str(NETWORK)])
    await harness.reconcile()
    await harness.reconcile()
    assert (await harness.state(grant), harness.owned()) == ("ended", [])


async def test_a_look_from_which_nothing_follows_is_one_call(harness: MtlsHarness) -> None:
    await harness.open()
    before = len(harness.calls())
    await harness.reconcile()
    assert len(harness.calls()) == before + 1


# --- calls that fail --------------------------------------------------------------------------------


async def test_a_rule_that_cannot_be_removed_stops_nothing_else_and_gets_louder(harness: MtlsHarness) -> None:
    stuck = await harness.open()
    await harness.end(stuck)
    (rule,) = [id for id, rule in harness.endpoint().rules.items() if rule.cidr == str(NETWORK)]
    harness.heroku.fault(fault_injection.status(500), on=f"DELETE .*{rule}", times=None)
    fresh = await harness.approve(OTHER)
    await harness.reconcile()
    await harness.wait_a_minute()
    await harness.reconcile()
    assert await harness.state(fresh) == "in_force"
    assert await harness.findings() == []
    for _ in range(3):
        await harness.reconcile()
        await harness.wait_a_minute()
        await harness.reconcile()
    assert [kind for kind, _ in await harness.findings()] == ["notification.heroku_trouble"]
    assert await harness.state(stuck) == "ending"
    harness.heroku.clear_faults()
    await harness.wait_a_minute()
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.state(stuck) == "ended"
    failures = await database.value(harness.engine, reconcile_queue, "failures", target_id=harness.target.id)
    assert failures == 0


async def test_a_failed_call_does_not_slow_the_reading_back_of_others(harness: MtlsHarness) -> None:
    stuck = await harness.open()
    await database.update_rows(harness.engine, reconcile_queue, {"failures": 9})
    await harness.end(stuck)
    harness.heroku.fault(fault_injection.status(500), on=REMOVE)
    await harness.approve(OTHER)
    await harness.reconcile()
    assert await harness.due() <= timedelta(seconds=1)


async def test_what_a_refused_token_left_done_is_recorded_before_it_is_told(harness: MtlsHarness) -> None:
    closing = await harness.open()
    fresh = await harness.approve(OTHER)
    await harness.reconcile()
    await harness.end(closing)
    harness.heroku.fault(fault_injection.status(403), on=REMOVE)
    await harness.reconcile()
    assert await harness.state(fresh) == "in_force"
    assert [kind for kind, _ in await harness.findings()] == ["notification.heroku_denied"]
    assert await harness.due() <= timedelta(minutes=1)
    await harness.reconcile(2)
    assert (await harness.state(closing), len(harness.calls(REMOVE))) == ("ended", 2)


async def test_a_refused_token_lets_a_target_without_changes_rest(harness: MtlsHarness) -> None:
    harness.heroku.fault(fault_injection.status(401), on=LIST)
    await harness.reconcile()
    # The other database is due in its usual ten minutes.
    due = await harness.due_at()
    assert due is not None
    assert due - datetime.now(UTC) > timedelta(minutes=50)


@pytest.mark.parametrize("status", [401, 403])
async def test_an_end_waits_no_hour_for_a_list_that_was_refused_once(
    harness: MtlsHarness, status: int
) -> None:
    closing = await harness.open()
    await harness.end(closing)
    harness.heroku.fault(fault_injection.status(status), on=LIST)
    await harness.reconcile()
    assert await harness.due() <= timedelta(minutes=1)
    await harness.reconcile(2)
    assert await harness.state(closing) == "ended"


async def test_failures_do_not_lengthen_the_gaps_between_observations(harness: MtlsHarness) -> None:
    await harness.approve()
    await harness.reconcile()
    harness.heroku.fault(fault_injection.status(500), on=r"GET .*/tls-endpoint", times=6)
    for _ in range(3):
        await harness.reconcile()
    counted = await database.row(
        harness.engine, reconcile_queue, "attempts", "failures", target_id=harness.target.id
    )
    assert counted == (1, 3)


async def test_a_run_that_fails_unexpectedly_is_released_and_reported(
    harness: MtlsHarness, engine: AsyncEngine, database_url: str
) -> None:
    await store_helpers.query(
        engine,
        "CREATE FUNCTION no_observation() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no observation can be stored'; END $$",
    )
    await store_helpers.query(
        engine,
        "CREATE TRIGGER no_observation BEFORE UPDATE OF observation ON reconcile_queue "
        "FOR EACH ROW EXECUTE FUNCTION no_observation()",
    )
    await harness.approve()
    async with PostgresWakeups(url=database_url) as wakeups:
        loop = WorkLoop(name=WorkerName.RECONCILER, worker=harness.controller, wakeups=wakeups, at_once=1)
        async with running(loop.run):
            await store_helpers.until(engine, "SELECT count(*) FROM outbox", lambda told: told > 0)
    ((kind, params),) = await harness.findings()
    assert (kind, params["status"], params["app"]) == ("notification.heroku_trouble", "unexpected", "billing")
    held = await database.row(
        harness.engine, reconcile_queue, "lease", "failures", target_id=harness.target.id
    )
    assert held == (None, 1)


# --- rules that others made -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cidr", "description"),
    [("2001:db8::/64", "v6"), ("192.0.2.7/24", "host bits"), ("192.0.2.9/32", "bad\x00text"), ("all", "")],
)
async def test_an_odd_rule_of_somebody_else_counts_and_hides_no_other(
    harness: MtlsHarness, cidr: str, description: str
) -> None:
    grant = await harness.open()
    harness.odd_rule(cidr, description)
    await harness.end(grant)
    await harness.reconcile()
    await harness.reconcile()
    assert (await harness.state(grant), harness.owned()) == ("ended", [])
    async with harness.store.transaction() as tx:
        observation = mtls_observation(await tx.reconcile_queue.observation(harness.target.id, Method.MTLS))
    assert observation is not None
    assert [str(rule.network) for rule in observation.rules] == ["198.51.100.0/24", cidr]
    assert listing(observation, NETWORK).entries == ()


# --- ends that the clock has not come by for --------------------------------------------------------


async def test_a_grant_whose_end_has_passed_is_not_opened(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    harness.clock.present += NINE_HOURS
    await harness.reconcile()
    assert harness.calls(ADD) == []
    assert await harness.state(grant) == "applying"


async def test_a_grant_whose_end_has_passed_is_closed_and_its_state_is_the_clocks(
    harness: MtlsHarness,
) -> None:
    grant = await harness.open()
    harness.clock.present += NINE_HOURS
    await harness.reconcile()
    await harness.reconcile()
    assert (harness.owned(), await harness.state(grant)) == ([], "in_force")
    await harness.end(grant)
    await harness.reconcile()
    assert await harness.state(grant) == "ended"


async def test_what_ends_while_it_is_observed_is_not_announced(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    await harness.reconcile()
    await database.make_due(harness.engine, reconcile_queue, target_id=harness.target.id)
    await harness.run(takes=NINE_HOURS)
    assert await harness.state(grant) == "applying"


# --- people who left --------------------------------------------------------------------------------


async def test_nothing_is_opened_for_somebody_who_was_deactivated_meanwhile(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    async with harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await harness.reconcile()
    assert harness.calls(ADD) == []
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "person")


async def test_what_was_opened_for_somebody_who_left_meanwhile_goes_with_the_next_run_within_seconds(
    harness: MtlsHarness,
) -> None:
    grant = await harness.approve()
    await harness.reconcile()
    assert len(harness.calls(ADD)) == 1
    async with harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await harness.reconcile()
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "person")
    assert await harness.due() <= timedelta(seconds=1)
    await harness.reconcile()
    assert len(harness.calls(REMOVE)) == 1


async def test_what_somebody_asked_for_who_is_not_known_now_waits_until_they_are(
    harness: MtlsHarness,
) -> None:
    grant = await harness.approve(owner="U0NEW")
    await harness.reconcile()
    await harness.reconcile()
    assert harness.calls(ADD) == []
    assert await harness.state(grant) == "applying"
    async with harness.store.transaction() as tx:
        question = await tx.slack_users.requested_lookup("U0NEW")
        assert question is not None
        await tx.slack_users.save_lookup(question, factories.person("U0NEW"))
        await tx.commit()
    await harness.reconcile()
    assert harness.owned() == [str(NETWORK)]


async def test_a_question_about_somebody_is_not_asked_anew_at_every_look(harness: MtlsHarness) -> None:
    await harness.approve(owner="U0NEW")
    await harness.reconcile()
    async with harness.store.transaction() as tx:
        first = await tx.slack_users.requested_lookup("U0NEW")
    await harness.reconcile()
    async with harness.store.transaction() as tx:
        second = await tx.slack_users.requested_lookup("U0NEW")
    assert first is not None
    assert second is not None
    assert replace(second, read=first.read) == first


async def test_an_address_that_a_member_wants_too_is_opened_for_the_member_alone(
    harness: MtlsHarness,
) -> None:
    async with harness.store.transaction() as tx:
        await tx.slack_users.save([factories.person("U0LEFT", guest=True)])
        await tx.commit()
    left, member = await harness.approve(owner="U0LEFT"), await harness.approve()
    await harness.reconcile()
    await harness.reconcile()
    assert (await harness.state(left), await harness.reason(left)) == ("failed", "person")
    assert await harness.state(member) == "in_force"
    assert len(harness.calls(ADD)) == 1


# --- answers that were lost -------------------------------------------------------------------------


async def test_a_lost_addition_that_nobody_wants_any_more_is_looked_for_soon_and_then_each_minute(
    harness: MtlsHarness,
) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.cut_before(), on=ADD)
    await harness.reconcile()
    await harness.end(grant)
    for _ in range(6):
        await harness.reconcile()
    assert await harness.due() <= timedelta(seconds=15)
    assert await harness.state(grant) == "ending"
    await harness.wait_a_minute()
    await harness.reconcile()
    assert await harness.state(grant) == "ended"
    await harness.reconcile()
    assert await harness.due() <= timedelta(seconds=60)


async def test_a_lost_addition_that_lands_late_and_unwanted_is_removed(harness: MtlsHarness) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.lost_answer(), on=ADD)
    await harness.reconcile()
    await harness.end(grant)
    with harness.stale():
        await harness.wait_a_minute()
        await harness.reconcile()
    await harness.reconcile()
    assert harness.owned() == []


# --- databases that are gone ------------------------------------------------------------------------


async def test_a_database_that_is_gone_is_not_observed_for_ever(harness: MtlsHarness) -> None:
    del harness.heroku._account.databases[DATABASE]
    async with harness.store.transaction() as tx:
        await tx.targets.save_discovery(await harness.client.databases())
        await tx.commit()
    await harness.reconcile()
    assert await harness.due_at() is None


async def test_a_database_that_is_gone_is_observed_while_a_grant_there_is_open(
    harness: MtlsHarness,
) -> None:
    grant = await harness.open()
    del harness.heroku._account.databases[DATABASE]
    async with harness.store.transaction() as tx:
        await tx.targets.save_discovery(await harness.client.databases())
        await tx.commit()
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    assert await harness.due_at() is not None
