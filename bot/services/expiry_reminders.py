"""What time brings to certificates: reminders of their ends, a word about rotations, a weekly summary."""

import json
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from bot.domain import operation as operations
from bot.domain.grant import Why
from bot.domain.mtls import expiry_reminders, rotation
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.operation import Operation
from bot.domain.person import require_member
from bot.errors import Refused
from bot.ports import BOT, AuditContext, MessageKind, Transaction
from bot.services.base import UseCases

REMINDED: Final = 100
"""Reminders in one transaction; more follow at once after it."""

LOOKED_UP: Final = timedelta(minutes=1)
"""How long a reminder waits while its owner is being looked up in Slack."""

TASK: Final = "unowned certificates"
"""The weekly summary's turn."""


class Owned(Enum):
    """What is known of a certificate's owner."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


class Reminding(UseCases):
    """Each reminder is recorded with the step that it is for, so that no process sends it again."""

    async def follow_certificates(self) -> datetime | None:
        """Does what is due by business time; returns the next moment at which something will be."""
        now = self._clock.now()
        async with self._store.transaction() as tx:
            for known in await tx.expiry_reminders.due(now, limit=REMINDED):
                await self._remind_of_end(tx, known, now)
            for change in await tx.operations.to_wake(now, limit=REMINDED):
                await self._wake(tx, change, now)
            await tx.commit()
            moments = [await tx.expiry_reminders.next_moment(), await tx.operations.next_moment()]
        return min((moment for moment in moments if moment is not None), default=None)

    async def send_weekly_summary(self) -> None:
        """Tells operations, once a week by business time, which certificates nobody owns, if any."""
        now = self._clock.now()
        async with self._store.transaction() as tx:
            mine = await tx.periodic_tasks.turn(TASK, now=now, following=expiry_reminders.next_summary(now))
            unowned = await _unowned(tx) if mine else []
            if unowned:
                await tx.outbox.tell(
                    MessageKind.UNOWNED,
                    to=self._policy.operations_channel,
                    key=f"{MessageKind.UNOWNED}:{now.date().isoformat()}",
                    params={"at": now.isoformat(), "certificates": json.dumps(unowned)},
                )
            await tx.commit()

    # --- the ladder ------------------------------------------------------------------------------

    async def _remind_of_end(self, tx: Transaction, known: KnownCertificate, now: datetime) -> None:
        """Sends the most urgent step: to the owner, in the last week to approvers too; else to operations."""
        if known.owner is None or known.expires_at is None:
            await tx.expiry_reminders.put_off(known, until=None)
            return
        step = expiry_reminders.due(known.ladder, expires_at=known.expires_at, now=now)
        if step is None:
            moment = expiry_reminders.next_moment(known.ladder, expires_at=known.expires_at)
            await tx.expiry_reminders.put_off(known, until=moment)
            return
        owned = await _owned(tx, known.owner)
        if owned is Owned.UNKNOWN:
            await tx.expiry_reminders.put_off(known, until=now + LOOKED_UP)
            return
        put_off = known.ladder.snoozed_until if step == known.ladder.step else None
        late = now - (put_off or expiry_reminders.moment_of(known.expires_at, step))
        doing = AuditContext(actor=BOT, at=now, details={"late_s": str(int(late.total_seconds()))})
        await tx.expiry_reminders.climb(known, expiry_reminders.reminded(known.ladder, step), doing=doing)
        if owned is Owned.NO:
            await self._tell(tx, MessageKind.EXPIRY_ORPHAN, self._policy.operations_channel, known, step)
            return
        await self._tell(tx, MessageKind.EXPIRY, known.owner, known, step)
        if step <= expiry_reminders.COPIED:
            await self._tell(tx, MessageKind.EXPIRY_COPY, self._policy.approvals_channel, known, step)

    async def _tell(
        self, tx: Transaction, kind: MessageKind, to: str, known: KnownCertificate, step: int
    ) -> None:
        key = reminder_key(kind, known, step)
        await tx.outbox.tell(kind, to=to, key=key, request=known.request, params={"step": str(step)})

    # --- rotations that wait for a person --------------------------------------------------------

    async def _wake(self, tx: Transaction, change: Operation, now: datetime) -> None:
        """Reminds whoever has not installed a new certificate, gives them up, or has the old one removed."""
        doing = AuditContext(actor=BOT, at=now)
        waits = rotation.rotation_of(change).waits_for_word
        if rotation.is_over(change, now=now):
            await tx.operations.move(
                change, operations.failed(change, Why.NOT_INSTALLED, now=now), doing=doing
            )
            await self._tell_owner(tx, MessageKind.NOT_DONE, change, now)
        elif waits:
            await tx.operations.move(change, rotation.reminded(change, now=now), doing=doing)
            await self._tell_owner(tx, MessageKind.INSTALL, change, now)
        else:
            await tx.operations.move(change, rotation.rested(change), doing=doing)
            await tx.reconcile_queue.want(change.target, change.method)
        await tx.outbox.refresh_cards(change.request)

    async def _tell_owner(self, tx: Transaction, kind: MessageKind, change: Operation, now: datetime) -> None:
        key = f"{kind}:{change.id}:{now.isoformat()}"
        await tx.outbox.tell(kind, to=change.owner, key=key, request=change.request)


def reminder_key(kind: MessageKind, known: KnownCertificate, step: int) -> str:
    """What tells one reminder from every other: one that was put off comes again as another."""
    return f"{kind}:{known.id}:{step}:{known.ladder.snoozes if step == known.ladder.step else 0}"


async def _owned(tx: Transaction, owner: str | None) -> Owned:
    """Whether somebody looks after a certificate; whoever is not known well enough is looked up."""
    if owner is None:
        return Owned.NO
    found = await tx.slack_users.find(owner)
    if found is None:
        # An open question is left as it is: asked anew, the answer to it would be none.
        if await tx.slack_users.question(owner) is None:
            await tx.slack_users.request_lookup(owner)
        return Owned.UNKNOWN
    try:
        require_member(found)
    except Refused:
        return Owned.NO
    return Owned.YES


async def _unowned(tx: Transaction) -> list[dict[str, str]]:
    """What the summary says of each certificate that works: by database, those that end soonest first."""
    found = [known for known in await tx.certificates.present() if known.status == READY]
    apps = {database.id: database.app for database in await tx.targets.all()}
    return [
        {
            "app": apps[known.target],
            "handle": known.handle,
            "name": known.name,
            "owner": known.owner or "",
            "until": "" if known.expires_at is None else known.expires_at.isoformat(),
        }
        for known in found
        if known.target in apps and await _owned(tx, known.owner) is Owned.NO
    ]
