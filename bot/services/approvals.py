"""Deciding: one Deny decides, each approver counts once, and nobody decides on their own request."""

from dataclasses import dataclass, replace
from datetime import UTC
from uuid import uuid4

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.duration import parse_duration, parse_until, show_duration
from bot.domain.grant import Grant, GrantState, Why
from bot.domain.method import Method
from bot.domain.network import parse_address
from bot.domain.observation import mtls_observation
from bot.domain.person import Person, require_member
from bot.domain.policy import require_approver
from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.request import (
    Decision,
    Kind,
    Request,
    RequestState,
    Terms,
    Verdict,
    approvals,
    narrowed,
    require_first_vote,
    require_open,
)
from bot.domain.subject import Accounts, Subject, ends
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, MessageKind, RequestDetails, Transaction
from bot.services.access_requests import RequestInput, require_within_longest, zone_of
from bot.services.base import UseCases
from bot.services.trusted_ips import after_support
from bot.services.unmanaged_rules import aimed


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """What one approver wants.

    Attributes:
        version: of the terms that they saw.
        reason: why it is denied.
        changes: the terms as they would have them, shorter or narrower; None leaves them.
    """

    verdict: Verdict
    version: int
    reason: str = ""
    changes: RequestInput | None = None


class Deciding(UseCases):
    """Votes serialise on the request's row."""

    async def decide(self, request: int, vote: Vote, *, person: str, key: str) -> RequestDetails:
        """Records one approver's vote, and decides when it is the one that was missing.

        Args:
            request: the request's number.
            vote: what they want.
            person: Slack id of who decides.
            key: as for ``ask``.

        Raises:
            Refused: the person may not decide, or there is nothing (more) to decide.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int | RequestDetails:
            case, member = await self._decidable(tx, request, person, vote.version)
            asked = case.request
            if vote.verdict is Verdict.APPROVE:
                await self._require_requester(tx, asked)
            doing = self._by(person)
            if vote.changes is not None:
                asked = await self._change(tx, asked, vote.changes, member)
                doing = replace(doing, details=_told(asked.terms))
            counted = await self._count(tx, replace(case, request=asked), vote, doing)
            # What else an approval brings about is read when it is done.
            return counted if asked.kind is Kind.OPEN and not asked.terms.enables_mtls else request

        return await self._once(key, person, work)

    async def may_decide(self, request: int, *, version: int, person: str) -> RequestDetails:
        """Checks, without recording anything, that a person could decide now: before a form is opened."""
        async with self._store.transaction() as tx:
            return (await self._decidable(tx, request, person, version))[0]

    async def _decidable(
        self, tx: Transaction, id: int, person: str, version: int
    ) -> tuple[RequestDetails, Person]:
        """Locks the request; raises ``Refused`` unless this person can decide it now."""
        member = await self._member(tx, person)
        case = await tx.requests.lock_case(id)
        if case is None:
            raise Refused(Refusal.REQUEST_UNKNOWN, id=id)
        request, votes = case.request, case.decisions
        rule = self._rule_of(request)
        require_approver(rule, ids=member.ids, requester=request.requester, request=id)
        require_open(request, votes, version=version, now=self._clock.now())
        require_first_vote(request, votes, person)
        return case, member

    async def _require_requester(self, tx: Transaction, request: Request) -> None:
        """Refuses to open anything for somebody who could not ask for it any more."""
        requester = await tx.slack_users.find(request.requester)
        if requester is None:
            raise Refused(Refusal.PERSON_UNKNOWN, person=request.requester)
        try:
            require_member(requester)
        except Refused as refused:
            raise Refused(Refusal.REQUESTER_GONE, id=request.id) from refused

    async def _change(
        self, tx: Transaction, request: Request, changes: RequestInput, member: Person
    ) -> Request:
        terms = request.terms
        until = None
        if changes.until:
            until = parse_until(changes.until, now=self._clock.now(), zone=zone_of(member))
        changed = narrowed(
            terms,
            subject=_read(changes.address, terms.subject) if changes.address else None,
            duration=parse_duration(changes.duration) if changes.duration else None,
            until=until,
            request=request.id,
        )
        return request if changed == terms else await tx.requests.change_terms(request, changed)

    async def _count(
        self, tx: Transaction, case: RequestDetails, vote: Vote, doing: AuditContext
    ) -> RequestDetails:
        """Counts a vote, and decides if it is the one that was missing; gives what stands then."""
        request = case.request
        decision = Decision(person=doing.actor, verdict=vote.verdict, reason=vote.reason, at=doing.at)
        await tx.requests.vote(request.id, decision)
        case = replace(case, decisions=(*case.decisions, decision))
        agreed = approvals(case.decisions)
        if vote.verdict is Verdict.DENY:
            await tx.requests.decide(request, RequestState.DENIED, doing=doing)
        elif agreed < request.needed:
            await tx.requests.note_vote(request, agreed, doing=doing)
            await tx.outbox.refresh_cards(request.id)
            return case
        else:
            await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
        await tx.outbox.refresh_cards(request.id)
        await tx.outbox.tell(
            MessageKind.DECIDED,
            to=request.requester,
            key=f"decided:{request.id}",
            request=request.id,
        )
        denied = vote.verdict is Verdict.DENY
        state = RequestState.DENIED if denied else RequestState.APPROVED
        decided = replace(request, state=state, decided_at=doing.at.astimezone(UTC))
        grant = None if denied else await self._take_effect(tx, request, doing)
        return replace(case, request=decided, grant=grant)

    async def _take_effect(self, tx: Transaction, request: Request, doing: AuditContext) -> Grant | None:
        """What an approval brings about: here in the store; at Heroku it is the keeper's work.

        Returns:
            The grant that it opens.
        """
        grant = None
        match request.kind:
            case Kind.OPEN:
                grant = await self._open(tx, request, doing)
            case Kind.EXTEND:
                await self._prolong(tx, request, doing)
                return None
            case Kind.REMOVE:
                await _end_all(tx, request, doing)
            case _:
                if request.kind in (Kind.CLOSE, Kind.DISABLE):
                    await _end_all(tx, request, doing)
                change = operations.begin(request, id=uuid4(), now=doing.at)
                change = await aimed(tx, change)
                await tx.operations.start(change, within=schedule.OPERATION_DEADLINE, doing=doing)
        await tx.reconcile_queue.want(request.terms.target, request.terms.method)
        return grant

    async def _open(self, tx: Transaction, request: Request, doing: AuditContext) -> Grant:
        """Records the grant; and the step before it, unless somebody has enabled mTLS meanwhile."""
        terms, grant = request.terms, grants.begin(request, id=uuid4(), now=doing.at)
        if terms.method is Method.TRUSTED:
            channel = self._policy.approvals_channel
            grant = await after_support(tx, request, grant, doing=doing, channel=channel)
        within = schedule.opening_deadline(enables_mtls=terms.enables_mtls, method=terms.method)
        await tx.grants.open(grant, within=within, doing=doing)
        observation = (
            mtls_observation(await tx.reconcile_queue.look(terms.target, terms.method))
            if terms.enables_mtls
            else None
        )
        under_way = await tx.operations.under_way(terms.target, terms.method) if terms.enables_mtls else ()
        enabling = any(change.kind is Kind.ENABLE for change in under_way)
        if terms.enables_mtls and not enabling and (observation is None or not observation.enabled):
            step = operations.enabling_first(request, id=uuid4(), now=doing.at)
            await tx.operations.start(step, within=schedule.OPERATION_DEADLINE, doing=doing)
        return grant

    async def _prolong(self, tx: Transaction, request: Request, doing: AuditContext) -> None:
        if request.grant is None or request.terms.duration is None:
            raise ValueError(f"request {request.id} extends nothing")
        grant = await tx.grants.get(request.grant)
        if grant.state not in (GrantState.APPLYING, GrantState.IN_FORCE):
            raise Refused(Refusal.GRANT_OVER, id=grant.request)
        # Another extension may have been approved since this one was asked for.
        require_within_longest(grant, request.terms.duration, self._rule_of(request))
        longer = grants.extended(
            grant,
            request.terms.duration,
            now=doing.at,
            warn_before=self._policy.warn_before,
            alone=False,
        )
        await tx.grants.change(grant, longer, doing=doing)
        await tx.outbox.refresh_cards(grant.request)


async def _end_all(tx: Transaction, request: Request, doing: AuditContext) -> None:
    """Closes every grant that is over with what the request takes away."""
    terms = request.terms
    for grant in await tx.grants.running(terms.target, terms.method):
        if ends(terms.subject, grant.subject):
            await tx.grants.change(grant, grants.closing(grant, Why.REMOVED), doing=doing)
            await tx.outbox.refresh_cards(grant.request)


def _read(text: str, asked: Subject) -> Subject:
    """What an approver typed in place of what was asked for."""
    return parse_accounts(text) if isinstance(asked, Accounts) else parse_address(text)


def _told(terms: Terms) -> dict[str, str]:
    """The terms as an approver has changed them, for the audit line of their vote."""
    length = "" if terms.duration is None else show_duration(terms.duration)
    until = "" if terms.until is None else terms.until.isoformat()
    return {"subject": str(terms.subject), "duration": length, "until": until}
