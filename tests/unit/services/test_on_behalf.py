"""Requests for somebody else: whose the access is, who may ask for whom, who may not approve, who is told."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.person import Person
from bot.domain.policy.rules import Policy, WhenNobody
from bot.domain.request import RequestState
from bot.errors import Refusal
from bot.services import Services
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD, LEAD2, REQUEST_INPUT

FOR_COLLEAGUE = replace(REQUEST_INPUT, on_behalf=COLLEAGUE)


@pytest.fixture
def allowing(store: PostgresStore, services: Services, clock: SetClock) -> Services:
    """Services under a rule that allows requests for others; ``services`` has filled the store."""
    return actions.under(actions.ruled(on_behalf=True), store, clock)


async def test_the_access_is_the_other_persons_and_both_are_told(
    allowing: Services, engine: AsyncEngine
) -> None:
    details = await actions.ask(allowing, FOR_COLLEAGUE)
    assert (details.request.requester, details.request.asker) == (COLLEAGUE, ENGINEER)
    cards = [message for message in await actions.outbox_messages(engine) if message[0] == "card.requester"]
    assert sorted(cards) == [("card.requester", COLLEAGUE), ("card.requester", ENGINEER)]
    assert await actions.transitions(engine) == [(ENGINEER, "request", "", "pending")]
    approved = await actions.approve(allowing, details)
    assert approved.grant is not None
    assert approved.grant.owner == COLLEAGUE


async def test_what_the_asker_has_is_not_what_the_other_person_lacks(allowing: Services) -> None:
    submit = allowing.access_requests.submit
    await submit(Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="line:1", again=False)
    other = await submit(Method.MTLS, FOR_COLLEAGUE, person=ENGINEER, key="line:2", again=False)
    assert other.request.requester == COLLEAGUE


async def test_neither_of_the_two_approves_it(
    store: PostgresStore, allowing: Services, engine: AsyncEngine
) -> None:
    for asks, owner in ((LEAD, LEAD2), (LEAD2, LEAD)):
        details = await actions.ask(allowing, replace(REQUEST_INPUT, on_behalf=owner), person=asks)
        for person in (asks, owner):
            found = await actions.refusal(engine, actions.approve(allowing, details, person=person))
            assert found.reason is Refusal.APPROVER_SELF
        home = await allowing.queries.home_summary(owner)
        assert home.waiting == ()


async def test_a_request_that_only_the_two_could_decide_is_refused(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    rule = actions.ruled(on_behalf=True, approvers=frozenset({LEAD, LEAD2}))
    two = actions.under(rule, store, clock)
    input_ = replace(REQUEST_INPUT, on_behalf=LEAD2)
    found = await actions.refusal(engine, actions.ask(two, input_, person=LEAD))
    assert found.reason is Refusal.NOBODY_DECIDES
    # Alone, either of them has the other to decide.
    assert (await actions.ask(two, person=LEAD)).request.state is RequestState.PENDING
    admins = replace(rule, when_nobody=WhenNobody.ADMINS, admins=frozenset({actions.ADMIN}))
    asked = await actions.ask(actions.under(admins, store, clock), input_, person=LEAD)
    assert asked.request.by_admins


@pytest.mark.parametrize(
    "outside",
    [
        replace(factories.person(COLLEAGUE), deactivated=True),
        replace(factories.person(COLLEAGUE), guest=True),
        replace(factories.person(COLLEAGUE), external=True),
        replace(factories.person(COLLEAGUE), bot=True),
    ],
)
async def test_only_for_active_full_members(
    store: PostgresStore, allowing: Services, engine: AsyncEngine, outside: Person
) -> None:
    await actions.know(store, outside)
    found = await actions.refusal(engine, actions.ask(allowing, FOR_COLLEAGUE))
    assert found.reason is Refusal.BEHALF_NOT_MEMBER


async def test_an_unknown_person_is_looked_up_and_refused_until_then(
    allowing: Services, engine: AsyncEngine
) -> None:
    input_ = replace(REQUEST_INPUT, on_behalf="U0STRANGER")
    with pytest.raises(Exception, match="behalf_unknown"):
        await actions.ask(allowing, input_)
    assert not await allowing.members.is_known("U0STRANGER")


def _only_for(*requesters: str) -> Policy:
    return actions.ruled(on_behalf=True, requesters=frozenset(requesters))


async def test_only_where_the_policy_lets_both_of_them_request_it(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    for policy in (_only_for(ENGINEER), _only_for(COLLEAGUE)):
        found = await actions.refusal(engine, actions.ask(actions.under(policy, store, clock), FOR_COLLEAGUE))
        assert found.reason is Refusal.POLICY_SILENT
    asked = await actions.ask(actions.under(_only_for(ENGINEER, COLLEAGUE), store, clock), FOR_COLLEAGUE)
    assert asked.request.requester == COLLEAGUE


async def test_only_where_the_rule_allows_it_and_oneself_is_nobody_else(
    services: Services, engine: AsyncEngine
) -> None:
    found = await actions.refusal(engine, actions.ask(services, FOR_COLLEAGUE))
    assert found.reason is Refusal.BEHALF_NOT_ALLOWED
    own = await actions.ask(services, replace(REQUEST_INPUT, on_behalf=ENGINEER))
    assert (own.request.requester, own.request.asker) == (ENGINEER, "")


async def test_the_one_who_asked_may_withdraw_it_and_it_counts_as_theirs(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    policy = replace(actions.ruled(on_behalf=True), pending_per_person=1)
    allowing = actions.under(policy, store, clock)
    details = await actions.ask(allowing, FOR_COLLEAGUE)
    found = await actions.refusal(engine, actions.ask(allowing))
    assert found.reason is Refusal.PENDING_TOO_MANY
    # Nobody uses up what another may ask for.
    assert (await actions.ask(allowing, person=COLLEAGUE)).request.requester == COLLEAGUE
    cancelled = await allowing.access_requests.cancel(details.request.id, person=ENGINEER, key=actions.key())
    assert cancelled.request.state is RequestState.CANCELLED


async def test_a_request_of_somebody_who_left_since_is_not_granted(
    store: PostgresStore, allowing: Services
) -> None:
    details = await actions.ask(allowing, FOR_COLLEAGUE)
    await actions.know(store, replace(factories.person(ENGINEER), deactivated=True))
    decided = await actions.approve(allowing, details)
    assert decided.request.state is RequestState.WITHDRAWN
    assert decided.grant is None
