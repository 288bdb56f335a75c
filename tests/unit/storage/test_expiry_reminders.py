"""Reminders as they are kept: found by their moment, held by one process, and with an audit line each."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls import expiry_reminders
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.ports import AuditContext
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW
from tests.unit.services import certificates
from tests.unit.services.certificates import DAY, END, ID
from tests.unit.storage import store_helpers

BY_BOT = AuditContext(actor="pgaccess", at=NOW)


async def climb(store: PostgresStore, after: ReminderSchedule) -> None:
    async with store.transaction() as tx:
        known = await tx.certificates.lock(ID)
        assert known is not None
        await tx.expiry_reminders.advance(known, after, doing=BY_BOT)
        await tx.commit()


async def moment(store: PostgresStore) -> timedelta | None:
    """How long before the end the next reminder comes."""
    async with store.transaction() as tx:
        found = await tx.expiry_reminders.next_moment()
    return None if found is None else END - found


async def begin(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    await certificates.own(store)


async def test_the_next_reminder_follows_the_schedule(store: PostgresStore) -> None:
    await begin(store)
    moments = [await moment(store)]
    for step in (60, 7, 0):
        await climb(store, expiry_reminders.reminded(ReminderSchedule(), step))
        moments.append(await moment(store))
    assert moments == [60 * DAY, 30 * DAY, 3 * DAY, None]


async def test_one_is_due_from_its_moment_on(store: PostgresStore) -> None:
    await begin(store)
    async with store.transaction() as tx:
        early = await tx.expiry_reminders.due(END - 60 * DAY - timedelta(seconds=1), limit=10)
        due = await tx.expiry_reminders.due(END - 60 * DAY, limit=10)
    assert early == ()
    assert [known.id for known in due] == [ID]


async def test_one_that_a_process_holds_is_passed_over_by_others(store: PostgresStore) -> None:
    await begin(store)
    async with store.transaction() as one, store.transaction() as other:
        assert len(await one.expiry_reminders.due(END, limit=10)) == 1
        assert await other.expiry_reminders.due(END, limit=10) == ()


async def test_what_was_answered_is_kept_with_its_audit_line(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await begin(store)
    now, noted = END - 60 * DAY, expiry_reminders.reminded(ReminderSchedule(), 60)
    put_off = expiry_reminders.snoozed(noted, expires_at=END, now=now, handle="1")
    taken = expiry_reminders.acknowledged(noted, by="U0LEAD", now=now)
    for each in (put_off, taken):
        await climb(store, each)
        assert (await certificates.get(store)).reminder_schedule == each
    lines = await database.audit_lines(engine, "after", subject="certificate")
    assert lines == [
        (f"reminded 60 days before, postponed until {(now + 7 * DAY).isoformat()}",),
        ("reminded 60 days before, acknowledged",),
    ]


async def test_one_whose_owner_is_looked_up_waits(store: PostgresStore) -> None:
    await begin(store)
    known = await certificates.get(store)
    async with store.transaction() as tx:
        await tx.expiry_reminders.postpone(known, until=END - DAY)
        await tx.commit()
    assert await moment(store) == DAY


async def test_a_new_list_leaves_what_was_said_as_it_is(store: PostgresStore) -> None:
    await begin(store)
    said = expiry_reminders.reminded(ReminderSchedule(), 30)
    await climb(store, said)
    await certificates.see(store, replace(certificates.listed(), expires_at=END + DAY))
    assert (await certificates.get(store)).reminder_schedule == said
    assert await moment(store) == 13 * DAY
