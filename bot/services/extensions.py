"""Extensions: more time for a grant, at once within what the policy allows, else by a request."""

from datetime import datetime, timedelta

from bot.domain import grant as grants
from bot.domain.command_text import line_again
from bot.domain.duration import FOREVER
from bot.domain.grant import Grant, GrantState
from bot.domain.person import Person
from bot.domain.policy.limits import require_reason, require_width, ticket_for
from bot.domain.policy.rules import Rule
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import is_network
from bot.domain.times.readings import UnclearTime
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.judgement import require_within_longest
from bot.services.lookups import request_details, request_grant
from bot.services.reports.notes import note_of
from bot.services.request_input import RequestInput, typed_duration, typed_end


class ExtensionService:
    """Extends grants.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def extend(
        self, request: int, request_input: RequestInput, *, person: str, key: str
    ) -> RequestDetails:
        """Extends the person's own grant, or records a pending request to do so.

        Args:
            request: the number of the request that opened the grant.
            request_input: by how long, or until when, and why.
            person: Slack id of the owner.
            key: identifies the command or click.

        Raises:
            Refused: the grant is somebody else's, has no end, or is closing already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_extension(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            grant = await request_grant(tx, request)
            details = await request_details(tx, request)
            if grant.owner != person:
                raise Refused(Refusal.NOT_YOURS, id=request)
            by = self._requested_time(grant, details, request_input, member)
            rule = await self._context.rule(tx, member, target=details.target, method=grant.method)
            # The total counts, so that many short extensions do not add up to more than one request may ask.
            require_within_longest(grant, by, rule)
            if is_network(grant.subject):
                require_width(rule, grant.networks)
            if grant.extended + by <= rule.extend_alone:
                await self._change(tx, grant, by, doing=self._context.audit(person), alone=True)
                return request
            require_reason(rule, request_input.reason or "")
            terms = Terms(
                method=grant.method,
                target=grant.target,
                subject=grant.subject,
                duration=by,
                until=None,
                reason=request_input.reason or "",
                ticket=ticket_for(
                    rule,
                    Kind.EXTEND,
                    reason=request_input.reason or "",
                    typed=request_input.ticket or "",
                    earlier=details.request.terms.ticket,
                ),
            )
            recorded = await self._context.record_request(tx, Kind.EXTEND, terms, rule, person, grant=grant)
            return recorded.id

        return await self._context.once(key, person, record_extension)

    async def require_extendable(self, request: int, *, person: str) -> RequestDetails:
        """Returns the request of a grant that the person could extend now.

        Raises:
            Refused: the grant is somebody else's, has no end, or is not open any more.
        """
        async with self._context.transaction() as tx:
            await self._context.member(tx, person)
            details = await request_details(tx, request)
            grant = details.grant
            if grant is None or details.request.kind is not Kind.OPEN:
                raise Refused(Refusal.GRANT_NOT_OPEN, id=request)
            if grant.owner != person:
                raise Refused(Refusal.NOT_YOURS, id=request)
            _require_open(grant, details)
            return details

    async def apply(self, tx: Transaction, request: Request, rule: Rule, *, doing: AuditContext) -> None:
        """Applies an approved extension in the transaction of its approval.

        Args:
            tx: of the approval.
            request: the extension.
            rule: that allows it now.
            doing: who approved it.

        Raises:
            Refused: the grant is over, or another extension has used up the time meanwhile.
        """
        if request.grant is None or request.terms.duration is None:
            raise ValueError(f"request {request.id} extends nothing")
        grant = await tx.grants.lock(request.grant)
        if grant.state not in (GrantState.APPLYING, GrantState.IN_FORCE):
            raise Refused(Refusal.GRANT_OVER, id=grant.request)
        # Checked again: another extension may have been approved since this one was requested.
        require_within_longest(grant, request.terms.duration, rule)
        await self._change(tx, grant, request.terms.duration, doing=doing, alone=False)

    async def _change(
        self, tx: Transaction, grant: Grant, by: timedelta, *, doing: AuditContext, alone: bool
    ) -> None:
        warn_before = self._context.policy.warn_before
        longer = grants.extended(grant, by, now=doing.at, warn_before=warn_before, alone=alone)
        await tx.grants.update(grant, longer, doing=doing)
        await tx.outbox.refresh_cards(grant.request)
        # Also of an IP rule: its description cannot be changed.
        await tx.outbox.add_all([note_of(longer, self._context.policy, at=doing.at)])

    def _requested_time(
        self, grant: Grant, details: RequestDetails, request_input: RequestInput, member: Person
    ) -> timedelta:
        """How much more time is asked for; the default of the grant's rule if the person omitted it."""
        end, now = _require_open(grant, details), self._context.now()
        if request_input.until is not None:
            return _later_end(request_input.until, end, member, now=now) - end
        rule = self._context.policy.rule_named(details.request.rule)
        if request_input.duration == FOREVER and rule is not None:
            raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
        if request_input.duration is not None:
            return typed_duration(request_input.duration, member, now=end)
        return rule.default_duration if rule is not None else timedelta(hours=1)


def _later_end(text: str, end: datetime, member: Person, *, now: datetime) -> datetime:
    """Returns the new end that was typed; only one that lies behind the present end can be meant."""
    try:
        until = typed_end(text, member, now=now)
    except UnclearTime as unclear:
        later = [each for each in unclear.readings if isinstance(each, datetime) and each > end]
        if len(later) > 1:
            raise UnclearTime(text, later) from unclear
        until = later[0] if later else end
    if until <= end:
        raise Refused(Refusal.END_PAST)
    return until


def _require_open(grant: Grant, details: RequestDetails) -> datetime:
    """Returns the end of a grant that can be extended; raises ``Refused`` with what became of any other."""
    id = details.request.id
    if grant.state in (GrantState.ENDING, GrantState.ENDED):
        command = line_again(details.request, details.target.label)
        raise Refused(Refusal.GRANT_CLOSING, id=id, command=command)
    if grant.state not in (GrantState.APPLYING, GrantState.IN_FORCE):
        raise Refused(Refusal.GRANT_NOT_OPEN, id=id)
    if grant.ends_at is None:
        raise Refused(Refusal.EXTEND_NOT_TIMED, id=id)
    return grant.ends_at
