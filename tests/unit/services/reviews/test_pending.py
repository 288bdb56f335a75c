"""Pending requests, judged again: withdrawn when nobody can grant them, told when nobody can decide them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.person import Person
from bot.domain.policy.rules import Policy, WhenNobody
from bot.domain.request import Request, RequestState
from bot.errors import Refusal
from bot.ports import MessageKind
from bot.services import RequestInput, Services
from storage.tables import outbox, periodic_tasks
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, APP, ENGINEER, GROUP_LEAD, LEAD, LEAD2, LEADS

PAIR = actions.ruled(approvers=frozenset({LEAD, LEAD2}), approvals=2)
"""Two people have to agree, and there are no others."""


async def review(engine: AsyncEngine, services: Services) -> None:
    """Runs the review as if its time had come."""
    async with engine.begin() as connection:
        await connection.execute(periodic_tasks.delete())
    await services.pending_review.run_due()


async def found(services: Services, id: int) -> Request:
    return (await services.queries.request(id)).request


async def told(engine: AsyncEngine, kind: MessageKind) -> Sequence[Any]:
    """Recipients of the messages of one kind."""
    rows = await database.rows(engine, outbox, "kind", "recipient", order_by="id")
    return [recipient for each, recipient in rows if each is kind]


async def test_what_nothing_has_changed_of_stays_as_it_is(services: Services, engine: AsyncEngine) -> None:
    await actions.ask(services)
    before = await actions.snapshot(engine)
    await review(engine, services)
    async with engine.begin() as connection:
        await connection.execute(periodic_tasks.delete())
    assert await actions.snapshot(engine) == before


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (replace(APP, rules=()), Refusal.POLICY_SILENT),
        (actions.ruled(requesters=frozenset({LEAD})), Refusal.POLICY_SILENT),
        (
            replace(
                APP,
                rules=(*APP.rules, replace(APP.rules[0], name="none", denies=True)),
            ),
            Refusal.POLICY_DENIES,
        ),
        (
            actions.ruled(default_duration=timedelta(hours=1), longest_duration=timedelta(hours=1)),
            Refusal.DURATION_TOO_LONG,
        ),
        (replace(APP, unmatched=None), Refusal.TARGET_UNMATCHED),
    ],
)
async def test_what_the_policy_no_longer_allows_is_withdrawn_and_its_requester_told(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    clock: SetClock,
    policy: Policy,
    reason: Refusal,
) -> None:
    asked = await actions.ask(services)
    await review(engine, actions.under(policy, store, clock))
    request = await found(services, asked.request.id)
    assert request.state is RequestState.WITHDRAWN
    assert request.withdrawn is not None
    assert request.withdrawn.reason is reason
    assert await told(engine, MessageKind.WITHDRAWN) == [ENGINEER]


async def test_the_request_of_a_leaver_is_withdrawn(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    await actions.know(store, factories.person(deactivated=True))
    await review(engine, services)
    assert (await found(services, asked.request.id)).state is RequestState.WITHDRAWN


async def test_while_the_requester_is_not_known_nothing_is_withdrawn(
    services: Services, engine: AsyncEngine
) -> None:
    asked = await actions.ask(services)
    await actions.outdate_users(engine, id=ENGINEER)
    await review(engine, services)
    assert (await found(services, asked.request.id)).state is RequestState.PENDING


async def test_while_the_policy_cannot_be_read_nothing_is_withdrawn(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    asked = await actions.ask(services)
    blind = actions.under(replace(APP, rules=(), readable=False), store, clock)
    await review(engine, blind)
    assert (await found(services, asked.request.id)).state is RequestState.PENDING


async def test_more_approvals_are_asked_for_where_the_policy_needs_more_by_now(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    asked = await actions.ask(services)
    more = actions.under(actions.ruled(approvals=2, name="stricter"), store, clock)
    await review(engine, more)
    request = await found(services, asked.request.id)
    assert (request.needed, request.rule) == (2, "stricter")
    await review(engine, services)
    assert (await found(services, asked.request.id)).needed == 2


async def test_when_too_few_can_decide_requester_and_operations_hear_it_once_and_again_when_it_recurs(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    pair = actions.under(PAIR, store, clock)
    asked = await actions.ask(pair)
    await actions.know(store, factories.person(LEAD2, deactivated=True))
    await review(engine, pair)
    await review(engine, pair)
    assert await told(engine, MessageKind.UNDECIDABLE) == [ENGINEER, PAIR.operations_channel]
    assert (await found(pair, asked.request.id)).undecidable_at == NOW
    await actions.know(store, factories.person(LEAD2))
    await review(engine, pair)
    assert (await found(pair, asked.request.id)).undecidable_at is None
    clock.present = NOW + timedelta(hours=1)
    await actions.know(store, factories.person(LEAD2, guest=True))
    await review(engine, pair)
    assert len(await told(engine, MessageKind.UNDECIDABLE)) == 4


async def test_where_the_policy_says_so_the_admins_are_asked_instead(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    policy = replace(PAIR, when_nobody=WhenNobody.ADMINS)
    pair = actions.under(policy, store, clock)
    asked = await actions.ask(pair)
    await actions.know(store, factories.person(LEAD2, deactivated=True))
    await review(engine, pair)
    assert (await found(pair, asked.request.id)).by_admins
    assert await told(engine, MessageKind.UNDECIDABLE) == []
    assert await told(engine, MessageKind.REMINDER) == [policy.approvals_channel]
    await actions.approve(pair, asked)
    decided = await actions.approve(pair, asked, person=ADMIN)
    assert decided.request.state is RequestState.APPROVED


# --- up front ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "person", "taken"),
    [
        (actions.ruled(approvers=frozenset({LEAD})), ENGINEER, True),
        (actions.ruled(approvers=frozenset({LEAD})), LEAD, False),
        (PAIR, ENGINEER, True),
        (PAIR, LEAD, False),
        (actions.ruled(approvers=frozenset({LEADS})), ENGINEER, True),
        (actions.ruled(approvers=frozenset({LEADS})), GROUP_LEAD, False),
        (actions.ruled(approvers=frozenset({"S0NOBODY"})), ENGINEER, False),
        (replace(PAIR, when_nobody=WhenNobody.ADMINS), LEAD, True),
        (replace(PAIR, when_nobody=WhenNobody.ADMINS, admins=frozenset()), LEAD, False),
        # Somebody who was never read from Slack may yet turn out to be an approver.
        (actions.ruled(approvers=frozenset({"U0NEVERREAD"})), ENGINEER, True),
    ],
)
async def test_a_request_is_taken_only_if_enough_others_could_approve_it(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    clock: SetClock,
    policy: Policy,
    person: str,
    taken: bool,
) -> None:
    ruled = actions.under(policy, store, clock)
    if taken:
        assert (await actions.ask(ruled, person=person)).request.state is RequestState.PENDING
        return
    refused = await actions.refusal(engine, actions.ask(ruled, person=person))
    assert refused.reason is Refusal.NOBODY_DECIDES


@pytest.mark.parametrize(
    "gone",
    [
        factories.person(LEAD, deactivated=True),
        factories.person(LEAD, guest=True),
        factories.person(LEAD, bot=True),
        factories.person(LEAD, external=True),
    ],
)
async def test_an_approver_who_may_not_approve_does_not_count(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock, gone: Person
) -> None:
    await actions.know(store, gone)
    alone = actions.under(actions.ruled(approvers=frozenset({LEAD})), store, clock)
    refused = await actions.refusal(engine, actions.ask(alone))
    assert refused.reason is Refusal.NOBODY_DECIDES


async def test_somebody_cannot_have_more_requests_wait_than_the_policy_says(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    few = actions.under(replace(APP, pending_per_person=2), store, clock)
    first, _ = await actions.ask(few), await actions.ask(few)
    refused = await actions.refusal(engine, actions.ask(few))
    assert (refused.reason, refused.params) == (Refusal.PENDING_TOO_MANY, {"limit": 2})
    await few.access_requests.cancel(first.request.id, person=ENGINEER, key=actions.key())
    assert (await actions.ask(few)).request.state is RequestState.PENDING


@pytest.mark.usefixtures("services")
async def test_when_others_can_decide_again_the_admins_decide_no_more(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock
) -> None:
    one = actions.ruled(approvers=frozenset({LEAD}))
    lonely = actions.under(replace(one, when_nobody=WhenNobody.ADMINS), store, clock)
    asked = await actions.ask(lonely, person=LEAD)
    assert asked.request.by_admins
    today = actions.under(actions.ruled(approvers=frozenset({LEAD, LEAD2, LEADS})), store, clock)
    await review(engine, today)
    refused = await actions.refusal(engine, actions.approve(today, asked, person=ADMIN))
    assert refused.reason is Refusal.APPROVER_NOT


@pytest.mark.usefixtures("services")
async def test_one_failed_reading_of_a_group_makes_no_admins_decide(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock
) -> None:
    policy = replace(actions.ruled(approvers=frozenset({LEADS})), when_nobody=WhenNobody.ADMINS)
    today = actions.under(policy, store, clock)
    asked = await actions.ask(today)
    async with store.transaction() as tx:
        await tx.slack_users.group_failed(LEADS, "internal", wait=timedelta(minutes=5))
        await tx.commit()
    await review(engine, today)
    assert not (await found(today, asked.request.id)).by_admins


async def test_more_time_for_what_is_over_waits_no_longer(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    more = await services.extensions.extend(
        grant.request, RequestInput(duration="1d", reason="more of it please"), person=ENGINEER, key="e"
    )
    await services.grants.end(grant.request, person=ENGINEER, key="d")
    await review(engine, services)
    assert (await found(services, more.request.id)).state is RequestState.WITHDRAWN


async def test_more_time_than_the_policy_allows_by_now_is_withdrawn(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    grant = await actions.opened(store, services)
    more = await services.extensions.extend(
        grant.request, RequestInput(duration="4d", reason="more of it please"), person=ENGINEER, key="e"
    )
    await review(engine, actions.under(actions.ruled(longest_duration=8 * actions.HOUR), store, clock))
    assert (await found(services, more.request.id)).state is RequestState.WITHDRAWN


async def test_another_opening_of_what_is_over_waits_no_longer(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, GrantState.INTERRUPTED)
    asked = await services.reopenings.reopen(grant.request, person=ENGINEER, key="r")
    assert asked.reopening is not None
    await services.grants.end(grant.request, person=ENGINEER, key="d")
    await review(engine, services)
    assert (await found(services, asked.reopening.id)).state is not RequestState.PENDING
