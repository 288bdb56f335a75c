"""Opening again what somebody closed at Heroku: a new decision by an approver, on the card of the first."""

from dataclasses import replace

from bot.domain.grant import BY_PEOPLE, Grant, GrantState
from bot.domain.request import Kind
from bot.domain.target import require_present
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.services.approvals import ApprovalService
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.judgement import known_member, require_terms
from bot.services.lookups import request_details, request_grant


class ReopeningService:
    """Records requests to open a grant again, which nobody may decide for themselves.

    Args:
        context: store, policy and clock.
        approvals: counts the approval of an approver who asks.
    """

    def __init__(self, context: ServiceContext, *, approvals: ApprovalService) -> None:
        self._context = context
        self._approvals = approvals

    async def reopen(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Asks to open a grant again under today's policy, up to the end that it had.

        For an approver who is not the owner this is their approval as well; it opens the grant at once where
        one approval is enough.

        Args:
            request: the number of the request that opened the grant.
            person: Slack id of its owner, or of an approver.
            key: identifies the command or click.

        Returns:
            The request that opened the grant, with the pending one if it has to be decided by others.

        Raises:
            Refused: there is nothing to open again, its owner may not have it now, or it is asked already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_reopening(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            grant = await request_grant(tx, request)
            details = await request_details(tx, request)
            if person != grant.owner and not await approves(self._context, tx, details, member):
                raise Refused(Refusal.NOT_YOURS, id=request)
            require_present(details.target)
            self._require_reopenable(grant)
            asked = await tx.requests.reopening(grant.id)
            if asked is not None:
                raise Refused(Refusal.REOPENING_PENDING, id=request)
            owner = await known_member(tx, self._context.policy, grant.owner, request=request)
            rule = await self._context.rule(tx, owner, target=details.target, method=grant.method)
            # Up to the end that it has now: extensions count, and what is left has to be allowed today.
            terms = replace(details.request.terms, duration=None, until=grant.ends_at)
            require_terms(rule, Kind.REOPEN, terms, now=self._context.now())
            new = await self._context.record_request(
                tx,
                Kind.REOPEN,
                terms,
                rule,
                grant.owner,
                grant=grant,
                asked_by=person,
                # Whoever asked for it at first does not approve it now either.
                asker=details.request.asker,
            )
            await tx.outbox.refresh_cards(request)
            await tx.outbox.add(
                MessageKind.REOPENING,
                to=self._context.policy.approvals_channel,
                key=f"reopening:{new.id}",
                request=request,
                params={"person": person},
                asserts=str(new.id),
            )
            decides = person not in new.parties and not rule.approvers.isdisjoint(member.ids)
            if decides:
                reopening = replace(details, request=new, decisions=(), grant=grant)
                await self._approvals.vote_for(tx, reopening, rule, member)
            return request

        return await self._context.once(key, person, record_reopening)

    def _require_reopenable(self, grant: Grant) -> None:
        """Refuses a grant that nobody closed, or whose end has come."""
        failed = grant.state is GrantState.FAILED and grant.reason_code in BY_PEOPLE
        if grant.state is not GrantState.INTERRUPTED and not failed:
            raise Refused(Refusal.GRANT_NOT_INTERRUPTED, id=grant.request)
        if grant.ends_at is not None and grant.ends_at <= self._context.now():
            raise Refused(Refusal.GRANT_OVER, id=grant.request)
