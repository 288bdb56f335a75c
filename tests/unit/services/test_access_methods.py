"""Submit, adopt and remove: one service for every access method."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.request import Kind, RequestState
from bot.domain.target import Space
from bot.errors import Refusal
from bot.services import RequestInput, Services
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER

SPACE: Final = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)

ENTRIES: Final = {
    Method.MTLS: RequestInput(address="203.0.113.4", target="billing", duration="8h", reason="a migration"),
    Method.PRIVATELINK: RequestInput(
        address="123456789012", target="billing", duration="8h", reason="a nightly export"
    ),
    Method.TRUSTED: RequestInput(address="203.0.113.4", target=SPACE.name, duration="8h", reason="a BI tool"),
}


@pytest.fixture(params=list(Method))
def method(request: pytest.FixtureRequest) -> Method:
    return Method(request.param)


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    """One database, its space, and everybody known."""
    async with store.transaction() as tx:
        await tx.targets.save_discovery([factories.database()], [SPACE])
        await tx.commit()
    await actions.know_everybody(store)
    return actions.under(actions.APP, store, clock)


async def open_grant(services: Services, method: Method, *, person: str = ENGINEER) -> int:
    """Submits and approves a request; returns its number."""
    submit = services.access_requests.submit
    details = await submit(method, ENTRIES[method], person=person, key=actions.key())
    return (await actions.approve(services, details)).request.id


async def test_a_new_request_is_returned_as_it_is_stored(services: Services, method: Method) -> None:
    details = await services.access_requests.submit(
        method, ENTRIES[method], person=ENGINEER, key=actions.key()
    )
    assert details == await services.queries.request(details.request.id)
    assert (details.request.terms.method, details.request.state) == (method, RequestState.PENDING)


async def test_an_owner_removes_their_entry_although_no_rule_allows_them_to_ask_any_more(
    store: PostgresStore, services: Services, clock: SetClock, method: Method
) -> None:
    request = await open_grant(services, method)
    stricter = actions.under(actions.ruled(requesters=frozenset({COLLEAGUE})), store, clock)
    result = await stricter.access_requests.remove(
        method, ENTRIES[method], person=ENGINEER, key=actions.key()
    )
    assert (result.requested, result.closing) == (None, (request,))


async def test_an_entry_of_two_owners_is_removed_by_a_request(services: Services, method: Method) -> None:
    both = [await open_grant(services, method, person=person) for person in (ENGINEER, COLLEAGUE)]
    result = await services.access_requests.remove(
        method, ENTRIES[method], person=ENGINEER, key=actions.key()
    )
    assert result.requested is not None
    assert (result.requested.request.kind, result.requested.closes) == (Kind.REMOVE, tuple(both))


@pytest.mark.parametrize("verb", ["adopt", "remove"])
async def test_who_may_not_request_learns_nothing_of_what_is_there(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, method: Method, verb: str
) -> None:
    stricter = actions.under(actions.ruled(requesters=frozenset({COLLEAGUE})), store, clock)
    entry = replace(ENTRIES[method], duration=None)
    attempt = getattr(stricter.access_requests, verb)(method, entry, person=ENGINEER, key=actions.key())
    assert (await actions.refusal(engine, attempt)).reason is Refusal.POLICY_SILENT
