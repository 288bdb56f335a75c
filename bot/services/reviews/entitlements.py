"""The weekly review of grants whose owner could not ask for them any more: end them, or keep them.

What lasts long is reviewed besides, whatever the policy says of it: see ``access_reviews``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.grant import LIVE_STATES, Kept
from bot.domain.mtls.expiry_reminders import next_summary
from bot.domain.request import Withdrawal
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.ports.assertions import listed_request
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.grants import GrantService
from bot.services.judgement import TRANSIENT, judge
from bot.services.lookups import request_details, request_grant

REVIEW: Final = "entitlements"
"""The periodic task that sends the review."""

LISTED: Final = 10
"""Grants in one message: each has a paragraph and a row of buttons, and a message takes 12,000 characters."""

JUDGED: Final = 50
"""Grants judged in one transaction, which must not hold its snapshot for long."""

_UNLISTED: Final = frozenset({*TRANSIENT, Refusal.REQUESTER_GONE}) - {Refusal.TARGET_CONTESTED}
"""Refusals that put a grant on no list: Slack has to be read first, or its owner has left and it ends.

One is listed while an admin has to say which database is meant: a new database that nobody answers for must
not hide what is open beside it.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubtful:
    """A grant that its owner could not ask for today.

    Attributes:
        request: the number of the request that opened it.
        why: what the policy says against it.
    """

    request: int
    why: Withdrawal

    @property
    def under(self) -> str:
        """What the policy says, as one text: what an approver keeps, they keep only against this."""
        return under(self.why)


class EntitlementService:
    """Lists what the policy of today would refuse, and records what approvers decide of it.

    Args:
        context: store, policy and clock.
        grants: ends what is not kept.
    """

    def __init__(self, context: ServiceContext, *, grants: GrantService) -> None:
        self._context = context
        self._grants = grants

    async def send_weekly_review(self) -> None:
        """Sends the review once a week by business time, if there is anything to review."""
        now = self._context.now()
        if not self._context.policy.readable or not await self._is_due(now):
            return
        doubtful = await self._doubtful(now)
        async with self._context.transaction() as tx:
            # Taken in the commit that sends: a process that dies before leaves the review to the next one.
            if await tx.periodic_tasks.claim_at(REVIEW, now=now, following=next_summary(now)):
                await self._send(tx, doubtful, now)
            await tx.commit()

    async def keep(self, request: int, *, message: int, person: str, key: str) -> RequestDetails:
        """Keeps a grant: it is not reviewed again for a while, unless the policy says something else.

        Args:
            request: the number of the request that opened it.
            message: the outbox message whose button was pressed.
            person: Slack id of an approver, not the grant's owner.
            key: identifies the click.

        Raises:
            Refused: the person may not decide, the grant is over, or its owner may ask for it again.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_keeping(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            grant = await request_grant(tx, request)
            details = await request_details(tx, request)
            if grant.owner == person:
                raise Refused(Refusal.APPROVER_SELF, id=request)
            admin = self._context.policy.is_admin(member.ids)
            if not admin and not await approves(self._context, tx, details, member):
                raise Refused(Refusal.APPROVER_NOT, id=request)
            if grant.state not in LIVE_STATES:
                raise Refused(Refusal.GRANT_OVER, id=request)
            doing = self._context.audit(person)
            found = await self._judged(tx, request, doing.at)
            if found is None:
                raise Refused(Refusal.KEEP_NOT_NEEDED, id=request)
            kept = Kept(at=doing.at, by=person, under=found.under)
            await tx.reviews.keep(grant, kept, doing=doing)
            await tx.outbox.refresh_number(message)
            return request

        return await self._context.once(key, person, record_keeping)

    async def end(self, request: int, *, message: int, person: str, key: str) -> RequestDetails:
        """Revokes a grant from the review; see ``GrantService.revoke``."""
        details = await self._grants.revoke(request, person=person, key=key)
        async with self._context.transaction() as tx:
            await tx.outbox.refresh_number(message)
            await tx.commit()
        return details

    async def _is_due(self, now: datetime) -> bool:
        """Whether this week's review is to be sent; the first call of all only sets when."""
        async with self._context.transaction() as tx:
            due = await tx.periodic_tasks.due_at(REVIEW)
            if due is None:
                await tx.periodic_tasks.claim_at(REVIEW, now=now, following=next_summary(now))
                await tx.commit()
        return due is not None and due <= now

    async def _doubtful(self, now: datetime) -> list[Doubtful]:
        """Judges every grant that can be ended; those that an approver keeps are left out."""
        async with self._context.transaction() as tx:
            # Nobody is asked of one grant by two reviews within a week.
            asked = await tx.access_reviews.asked_of(now)
            live = [id for id in await tx.reviews.live() if id not in asked]
        found = []
        for start in range(0, len(live), JUDGED):
            async with self._context.transaction() as tx:
                judged = [await self._judged(tx, id, now) for id in live[start : start + JUDGED]]
                found += [each for each in judged if each is not None]
        return found

    async def _judged(self, tx: Transaction, request: int, now: datetime) -> Doubtful | None:
        """What the policy says against a grant; None where it allows it, or an approver keeps it."""
        details = await tx.requests.details(request)
        if details is None or details.grant is None or details.grant.state not in LIVE_STATES:
            return None
        grant = details.grant
        try:
            # Its length counts from its approval: what was allowed then is not too long by having lasted.
            await judge(tx, self._context.policy, details, now=grant.started_at)
        except Refused as refused:
            if refused.reason in _UNLISTED:
                return None
            found = Doubtful(request=request, why=Withdrawal.of(refused))
            kept = grant.kept
            if kept is not None and now < kept.until and kept.under == found.under:
                return None
            return found
        return None

    async def _send(self, tx: Transaction, doubtful: list[Doubtful], now: datetime) -> None:
        parts = [doubtful[start : start + LISTED] for start in range(0, len(doubtful), LISTED)]
        for number, part in enumerate(parts, start=1):
            await tx.outbox.add(
                MessageKind.ENTITLEMENTS,
                to=self._context.policy.approvals_channel,
                key=f"{MessageKind.ENTITLEMENTS}:{now.date().isoformat()}:{number}",
                params={
                    "at": now.isoformat(),
                    "part": str(number),
                    "parts": str(len(parts)),
                    "grants": json.dumps(_written(part)),
                },
                about=[listed_request(each.request) for each in part],
            )


def under(why: Withdrawal) -> str:
    """What the policy says against a grant, as one text to compare."""
    return " ".join([why.reason, *(f"{name}={why.values[name]}" for name in sorted(why.values))])


def _written(doubtful: Iterable[Doubtful]) -> list[Mapping[str, object]]:
    """The rows of one message; params of the outbox are texts."""
    return [
        {"request": each.request, "reason": each.why.reason, "values": dict(each.why.values)}
        for each in doubtful
    ]
