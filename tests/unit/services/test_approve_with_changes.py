"""Approve with changes: shorter or narrower, never wider; buttons of earlier terms no longer decide."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import RequestState
from bot.errors import Refusal
from bot.ports import RequestDetails
from bot.services import RequestInput, Services
from storage.transaction import PostgresStore
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import LEAD, LEAD2, REQUEST_INPUT

WIDE = replace(REQUEST_INPUT, address="203.0.113.0/24")
UNTIL = replace(REQUEST_INPUT, duration=None, until="18:00")
"""17:00 in UTC: the engineer and the leads are in Berlin."""


async def change(
    services: Services, details: RequestDetails, *, person: str = LEAD, **less: Any
) -> RequestDetails:
    return await actions.approve(services, details, person=person, changes=RequestInput(**less))


async def test_a_shorter_duration_is_granted(services: Services) -> None:
    asked = await actions.ask(services)
    details = await change(services, asked, duration="4h")
    assert details.request.version == asked.request.version + 1
    assert details.request.terms == replace(asked.request.terms, duration=timedelta(hours=4))
    assert details.grant is not None
    assert details.grant.ends_at == NOW + timedelta(hours=4, minutes=20)


async def test_a_narrower_network_is_granted(services: Services) -> None:
    details = await change(services, await actions.ask(services, WIDE), address="203.0.113.64/28")
    assert details.grant is not None
    assert details.grant.networks == details.request.terms.networks == (IPv4Network("203.0.113.64/28"),)
    assert details.request.terms.duration == timedelta(hours=8)


async def test_an_earlier_end_is_granted(services: Services) -> None:
    details = await change(services, await actions.ask(services, UNTIL), until="16:30")
    assert details.grant is not None
    assert details.grant.ends_at == NOW.replace(hour=15, minute=30)


async def test_permanent_access_can_be_given_an_end(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    lasting = actions.under(actions.ruled(permanent=True), store, clock)
    details = await change(
        lasting, await actions.ask(lasting, replace(REQUEST_INPUT, duration="forever")), duration="2d"
    )
    assert details.grant is not None
    assert details.grant.ends_at == NOW + timedelta(days=2, minutes=20)


@pytest.mark.parametrize("same", [{"duration": "8h"}, {"address": "203.0.113.4"}, {}])
async def test_the_same_terms_change_nothing(services: Services, same: dict[str, str]) -> None:
    asked = await actions.ask(services)
    details = await change(services, asked, **same)
    assert (details.request.version, details.request.terms) == (asked.request.version, asked.request.terms)
    assert details.request.state is RequestState.APPROVED


@pytest.mark.parametrize(
    ("request_input", "more"),
    [
        (REQUEST_INPUT, {"duration": "9h"}),
        (REQUEST_INPUT, {"address": "203.0.113.5"}),
        (REQUEST_INPUT, {"address": "203.0.113.0/28"}),
        (REQUEST_INPUT, {"until": "16:00"}),
        (REQUEST_INPUT, {"address": "203.0.113.5", "duration": "1h"}),
        (WIDE, {"address": "203.0.112.0/23"}),
        (UNTIL, {"until": "18:01"}),
        (UNTIL, {"duration": "1h"}),
    ],
)
async def test_wider_longer_or_different_terms_are_refused(
    services: Services, engine: AsyncEngine, request_input: RequestInput, more: dict[str, str]
) -> None:
    asked = await actions.ask(services, request_input)
    found = await actions.refusal(engine, change(services, asked, **more))
    assert (found.reason, found.params) == (Refusal.TERMS_WIDER, {"id": asked.request.id})


@pytest.mark.parametrize(
    ("request_input", "wrong", "reason"),
    [
        (REQUEST_INPUT, {"duration": "4"}, Refusal.DURATION_NO_UNIT),
        (REQUEST_INPUT, {"duration": "forever"}, Refusal.DURATION_UNREADABLE),
        (REQUEST_INPUT, {"address": "10.0.0.1"}, Refusal.ADDRESS_PRIVATE),
        (UNTIL, {"until": "2026-11-24 09:30"}, Refusal.END_PAST),
        (UNTIL, {"until": "5"}, Refusal.TIME_UNCLEAR),
    ],
)
async def test_invalid_terms_are_refused_as_in_a_request(
    services: Services,
    engine: AsyncEngine,
    request_input: RequestInput,
    wrong: dict[str, str],
    reason: Refusal,
) -> None:
    asked = await actions.ask(services, request_input)
    assert (await actions.refusal(engine, change(services, asked, **wrong))).reason is reason


async def test_earlier_votes_count_and_buttons_of_earlier_terms_do_not(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    triple = actions.under(actions.ruled(approvals=3), store, clock)
    asked = await actions.ask(triple)
    await actions.approve(triple, asked)
    changed = await change(triple, asked, person=LEAD2, duration="4h")
    assert (changed.request.state, changed.request.version) == (RequestState.PENDING, 2)
    for late in (actions.approve, actions.deny):
        found = await actions.refusal(engine, late(triple, asked, person=actions.GROUP_LEAD))
        assert (found.reason, found.params) == (Refusal.REQUEST_CHANGED, {"id": asked.request.id})
    decided = await actions.approve(triple, changed, person=actions.GROUP_LEAD)
    assert decided.request.state is RequestState.APPROVED
    assert {vote.person for vote in decided.decisions} == {LEAD, LEAD2, actions.GROUP_LEAD}
    assert decided.grant is not None
    assert decided.grant.duration == timedelta(hours=4)


async def test_another_approvers_vote_invalidates_no_button(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    asked = await actions.ask(double)
    await actions.approve(double, asked)
    assert (await actions.approve(double, asked, person=LEAD2)).request.state is RequestState.APPROVED


async def test_the_cards_show_the_new_terms(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    await change(double, await actions.ask(double), duration="4h")
    assert await actions.card_versions(engine) == [2, 2]
