"""Whoever ended something hears when it is closed, once, and before that if it takes longer."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.reports.closing import LATE_AFTER
from bot.ports import MessageKind
from bot.services import RequestInput, Services
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD
from tests.unit.storage import store_helpers

SECOND = timedelta(seconds=1)


async def close(store: PostgresStore, *ended: Grant) -> None:
    """The end of grants is read back."""
    for grant in ended:
        before = await actions.get(store, grant.id)
        after = grants.closed(before, GrantState.ENDED, now=NOW, reason_code=None)
        assert await store_helpers.change(store, before, after)


async def told(engine: AsyncEngine, kind: MessageKind) -> list[tuple[str, str]]:
    """Who was told by messages of a kind, and of which requests."""
    found = await database.rows(engine, outbox, "recipient", "params", order_by="id", kind=kind)
    return [(to, params["requests"]) for to, params in found]


async def revoke(services: Services, grant: Grant) -> None:
    await services.grants.revoke(grant.request, person=LEAD, key=actions.key())


async def test_whoever_revoked_is_told_once_when_it_is_closed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await revoke(services, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []
    await close(store, grant)
    for _ in range(2):
        await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, str(grant.request))]


async def test_an_owner_who_ends_their_own_is_not_told_twice(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    await close(store, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []


@pytest.mark.parametrize("after", [LATE_AFTER, LATE_AFTER + timedelta(hours=1)])
async def test_after_two_minutes_they_are_told_once_that_it_takes_longer_and_again_when_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, after: timedelta
) -> None:
    grant = await actions.opened(store, services)
    await revoke(services, grant)
    clock.present += LATE_AFTER - SECOND
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == []
    clock.present += after - LATE_AFTER + SECOND
    for _ in range(2):
        await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(LEAD, str(grant.request))]
    await close(store, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, str(grant.request))]
    # What said that it is late says from now on that it is over.
    assert await database.value(engine, outbox, "version", kind=MessageKind.CLOSING_LATE) == 2


async def test_an_owner_is_told_that_their_own_takes_longer(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(ENGINEER, str(grant.request))]


async def test_what_was_ended_together_is_told_of_together_once_all_of_it_is_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    one = await actions.opened(store, services)
    two = await actions.opened(store, services)
    await services.personal_access.revoke(ENGINEER, "the laptop was lost", person=LEAD, key=actions.key())
    await close(store, one)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []
    assert await told(engine, MessageKind.CLOSING_LATE) == [(LEAD, str(two.request))]
    await close(store, two)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, f"{one.request} {two.request}")]


async def test_whoever_asked_for_a_removal_is_told_of_what_is_not_their_own(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    mine = await actions.opened(store, services)
    theirs = await actions.opened(store, services, person=COLLEAGUE)
    removal = await services.access_requests.remove(
        Method.MTLS,
        RequestInput(address="203.0.113.4", target="billing", reason="moved office"),
        person=ENGINEER,
        key=actions.key(),
    )
    assert removal.requested is not None
    await actions.approve(services, removal.requested)
    await close(store, mine, theirs)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(ENGINEER, str(theirs.request))]


async def test_whoever_revokes_a_certificate_is_told_that_it_takes_longer(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certificates.own(store)
    handle = (await certificates.get(store)).handle
    requested = await services.certificates.revoke(handle, "it was lost", person=ENGINEER, key=actions.key())
    await actions.approve(services, requested)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(ENGINEER, str(requested.request.id))]
    assert await told(engine, MessageKind.CLOSED) == []


async def test_nobody_waits_for_what_time_has_ended(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    clock.present = NOW + timedelta(hours=9)
    await services.deadlines.run_due()
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert (await actions.get(store, grant.id)).state is GrantState.ENDING
    assert await told(engine, MessageKind.CLOSING_LATE) == []
