"""While a channel is lost, somebody who may decide has each card, and somebody knows of the channel."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.policy.rules import Policy, WhenNobody
from bot.domain.reports.lost_channel import TOLD_AT_MOST, Delivery
from bot.ports import MessageKind
from bot.services import Services
from storage.tables import lost_channels, outbox, periodic_tasks, requests
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, APP, LEAD, LEAD2

APPROVALS, OPERATIONS = APP.approvals_channel, APP.operations_channel
MANY: Final = tuple(f"U0APPROVER{number:02}" for number in range(12))


async def lose(store: PostgresStore, services: Services, channel: str = APPROVALS) -> None:
    async with store.transaction() as tx:
        await services.lost_channels.lose(tx, channel, "is_archived")
        await tx.commit()


async def run(engine: AsyncEngine, services: Services) -> None:
    """Runs what is due, as if a minute had passed."""
    async with engine.begin() as connection:
        await connection.execute(periodic_tasks.delete())
    await services.pending_review.run_due()
    await services.lost_channels.run_due()


async def asked(engine: AsyncEngine) -> Sequence[Any]:
    """Who has a card as a direct message, in the order in which they got it."""
    found = await database.rows(engine, outbox, "recipient", order_by="id", kind=MessageKind.CARD_DIRECT)
    return [recipient for (recipient,) in found]


async def leave(store: PostgresStore, *people: str) -> None:
    """Slack says that people have left."""
    await actions.know(store, *(replace(factories.person(id), deactivated=True) for id in people))


@pytest.mark.parametrize(
    ("first", "then", "gone", "others"),
    [
        # The policy names another person, and who was asked has left.
        (
            actions.ruled(approvers=frozenset({LEAD})),
            actions.ruled(approvers=frozenset({LEAD2})),
            LEAD,
            LEAD2,
        ),
        # Who was asked may not decide any more, and is still there.
        (
            actions.ruled(approvers=frozenset({LEAD})),
            actions.ruled(approvers=frozenset({LEAD2})),
            None,
            LEAD2,
        ),
        # For want of approvers, the admins decide now.
        (
            actions.ruled(approvers=frozenset({LEAD})),
            replace(
                actions.ruled(approvers=frozenset({LEAD})),
                admins=frozenset({ADMIN}),
                when_nobody=WhenNobody.ADMINS,
            ),
            LEAD,
            ADMIN,
        ),
        # One more is needed than were there to be asked.
        (
            actions.ruled(approvers=frozenset({LEAD})),
            actions.ruled(approvers=frozenset({LEAD, LEAD2}), approvals=2),
            None,
            LEAD2,
        ),
    ],
)
async def test_others_are_asked_where_too_few_of_those_who_were_may_decide(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    clock: SetClock,
    first: Policy,
    then: Policy,
    gone: str | None,
    others: str,
) -> None:
    before = actions.under(first, store, clock)
    await actions.ask(before)
    await lose(store, before)
    await run(engine, before)
    assert await asked(engine) == [LEAD]
    if gone is not None:
        await leave(store, gone)
    after = actions.under(then, store, clock)
    for _ in range(3):
        await run(engine, after)
    assert await asked(engine) == [LEAD, others]
    assert others in (await database.value(engine, requests, "told_directly"))
    # The requester reads whom it names now.
    (version,) = await database.values(engine, outbox, "version", kind=MessageKind.ASKED_DIRECTLY)
    assert version >= 2


async def test_each_reminder_asks_others_and_not_the_same_five_of_every_request(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    await actions.know(store, *(factories.person(id) for id in MANY))
    policy = actions.ruled(approvers=frozenset(MANY), remind_after=(timedelta(hours=1), timedelta(hours=2)))
    many = actions.under(policy, store, clock)
    await actions.ask(many)
    await lose(store, many)
    counts = []
    for _ in range(3):
        for _ in range(2):
            await run(engine, many)
        counts.append(len(await asked(engine)))
        clock.present += timedelta(hours=1)
        await many.deadlines.run_due()
    assert counts == [TOLD_AT_MOST, 2 * TOLD_AT_MOST, len(MANY)]
    assert sorted(await asked(engine)) == sorted(MANY)


async def test_two_requests_ask_different_people_first(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    await actions.know(store, *(factories.person(id) for id in MANY))
    many = actions.under(actions.ruled(approvers=frozenset(MANY)), store, clock)
    await lose(store, many)
    one = await actions.ask(many)
    two = await actions.ask(many, replace(actions.REQUEST_INPUT, address="203.0.113.9"))
    told = [set(each.request.told_directly) for each in (one, two)]
    assert [len(each) for each in told] == [TOLD_AT_MOST, TOLD_AT_MOST]
    assert told[0] != told[1]


@pytest.mark.parametrize("channel", [OPERATIONS, APPROVALS])
async def test_a_lost_channel_of_which_nobody_could_be_told_is_told_once_slack_was_read(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock, channel: str
) -> None:
    services = actions.under(replace(APP, admins=frozenset({actions.ADMINS})), store, clock)
    await lose(store, services, OPERATIONS)
    if channel == APPROVALS:
        await lose(store, services, APPROVALS)
    await services.lost_channels.run_due()
    assert await database.count(engine, outbox, kind=MessageKind.CHANNEL_LOST) == 0
    since = await database.value(engine, lost_channels, "since", id=channel)
    await actions.know_everybody(store)
    clock.present += timedelta(minutes=5)
    for _ in range(3):
        await services.lost_channels.run_due()
        await lose(store, services, channel)
    told = await database.rows(engine, outbox, "recipient", "params", kind=MessageKind.CHANNEL_LOST)
    mine = [(to, params["since"]) for to, params in told if params["channel"] == channel]
    assert mine == [(actions.GROUP_ADMIN, since.isoformat())]


async def test_a_former_channel_of_which_nobody_could_be_told_is_told_at_its_next_refusal(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock
) -> None:
    services = actions.under(replace(APP, admins=frozenset({actions.ADMINS})), store, clock)
    await lose(store, services, OPERATIONS)
    await lose(store, services, "C0FORMER")
    await actions.know_everybody(store)
    for _ in range(2):
        await lose(store, services, "C0FORMER")
    told = await database.rows(engine, outbox, "recipient", "params", kind=MessageKind.CHANNEL_LOST)
    assert [(to, params["channel"]) for to, params in told] == [(actions.GROUP_ADMIN, "C0FORMER")]


async def test_a_channel_that_is_back_asks_nobody_more(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    await actions.ask(services)
    await lose(store, services)
    await run(engine, services)
    before = await asked(engine)
    async with store.transaction() as tx:
        await services.lost_channels.deliver(tx, APPROVALS, Delivery.POST, message=0)
        await tx.commit()
    await leave(store, LEAD)
    for _ in range(2):
        await run(engine, services)
    assert await asked(engine) == before
