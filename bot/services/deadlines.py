"""What time brings: ends, warnings, lapses, reminders; and the seal on the audit trail."""

from datetime import datetime
from typing import Final

from bot.domain import grant as grants
from bot.domain.grant import Grant, Why
from bot.domain.request import Request, RequestState
from bot.domain.schedule import reminder
from bot.ports import BOT, AuditContext, MessageKind, Transaction
from bot.services.expiry_reminders import Reminding

BATCH: Final = 100
"""Rows handled in one transaction; more are taken at once after it."""

ENDS: Final = 1000
"""Ends in one transaction, written together: a target whose ends are torn apart is visited twice."""


class Following(Reminding):
    """Each step takes what is due, once, however many processes follow the clock."""

    async def run_due(self) -> datetime | None:
        """Does what is due by business time; returns the next moment at which something will be.

        After downtime the most overdue comes first, and its lateness stands in the audit line.
        """
        now = self._clock.now()
        following = await self._next_moment()
        if following is not None and following <= now:
            await self._do_due(now)
            following = await self._next_moment()
        moments = (following, await self.follow_certificates())
        return min((moment for moment in moments if moment is not None), default=None)

    async def _next_moment(self) -> datetime | None:
        """When the next end, warning, lapse or reminder is due, or was: mostly nothing is."""
        async with self._store.transaction() as tx:
            moments = (await tx.grants.next_moment(), await tx.requests.next_moment())
        return min((moment for moment in moments if moment is not None), default=None)

    async def _do_due(self, now: datetime) -> None:
        """Closes what is over first; warnings, lapses and reminders may wait for that."""
        async with self._store.transaction() as tx:
            over = await tx.grants.past_end(now, limit=ENDS)
            await tx.grants.change_all([_expiry(grant, now) for grant in over])
            await tx.outbox.refresh_cards_of({grant.request for grant in over})
            await tx.reconcile_queue.want_all({(grant.target, grant.method) for grant in over})
            await tx.commit()
        async with self._store.transaction() as tx:
            for grant in await tx.grants.to_warn(now, limit=BATCH):
                await _warn(tx, grant)
            for request in await tx.requests.to_lapse(now, limit=BATCH):
                await self._lapse(tx, request, now)
            for request in await tx.requests.to_remind(now, limit=BATCH):
                await self._remind(tx, request)
            await tx.commit()

    async def seal(self) -> int:
        """Links audit lines without a seal into the chain; returns how many."""
        async with self._store.transaction() as tx:
            sealed = await tx.audit.seal(limit=500)
            if sealed:
                await tx.commit()
            return sealed

    async def _lapse(self, tx: Transaction, request: Request, now: datetime) -> None:
        await tx.requests.decide(request, RequestState.LAPSED, doing=AuditContext(actor=BOT, at=now))
        await tx.outbox.refresh_cards(request.id)
        key = f"lapsed:{request.id}"
        await tx.outbox.tell(MessageKind.LAPSED, to=request.requester, key=key, request=request.id)

    async def _remind(self, tx: Transaction, request: Request) -> None:
        """Reminds in the card's thread; after a jump in time once, not once for each time missed."""
        rule = self._policy.rule_named(request.rule)
        after = () if rule is None else rule.remind_after
        given, now = request.reminders + 1, self._clock.now()
        following = reminder(asked=request.asked_at, after=after, given=given)
        while following is not None and following <= now:
            given += 1
            following = reminder(asked=request.asked_at, after=after, given=given)
        await tx.requests.reminded(request, given=given, next_at=following)
        await tx.outbox.tell(
            MessageKind.REMINDER,
            to=self._policy.approvals_channel,
            key=f"reminder:{request.id}:{given}",
            request=request.id,
        )


def _expiry(grant: Grant, now: datetime) -> tuple[Grant, Grant, AuditContext]:
    """A grant as it was, and closing because its end has come; how late that is stands in the audit line."""
    late = 0 if grant.ends_at is None else int((now - grant.ends_at).total_seconds())
    doing = AuditContext(actor=BOT, at=now, details={"late_s": str(late)})
    return grant, grants.closing(grant, Why.EXPIRED), doing


async def _warn(tx: Transaction, grant: Grant) -> None:
    end = "" if grant.ends_at is None else grant.ends_at.isoformat()
    key = f"ending:{grant.id}:{end}"
    await tx.outbox.tell(MessageKind.ENDING, to=grant.owner, key=key, request=grant.request)
    await tx.grants.warned(grant)
