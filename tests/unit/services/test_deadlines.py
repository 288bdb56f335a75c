"""Deadlines of requests: reminders with growing gaps, and a lapse if nobody decides."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.policy.stand_in import stand_in, state_of
from bot.domain.request import RequestState
from bot.errors import Refusal
from bot.services import RequestInput, Services, open_services
from storage.tables import audit, outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, POLICY, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ENGINEER, HOUR, LEAD, LEAD2

REMINDERS = tuple(NOW + hours * HOUR for hours in (1, 4, 12))
LAPSE = NOW + 24 * HOUR
SECOND = timedelta(seconds=1)


async def reminders(engine: AsyncEngine) -> list[str]:
    """Returns the keys of all reminders in the outbox."""
    return await database.values(engine, outbox, "key", order_by="id", kind="notification.reminder")


async def test_approvers_are_reminded_at_growing_gaps_and_then_it_lapses(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    id = (await actions.ask(services)).request.id
    counts, following = [], []
    for moment in (*REMINDERS, LAPSE):
        clock.present = moment - SECOND
        assert await services.deadlines.run_due() == moment
        clock.present = moment
        following.append(await services.deadlines.run_due())
        counts.append(len(await reminders(engine)))
    assert counts == [1, 2, 3, 3]
    assert following == [*REMINDERS[1:], LAPSE, None]
    assert await reminders(engine) == [f"reminder:{id}:{given}" for given in (1, 2, 3)]


async def test_a_reminder_goes_to_the_approvals_channel_and_changes_no_state(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await actions.ask(services)
    lines = len(await actions.transitions(engine))
    clock.present = REMINDERS[0]
    await services.deadlines.run_due()
    assert (await actions.outbox_messages(engine))[-1] == ("notification.reminder", POLICY.approvals_channel)
    assert await actions.transitions(engine, after=lines) == []


@pytest.mark.parametrize(
    ("present", "given", "following"),
    [
        (REMINDERS[1] - SECOND, 1, REMINDERS[1]),
        (REMINDERS[1], 2, REMINDERS[2]),
        (REMINDERS[2] + SECOND, 3, LAPSE),
        (LAPSE - SECOND, 3, LAPSE),
    ],
)
async def test_after_a_jump_in_time_approvers_are_reminded_once(
    services: Services,
    clock: SetClock,
    engine: AsyncEngine,
    present: datetime,
    given: int,
    following: datetime,
) -> None:
    id = (await actions.ask(services)).request.id
    clock.present = present
    assert await services.deadlines.run_due() == following
    assert await services.deadlines.run_due() == following
    assert await reminders(engine) == [f"reminder:{id}:{given}"]
    assert (await services.queries.request(id)).request.reminders == given


async def test_a_lapsed_request_is_not_reminded_of(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await actions.ask(services)
    clock.present = LAPSE
    assert await services.deadlines.run_due() is None
    assert await reminders(engine) == []


async def test_an_undecided_request_lapses_and_its_requester_is_notified(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    id = (await actions.ask(services)).request.id
    lines = len(await actions.transitions(engine))
    clock.present = LAPSE
    await services.deadlines.run_due()
    request = (await services.queries.request(id)).request
    assert (request.state, request.decided_at) == (RequestState.LAPSED, LAPSE)
    assert await actions.transitions(engine, after=lines) == [("pgaccess", "request", "pending", "lapsed")]
    assert (await actions.outbox_messages(engine))[-1] == ("notification.lapsed", ENGINEER)
    assert await actions.card_versions(engine) == [2, 2]


async def test_a_first_vote_does_not_prevent_the_lapse(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    asked = await actions.ask(double)
    await actions.approve(double, asked)
    clock.present = LAPSE
    await double.deadlines.run_due()
    assert (await double.queries.request(asked.request.id)).request.state is RequestState.LAPSED


@pytest.mark.parametrize("end", ["approve", "deny", "cancel"])
async def test_a_decided_request_is_neither_reminded_of_nor_lapses(
    services: Services, clock: SetClock, engine: AsyncEngine, end: str
) -> None:
    asked = await actions.ask(services)
    match end:
        case "approve":
            await actions.approve(services, asked, person=LEAD2)
        case "deny":
            await actions.deny(services, asked, person=LEAD)
        case "cancel":
            await services.access_requests.cancel(asked.request.id, person=ENGINEER, key=actions.key())
    state = (await services.queries.request(asked.request.id)).request.state
    clock.present = NOW + timedelta(days=30)
    await services.deadlines.run_due()
    assert (await services.queries.request(asked.request.id)).request.state is state
    assert await reminders(engine) == []


async def test_a_rule_without_reminders_reminds_nobody(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    silent = actions.under(actions.ruled(remind_after=()), store, clock)
    await actions.ask(silent)
    assert await silent.deadlines.run_due() == LAPSE
    clock.present = LAPSE - SECOND
    await silent.deadlines.run_due()
    assert await reminders(engine) == []


async def test_a_rule_that_is_gone_sends_no_more_reminders(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await actions.ask(services)
    changed = actions.under(actions.ruled(name="another"), store, clock)
    clock.present = REMINDERS[0]
    assert await changed.deadlines.run_due() == LAPSE
    assert len(await reminders(engine)) == 1


async def test_concurrent_runs_remind_and_lapse_once(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    for _ in range(4):
        await actions.ask(services)
    clock.present = REMINDERS[0]
    await asyncio.gather(*(services.deadlines.run_due() for _ in range(8)))
    assert len(await reminders(engine)) == 4
    clock.present = LAPSE
    await asyncio.gather(*(services.deadlines.run_due() for _ in range(8)))
    assert await database.count(engine, audit, after="lapsed") == 4


async def test_a_concurrent_lapse_and_decision_end_in_one_of_the_two(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    asked = [await actions.ask(services) for _ in range(4)]
    clock.present = LAPSE
    await asyncio.gather(
        *(actions.approve(services, details) for details in asked),
        services.deadlines.run_due(),
        return_exceptions=True,
    )
    await services.deadlines.run_due()
    decided = await database.values(engine, audit, "request_id", before="pending")
    assert len(decided) == len(set(decided)) == 4


async def test_while_the_policy_cannot_be_read_reminders_wait_and_none_is_lost(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    await actions.ask(services)
    unreadable = open_services(
        store=store, policy=stand_in(state_of(POLICY), problem="a problem"), clock=clock
    )
    clock.present = REMINDERS[0]
    assert await unreadable.deadlines.run_due() == REMINDERS[0] + timedelta(minutes=15)
    assert await reminders(engine) == []

    clock.present = REMINDERS[0] + HOUR
    assert await services.deadlines.run_due() == REMINDERS[1]
    assert len(await reminders(engine)) == 1


# --- an end that passes while nobody has decided ------------------------------------------------------

SOON = NOW + HOUR


def clock_time(moment: datetime) -> str:
    """An end as somebody in the zone of the people of these tests types it."""
    return moment.astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%d %H:%M")


def until(moment: datetime) -> RequestInput:
    return replace(actions.REQUEST_INPUT, duration=None, until=clock_time(moment))


@pytest.mark.parametrize("end", [SOON, NOW + timedelta(minutes=20), NOW + 5 * HOUR, LAPSE - HOUR])
async def test_a_request_is_withdrawn_at_its_own_end_and_not_reminded_of_afterwards(
    services: Services, clock: SetClock, engine: AsyncEngine, end: datetime
) -> None:
    id = (await actions.ask(services, until(end))).request.id
    clock.present = end - SECOND
    assert await services.deadlines.run_due() == end
    before = await reminders(engine)

    clock.present = end
    assert await services.deadlines.run_due() is None
    request = (await services.queries.request(id)).request
    assert (request.state, request.decided_at) == (RequestState.WITHDRAWN, end)
    assert request.withdrawn is not None
    assert request.withdrawn.reason is Refusal.END_PAST
    assert (await actions.outbox_messages(engine))[-1] == ("notification.withdrawn", ENGINEER)
    assert await actions.card_versions(engine) == [2, 2]

    clock.present = LAPSE + HOUR
    assert await services.deadlines.run_due() is None
    assert await reminders(engine) == before


async def test_a_request_whose_end_is_after_its_time_to_decide_lapses(
    services: Services, clock: SetClock
) -> None:
    id = (await actions.ask(services, until(LAPSE + 2 * HOUR))).request.id
    clock.present = LAPSE
    await services.deadlines.run_due()
    assert (await services.queries.request(id)).request.state is RequestState.LAPSED


async def test_an_end_that_an_approver_brings_forward_withdraws_at_that_end(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, clock)
    asked = await actions.ask(double, until(NOW + 5 * HOUR))
    changes = RequestInput(until=clock_time(SOON))
    await actions.approve(double, asked, changes=changes)
    clock.present = SOON
    await double.deadlines.run_due()
    request = (await double.queries.request(asked.request.id)).request
    assert request.state is RequestState.WITHDRAWN


async def test_the_end_of_a_request_passes_also_while_the_policy_cannot_be_read(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    id = (await actions.ask(services, until(SOON))).request.id
    unreadable = open_services(
        store=store, policy=stand_in(state_of(POLICY), problem="a problem"), clock=clock
    )
    clock.present = SOON
    await unreadable.deadlines.run_due()
    assert (await services.queries.request(id)).request.state is RequestState.WITHDRAWN
