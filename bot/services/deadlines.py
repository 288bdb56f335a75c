"""What is due by business time: ends, warnings, lapses, reminders; and sealing the audit log."""

from datetime import datetime, timedelta
from typing import Final

from bot.domain import grant as grants
from bot.domain.grant import Grant, ReasonCode
from bot.domain.request import Request, RequestState
from bot.domain.schedule import reminder
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, Transaction, assertions
from bot.services.context import ServiceContext
from bot.services.mtls.expiry_reminders import ExpiryReminderService
from bot.services.withdrawals import shown_on, withdraw

BATCH: Final = 100
"""Rows handled in one transaction; the next run takes more at once."""

ENDS: Final = 1000
"""Ends in one transaction, written together: a target whose ends are split is reconciled twice."""

REMINDER_HELD: Final = timedelta(minutes=15)
"""How much later a reminder comes that was due while the policy could not be read, at most."""

SEALED: Final = 500
"""Audit lines sealed in one transaction."""


class DeadlineService:
    """Does what is due; each row is taken once, however many processes run.

    Args:
        context: store, policy and clock.
        expiry_reminders: sends what is due for certificates.
    """

    def __init__(self, context: ServiceContext, *, expiry_reminders: ExpiryReminderService) -> None:
        self._context = context
        self._expiry_reminders = expiry_reminders

    async def run_due(self) -> datetime | None:
        """Does what is due by business time; returns the next moment at which something will be.

        After downtime the most overdue comes first, and its lateness is recorded in the audit line.
        """
        now = self._context.now()
        following = await self._next_moment()
        if following is not None and following <= now:
            # In a transaction of its own: a warning that fails must not keep access open.
            await self._close_expired(now)
            await self._notify_due(now)
            following = await self._next_moment()
        moments = (following, await self._expiry_reminders.send_due())
        return min((moment for moment in moments if moment is not None), default=None)

    async def seal_audit_log(self) -> int:
        """Seals audit lines into the chain of digests; returns how many."""
        async with self._context.transaction() as tx:
            sealed = await tx.audit.seal(limit=SEALED)
            if sealed:
                await tx.commit()
            return sealed

    async def _next_moment(self) -> datetime | None:
        """When the next end, warning, lapse or reminder is due, or was; in most runs it is yet to come."""
        async with self._context.transaction() as tx:
            moments = (await tx.grants.next_moment(), await tx.requests.next_moment())
        return min((moment for moment in moments if moment is not None), default=None)

    async def _close_expired(self, now: datetime) -> None:
        """Moves expired grants to ``ending``, before and apart from what may wait."""
        async with self._context.transaction() as tx:
            expired = await tx.grants.past_end(now, limit=ENDS)
            await tx.grants.update_all([_expiry(grant, now) for grant in expired])
            await tx.outbox.refresh_cards_of({grant.request for grant in expired})
            # In the same commit: after a crash in between, an end would wait for the next regular
            # observation.
            await tx.reconcile_queue.bump_generations({(grant.target, grant.method) for grant in expired})
            await tx.commit()

    async def _notify_due(self, now: datetime) -> None:
        """Warns owners, ends undecided requests, and reminds approvers."""
        async with self._context.transaction() as tx:
            for grant in await tx.grants.to_warn(now, limit=BATCH):
                await _warn(tx, grant)
            # Before the reminders: approvers are not reminded of what is over.
            for request in await tx.requests.expired(now, limit=BATCH):
                await _end_undecided(tx, request, now)
            for request in await tx.requests.to_remind(now, limit=BATCH):
                await self._remind(tx, request, now)
            await tx.commit()

    async def _remind(self, tx: Transaction, request: Request, now: datetime) -> None:
        """Reminds in the card's thread; after a jump in time once, not once for each time missed."""
        policy = self._context.policy
        if not policy.readable:
            # Nobody could decide now, and when to remind next is what the policy says.
            await tx.requests.reminded(request, given=request.reminders, next_at=now + REMINDER_HELD)
            return
        rule = policy.rule_named(request.rule)
        after = () if rule is None else rule.remind_after
        given = request.reminders + 1
        following = reminder(asked=request.asked_at, after=after, given=given)
        while following is not None and following <= now:
            given += 1
            following = reminder(asked=request.asked_at, after=after, given=given)
        await tx.requests.reminded(request, given=given, next_at=following)
        key = f"reminder:{request.id}:{given}"
        await tx.outbox.add(MessageKind.REMINDER, to=policy.approvals_channel, key=key, request=request.id)


def _expiry(grant: Grant, now: datetime) -> tuple[Grant, Grant, AuditContext]:
    """A grant before and after its expiry, and the audit context, which says how late that is."""
    late = 0 if grant.ends_at is None else int((now - grant.ends_at).total_seconds())
    doing = AuditContext(actor=BOT, at=now, details={"late_s": str(late)})
    return grant, grants.closing(grant, ReasonCode.EXPIRED), doing


async def _warn(tx: Transaction, grant: Grant) -> None:
    # The end is part of the key: after an extension the owner is warned again.
    end = "" if grant.ends_at is None else grant.ends_at.isoformat()
    key = f"ending:{grant.id}:{end}"
    kind = MessageKind.ENDING
    asserts = assertions.of_grant(kind, grant)
    await tx.outbox.add(kind, to=grant.owner, key=key, request=grant.request, asserts=asserts)
    await tx.grants.warned(grant)


async def _end_undecided(tx: Transaction, request: Request, now: datetime) -> None:
    """Withdraws a request whose own end has passed; one that nobody decided in time lapses."""
    doing = AuditContext(actor=BOT, at=now)
    details = await tx.requests.details(request.id)
    if details is not None and request.terms.is_over(now):
        await withdraw(tx, details, Refused(Refusal.END_PAST), doing=doing)
        return
    await tx.requests.decide(request, RequestState.LAPSED, doing=doing)
    await tx.outbox.refresh_cards(request.id if details is None else shown_on(details))
    key = f"lapsed:{request.id}"
    await tx.outbox.add(MessageKind.LAPSED, to=request.requester, key=key, request=request.id)
    if request.asker:
        await tx.outbox.add(MessageKind.LAPSED, to=request.asker, key=f"{key}:asker", request=request.id)
