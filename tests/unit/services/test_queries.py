"""Queries: lists, one database, the App Home; none of them changes a state."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.policy.environments import PolicyTarget
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails
from bot.services import LISTED, RequestInput, Services
from storage.tables import outbox, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import APP, COLLEAGUE, ENGINEER, GROUP_LEAD, LEAD, LEAD2, REQUEST_INPUT


def numbers(all_details: tuple[RequestDetails, ...]) -> list[int]:
    return [details.request.id for details in all_details]


@pytest.fixture
async def crm(store: PostgresStore) -> RequestInput:
    """Returns a request for a second database."""
    async with store.transaction() as tx:
        await tx.targets.save_discovery([factories.database(), factories.database("crm", 2)])
        await tx.commit()
    return replace(REQUEST_INPUT, target="crm")


async def test_open_and_pending_requests_are_listed_newest_first(
    store: PostgresStore, services: Services
) -> None:
    running = await actions.opened(store, services)
    await actions.opened(store, services, GrantState.ENDED)
    closing = await actions.opened(store, services, GrantState.ENDING)
    await actions.deny(services, await actions.ask(services))
    waiting = await actions.ask(services, person=COLLEAGUE)
    found = numbers(await services.queries.requests(None, person=ENGINEER))
    assert found == [waiting.request.id, closing.request, running.request]


async def test_a_list_of_ones_own_requests(store: PostgresStore, services: Services) -> None:
    mine = await actions.opened(store, services)
    await actions.ask(services, person=COLLEAGUE)
    assert numbers(await services.queries.requests("mine", person=ENGINEER)) == [mine.request]


async def test_a_list_of_pending_requests(store: PostgresStore, services: Services) -> None:
    await actions.opened(store, services)
    waiting = await actions.ask(services, person=COLLEAGUE)
    assert numbers(await services.queries.requests("pending", person=ENGINEER)) == [waiting.request.id]


async def test_a_list_of_one_database_by_any_of_its_names(
    store: PostgresStore, services: Services, crm: RequestInput, clock: SetClock
) -> None:
    await actions.ask(services)
    there = await actions.ask(services, crm, person=COLLEAGUE)
    listed = replace(APP, targets=(PolicyTarget(alias="customers", database="crm", environment="default"),))
    for word in ("crm", "CRM", "customers"):
        found = await actions.under(listed, store, clock).queries.requests(word, person=ENGINEER)
        assert numbers(found) == [there.request.id]


async def test_a_list_of_an_unknown_database_is_refused(services: Services, engine: AsyncEngine) -> None:
    found = await actions.refusal(engine, services.queries.requests("nothing-like-it", person=ENGINEER))
    assert found.reason is Refusal.TARGET_UNKNOWN


async def test_a_list_fits_into_a_message(store: PostgresStore, services: Services, clock: SetClock) -> None:
    patient = actions.under(replace(APP, pending_per_person=LISTED + 1), store, clock)
    for _ in range(LISTED + 1):
        await actions.ask(patient)
    assert len(await services.queries.requests(None, person=ENGINEER)) == LISTED
    assert len(await services.queries.requests("pending", person=ENGINEER)) == LISTED


async def test_a_database_status_has_the_last_observation_and_open_requests(
    store: PostgresStore, services: Services, crm: RequestInput
) -> None:
    mine = await actions.opened(store, services)
    theirs = await actions.ask(services, person=COLLEAGUE)
    await actions.ask(services, crm)
    found = await services.queries.refresh_database("billing", person=ENGINEER)
    assert found.database == factories.database()
    assert numbers(found.open) == [theirs.request.id, mine.request]
    assert numbers(found.mine) == [mine.request]
    assert (found.observation, found.now) == (None, NOW)


async def test_a_refreshed_status_requests_a_new_observation(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    generation = await database.generation(engine)
    await database.make_older(engine, reconcile_queue, "due_at", by=-timedelta(minutes=10))
    await services.queries.refresh_database(None, person=ENGINEER)
    assert await database.time_left(engine, reconcile_queue, "due_at") <= timedelta()
    assert await database.generation(engine) == generation


async def test_a_home_summary_has_own_requests_and_decisions_to_make(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    voted = await actions.ask(double)
    await actions.approve(double, voted, person=LEAD)
    waits = await actions.ask(double)
    own = await actions.ask(double, person=LEAD)
    found = await double.queries.home_summary(LEAD)
    assert numbers(found.mine) == [own.request.id]
    assert numbers(found.waiting) == [waits.request.id]
    other = await double.queries.home_summary(LEAD2)
    assert numbers(other.waiting) == [own.request.id, waits.request.id, voted.request.id]


async def test_a_home_summary_includes_decisions_of_the_persons_groups(services: Services) -> None:
    asked = await actions.ask(services)
    assert numbers((await services.queries.home_summary(GROUP_LEAD)).waiting) == [asked.request.id]
    for person in (COLLEAGUE, ENGINEER, "U0NEW"):
        assert (await services.queries.home_summary(person)).waiting == ()


async def test_a_home_summary_lists_what_ends_soonest_without_extensions(
    store: PostgresStore, services: Services
) -> None:
    lengths = ("8h", "2h", "6h", "4h")
    opened = [
        await actions.opened(store, services, request_input=replace(REQUEST_INPUT, duration=length))
        for length in lengths
    ]
    await services.extensions.extend(
        opened[1].request, RequestInput(duration="3h"), person=ENGINEER, key=actions.key()
    )
    ending = numbers((await services.queries.home_summary(ENGINEER)).ending)
    assert ending == [opened[1].request, opened[3].request, opened[2].request]


async def test_permanent_access_does_not_end_soon(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    lasting = actions.under(actions.ruled(permanent=True), store, clock)
    grant = await actions.opened(store, lasting, request_input=replace(REQUEST_INPUT, duration="forever"))
    found = await lasting.queries.home_summary(ENGINEER)
    assert (numbers(found.mine), found.ending) == ([grant.request], ())


async def test_a_home_is_recorded_once_and_then_updated(services: Services, engine: AsyncEngine) -> None:
    for _ in range(3):
        await services.queries.refresh_home(ENGINEER)
    assert await actions.outbox_messages(engine) == [("home", ENGINEER)]
    assert await database.value(engine, outbox, "version") == 3


async def test_a_request_is_returned_in_full_and_an_unknown_number_refused(
    store: PostgresStore, services: Services
) -> None:
    grant = await actions.opened(store, services)
    assert (await services.queries.request(grant.request)).grant == grant
    with pytest.raises(Refused) as caught:
        await services.queries.request(grant.request + 1)
    assert caught.value.reason is Refusal.REQUEST_UNKNOWN


async def test_an_extension_request_has_the_grant_that_it_extends(
    store: PostgresStore, services: Services
) -> None:
    grant = await actions.opened(store, services)
    asked = await services.extensions.extend(
        grant.request, RequestInput(duration="3h"), person=ENGINEER, key=actions.key()
    )
    assert asked.grant == grant
    assert grant.duration == timedelta(hours=8)
