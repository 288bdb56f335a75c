"""Requests for an entry of any access method: submit, adopt, remove, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.grant import ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.overlap import Overlap, count_after, overlaps, require_new
from bot.domain.person import UserId, require_member
from bot.domain.policy.limits import require_on_behalf, require_reason, ticket_for
from bot.domain.policy.rules import Rule
from bot.domain.request import Kind, RequestState, Terms, require_pending
from bot.domain.subject import Subject, is_network, networks_of
from bot.domain.target import Target
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.access_method import AccessMethod, RequestedEntry
from bot.services.context import ServiceContext
from bot.services.grants import close_grants
from bot.services.request_input import (
    RequestInput,
    requested_length,
    require_start_now,
    terms_without_end,
)
from bot.services.withdrawals import shown_on


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovalResult:
    """What ``remove`` did.

    Attributes:
        requested: the request that it recorded; None if the grants are being closed at once.
        closing: the requests whose grants are being closed.
        details: the request to show: the recorded one, or that of the first grant.
    """

    requested: RequestDetails | None
    closing: tuple[int, ...]
    details: RequestDetails


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestOutlook:
    """What concerns a request before it is made.

    Attributes:
        subject: what it would ask for.
        target: where.
        overlaps: what is asked for or open already, the clearest first.
        rules_after: how many IP rules the database would have; None where it needs no further one, or where
            that is not known.
    """

    subject: Subject
    target: Target
    overlaps: tuple[Overlap, ...]
    rules_after: int | None


class AccessRequestService:
    """Records what people ask for; nothing changes at Heroku before an approval.

    Each method is one transaction, executed once per ``key``, which identifies one command or click.

    Args:
        context: store, policy and clock.
        methods: every access method.
    """

    def __init__(self, context: ServiceContext, *, methods: Mapping[Method, AccessMethod]) -> None:
        self._context = context
        self._methods = methods

    async def submit(
        self, method: Method, request_input: RequestInput, *, person: str, key: str, again: bool = True
    ) -> RequestDetails:
        """Records a pending request for access.

        Args:
            method: the access method.
            request_input: what is asked for.
            person: Slack id of the requester.
            key: identifies the command or click.
            again: whether to record it although the person has asked for the same, or has it already.

        Raises:
            Refused: the person may not ask, or the request cannot be granted as it stands.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_request(tx: Transaction) -> RequestDetails:
            member = await self._context.member(tx, person)
            # Before anything that a form asks for: it has no field for a start, which would be lost in it.
            require_start_now(request_input, member, now=self._context.now())
            entry = await self._methods[method].resolve(tx, request_input)
            entry.require_supported()
            # The policy before Heroku's state: who may not ask learns nothing of what is there.
            rule = await self._context.rule(tx, member, target=entry.target, method=method)
            owner = request_input.on_behalf or person
            if owner != person:
                rule = await self._rule_for_other(tx, owner, entry.target, method)
            entry.require_allowed(rule)
            # What the asker has is not what the other person lacks.
            if not again and owner == person:
                await _require_new(tx, entry, method, owner)
            duration, until = requested_length(request_input, rule, member, now=self._context.now())
            reason = request_input.reason or ""
            require_reason(rule, reason)
            ticket = ticket_for(rule, Kind.OPEN, reason=reason, typed=request_input.ticket or "")
            terms = Terms(
                method=method,
                target=entry.target.id,
                subject=entry.subject,
                duration=duration,
                until=until,
                reason=reason,
                alternatives=request_input.alternatives or "",
                ticket=ticket,
            )
            terms = await entry.require_grantable(tx, terms, request_input)
            request = await self._context.record_request(
                tx, Kind.OPEN, terms, rule, owner, asker="" if owner == person else person
            )
            # All that there is to show of a new request is known here; reading it again would cost a query.
            return RequestDetails(
                request=request,
                target=entry.target,
                decisions=(),
                grant=None,
                observation=entry.observation,
            )

        return await self._context.once(key, person, record_request)

    async def overlaps(
        self, method: Method, request_input: RequestInput, *, person: str
    ) -> RequestOutlook | None:
        """Returns what concerns a request that a person has not made yet.

        Returns:
            None where the request would be refused as it stands.
        """
        async with self._context.transaction() as tx:
            try:
                member = await self._context.member(tx, person)
                entry = await self._methods[method].resolve(tx, request_input)
                entry.require_supported()
                # Who may not ask learns nothing of what is there.
                rule = await self._context.rule(tx, member, target=entry.target, method=method)
                entry.require_allowed(rule)
            except Refused:
                return None
            held = await tx.requests.held(entry.target.id, method)
        return RequestOutlook(
            subject=entry.subject,
            target=entry.target,
            overlaps=overlaps(entry.subject, held, person=request_input.on_behalf or person),
            rules_after=_rules_after(entry),
        )

    async def _rule_for_other(self, tx: Transaction, owner: str, target: Target, method: Method) -> Rule:
        """Returns the rule under which access may be requested for somebody else.

        Raises:
            Refused: they are no member or may not request it themselves, or the rule does not allow it.
        """
        found = await tx.slack_users.find(owner, groups=self._context.policy.groups)
        if found is None:
            raise Refused(Refusal.BEHALF_UNKNOWN, person=UserId(owner))
        try:
            require_member(found)
        except Refused as refused:
            raise Refused(Refusal.BEHALF_NOT_MEMBER, person=UserId(owner)) from refused
        rule = await self._context.rule(tx, found, target=target, method=method)
        require_on_behalf(rule, owner)
        return rule

    async def adopt(
        self, method: Method, request_input: RequestInput, *, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request to adopt an entry that pgaccess does not manage.

        Nothing changes at Heroku: once adopted, the entry is owned, and stays until its removal is approved.

        Raises:
            Refused: there is no such entry, or pgaccess manages it already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_adoption(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            entry = await self._methods[method].resolve(tx, request_input)
            entry.require_supported()
            rule = await self._context.rule(tx, member, target=entry.target, method=method)
            await entry.require_adoptable(tx)
            terms = terms_without_end(method, entry.target.id, entry.subject, request_input.reason)
            return await self._context.record_operation(tx, Kind.ADOPT, terms, rule, person)

        return await self._context.once(key, person, record_adoption)

    async def remove(
        self, method: Method, request_input: RequestInput, *, person: str, key: str
    ) -> RemovalResult:
        """Removes an entry: at once if all its grants are the person's own, else by a request.

        An entry without a grant is unmanaged or adopted; an approved request of its own kind removes it.

        Raises:
            Refused: there is no such entry, or the person may not ask for its removal.
            StoreUnavailableError: nothing was recorded.
        """
        closing: list[int] = []

        async def record_removal(tx: Transaction) -> int:
            await self._context.closing_member(tx, person)
            entry = await self._methods[method].resolve(tx, request_input)
            live = await entry.live_grants(tx)
            # Before Slack and the policy are asked: neither keeps owners from ending what is theirs.
            if live and all(grant.owner == person for grant in live):
                closing.extend(grant.request for grant in live)
                await close_grants(tx, live, ReasonCode.DONE, doing=self._context.audit(person))
                return live[0].request
            member = await self._context.member(tx, person)
            entry.require_supported()
            rule = await self._context.rule(tx, member, target=entry.target, method=method)
            if not live:
                await entry.require_present(tx)
            terms = terms_without_end(method, entry.target.id, entry.subject, request_input.reason)
            kind = Kind.REMOVE if live else Kind.REMOVE_UNMANAGED
            return await self._context.record_operation(tx, kind, terms, rule, person)

        details = await self._context.once(key, person, record_removal)
        if details.request.kind is Kind.OPEN:
            # Without a list of its own, this call was a repetition, and an earlier one closed the grants.
            return RemovalResult(
                requested=None, closing=tuple(closing) or (details.request.id,), details=details
            )
        return RemovalResult(requested=details, closing=tuple(closing), details=details)

    async def cancel(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Cancels the person's own pending request, or one that they made for somebody else.

        Raises:
            Refused: it is somebody else's, or not pending any more.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_cancellation(tx: Transaction) -> int:
            # Membership is not checked: who has left may still withdraw what they asked for.
            details = await tx.requests.lock_details(request)
            if details is None:
                raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
            pending = details.request
            if person not in pending.parties:
                raise Refused(Refusal.NOT_YOURS, id=request)
            require_pending(pending, details.decisions)
            await tx.requests.decide(pending, RequestState.CANCELLED, doing=self._context.audit(person))
            await tx.outbox.refresh_cards(shown_on(details))
            return request

        return await self._context.once(key, person, record_cancellation)


async def _require_new(tx: Transaction, entry: RequestedEntry, method: Method, owner: str) -> None:
    """Refuses what the owner has asked for or has open already."""
    # Two lines at the same moment would else not know of each other.
    await tx.requests.lock_requester(owner)
    held = await tx.requests.held(entry.target.id, method)
    require_new(entry.subject, held, person=owner, app=entry.target.label)


def _rules_after(entry: RequestedEntry) -> int | None:
    observation = entry.observation
    if not isinstance(observation, MtlsObservation) or not is_network(entry.subject):
        return None
    return count_after(networks_of(entry.subject), (rule.network for rule in observation.rules))
