"""Opening again what somebody closed at Heroku: a new decision, never the owner's alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.request import Kind, RequestState
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails
from bot.services import RequestInput, Services
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, GROUP_LEAD, LEAD, LEAD2
from tests.unit.storage import store_helpers

INTERRUPTED = GrantState.INTERRUPTED


async def reopen(services: Services, request: int, person: str, *, key: str = "") -> RequestDetails:
    return await services.reopenings.reopen(request, person=person, key=key or actions.key())


def pending(details: RequestDetails) -> RequestDetails:
    """The request to open again, as its buttons mean it."""
    assert details.reopening is not None
    return replace(details, request=details.reopening)


async def test_an_owner_asks_and_an_approver_decides_on_the_same_card(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    asked = await reopen(services, grant.request, ENGINEER)
    assert asked.request.id == grant.request
    assert (await actions.get(store, grant.id)).state is INTERRUPTED
    assert pending(asked).request.kind is Kind.REOPEN
    cards = await database.rows(engine, outbox, "kind", "request_id", order_by="id")
    assert [each for each in cards if each[0].is_card] == [
        (MessageKind.CARD_APPROVAL, grant.request),
        (MessageKind.CARD_REQUESTER, grant.request),
    ]
    assert (MessageKind.REOPENING, grant.request) in cards
    await actions.approve(services, pending(asked))
    again = await actions.get(store, grant.id)
    assert again == replace(grant, state=GrantState.APPLYING, reason_code=None, closed_at=None, warn_at=None)


@pytest.mark.parametrize("person", [LEAD, GROUP_LEAD])
async def test_an_approver_who_is_not_the_owner_opens_again_at_once_where_one_decides(
    store: PostgresStore, services: Services, person: str
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    assert (await reopen(services, grant.request, person)).reopening is None
    assert (await actions.get(store, grant.id)).state is GrantState.APPLYING


async def test_where_two_decide_the_approver_who_asks_is_one_of_them(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    grant = await actions.opened(store, services, INTERRUPTED)
    asked = await reopen(double, grant.request, LEAD)
    assert (await actions.get(store, grant.id)).state is INTERRUPTED
    await actions.approve(double, pending(asked), person=LEAD2)
    assert (await actions.get(store, grant.id)).state is GrantState.APPLYING


async def test_the_owner_cannot_decide_on_it(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    asked = await reopen(services, grant.request, ENGINEER)
    found = await actions.refusal(engine, actions.approve(services, pending(asked), person=ENGINEER))
    assert found.reason is Refusal.APPROVER_SELF


async def test_denied_it_stays_closed(store: PostgresStore, services: Services) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    asked = await reopen(services, grant.request, ENGINEER)
    denied = await actions.deny(services, pending(asked))
    assert denied.request.state is RequestState.DENIED
    assert (await actions.get(store, grant.id)).state is INTERRUPTED
    assert (await services.queries.request(grant.request)).reopening is None


@pytest.mark.parametrize("person", [COLLEAGUE, ADMIN])
async def test_nobody_else_asks_for_it(
    store: PostgresStore, services: Services, engine: AsyncEngine, person: str
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    found = await actions.refusal(engine, reopen(services, grant.request, person))
    assert found.reason is Refusal.NOT_YOURS


@pytest.mark.parametrize("person", [ENGINEER, LEAD])
async def test_what_the_policy_denies_by_now_is_not_opened_again(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock, person: str
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    (rule,) = actions.APP.rules
    denying = replace(rule, name="not you", denies=True, requesters=frozenset({ENGINEER}))
    closed = actions.under(replace(actions.APP, rules=(rule, denying)), store, clock)
    found = await actions.refusal(engine, reopen(closed, grant.request, person))
    assert found.reason is Refusal.POLICY_DENIES


async def test_what_is_longer_than_the_policy_allows_by_now_is_not_opened_again(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    shorter = actions.under(
        actions.ruled(default_duration=timedelta(hours=1), longest_duration=timedelta(hours=1)), store, clock
    )
    found = await actions.refusal(engine, reopen(shorter, grant.request, LEAD))
    assert found.reason is Refusal.DURATION_TOO_LONG


async def test_it_is_asked_once_at_a_time(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    first = await reopen(services, grant.request, ENGINEER, key="click:1")
    assert await reopen(services, grant.request, ENGINEER, key="click:1") == first
    found = await actions.refusal(engine, reopen(services, grant.request, ENGINEER))
    assert found.reason is Refusal.REOPENING_PENDING


@pytest.mark.parametrize("state", [each for each in GrantState if each is not INTERRUPTED])
async def test_only_what_somebody_closed_is_opened_again(
    store: PostgresStore, services: Services, engine: AsyncEngine, state: GrantState
) -> None:
    grant = await actions.opened(store, services, state)
    found = await actions.refusal(engine, reopen(services, grant.request, LEAD))
    assert found.reason is Refusal.GRANT_NOT_INTERRUPTED


@pytest.mark.parametrize("reason", [ReasonCode.CLOSED_ELSEWHERE, ReasonCode.PERSON, ReasonCode.POLICY])
async def test_what_failed_by_peoples_doing_is_decided_anew_and_not_retried(
    store: PostgresStore, services: Services, engine: AsyncEngine, reason: ReasonCode
) -> None:
    grant = await actions.opened(store, services, GrantState.FAILED)
    async with store.transaction() as tx:
        await tx.grants.update(grant, replace(grant, reason_code=reason), doing=store_helpers.BY_LEAD)
        await tx.commit()
    retry = services.grants.retry(grant.request, person=ENGINEER, key=actions.key())
    assert (await actions.refusal(engine, retry)).reason is Refusal.RETRY_DECIDED_ANEW
    await reopen(services, grant.request, LEAD)
    assert (await actions.get(store, grant.id)).state is GrantState.APPLYING


async def test_a_grant_whose_end_has_come_is_not_opened_again(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    clock.present = NOW + timedelta(days=1)
    found = await actions.refusal(engine, reopen(services, grant.request, LEAD))
    assert found.reason is Refusal.GRANT_OVER


async def test_the_reopened_grant_of_somebody_who_left_stays_closed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    asked = await reopen(services, grant.request, ENGINEER)
    await actions.know(store, factories.person(deactivated=True))
    decided = await actions.approve(services, pending(asked))
    assert decided.request.state is RequestState.WITHDRAWN
    assert (await actions.get(store, grant.id)).state is INTERRUPTED


@pytest.mark.parametrize("how", ["cancel", "lapse"])
async def test_the_card_shows_that_nobody_is_asked_any_more(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock, how: str
) -> None:
    five_days = replace(actions.REQUEST_INPUT, duration="5d")
    grant = await actions.opened(store, services, INTERRUPTED, request_input=five_days)
    asked = pending(await reopen(services, grant.request, ENGINEER))
    before = await actions.card_versions(engine)
    if how == "cancel":
        await services.access_requests.cancel(asked.request.id, person=ENGINEER, key=actions.key())
    else:
        clock.present = NOW + timedelta(hours=24, minutes=1)
        await services.deadlines.run_due()
    assert (await services.queries.request(grant.request)).reopening is None
    assert await actions.card_versions(engine) != before


async def test_what_was_extended_beyond_what_is_allowed_by_now_is_not_opened_again(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    grant = await actions.opened(store, services)
    more = await services.extensions.extend(
        grant.request, RequestInput(duration="4d", reason="more of it please"), person=ENGINEER, key="e"
    )
    await actions.approve(services, more)
    grant = await actions.get(store, grant.id)
    closed = grants.closed(grant, INTERRUPTED, now=NOW, reason_code=ReasonCode.CLOSED_ELSEWHERE)
    assert await store_helpers.change(store, grant, closed)
    today = actions.under(actions.ruled(longest_duration=8 * actions.HOUR), store, clock)
    await actions.refusal(engine, reopen(today, grant.request, LEAD))


async def test_while_a_group_is_in_doubt_that_is_the_answer_and_not_that_it_is_somebody_elses(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, INTERRUPTED)
    await actions.outdate_groups(engine)
    with pytest.raises(Refused) as refused:
        await reopen(services, grant.request, GROUP_LEAD)
    assert refused.value.reason is Refusal.GROUPS_UNKNOWN
