"""Expiry reminders: who gets them and when, and that no process sends them twice."""

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
    """Moves business time to so long before the expiry, or after it, and refreshes the cache of people."""
    clock.present = END - left
    await services.deadlines.run_due()


async def reminders(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    """Returns kind, recipient and step of every reminder."""
    found = await database.outbox_messages(engine, "kind", "recipient", "params", kind="notification.expiry%")
    return [(kind, to, params["step"]) for kind, to, params in found]


async def audited(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    found = await database.audit_lines(engine, "actor", "before", "after", subject="certificate")
    return [(actor, before, after) for actor, before, after in found]


# --- the schedule ----------------------------------------------------------------------------------


async def test_the_owner_gets_every_step_and_approvers_the_last_week(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    for step in STEPS:
        await follow(services, clock, step * DAY)
        await follow(services, clock, step * DAY)
    owner = [(EXPIRY, ENGINEER, str(step)) for step in STEPS]
    leads = [(COPY, APPROVALS, str(step)) for step in STEPS if step <= 7]
    assert sorted(await reminders(engine)) == sorted(owner + leads)


async def test_a_reminder_is_one_commit_with_its_step_and_audit_line(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await follow(services, clock, 60 * DAY - timedelta(minutes=2))
    assert (await certified.get(store)).reminder_schedule.step == 60
    assert await audited(engine) == [("pgaccess", "not reminded", "reminded 60 days before")]
    assert await database.audit_details(engine, "late_s", subject="certificate") == ["120"]


async def test_after_downtime_only_the_most_urgent_step_is_sent(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await follow(services, clock, 60 * DAY)
    await follow(services, clock, 2 * DAY)
    assert await reminders(engine) == [
        (EXPIRY, ENGINEER, "60"),
        (EXPIRY, ENGINEER, "3"),
        (COPY, APPROVALS, "3"),
    ]


async def test_when_time_jumps_back_nothing_is_sent_twice(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    for left in (14, 40, 14, 70, 14):
        await follow(services, clock, left * DAY)
    assert await reminders(engine) == [(EXPIRY, ENGINEER, "14")]


async def test_two_processes_send_one_reminder(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    clock.present = END - 60 * DAY
    other = actions.under(APP, store, clock)
    await asyncio.gather(*(one.deadlines.run_due() for one in (services, other) * 3))
    assert await reminders(engine) == [(EXPIRY, ENGINEER, "60")]


async def test_the_next_moment_is_the_next_step(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    await certified.own(store)
    # The certificate's own request is pending in this test; its reminders and its lapse come earlier.
    clock.present = END - 65 * DAY
    await services.deadlines.run_due()
    assert await services.deadlines.run_due() == END - 60 * DAY


async def test_a_new_expiry_date_moves_the_steps(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await certified.see(store, certified.listed(end=END + 30 * DAY))
    await follow(services, clock, 60 * DAY)
    assert await reminders(engine) == []
    await follow(services, clock, 30 * DAY)
    assert await reminders(engine) == [(EXPIRY, ENGINEER, "60")]


@pytest.mark.parametrize("status", ["disabled", "disabling", "pending"])
async def test_nobody_is_reminded_of_a_certificate_that_is_not_ready(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, status: str
) -> None:
    await certified.own(store)
    await certified.see(store, certified.listed(status=status))
    await follow(services, clock, DAY)
    assert await reminders(engine) == []


async def test_nobody_is_reminded_of_a_certificate_without_a_known_expiry(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store, end=None)
    await follow(services, clock, DAY)
    assert await reminders(engine) == []


async def test_an_unmanaged_certificate_has_no_reminders(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.see(store, certified.listed(UNMANAGED))
    await follow(services, clock, DAY)
    assert await reminders(engine) == []


# --- the owner ---------------------------------------------------------------------------------------


async def test_where_the_owner_has_left_operations_are_reminded(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await actions.know(store, factories.person(ENGINEER, deactivated=True))
    await follow(services, clock, 7 * DAY)
    assert await reminders(engine) == [(ORPHAN, OPERATIONS, "7")]


async def test_an_unknown_owner_is_looked_up_before_anything_is_sent(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store, owner="U0STRANGER")
    await follow(services, clock, 7 * DAY)
    assert await reminders(engine) == []
    assert await services.deadlines.run_due() == clock.present + timedelta(minutes=1)
    async with store.transaction() as tx:
        question = await tx.slack_users.requested_lookup("U0STRANGER")
        assert question is not None
        await tx.slack_users.save_lookup(question, factories.person("U0STRANGER"))
        await tx.commit()
    await follow(services, clock, 7 * DAY - timedelta(minutes=1))
    assert (EXPIRY, "U0STRANGER", "7") in await reminders(engine)


# --- once a week -------------------------------------------------------------------------------------


async def summaries(engine: AsyncEngine) -> list[list[dict[str, str]]]:
    found = await database.outbox_messages(engine, "recipient", "params", kind="notification.unowned")
    assert {to for to, _ in found} <= {OPERATIONS}
    return [json.loads(params["certificates"]) for _, params in found]


async def test_the_weekly_summary_lists_certificates_without_an_owner_once(
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


async def test_after_weeks_of_downtime_one_summary_is_sent(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.see(store, certified.listed(UNMANAGED))
    await services.expiry_reminders.send_weekly_summary()
    clock.present = NOW + 30 * DAY
    await services.expiry_reminders.send_weekly_summary()
    await services.expiry_reminders.send_weekly_summary()
    assert len(await summaries(engine)) == 1


async def test_the_summary_lists_certificates_of_former_members_and_no_owned_ones(
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


async def test_where_everything_has_an_owner_no_summary_is_sent(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certified.own(store)
    await services.expiry_reminders.send_weekly_summary()
    clock.present = NOW + 6 * DAY
    await services.expiry_reminders.send_weekly_summary()
    assert await summaries(engine) == []


# --- answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [ENGINEER, LEAD, ADMIN])
async def test_the_owner_an_approver_or_an_admin_acknowledges_once(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, person: str
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    for _ in range(2):
        await services.certificate_expiry.acknowledge(request, person=person, key=actions.key())
    assert (await audited(engine))[1:] == [
        (person, "reminded 7 days before", "reminded 7 days before, acknowledged")
    ]
    schedule = (await certified.get(store)).reminder_schedule
    assert (schedule.acknowledged_by, schedule.acknowledged_at) == (person, clock.present)


async def test_an_acknowledgement_updates_every_copy_of_the_reminder(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    await services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    assert await database.values(engine, outbox, "version", kind="notification.expiry%") == [2, 2]


async def test_a_snoozed_reminder_comes_again_and_then_the_next_step(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 60 * DAY)
    for _ in range(2):
        await services.certificate_expiry.snooze(request, person=ENGINEER, key=actions.key())
    assert (await certified.get(store)).reminder_schedule.snoozes == 1
    for left in (54, 53, 53, 31, 30):
        await follow(services, clock, left * DAY)
    assert [step for _, _, step in await reminders(engine)] == ["60", "60", "30"]


async def test_an_acknowledged_snoozed_reminder_does_not_come_again(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 60 * DAY)
    await services.certificate_expiry.snooze(request, person=ENGINEER, key=actions.key())
    await services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    await follow(services, clock, 50 * DAY)
    assert len(await reminders(engine)) == 1


async def test_a_reminder_cannot_be_snoozed_in_the_last_three_days(
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


async def test_a_reminder_of_an_absent_certificate_takes_no_answer(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certified.own(store)
    await follow(services, clock, 7 * DAY)
    await certified.see(store)
    refused = await actions.refusal(
        engine, services.certificate_expiry.acknowledge(request, person=ENGINEER, key=actions.key())
    )
    assert refused.reason == "certificate_unknown"
