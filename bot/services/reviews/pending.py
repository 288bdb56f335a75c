"""Judges pending requests again: withdraws what nobody can grant, and tells when nobody can decide."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.domain.policy.rules import Rule
from bot.domain.request import Request, RequestState
from bot.errors import Refused
from bot.ports import BOT, AuditContext, MessageKind, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.judgement import TRANSIENT, judge, with_fallback
from bot.services.withdrawals import shown_on, withdraw

PENDING_REVIEW: Final = "pending requests"
"""The periodic task that judges all pending requests again."""

EVERY: Final = timedelta(minutes=1)
"""How late it is noticed that people or groups have changed; these are read every few minutes."""


class PendingReviewService:
    """Keeps what pending requests say true while people and the policy change.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def run_due(self) -> None:
        """Judges every pending request again, each in a transaction of its own, if that is due."""
        # Without a policy nothing can be judged, and a request must not be withdrawn for want of one.
        if not self._context.policy.readable:
            return
        async with self._context.transaction() as tx:
            newest = await tx.policy_states.last()
            # In a deploy two policies run side by side: the older withdraws nothing that the newer allows.
            if newest is not None and newest.digest != self._context.policy.digest:
                return
            if not await tx.periodic_tasks.claim(PENDING_REVIEW, within=EVERY):
                return
            await tx.commit()
        async with self._context.transaction() as tx:
            waiting = await tx.requests.pending_ids()
        for id in waiting:
            async with self._context.transaction() as tx:
                details = await tx.requests.lock_details(id)
                # Somebody may have decided it since the list was read; what is decided stays so.
                if details is not None and details.request.state is RequestState.PENDING:
                    await self._review(tx, details)
                    await tx.commit()

    async def _review(self, tx: Transaction, details: RequestDetails) -> None:
        """Withdraws a request, or records who decides it now; writes nothing where nothing has changed."""
        doing = AuditContext(actor=BOT, at=self._context.now())
        try:
            rule = await judge(tx, self._context.policy, details, now=doing.at)
        except Refused as refused:
            if refused.reason not in TRANSIENT:
                await withdraw(tx, details, refused, doing=doing)
            return
        request = details.request
        by_admins, missing = await self._deciders(tx, rule, request)
        undecidable_at = (request.undecidable_at or doing.at) if missing else None
        judged = replace(
            request,
            rule=rule.name,
            needed=max(request.needed, rule.approvals),
            by_admins=by_admins,
            undecidable_at=undecidable_at,
        )
        if judged == request:
            return
        await tx.requests.rejudge(
            request,
            rule=judged.rule,
            needed=judged.needed,
            by_admins=by_admins,
            undecidable_at=undecidable_at,
        )
        # Who decides is no state of the request, and has no audit line.
        await tx.outbox.requests_changed([request.id])
        if missing and request.undecidable_at is None:
            await self._tell(tx, request, MessageKind.UNDECIDABLE, at=doing)
        if by_admins and not request.by_admins:
            channel = self._context.policy.approvals_channel
            key = f"reminder:{request.id}:admins"
            await tx.outbox.add(MessageKind.REMINDER, to=channel, key=key, request=shown_on(details))

    async def _deciders(self, tx: Transaction, rule: Rule, request: Request) -> tuple[bool, int]:
        """Whether the admins decide a request, and how many approvers it lacks all the same."""
        asker = request.asker
        wanted, by_admins = await with_fallback(
            tx, self._context.policy, rule, requester=request.requester, asker=asker
        )
        standing = await tx.requests.standing(wanted, but=request.requester, asker=asker)
        return by_admins, max(0, standing.missing)

    async def _tell(self, tx: Transaction, request: Request, kind: MessageKind, *, at: AuditContext) -> None:
        """Tells requester and operations; once for each time that it comes to be so."""
        for to in (request.requester, self._context.policy.operations_channel):
            key = f"{kind}:{request.id}:{to}:{at.at.isoformat()}"
            await tx.outbox.add(kind, to=to, key=key, request=request.id)
