"""Decisions on requests: one denial decides, each approver counts once, and requesters never decide."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import uuid4

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.duration import parse_duration, parse_until, show_duration
from bot.domain.grant import Grant, ReasonCode
from bot.domain.method import Method
from bot.domain.person import Person, require_member
from bot.domain.policy.rules import require_approver
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
from bot.domain.subject import ends
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, MessageKind, RequestDetails, Transaction
from bot.services.access_method import AccessMethod
from bot.services.context import ServiceContext
from bot.services.extensions import ExtensionService
from bot.services.request_input import RequestInput, timezone_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One approver's vote.

    Attributes:
        verdict: approve or deny.
        version: the version of the terms that the approver saw.
        reason: why the request is denied.
        changes: shorter or narrower terms that the approver sets; None leaves the terms as they are.
    """

    verdict: Verdict
    version: int
    reason: str = ""
    changes: RequestInput | None = None


class ApprovalService:
    """Counts votes, which serialise on the request's row, and starts what an approval brings about.

    Args:
        context: store, policy and clock.
        methods: every access method.
        extensions: applies approved extensions.
    """

    def __init__(
        self,
        context: ServiceContext,
        *,
        methods: Mapping[Method, AccessMethod],
        extensions: ExtensionService,
    ) -> None:
        self._context = context
        self._methods = methods
        self._extensions = extensions

    async def decide(self, request: int, vote: Vote, *, person: str, key: str) -> RequestDetails:
        """Records a vote, and decides the request if the vote settles it.

        Args:
            request: the request's number.
            vote: what the approver wants.
            person: Slack id of the approver.
            key: identifies the click.

        Raises:
            Refused: the person may not decide, or there is nothing left to decide.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_vote(tx: Transaction) -> int | RequestDetails:
            details, member = await self._decidable(tx, request, person, vote.version)
            pending = details.request
            # A denial opens nothing, so the request of somebody who has left can still be denied.
            if vote.verdict is Verdict.APPROVE:
                await self._require_requester(tx, pending)
            doing = self._context.audit(person)
            if vote.changes is not None:
                pending = await self._change_terms(tx, pending, vote.changes, member)
                doing = replace(doing, details=_terms_changed(pending.terms))
            decided = await self._count(tx, replace(details, request=pending), vote, doing)
            # Only a plain grant is known in full here; what else an approval starts is read after the commit.
            return decided if pending.kind is Kind.OPEN and not pending.terms.enables_mtls else request

        return await self._context.once(key, person, record_vote)

    async def require_decidable(self, request: int, *, version: int, person: str) -> RequestDetails:
        """Returns a request that a person could decide now; records nothing.

        Raises:
            Refused: the person may not decide, or there is nothing left to decide.
        """
        async with self._context.transaction() as tx:
            return (await self._decidable(tx, request, person, version))[0]

    async def _decidable(
        self, tx: Transaction, id: int, person: str, version: int
    ) -> tuple[RequestDetails, Person]:
        """Locks the request; raises ``Refused`` unless this person can decide it now."""
        member = await self._context.member(tx, person)
        # Locked before anything is judged: of two decisions at once, the second sees the first.
        details = await tx.requests.lock_details(id)
        if details is None:
            raise Refused(Refusal.REQUEST_UNKNOWN, id=id)
        request, votes = details.request, details.decisions
        rule = self._context.rule_of(request)
        require_approver(rule, ids=member.ids, requester=request.requester, request=id)
        require_open(request, votes, version=version, now=self._context.now())
        require_first_vote(request, votes, person)
        return details, member

    async def _require_requester(self, tx: Transaction, request: Request) -> None:
        """Refuses to open access for a requester who is no longer a member."""
        requester = await tx.slack_users.find(request.requester)
        if requester is None:
            raise Refused(Refusal.PERSON_UNKNOWN, person=request.requester)
        try:
            require_member(requester)
        except Refused as refused:
            raise Refused(Refusal.REQUESTER_GONE, id=request.id) from refused

    async def _change_terms(
        self, tx: Transaction, request: Request, changes: RequestInput, member: Person
    ) -> Request:
        """Writes the narrower terms that an approver sets."""
        terms, until = request.terms, None
        method = self._methods[terms.method]
        if changes.until:
            until = parse_until(changes.until, now=self._context.now(), zone=timezone_of(member))
        changed = narrowed(
            terms,
            subject=method.parse_subject(changes.address) if changes.address else None,
            duration=parse_duration(changes.duration) if changes.duration else None,
            until=until,
            request=request.id,
        )
        # Unchanged terms keep their version, so the buttons that other approvers see go on working.
        return request if changed == terms else await tx.requests.change_terms(request, changed)

    async def _count(
        self, tx: Transaction, details: RequestDetails, vote: Vote, doing: AuditContext
    ) -> RequestDetails:
        """Counts a vote, and decides the request if the vote settles it; returns the details after it."""
        request = details.request
        decision = Decision(person=doing.actor, verdict=vote.verdict, reason=vote.reason, at=doing.at)
        await tx.requests.record_decision(request.id, decision)
        details = replace(details, decisions=(*details.decisions, decision))
        approved = approvals(details.decisions)
        # A denial decides however many have approved.
        if vote.verdict is Verdict.APPROVE and approved < request.needed:
            await tx.requests.note_approval(request, approved, doing=doing)
            await tx.outbox.refresh_cards(request.id)
            return details
        state = RequestState.DENIED if vote.verdict is Verdict.DENY else RequestState.APPROVED
        await tx.requests.decide(request, state, doing=doing)
        await tx.outbox.refresh_cards(request.id)
        key = f"decided:{request.id}"
        await tx.outbox.add(MessageKind.DECIDED, to=request.requester, key=key, request=request.id)
        # In UTC as the store returns it, since this is shown without being read again.
        decided = replace(request, state=state, decided_at=doing.at.astimezone(UTC))
        grant = None if state is RequestState.DENIED else await self._start(tx, request, doing)
        return replace(details, request=decided, grant=grant)

    async def _start(self, tx: Transaction, request: Request, doing: AuditContext) -> Grant | None:
        """Records what an approval brings about; the reconciler does it at Heroku.

        Returns:
            The grant that it opens.
        """
        grant, terms = None, request.terms
        match request.kind:
            case Kind.OPEN:
                begun = grants.begin(request, id=uuid4(), now=doing.at)
                grant = await self._methods[terms.method].open_grant(tx, request, begun, doing=doing)
            case Kind.EXTEND:
                await self._extensions.apply(tx, request, doing=doing)
                # An extension changes nothing at Heroku.
                return None
            case Kind.REMOVE:
                await _close_removed(tx, request, doing)
            case _:
                # In the same commit: no grant may be shown as in force while its endpoint is taken away.
                if request.kind in (Kind.CLOSE, Kind.DISABLE):
                    await _close_removed(tx, request, doing)
                operation = operations.begin(request, id=uuid4(), now=doing.at)
                operation = await self._methods[terms.method].prepare_operation(tx, operation)
                await tx.operations.start(operation, within=schedule.OPERATION_DEADLINE, doing=doing)
        # In the same commit, and after grants and operations, in the order in which the reconciler locks.
        await tx.reconcile_queue.bump_generation(terms.target, terms.method)
        return grant


async def _close_removed(tx: Transaction, request: Request, doing: AuditContext) -> None:
    """Closes every grant that what the request removes puts an end to."""
    terms = request.terms
    for grant in await tx.grants.running(terms.target, terms.method):
        if ends(terms.subject, grant.subject):
            await tx.grants.update(grant, grants.closing(grant, ReasonCode.REMOVED), doing=doing)
            await tx.outbox.refresh_cards(grant.request)


def _terms_changed(terms: Terms) -> dict[str, str]:
    """The terms as an approver changed them, for the audit line of the vote."""
    duration = "" if terms.duration is None else show_duration(terms.duration)
    until = "" if terms.until is None else terms.until.isoformat()
    return {"subject": str(terms.subject), "duration": duration, "until": until}
