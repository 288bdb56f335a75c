"""Decide: what an approval starts, and who and what is refused without a trace."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.domain.request import RequestState
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails
from bot.services import Services
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, GROUP_LEAD, LEAD, LEAD2, REQUEST_INPUT
from tests.unit.storage import store_helpers


async def test_an_approval_opens_a_grant_with_its_hard_end_and_has_it_reconciled(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    clock.present = NOW + timedelta(minutes=5)
    grant = (await actions.approve(services, asked)).grant
    assert grant is not None
    assert (grant.state, grant.owner, grant.networks) == (GrantState.APPLYING, ENGINEER, (NETWORK,))
    assert grant.ends_at == clock.present + timedelta(hours=8, minutes=20)
    assert await database.generation(engine) == 1
    assert await actions.transitions(engine) == [
        (ENGINEER, "request", "", "pending"),
        (LEAD, "request", "pending", "approved"),
        (LEAD, "grant", "", "applying"),
    ]


async def test_a_permanent_grant_has_no_end(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    lasting = actions.under(actions.ruled(permanent=True), store, clock)
    grant = await actions.opened(store, lasting, request_input=replace(REQUEST_INPUT, duration="forever"))
    assert (grant.state, grant.duration, grant.ends_at) == (GrantState.IN_FORCE, None, None)
    clock.present = NOW + timedelta(days=3650)
    assert await services.deadlines.run_due() is None
    assert (await actions.get(store, grant.id)).state is GrantState.IN_FORCE


async def test_a_decision_is_announced_and_updates_every_card(
    services: Services, engine: AsyncEngine
) -> None:
    await actions.approve(services, await actions.ask(services))
    assert await database.outbox_messages(engine, "kind", "version", order_by="kind") == [
        ("card.approval", 2),
        ("card.requester", 2),
        ("notification.decided", 1),
    ]


async def test_a_denial_opens_nothing_and_stores_its_reason(services: Services, engine: AsyncEngine) -> None:
    details = await actions.deny(services, await actions.ask(services), reason="too wide")
    assert (details.request.state, details.request.decided_at, details.grant) == (
        RequestState.DENIED,
        NOW,
        None,
    )
    assert [(vote.person, vote.reason) for vote in details.decisions] == [(LEAD, "too wide")]
    assert await database.generation(engine) == 0


async def test_the_first_of_two_approvals_updates_the_cards_and_opens_nothing(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    asked = await actions.ask(double)
    half = await actions.approve(double, asked)
    assert (half.request.state, half.grant) == (RequestState.PENDING, None)
    assert (await store_helpers.counts(engine))["grants"] == 0
    assert await database.outbox_messages(engine, "kind", "version", order_by="kind") == [
        ("card.approval", 2),
        ("card.requester", 2),
    ]
    whole = await actions.approve(double, asked, person=LEAD2)
    assert whole.request.state is RequestState.APPROVED
    assert [vote.person for vote in whole.decisions] == [LEAD, LEAD2]
    assert await actions.transitions(engine, after=1) == [
        (LEAD, "request", "pending", "pending, 1 of 2"),
        (LEAD2, "request", "pending", "approved"),
        (LEAD2, "grant", "", "applying"),
    ]


async def test_one_denial_decides_however_many_have_approved(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    triple = actions.under(actions.ruled(approvals=3), store, clock)
    asked = await actions.ask(triple)
    await actions.approve(triple, asked)
    details = await actions.deny(triple, asked, person=LEAD2)
    assert details.request.state is RequestState.DENIED


async def test_the_same_click_again_returns_what_it_decided(services: Services, engine: AsyncEngine) -> None:
    asked = await actions.ask(services)
    id, vote = asked.request.id, actions.approval(asked)
    first = await services.approvals.decide(id, vote, person=LEAD, key="click:1")
    before = await actions.snapshot(engine)
    assert await services.approvals.decide(id, vote, person=LEAD, key="click:1") == first
    assert await actions.snapshot(engine) == before


# --- who may not -----------------------------------------------------------------------------------


async def test_nobody_decides_on_their_own_request(services: Services, engine: AsyncEngine) -> None:
    asked = await actions.ask(services, person=LEAD)
    assert (await actions.refusal(engine, actions.approve(services, asked))).reason is Refusal.APPROVER_SELF
    assert (await actions.refusal(engine, actions.deny(services, asked))).reason is Refusal.APPROVER_SELF


async def test_only_approvers_decide(services: Services, engine: AsyncEngine) -> None:
    asked = await actions.ask(services)
    found = await actions.refusal(engine, actions.approve(services, asked, person=COLLEAGUE))
    assert found.reason is Refusal.APPROVER_NOT


async def test_members_of_an_approver_group_decide_while_the_group_is_known(
    services: Services, engine: AsyncEngine
) -> None:
    asked, other = await actions.ask(services), await actions.ask(services)
    decided = await actions.approve(services, asked, person=GROUP_LEAD)
    assert decided.request.state is RequestState.APPROVED
    await actions.outdate_groups(engine)
    found = await actions.refusal(engine, actions.approve(services, other, person=GROUP_LEAD))
    assert found.reason is Refusal.GROUPS_UNKNOWN


async def test_who_left_an_approver_group_no_longer_decides(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    async with store.transaction() as tx:
        await tx.slack_users.save_group(actions.LEADS, [])
        await tx.commit()
    found = await actions.refusal(engine, actions.approve(services, asked, person=GROUP_LEAD))
    assert found.reason is Refusal.APPROVER_NOT


@pytest.mark.parametrize(
    ("lead", "reason"),
    [
        (factories.person(LEAD, deactivated=True), Refusal.PERSON_INACTIVE),
        (factories.person(LEAD, bot=True), Refusal.PERSON_INACTIVE),
        (factories.person(LEAD, guest=True), Refusal.PERSON_OUTSIDE),
        (factories.person(LEAD, external=True), Refusal.PERSON_OUTSIDE),
    ],
)
async def test_an_approver_who_is_no_longer_a_member_cannot_decide(
    store: PostgresStore, services: Services, engine: AsyncEngine, lead: Person, reason: Refusal
) -> None:
    asked = await actions.ask(services)
    await actions.know(store, lead)
    assert (await actions.refusal(engine, actions.approve(services, asked))).reason is reason


async def test_an_outdated_approver_is_refused_and_a_lookup_requested(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    await actions.outdate_users(engine)
    with pytest.raises(Refused) as caught:
        await actions.approve(services, asked)
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert (await store_helpers.counts(engine))["decisions"] == 0
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == (LEAD,)


# --- the requester, meanwhile ----------------------------------------------------------------------


@pytest.mark.parametrize("gone", [factories.person(deactivated=True), factories.person(guest=True)])
@pytest.mark.parametrize("decide", [actions.approve, actions.deny])
async def test_the_request_of_somebody_who_is_no_longer_a_member_is_withdrawn(
    store: PostgresStore,
    services: Services,
    gone: Person,
    decide: Callable[[Services, RequestDetails], Awaitable[RequestDetails]],
) -> None:
    asked = await actions.ask(services)
    await actions.know(store, gone)
    decided = await decide(services, asked)
    assert decided.request.state is RequestState.WITHDRAWN
    assert decided.request.withdrawn is not None
    assert decided.request.withdrawn.reason is Refusal.REQUESTER_GONE
    assert decided.grant is None


async def test_no_form_is_opened_for_a_request_that_is_withdrawn(
    store: PostgresStore, services: Services
) -> None:
    asked = await actions.ask(services)
    await actions.know(store, factories.person(deactivated=True))
    with pytest.raises(Refused) as caught:
        await services.approvals.require_decidable(asked.request.id, version=1, person=LEAD)
    assert caught.value.reason is Refusal.REQUEST_WITHDRAWN
    found = await services.queries.request(asked.request.id)
    assert found.request.state is RequestState.WITHDRAWN


async def test_for_an_outdated_requester_a_lookup_of_them_is_requested_not_of_the_approver(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    await actions.outdate_users(engine, id=ENGINEER)
    with pytest.raises(Refused) as caught:
        await actions.approve(services, asked)
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert (await store_helpers.counts(engine))["decisions"] == 0
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == (ENGINEER,)


# --- what cannot be decided (any more) -------------------------------------------------------------


async def test_a_second_decision_is_refused_naming_who_made_the_first(
    services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    await actions.deny(services, asked)
    late = await actions.refusal(engine, actions.approve(services, asked, person=LEAD2))
    assert late.reason is Refusal.REQUEST_DECIDED
    assert late.params == {"id": asked.request.id, "person": LEAD, "state": RequestState.DENIED, "at": NOW}


async def test_a_second_vote_of_an_approver_is_refused(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    asked = await actions.ask(double)
    await actions.approve(double, asked)
    for again in (actions.approve(double, asked), actions.deny(double, asked)):
        found = await actions.refusal(engine, again)
        assert (found.reason, found.params) == (Refusal.ALREADY_VOTED, {"id": asked.request.id})


async def test_a_cancelled_or_lapsed_request_cannot_be_decided(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    back, lapsed = await actions.ask(services), await actions.ask(services)
    await services.access_requests.cancel(back.request.id, person=ENGINEER, key=actions.key())
    clock.present = NOW + timedelta(hours=24)
    await services.deadlines.run_due()
    for details, at in ((back, NOW), (lapsed, clock.present)):
        found = await actions.refusal(engine, actions.approve(services, details))
        assert (found.reason, found.params) == (Refusal.REQUEST_CLOSED, {"id": details.request.id, "at": at})


async def test_a_request_whose_end_has_passed_is_withdrawn(services: Services, clock: SetClock) -> None:
    asked = await actions.ask(services, replace(REQUEST_INPUT, duration=None, until="12:00"))
    assert asked.request.terms.until is not None
    clock.present = asked.request.terms.until
    withdrawn = await actions.approve(services, asked)
    assert withdrawn.request.state is RequestState.WITHDRAWN
    assert withdrawn.request.withdrawn is not None
    assert withdrawn.request.withdrawn.reason is Refusal.END_PAST


async def test_a_request_whose_rule_is_gone_is_decided_under_the_one_that_matches_now(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    asked = await actions.ask(services)
    renamed: Policy = actions.ruled(name="another")
    decided = await actions.approve(actions.under(renamed, store, clock), asked)
    assert decided.request.state is RequestState.APPROVED


async def test_present_approvers_decide_earlier_requests(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    changed = actions.under(actions.ruled(approvers=frozenset({LEAD2}), approvals=1), store, clock)
    found = await actions.refusal(engine, actions.approve(changed, asked, person=LEAD))
    assert found.reason is Refusal.APPROVER_NOT
    assert (await actions.approve(changed, asked, person=LEAD2)).request.state is RequestState.APPROVED


async def test_an_unknown_request_is_refused(services: Services, engine: AsyncEngine) -> None:
    details = factories.case(asked=replace(factories.request(), id=4711))
    found = await actions.refusal(engine, actions.approve(services, details))
    assert (found.reason, found.params) == (Refusal.REQUEST_UNKNOWN, {"id": 4711})
    assert (await actions.refusal(engine, services.queries.request(4711))).reason is Refusal.REQUEST_UNKNOWN


async def test_require_decidable_records_nothing(services: Services, engine: AsyncEngine) -> None:
    asked = await actions.ask(services)
    before = await actions.snapshot(engine)
    assert await services.approvals.require_decidable(asked.request.id, version=1, person=LEAD) == asked
    assert await actions.snapshot(engine) == before
    found = await actions.refusal(
        engine, services.approvals.require_decidable(asked.request.id, version=1, person=ENGINEER)
    )
    assert found.reason is Refusal.APPROVER_SELF


@pytest.mark.usefixtures("services")
async def test_the_rule_of_the_deciding_vote_says_who_may_revoke(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock
) -> None:
    (rule,) = actions.APP.rules
    old = replace(rule, name="old", approvers=frozenset({LEAD2}))
    asked = await actions.ask(actions.under(replace(actions.APP, rules=(old,)), store, clock))
    # Another rule is the first today; the old one goes on for somebody else.
    new = replace(rule, name="new", approvers=frozenset({LEAD}))
    rest = replace(old, requesters=frozenset({COLLEAGUE}))
    today = actions.under(replace(actions.APP, rules=(new, rest)), store, clock)
    decided = await actions.approve(today, asked, person=LEAD)
    grant = await actions.bring(store, decided, GrantState.IN_FORCE)
    refused = await actions.refusal(engine, today.grants.revoke(grant.request, person=LEAD2, key="a"))
    assert refused.reason is Refusal.APPROVER_NOT
    await today.grants.revoke(grant.request, person=LEAD, key="b")
