"""The access review: asks each group of approvers what of all that lasts long is to stay, and why.

It asks of everything, whatever the policy says of it. What the policy of today would refuse is on the weekly
review of ``entitlements``.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.domain.access_review import (
    Answer,
    Answered,
    Review,
    Reviewed,
    ReviewedKind,
    ReviewItem,
    ReviewPage,
    groups_of,
    next_review,
    page_of,
)
from bot.domain.grant import LIVE_STATES, ReasonCode
from bot.domain.person import Person, UserId
from bot.domain.request import Kind
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, RequestDetails, Transaction
from bot.ports.assertions import listed_request
from bot.services.approvals import ApprovalService
from bot.services.authorization import approvers_of, approves
from bot.services.context import ServiceContext
from bot.services.grants import close_grants
from bot.services.judgement import judge, known_member
from bot.services.lookups import request_details, request_grant
from bot.services.mtls.certificates import require_no_open_request
from bot.services.mtls.entries import MTLS
from bot.services.request_input import terms_without_end
from bot.services.reviews.orphaned_certificates import begin_revocation

REVIEW: Final = "access review"
"""The periodic task that begins a review."""


class AccessReviewService:
    """Begins reviews, records what approvers answer, and tells the admins what nobody did.

    Args:
        context: store, policy and clock.
        approvals: counts the vote of an approver who ends an adopted entry.
    """

    def __init__(self, context: ServiceContext, *, approvals: ApprovalService) -> None:
        self._context = context
        self._approvals = approvals

    async def run_due(self) -> None:
        """Begins the review that is due, and ends one whose time for answers is over."""
        now = self._context.now()
        if self._context.policy.readable and await self._look(now):
            await self._begin(now)

    async def page(self, review: int, group: int, page: int | None) -> ReviewPage | None:
        """Returns a page of a review's message; None where there is no such review or group."""
        async with self._context.transaction() as tx:
            return await page_in(tx, review, group, page)

    async def turn(self, review: int, group: int, page: int, *, person: str) -> None:
        """Has a message of a review show another page, to everybody who sees it.

        Raises:
            Refused: the person is no full member.
            StoreUnavailableError: nothing was changed.
        """
        async with self._context.transaction() as tx:
            await self._context.closing_member(tx, person)
            key = message_key(review, group)
            await tx.outbox.refresh(key, params=_params(review, group, page=page))
            await tx.commit()

    async def require_answerable(
        self, item: int, answer: Answer, *, request: int, person: str
    ) -> RequestDetails:
        """Returns the request of an item that a person may answer for; raises ``Refused`` as ``answer``."""
        async with self._context.transaction() as tx:
            found, _ = await self._answerable(tx, item, request, answer, person)
            return await request_details(tx, found.reviewed.request)

    async def answer(
        self, item: int, answer: Answer, because: str, *, request: int, person: str, key: str
    ) -> RequestDetails:
        """Keeps or ends an item: a grant and a certificate at once, an adopted entry by an approved request.

        Args:
            item: its number.
            answer: what is to become of it.
            because: why.
            request: number of its request, as the message showed it.
            person: Slack id of an approver or an admin; nobody keeps what is their own.
            key: identifies the form.

        Raises:
            Refused: the person may not answer, somebody has, or it has ended or is asked of anew.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_answer(tx: Transaction) -> int:
            found, member = await self._answerable(tx, item, request, answer, person)
            if not because:
                raise Refused(Refusal.REVIEW_REASON, id=found.reviewed.request)
            doing = AuditContext(actor=person, at=self._context.now(), details={"because": because})
            answered = Answered(answer=answer, by=person, at=doing.at, because=because)
            await tx.access_reviews.answer(found, answered, doing=doing)
            if answer is Answer.ENDED:
                await self._end(tx, found.reviewed, member, doing)
            await tx.outbox.refresh_all([message_key(found.review, found.group)])
            return found.reviewed.request

        return await self._context.once(key, person, record_answer)

    async def _answerable(
        self, tx: Transaction, item: int, shown: int, answer: Answer, person: str
    ) -> tuple[ReviewItem, Person]:
        """An item, locked, and who may answer for it."""
        ends = answer is Answer.ENDED
        # By the last that was known of people: nothing that Slack does keeps anybody from closing.
        member = await (self._context.closing_member if ends else self._context.member)(tx, person)
        found = await tx.access_reviews.item(item)
        # In a restored store an item's number may have been given a second time, to another request.
        if found is None or found.reviewed.request != shown:
            raise Refused(Refusal.REVIEW_OVER)
        request = found.reviewed.request
        details = await request_details(tx, request)
        admin = self._context.policy.is_admin(member.ids)
        if not admin and not await approves(self._context, tx, details, member):
            raise Refused(Refusal.APPROVER_NOT, id=request)
        if not ends and found.reviewed.owner == person:
            raise Refused(Refusal.REVIEW_OWN, id=request)
        if found.answered is not None:
            by, at = UserId(found.answered.by), found.answered.at
            raise Refused(Refusal.REVIEW_ANSWERED, id=request, person=by, at=at)
        if found.gone:
            raise Refused(Refusal.REVIEW_GONE, id=request)
        review = await tx.access_reviews.review(found.review)
        if review is None or review.over:
            raise Refused(Refusal.REVIEW_OVER)
        return found, member

    async def _end(self, tx: Transaction, reviewed: Reviewed, member: Person, doing: AuditContext) -> None:
        match reviewed.kind:
            case ReviewedKind.GRANT:
                grant = await request_grant(tx, reviewed.request)
                if grant.state not in LIVE_STATES:
                    raise Refused(Refusal.GRANT_OVER, id=reviewed.request)
                await close_grants(tx, [grant], ReasonCode.REVOKED, doing=doing)
            case ReviewedKind.CERTIFICATE:
                await self._end_certificate(tx, reviewed, doing)
            case ReviewedKind.ENTRY:
                await self._end_entry(tx, reviewed, member, doing)

    async def _end_certificate(self, tx: Transaction, reviewed: Reviewed, doing: AuditContext) -> None:
        known = None if reviewed.certificate is None else await tx.certificates.lock(reviewed.certificate)
        if known is None or known.absent_at is not None:
            raise Refused(Refusal.REVIEW_GONE, id=reviewed.request)
        await require_no_open_request(tx, known)
        await begin_revocation(tx, known, by=doing.actor, doing=doing)
        await tx.reconcile_queue.bump_generation(known.target, MTLS)

    async def _end_entry(
        self, tx: Transaction, reviewed: Reviewed, member: Person, doing: AuditContext
    ) -> None:
        """Records a request to remove an adopted entry, with the approver's vote for it.

        In the name of whoever adopted it; where they have left, or answer themselves, others decide.
        """
        adoption = (await request_details(tx, reviewed.request)).request
        terms = adoption.terms
        if await tx.grants.is_closing(terms.target, terms.method, terms.subject):
            raise Refused(Refusal.REVIEW_GONE, id=reviewed.request)
        removal = terms_without_end(terms.method, terms.target, terms.subject, doing.details["because"])
        requester = await self._requester(tx, reviewed, member)
        details = replace(
            await request_details(tx, reviewed.request),
            request=replace(adoption, kind=Kind.REMOVE_UNMANAGED, terms=removal, requester=requester),
        )
        rule = await judge(tx, self._context.policy, details, now=doing.at)
        request = await self._context.record_request(
            tx, Kind.REMOVE_UNMANAGED, removal, rule, requester, asked_by=doing.actor
        )
        if requester != member.id and not rule.approvers.isdisjoint(member.ids):
            await self._approvals.vote_for(tx, replace(details, request=request, decisions=()), rule, member)

    async def _requester(self, tx: Transaction, reviewed: Reviewed, member: Person) -> str:
        try:
            await known_member(tx, self._context.policy, reviewed.owner, request=reviewed.request)
        except Refused as refused:
            if refused.reason is not Refusal.REQUESTER_GONE:
                raise
            return member.id
        return reviewed.owner

    # --- by the clock ------------------------------------------------------------------------------

    async def _look(self, now: datetime) -> bool:
        """Ends the review that is due; returns whether one is to begin. The first call of all only sets when.

        One transaction: the scheduler asks every few seconds.
        """
        every = self._context.policy.access_review.every
        async with self._context.transaction() as tx:
            due = await tx.periodic_tasks.due_at(REVIEW)
            if due is None and every:
                await tx.periodic_tasks.claim_at(REVIEW, now=now, following=next_review(now, every))
                await tx.commit()
                return False
            ending = await tx.access_reviews.due(now)
            if ending is not None:
                await self._end_answers(tx, ending, now)
                await tx.commit()
        return bool(every) and due is not None and due <= now

    async def _begin(self, now: datetime) -> None:
        periods = self._context.policy.access_review
        async with self._context.transaction() as tx:
            # Claimed in the commit that sends: a process that dies before leaves the review to the next one.
            following = next_review(now, periods.every)
            if not await tx.periodic_tasks.claim_at(REVIEW, now=now, following=following):
                return
            before = await tx.access_reviews.newest()
            found = await tx.access_reviews.candidates(now=now, longer_than=periods.longer_than)
            asked = [(each, await self._approvers(tx, each, rule)) for each, rule in found]
            groups = groups_of(approvers for _, approvers in asked)
            items = [(groups.index(approvers) + 1, approvers, each) for each, approvers in asked]
            review = await tx.access_reviews.begin(items, at=now, answer_by=now + periods.answer_within)
            for group in range(1, len(groups) + 1):
                await self._send(tx, review, group, [each for number, _, each in items if number == group])
            if before is not None:
                # What it asked is asked anew: its buttons go.
                earlier = await tx.access_reviews.items(before.id)
                await tx.outbox.refresh_all({message_key(before.id, each.group) for each in earlier})
            await tx.commit()

    async def _approvers(self, tx: Transaction, reviewed: Reviewed, rule: str) -> tuple[str, ...]:
        """Who is asked: the approvers of the rule of its request, for as long as the policy has it."""
        named = self._context.policy.rule_named(rule)
        if named is not None:
            return tuple(sorted(named.approvers))
        details = await request_details(tx, reviewed.request)
        return tuple(sorted(await approvers_of(self._context, tx, details)))

    async def _send(self, tx: Transaction, review: int, group: int, items: list[Reviewed]) -> None:
        await tx.outbox.add(
            MessageKind.ACCESS_REVIEW,
            to=self._context.policy.approvals_channel,
            key=message_key(review, group),
            params=_params(review, group),
            about=[listed_request(id) for id in sorted({each.request for each in items})],
        )

    async def _end_answers(self, tx: Transaction, review: Review, now: datetime) -> None:
        """Records that the time for answers is over, and tells the admins what is open then."""
        items = await tx.access_reviews.items(review.id)
        waiting = [item.reviewed.request for item in items if item.is_open]
        # One that was replaced by a later review has nothing open: what it asked is asked there.
        unanswered = [] if review.over else waiting
        await tx.access_reviews.end(review, unanswered, doing=AuditContext(actor=BOT, at=now))
        if unanswered:
            await tx.outbox.add(
                MessageKind.REVIEW_UNANSWERED,
                to=self._context.policy.operations_channel,
                key=f"{MessageKind.REVIEW_UNANSWERED}:{review.id}",
                params={
                    "review": str(review.id),
                    "begun_at": review.begun_at.isoformat(),
                    "answer_by": review.answer_by.isoformat(),
                    "requests": json.dumps(unanswered),
                },
            )
        await tx.outbox.refresh_all({message_key(review.id, item.group) for item in items})


async def page_in(tx: Transaction, review: int, group: int, page: int | None) -> ReviewPage | None:
    """Reads a page of a review's message; None where there is no such review or group."""
    found = await tx.access_reviews.review(review)
    items = await tx.access_reviews.items(review, group=group)
    return None if found is None or not items else page_of(found, items, page)


def message_key(review: int, group: int) -> str:
    """Returns the outbox key of the message to one group of approvers."""
    return f"{MessageKind.ACCESS_REVIEW}:{review}:{group}"


def _params(review: int, group: int, *, page: int | None = None) -> Mapping[str, str]:
    shown = {} if page is None else {"page": str(page)}
    return {"review": str(review), "group": str(group), **shown}
