"""What a keeper makes of a Heroku that is stale, renamed, odd or refusing; pass by pass, without waiting."""

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
from bot.domain.observation import mtls_observation
from bot.errors import HerokuAmbiguousError
from bot.heroku.client import HerokuClient
from bot.ports import WorkerName
from bot.worker import WorkLoop, running
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, SECOND_DATABASE, default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.flow.reconciler.mtls_harness import Passes
from tests.unit import factories
from tests.unit.factories import NETWORK
from tests.unit.storage import store_helpers

OTHER = IPv4Network("203.0.113.9/32")
TOKEN = "HRKU-played"
ADD = r"POST .*/ip-rules$"
REMOVE = r"DELETE .*/ip-rules/"
LIST = r"GET .*/ip-rules$"
NINE_HOURS = timedelta(hours=9)


@pytest.fixture
async def passes(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[Passes]:
    heroku = default_world(
        token=TOKEN, databases=2, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0)
    )
    base = "http://heroku.test"
    transport = httpx.ASGITransport(heroku_server(heroku))
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=transport)
    made = Passes(store=store, engine=engine, heroku=heroku, client=client)
    await made.begin()
    yield made
    await client.close()


# --- lists that lie ---------------------------------------------------------------------------------


async def test_a_rule_that_one_list_lacked_is_ours_again_and_closing_wins(passes: Passes) -> None:
    grant = await passes.in_force()
    with passes.stale():
        await passes.look()
    assert await passes.state(grant) == "interrupted"
    await passes.look()
    assert passes.ours() == []
    assert await passes.state(grant) == "interrupted"
    kind, said = (await passes.operations())[-1]
    assert kind == "notification.heroku_trouble"
    assert said["id"] == f"listed again: {NETWORK}"


async def test_a_rule_that_outlived_what_seemed_its_end_is_removed_once_more(passes: Passes) -> None:
    grant = await passes.in_force()
    await passes.end(grant)
    passes.heroku.fault(fault_injection.status(500), on=REMOVE)
    await passes.look()
    with passes.stale():
        await passes.look()
    assert await passes.state(grant) == "ended"
    await passes.look()
    assert passes.ours() == []
    assert len(passes.calls(REMOVE)) == 2


async def test_an_end_is_not_said_while_a_rule_that_no_list_has_shown_may_still_show(passes: Passes) -> None:
    grant = await passes.approved()
    await passes.look()
    await passes.end(grant)
    with passes.stale():
        await passes.look()
        await passes.look()
        assert len(passes.calls(REMOVE)) == 1
    assert await passes.state(grant) == "ending"
    await passes.look()
    await passes.minute()
    await passes.look()
    await passes.look()
    assert (passes.ours(), await passes.state(grant)) == ([], "ended")


async def test_what_no_list_has_shown_a_minute_after_its_removal_has_ended(passes: Passes) -> None:
    grant = await passes.approved()
    await passes.look()
    await passes.end(grant)
    with passes.stale():
        await passes.look()
        await passes.minute()
        await passes.look()
        assert await passes.state(grant) == "ended"


async def test_a_list_that_is_not_a_200_is_no_list() -> None:
    async def part(_: Request) -> JSONResponse:
        return JSONResponse([], status_code=206)

    app = Starlette(routes=[Route("/{path:path}", part)])
    base = "http://heroku.test"
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=httpx.ASGITransport(app))
    with pytest.raises(HerokuAmbiguousError):
        await client.rules(DATABASE)
    await client.close()


async def test_an_endpoint_that_is_being_made_interrupts_nothing(passes: Passes) -> None:
    passes.heroku.add_rule_externally(DATABASE, str(NETWORK), "vendor", now=datetime.now(UTC))
    grant = await passes.in_force()
    assert passes.calls(ADD) == []
    passes.endpoint().operational_at = datetime.now(UTC) + timedelta(minutes=5)
    passes.heroku.fault(fault_injection.status(500), on=LIST, times=1)
    await passes.look()
    assert await passes.state(grant) == "in_force"


# --- names ------------------------------------------------------------------------------------------


async def test_what_is_opened_is_opened_at_the_right_database_though_two_have_swapped_names(
    passes: Passes,
) -> None:
    await passes.swap_names()
    grant = await passes.approved()
    for _ in range(3):
        await passes.look()
    assert await passes.state(grant) == "in_force"
    assert (passes.ours(DATABASE), passes.ours(SECOND_DATABASE)) == ([str(NETWORK)], [])


async def test_an_end_is_not_read_off_the_list_of_another_database(passes: Passes) -> None:
    grant = await passes.in_force()
    await passes.swap_names()
    await passes.end(grant)
    await passes.look()
    assert (await passes.state(grant), passes.ours()) == ("ending", [str(NETWORK)])
    await passes.look()
    await passes.look()
    assert (await passes.state(grant), passes.ours()) == ("ended", [])


async def test_a_look_from_which_nothing_follows_is_one_call(passes: Passes) -> None:
    await passes.in_force()
    before = len(passes.calls())
    await passes.look()
    assert len(passes.calls()) == before + 1


# --- calls that fail --------------------------------------------------------------------------------


async def test_a_rule_that_cannot_be_removed_stops_nothing_else_and_gets_louder(passes: Passes) -> None:
    stuck = await passes.in_force()
    await passes.end(stuck)
    (rule,) = [id for id, rule in passes.endpoint().rules.items() if rule.cidr == str(NETWORK)]
    passes.heroku.fault(fault_injection.status(500), on=f"DELETE .*{rule}", times=None)
    fresh = await passes.approved(OTHER)
    await passes.look()
    await passes.minute()
    await passes.look()
    assert await passes.state(fresh) == "in_force"
    assert await passes.operations() == []
    for _ in range(3):
        await passes.look()
        await passes.minute()
        await passes.look()
    assert [kind for kind, _ in await passes.operations()] == ["notification.heroku_trouble"]
    assert await passes.state(stuck) == "ending"
    passes.heroku.clear_faults()
    await passes.minute()
    await passes.look()
    await passes.look()
    assert await passes.state(stuck) == "ended"
    assert await passes.query(
        "SELECT failures FROM reconcile_queue WHERE target_id = :id", id=passes.database.id
    ) == [(0,)]


async def test_a_failed_call_does_not_slow_the_reading_back_of_others(passes: Passes) -> None:
    stuck = await passes.in_force()
    await passes.query("UPDATE reconcile_queue SET failures = 9")
    await passes.end(stuck)
    passes.heroku.fault(fault_injection.status(500), on=REMOVE)
    await passes.approved(OTHER)
    await passes.look()
    assert await passes.due() <= timedelta(seconds=1)


async def test_what_a_refused_token_left_done_is_recorded_before_it_is_told(passes: Passes) -> None:
    closing = await passes.in_force()
    fresh = await passes.approved(OTHER)
    await passes.look()
    await passes.end(closing)
    passes.heroku.fault(fault_injection.status(403), on=REMOVE)
    await passes.look()
    assert await passes.state(fresh) == "in_force"
    assert [kind for kind, _ in await passes.operations()] == ["notification.heroku_denied"]
    assert await passes.due() > timedelta(minutes=9)


async def test_failures_do_not_lengthen_the_gaps_between_looks(passes: Passes) -> None:
    await passes.approved()
    await passes.look()
    passes.heroku.fault(fault_injection.status(500), on=r"GET .*/tls-endpoint", times=6)
    for _ in range(3):
        await passes.look()
    ((attempts, failures),) = await passes.query(
        "SELECT attempts, failures FROM reconcile_queue WHERE target_id = :id", id=passes.database.id
    )
    assert (attempts, failures) == (1, 3)


async def test_a_pass_that_fails_in_a_way_nobody_thought_of_is_given_back_and_told(
    passes: Passes, engine: AsyncEngine, database_url: str
) -> None:
    await passes.query(
        "CREATE FUNCTION no_look() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no look can be kept'; END $$"
    )
    await passes.query(
        "CREATE TRIGGER no_look BEFORE UPDATE OF observation ON reconcile_queue FOR EACH ROW EXECUTE FUNCTION no_look()"
    )
    await passes.approved()
    async with PostgresWakeups(url=database_url) as wakeups:
        loop = WorkLoop(name=WorkerName.RECONCILER, worker=passes.reconciler, wakeups=wakeups, at_once=1)
        async with running(loop.run):
            await store_helpers.until(engine, "SELECT count(*) FROM outbox", lambda told: told > 0)
    ((kind, said),) = await passes.operations()
    assert (kind, said["status"], said["app"]) == ("notification.heroku_trouble", "unexpected", "billing")
    held = "SELECT lease, failures FROM reconcile_queue WHERE target_id = :id"
    assert await passes.query(held, id=passes.database.id) == [(None, 1)]


# --- rules that others made -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cidr", "description"),
    [("2001:db8::/64", "v6"), ("192.0.2.7/24", "host bits"), ("192.0.2.9/32", "bad\x00text"), ("all", "")],
)
async def test_an_odd_rule_of_somebody_else_counts_and_hides_no_other(
    passes: Passes, cidr: str, description: str
) -> None:
    grant = await passes.in_force()
    passes.odd_rule(cidr, description)
    await passes.end(grant)
    await passes.look()
    await passes.look()
    assert (await passes.state(grant), passes.ours()) == ("ended", [])
    async with passes.store.transaction() as tx:
        observation = mtls_observation(await tx.reconcile_queue.observation(passes.database.id, Method.MTLS))
    assert observation is not None
    assert [str(rule.network) for rule in observation.rules] == ["198.51.100.0/24", cidr]
    assert observation.covering(NETWORK) == ()


# --- ends that the clock has not come by for --------------------------------------------------------


async def test_a_grant_whose_end_has_passed_is_not_opened(passes: Passes) -> None:
    grant = await passes.approved()
    passes.clock.present += NINE_HOURS
    await passes.look()
    assert passes.calls(ADD) == []
    assert await passes.state(grant) == "applying"


async def test_a_grant_whose_end_has_passed_is_closed_and_its_state_is_the_clocks(passes: Passes) -> None:
    grant = await passes.in_force()
    passes.clock.present += NINE_HOURS
    await passes.look()
    await passes.look()
    assert (passes.ours(), await passes.state(grant)) == ([], "in_force")
    await passes.end(grant)
    await passes.look()
    assert await passes.state(grant) == "ended"


async def test_what_ends_while_it_is_observed_at_is_not_announced(passes: Passes) -> None:
    grant = await passes.approved()
    await passes.look()
    await passes.query(
        "UPDATE reconcile_queue SET due_at = now() WHERE target_id = :id", id=passes.database.id
    )
    await passes.run(takes=NINE_HOURS)
    assert await passes.state(grant) == "applying"


# --- people who left --------------------------------------------------------------------------------


async def test_nothing_is_opened_for_somebody_who_was_deactivated_meanwhile(passes: Passes) -> None:
    grant = await passes.approved()
    async with passes.store.transaction() as tx:
        await tx.slack_users.save([factories.person(deactivated=True)])
        await tx.commit()
    await passes.look()
    assert passes.calls(ADD) == []
    assert (await passes.state(grant), await passes.why(grant)) == ("failed", "person")


async def test_what_somebody_asked_for_who_is_not_known_now_waits_until_they_are(passes: Passes) -> None:
    grant = await passes.approved(owner="U0NEW")
    await passes.look()
    await passes.look()
    assert passes.calls(ADD) == []
    assert await passes.state(grant) == "applying"
    async with passes.store.transaction() as tx:
        question = await tx.slack_users.requested_lookup("U0NEW")
        assert question is not None
        await tx.slack_users.save_lookup(question, factories.person("U0NEW"))
        await tx.commit()
    await passes.look()
    assert passes.ours() == [str(NETWORK)]


async def test_a_question_about_somebody_is_not_asked_anew_at_every_look(passes: Passes) -> None:
    await passes.approved(owner="U0NEW")
    await passes.look()
    async with passes.store.transaction() as tx:
        first = await tx.slack_users.requested_lookup("U0NEW")
    await passes.look()
    async with passes.store.transaction() as tx:
        second = await tx.slack_users.requested_lookup("U0NEW")
    assert first is not None
    assert second is not None
    assert replace(second, read=first.read) == first


async def test_an_address_that_a_member_wants_too_is_opened_for_the_member_alone(passes: Passes) -> None:
    async with passes.store.transaction() as tx:
        await tx.slack_users.save([factories.person("U0LEFT", guest=True)])
        await tx.commit()
    left, member = await passes.approved(owner="U0LEFT"), await passes.approved()
    await passes.look()
    await passes.look()
    assert (await passes.state(left), await passes.why(left)) == ("failed", "person")
    assert await passes.state(member) == "in_force"
    assert len(passes.calls(ADD)) == 1


# --- answers that were lost -------------------------------------------------------------------------


async def test_a_lost_addition_that_nobody_wants_any_more_is_looked_for_soon_and_then_each_minute(
    passes: Passes,
) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.cut_before(), on=ADD)
    await passes.look()
    await passes.end(grant)
    for _ in range(6):
        await passes.look()
    assert await passes.due() <= timedelta(seconds=15)
    assert await passes.state(grant) == "ending"
    await passes.minute()
    await passes.look()
    assert await passes.state(grant) == "ended"
    await passes.look()
    assert await passes.due() <= timedelta(seconds=60)


async def test_a_lost_addition_that_lands_late_and_unwanted_is_removed(passes: Passes) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.lost_answer(), on=ADD)
    await passes.look()
    await passes.end(grant)
    with passes.stale():
        await passes.minute()
        await passes.look()
    await passes.look()
    assert passes.ours() == []


# --- databases that are gone ------------------------------------------------------------------------


async def test_a_database_that_is_gone_is_not_observed_at_for_ever(passes: Passes) -> None:
    del passes.heroku._account.databases[DATABASE]
    async with passes.store.transaction() as tx:
        await tx.targets.save_discovery(await passes.client.databases())
        await tx.commit()
    await passes.look()
    due = "SELECT due_at FROM reconcile_queue WHERE target_id = :id"
    assert await passes.query(due, id=passes.database.id) == [(None,)]


async def test_a_database_that_is_gone_is_observed_at_while_a_grant_there_is_open(passes: Passes) -> None:
    grant = await passes.in_force()
    del passes.heroku._account.databases[DATABASE]
    async with passes.store.transaction() as tx:
        await tx.targets.save_discovery(await passes.client.databases())
        await tx.commit()
    await passes.look()
    assert await passes.state(grant) == "in_force"
    ((due,),) = await passes.query(
        "SELECT due_at FROM reconcile_queue WHERE target_id = :id", id=passes.database.id
    )
    assert due is not None
