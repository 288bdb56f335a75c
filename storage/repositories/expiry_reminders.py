"""Reminders of certificates' expiry; each of them, and each reaction to one, has an audit line."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule, next_moment
from bot.ports import AuditContext, ExpiryReminders, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import known_of
from storage.tables import TO_REMIND, certificates

_TO_REMIND = literal_column(f"({TO_REMIND})", Boolean)
"""As text, as the partial index has it."""


class PostgresExpiryReminders(ExpiryReminders):
    """Reminder schedules by certificate."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def due(self, now: datetime, *, limit: int) -> tuple[KnownCertificate, ...]:
        statement = (
            select(certificates)
            .where(_TO_REMIND & (certificates.c.remind_at <= now))
            .order_by(certificates.c.remind_at)
            .limit(limit)
            # What another process or a person holds at this moment is found again a second later.
            .with_for_update(skip_locked=True)
        )
        return tuple(known_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def advance(
        self, known: KnownCertificate, schedule: ReminderSchedule, *, doing: AuditContext
    ) -> None:
        end = known.expires_at
        await self._set(
            known,
            reminder_step=schedule.step,
            acknowledged_at=schedule.acknowledged_at,
            acknowledged_by=schedule.acknowledged_by,
            snoozed_until=schedule.snoozed_until,
            snoozes=schedule.snoozes,
            remind_at=None if end is None else next_moment(schedule, expires_at=end),
        )
        await self._audit.write(
            replace(doing, details={**doing.details, "certificate": str(known.id)}),
            subject="certificate",
            before=_audit_state(known.reminder_schedule),
            after=_audit_state(schedule),
            request=known.request,
            target=known.target,
        )
        self._touched.update((WorkerName.NOTIFIER, WorkerName.CLOCK))

    @override
    async def postpone(self, known: KnownCertificate, *, until: datetime | None) -> None:
        await self._set(known, remind_at=until)

    @override
    async def next_moment(self) -> datetime | None:
        statement = select(certificates.c.remind_at).where(_TO_REMIND).order_by(certificates.c.remind_at)
        found: datetime | None = (await self._connection.execute(statement.limit(1))).scalar_one_or_none()
        return found

    async def _set(self, known: KnownCertificate, **values: Any) -> None:
        await self._connection.execute(
            update(certificates).where(certificates.c.id == known.id).values(**values)
        )


def _audit_state(schedule: ReminderSchedule) -> str:
    """State of the reminders for the audit trail, in words that an auditor understands."""
    if schedule.step is None:
        return "not reminded"
    step = f"reminded {schedule.step} days before"
    if schedule.acknowledged_at is not None:
        return f"{step}, acknowledged"
    return (
        step
        if schedule.snoozed_until is None
        else f"{step}, postponed until {schedule.snoozed_until.isoformat()}"
    )
