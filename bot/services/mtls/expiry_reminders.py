"""Reminders of certificate expiry, of rotations that wait for a person, and a weekly summary."""

import json
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import expiry_reminders, rotation
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.operation import Operation
from bot.domain.person import require_member
from bot.errors import Refused
from bot.ports import BOT, AuditContext, MessageKind, Transaction, assertions
from bot.services.context import ServiceContext

REMINDED: Final = 100
"""Reminders in one transaction; the next run takes more at once."""

LOOKUP: Final = timedelta(minutes=1)
"""How long a reminder waits while its owner is looked up in Slack."""

WEEKLY_SUMMARY: Final = "unowned certificates"
"""The periodic task that sends the weekly summary."""


class OwnerStatus(Enum):
    """What is known of a certificate's owner."""

    MEMBER = auto()
    NONE = auto()
    UNKNOWN = auto()


class ExpiryReminderService:
    """Records each reminder with its step of the schedule, so that no process sends it twice.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def send_due(self) -> datetime | None:
        """Sends what is due by business time; returns the next moment at which something will be."""
        now = self._context.now()
        async with self._context.transaction() as tx:
            for certificate in await tx.expiry_reminders.due(now, limit=REMINDED):
                await self._remind_of_expiry(tx, certificate, now)
            for operation in await tx.operations.to_check(now, limit=REMINDED):
                await _follow_rotation(tx, operation, now)
            await tx.commit()
            moments = [await tx.expiry_reminders.next_moment(), await tx.operations.next_moment()]
        return min((moment for moment in moments if moment is not None), default=None)

    async def send_weekly_summary(self) -> None:
        """Tells operations, once a week by business time, which certificates have no owner, if any."""
        now = self._context.now()
        following = expiry_reminders.next_summary(now)
        async with self._context.transaction() as tx:
            # Taken even if there is nothing to tell: otherwise every run of the week would search again.
            due = await tx.periodic_tasks.claim_at(WEEKLY_SUMMARY, now=now, following=following)
            unowned = await _unowned(tx) if due else []
            if unowned:
                await tx.outbox.add(
                    MessageKind.UNOWNED,
                    to=self._context.policy.operations_channel,
                    key=f"{MessageKind.UNOWNED}:{now.date().isoformat()}",
                    params={"at": now.isoformat(), "certificates": json.dumps(unowned)},
                )
            await tx.commit()

    async def _remind_of_expiry(self, tx: Transaction, certificate: KnownCertificate, now: datetime) -> None:
        """Sends the most urgent step: to the owner, in the last week to approvers too; else to operations."""
        reminders, schedule = tx.expiry_reminders, certificate.reminder_schedule
        if certificate.owner is None or certificate.expires_at is None:
            await reminders.postpone(certificate, until=None)
            return
        step = expiry_reminders.due(schedule, expires_at=certificate.expires_at, now=now)
        if step is None:
            moment = expiry_reminders.next_moment(schedule, expires_at=certificate.expires_at)
            await reminders.postpone(certificate, until=moment)
            return
        owner = await _owner_status(tx, certificate.owner)
        if owner is OwnerStatus.UNKNOWN:
            await reminders.postpone(certificate, until=now + LOOKUP)
            return
        # A snoozed step is late only from the moment to which it was snoozed.
        snoozed_until = schedule.snoozed_until if step == schedule.step else None
        late = now - (snoozed_until or expiry_reminders.moment_of(certificate.expires_at, step))
        doing = AuditContext(actor=BOT, at=now, details={"late_s": str(int(late.total_seconds()))})
        await reminders.advance(certificate, expiry_reminders.reminded(schedule, step), doing=doing)
        policy = self._context.policy
        if owner is OwnerStatus.NONE:
            await _tell(tx, MessageKind.EXPIRY_ORPHAN, policy.operations_channel, certificate, step)
            return
        await _tell(tx, MessageKind.EXPIRY, certificate.owner, certificate, step)
        if step <= expiry_reminders.COPIED:
            await _tell(tx, MessageKind.EXPIRY_COPY, policy.approvals_channel, certificate, step)


def reminder_key(kind: MessageKind, certificate: KnownCertificate, step: int) -> str:
    """Returns the outbox key of a reminder; one that was snoozed, or has a new owner, comes again."""
    schedule = certificate.reminder_schedule
    snoozes = schedule.snoozes if step == schedule.step else 0
    return f"{kind}:{certificate.id}:{certificate.owner}:{step}:{snoozes}"


async def _tell(
    tx: Transaction, kind: MessageKind, to: str, certificate: KnownCertificate, step: int
) -> None:
    key = reminder_key(kind, certificate, step)
    await tx.outbox.add(
        kind,
        to=to,
        key=key,
        request=certificate.request,
        params={"step": str(step)},
        # Whoever owns it later is no concern of those whom this tells.
        asserts=certificate.owner,
    )


async def _follow_rotation(tx: Transaction, operation: Operation, now: datetime) -> None:
    """Reminds the owner to install a new certificate, gives up on it, or has the old one revoked."""
    doing = AuditContext(actor=BOT, at=now)
    if rotation.is_over(operation, now=now):
        failed = operations.failed(operation, ReasonCode.NOT_INSTALLED, now=now)
        await tx.operations.update(operation, failed, doing=doing)
        await _tell_owner(tx, MessageKind.NOT_DONE, failed, now)
    elif rotation.rotation_of(operation).waits_for_word:
        await tx.operations.update(operation, rotation.reminded(operation, now=now), doing=doing)
        await _tell_owner(tx, MessageKind.INSTALL, operation, now)
    else:
        await tx.operations.update(operation, rotation.rested(operation), doing=doing)
        await tx.reconcile_queue.bump_generation(operation.target, operation.method)
    await tx.outbox.refresh_cards(operation.request)


async def _tell_owner(tx: Transaction, kind: MessageKind, operation: Operation, now: datetime) -> None:
    key = f"{kind}:{operation.id}:{now.isoformat()}"
    asserts = assertions.of_operation(operation)
    await tx.outbox.add(kind, to=operation.owner, key=key, request=operation.request, asserts=asserts)


async def _owner_status(tx: Transaction, owner: str | None) -> OwnerStatus:
    """Whether a certificate's owner is a member; requests a lookup of an unknown person."""
    if owner is None:
        return OwnerStatus.NONE
    found = await tx.slack_users.find(owner)
    if found is None:
        # An open lookup is left alone: requested again, the answer under way would be discarded.
        if await tx.slack_users.requested_lookup(owner) is None:
            await tx.slack_users.request_lookup(owner)
        return OwnerStatus.UNKNOWN
    try:
        require_member(found)
    except Refused:
        return OwnerStatus.NONE
    return OwnerStatus.MEMBER


async def _unowned(tx: Transaction) -> list[dict[str, str]]:
    """What the summary says of each ready certificate without an owner: by database, soonest expiry first."""
    ready = [certificate for certificate in await tx.certificates.present() if certificate.status == READY]
    apps = {database.id: database.label for database in await tx.targets.databases()}
    return [
        {
            "app": apps[certificate.target],
            "handle": certificate.handle,
            "name": certificate.name,
            "owner": certificate.owner or "",
            "until": "" if certificate.expires_at is None else certificate.expires_at.isoformat(),
        }
        for certificate in ready
        if certificate.target in apps and await _owner_status(tx, certificate.owner) is OwnerStatus.NONE
    ]
