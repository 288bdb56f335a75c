"""Reminders of certificates' ends: who hears of them and when, and that no process says them twice."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls.expiry_reminders import STEPS
from bot.ports import MessageKind
from bot.services import Services
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services import certificates as certified
from tests.unit.services.actions import ADMIN, APP, COLLEAGUE, ENGINEER, LEAD
from tests.unit.services.certificates import DAY, END

EXPIRY, COPY, ORPHAN = (
    MessageKind.EXPIRY,
    MessageKind.EXPIRY_COPY,
    MessageKind.EXPIRY_ORPHAN,
)
APPROVALS, OPERATIONS = APP.approvals_channel, APP.operations_channel
UNMANAGED = UUID("deadbeef-0000-4000-8000-000000000007")


async def follow(services: Services, clock: SetClock, left: timedelta) -> None:
    """Time goes to so long before the end, or after it; Postgres has known everybody just now."""
    clock.present = END - left
    await services.deadlines.run_due()


async def told(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    """What was said of ends, to whom, for which step."""
    found = await database.outbox_messages(engine, "kind", "recipient", "params", kind="notification.expiry%")
    return [(kind, to, params["step"]) for kind, to, params in found]


async def audited(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    found = await database.audit_lines(engine, "actor", "before", "after", subject="certificate")
    return [(actor, before, after) for actor, before, after in found]


# --- the ladder ------------------------------------------------------------------------------------


async def test_the_owner_hears_every_step_and_those_who_approve_the_last_week_too(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    for step in STEPS:
        await follow(services, clock, step * DAY)
        await follow(services, clock, step * DAY)
    owner = [(EXPIRY, ENGINEER, str(step)) for step in STEPS]
    leads = [(COPY, APPROVALS, str(step)) for step in STEPS if step <= 7]
    assert sorted(await told(engine)) == sorted(owner + leads)


async def test_a_reminder_its_step_and_its_audit_line_are_one(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await follow(services, clock, 60 * DAY - timedelta(minutes=2))
    assert (await certified.get(store)).ladder.step == 60
    assert await audited(engine) == [("pgaccess", "not reminded", "reminded 60 days before")]
    assert await database.audit_details(engine, "late_s", subject="certificate") == ["120"]


async def test_after_downtime_only_the_most_urgent_step_is_said(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await follow(services, clock, 60 * DAY)
    await follow(services, clock, 2 * DAY)
    assert await told(engine) == [(EXPIRY, ENGINEER, "60"), (EXPIRY, ENGINEER, "3"), (COPY, APPROVALS, "3")]


async def test_when_time_jumps_back_nothing_is_said_twice(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    for left in (14, 40, 14, 70, 14):
        await follow(services, clock, left * DAY)
    assert await told(engine) == [(EXPIRY, ENGINEER, "14")]


async def test_two_processes_say_it_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    clock.present = END - 60 * DAY
    other = actions.under(APP, store, clock)
    await asyncio.gather(*(one.deadlines.run_due() for one in (services, other) * 3))
    assert await told(engine) == [(EXPIRY, ENGINEER, "60")]


async def test_the_next_moment_is_the_next_step(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    await certified.own(store)
    # The request that it was made for stands undecided in this test, and is reminded of and lapses before.
    clock.present = END - 65 * DAY
    await services.deadlines.run_due()
    assert await services.deadlines.run_due() == END - 60 * DAY


async def test_an_end_that_is_read_anew_moves_the_steps(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await certified.see(store, certified.listed(end=END + 30 * DAY))
    await follow(services, clock, 60 * DAY)
    assert await told(engine) == []
    await follow(services, clock, 30 * DAY)
    assert await told(engine) == [(EXPIRY, ENGINEER, "60")]


@pytest.mark.parametrize("status", ["disabled", "disabling", "pending"])
async def test_nobody_is_reminded_of_one_that_does_not_work(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, status: str
) -> None:
    await certified.own(store)
    await certified.see(store, certified.listed(status=status))
    await follow(services, clock, DAY)
    assert await told(engine) == []


async def test_nobody_is_reminded_of_one_whose_end_is_not_known(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store, end=None)
    await follow(services, clock, DAY)
    assert await told(engine) == []


async def test_a_unmanaged_one_has_no_ladder(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.see(store, certified.listed(UNMANAGED))
    await follow(services, clock, DAY)
    assert await told(engine) == []


# --- whoever owns it ---------------------------------------------------------------------------------


async def test_where_the_owner_has_left_the_admins_hear_of_it(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await actions.know(store, factories.person(ENGINEER, deactivated=True))
    await follow(services, clock, 7 * DAY)
    assert await told(engine) == [(ORPHAN, OPERATIONS, "7")]


async def test_an_owner_who_is_not_known_is_looked_up_before_anything_is_said(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store, owner="U0STRANGER")
    await follow(services, clock, 7 * DAY)
    assert await told(engine) == []
    assert await services.deadlines.run_due() == clock.present + timedelta(minutes=1)
    async with store.transaction() as tx:
        question = await tx.slack_users.requested_lookup("U0STRANGER")
        assert question is not None
        await tx.slack_users.save_lookup(question, factories.person("U0STRANGER"))
        await tx.commit()
    await follow(services, clock, 7 * DAY - timedelta(minutes=1))
    assert (EXPIRY, "U0STRANGER", "7") in await told(engine)


# --- once a week -------------------------------------------------------------------------------------


async def summaries(engine: AsyncEngine) -> list[list[dict[str, str]]]:
    found = await database.outbox_messages(engine, "recipient", "params", kind="notification.unowned")
    assert {to for to, _ in found} <= {OPERATIONS}
    return [json.loads(params["certificates"]) for _, params in found]


async def test_on_monday_operations_hear_of_what_nobody_owns_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await certified.see(
        store,
        certified.listed(),
        certified.listed(UNMANAGED, end=NOW + 9 * DAY),
        certified.listed(UUID(int=9), status="disabling"),
    )
    monday = NOW + 6 * DAY
    for now in (NOW, monday - timedelta(seconds=1), monday, monday + timedelta(hours=1), monday + 6 * DAY):
        clock.present = now
        await services.expiry_reminders.send_weekly_summary()
    assert await summaries(engine) == [
        [
            {
                "app": "billing",
                "handle": "deadbeef",
                "name": certified.listed(UNMANAGED).name,
                "owner": "",
                "until": (NOW + 9 * DAY).isoformat(),
            }
        ]
    ]


async def test_after_weeks_of_downtime_there_is_one_summary(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.see(store, certified.listed(UNMANAGED))
    await services.expiry_reminders.send_weekly_summary()
    clock.present = NOW + 30 * DAY
    await services.expiry_reminders.send_weekly_summary()
    await services.expiry_reminders.send_weekly_summary()
    assert len(await summaries(engine)) == 1


async def test_one_whose_owner_has_left_is_summed_up_and_one_that_is_owned_is_not(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    request = await certified.own(store, UNMANAGED, owner=COLLEAGUE)
    await actions.know(store, factories.person(COLLEAGUE, deactivated=True))
    await services.expiry_reminders.send_weekly_summary()
    clock.present = NOW + 6 * DAY
    await services.expiry_reminders.send_weekly_summary()
    ((found,),) = await summaries(engine)
    assert (found["handle"], found["owner"]) == (str(request), COLLEAGUE)


async def test_where_everything_is_owned_nothing_is_summed_up(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await services.expiry_reminders.send_weekly_summary()
    clock.present = NOW + 6 * DAY
    await services.expiry_reminders.send_weekly_summary()
    assert await summaries(engine) == []


# --- answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [ENGINEER, LEAD, ADMIN])
async def test_the_owner_an_approver_or_an_admin_can_take_note_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, person: str
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    for _ in range(2):
        await services.certificate_expiry.acknowledge(request, person=person, key=actions.key())
    assert (await audited(engine))[1:] == [
        (person, "reminded 7 days before", "reminded 7 days before, acknowledged")
    ]
    ladder = (await certified.get(store)).ladder
    assert (ladder.acknowledged_by, ladder.acknowledged_at) == (person, clock.present)


async def test_taking_note_has_every_copy_of_the_reminder_show_it(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    await services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    assert await database.values(engine, outbox, "version", kind="notification.expiry%") == [2, 2]


async def test_one_that_was_put_off_comes_again_and_then_the_next_step(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 60 * DAY)
    for _ in range(2):
        await services.certificate_expiry.snooze(request, person=ENGINEER, key=actions.key())
    assert (await certified.get(store)).ladder.snoozes == 1
    for left in (54, 53, 53, 31, 30):
        await follow(services, clock, left * DAY)
    assert [step for _, _, step in await told(engine)] == ["60", "60", "30"]


async def test_taking_note_of_one_that_was_put_off_keeps_it_quiet(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 60 * DAY)
    await services.certificate_expiry.snooze(request, person=ENGINEER, key=actions.key())
    await services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    await follow(services, clock, 50 * DAY)
    assert len(await told(engine)) == 1


async def test_it_cannot_be_put_off_in_the_last_three_days(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 3 * DAY)
    refused = await actions.refusal(
        engine, services.certificate_expiry.snooze(request, person=ENGINEER, key=actions.key())
    )
    assert refused.reason == "snooze_late"


async def test_nobody_else_answers_a_reminder(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    for act in (services.certificate_expiry.acknowledge, services.certificate_expiry.snooze):
        refused = await actions.refusal(engine, act(request, person=COLLEAGUE, key=actions.key()))
        assert refused.reason == "not_yours"


async def test_one_that_is_gone_wants_no_answer_any_more(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    await certified.see(store)
    refused = await actions.refusal(
        engine, services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    )
    assert refused.reason == "certificate_unknown"
