"""Decisions on requests: one denial decides, each approver counts once, and requesters never decide."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import uuid4

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.grant import Grant, ReasonCode
from bot.domain.method import Method
from bot.domain.person import Person
from bot.domain.policy.approval import missing_approvals, require_known_approver
from bot.domain.policy.rules import Rule
from bot.domain.request import (
    Decision,
    Kind,
    Request,
    RequestState,
    Verdict,
    narrowed,
    require_first_vote,
    require_open,
    require_pending,
    write_terms,
)
from bot.domain.subject import ends
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, RequestDetails, Transaction
from bot.services.access_method import AccessMethod
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.extensions import ExtensionService
from bot.services.grants import apply_again
from bot.services.judgement import TRANSIENT, approvers_today, judge, with_fallback
from bot.services.reports.notes import needs_note, note_of
from bot.services.request_input import RequestInput, typed_duration, typed_end
from bot.services.withdrawals import shown_on, withdraw


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One approver's vote.

    Attributes:
        verdict: approve or deny.
        version: the version of the terms that the approver saw.
        reason: why the request is denied, or changed.
        changes: shorter or narrower terms that the approver sets; None leaves the terms as they are.
    """

    verdict: Verdict
    version: int
    reason: str = ""
    changes: RequestInput | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decidable:
    """A locked request that a person may decide at this moment.

    Attributes:
        details: the request.
        member: who is about to decide.
        rule: that allows the request now, whatever allowed it when it was made.
        voters: those who have approved before and may still approve, by their Slack id.
    """

    details: RequestDetails
    member: Person
    rule: Rule
    voters: Mapping[str, Person]


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawable:
    """A locked request that can no longer be granted, and why."""

    details: RequestDetails
    refused: Refused


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
            decidable = await self._decidable(tx, request, person, vote.version)
            pending = decidable.details.request
            if isinstance(decidable, Withdrawable):
                return await withdraw(
                    tx, decidable.details, decidable.refused, doing=self._context.audit(BOT)
                )
            doing = self._context.audit(person)
            said = {"because": vote.reason} if vote.reason else {}
            if vote.changes is not None:
                pending = await self._change_terms(tx, pending, vote.changes, decidable.member)
                said |= write_terms(pending.terms)
            doing = replace(doing, details=said)
            decided = await self._count(
                tx, replace(decidable, details=replace(decidable.details, request=pending)), vote, doing
            )
            # Only a plain grant is known in full here; what else an approval starts is read after the commit.
            return decided if pending.kind is Kind.OPEN and not pending.terms.enables_mtls else request

        return await self._context.once(key, person, record_vote)

    async def require_decidable(self, request: int, *, version: int, person: str) -> RequestDetails:
        """Returns a request that a person could decide now.

        One that the policy of today refuses is withdrawn instead.

        Raises:
            Refused: the person may not decide, or there is nothing left to decide.
        """
        async with self._context.transaction() as tx:
            decidable = await self._decidable(tx, request, person, version)
            if isinstance(decidable, Withdrawable):
                await withdraw(tx, decidable.details, decidable.refused, doing=self._context.audit(BOT))
                await tx.commit()
                raise Refused(Refusal.REQUEST_WITHDRAWN, id=request)
            return decidable.details

    async def vote_for(
        self, tx: Transaction, details: RequestDetails, rule: Rule, member: Person
    ) -> RequestDetails:
        """Counts the approval of somebody who asks for what they may approve, on behalf of its owner.

        Args:
            tx: that has just recorded the request.
            details: the request.
            rule: that allows it.
            member: an approver, not the requester.
        """
        decidable = Decidable(details=details, member=member, rule=rule, voters={})
        vote = Vote(verdict=Verdict.APPROVE, version=details.request.version)
        return await self._count(tx, decidable, vote, self._context.audit(member.id))

    async def _decidable(
        self, tx: Transaction, id: int, person: str, version: int
    ) -> "Decidable | Withdrawable":
        """Locks the request and judges it again; raises ``Refused`` unless this person can decide it now."""
        member = await self._context.member(tx, person)
        details = await tx.requests.lock_details(id)
        if details is None:
            raise Refused(Refusal.REQUEST_UNKNOWN, id=id)
        request, votes = details.request, details.decisions
        rule: Rule | None = None
        refused: Refused | None = None
        if request.state is RequestState.PENDING:
            try:
                rule = await judge(tx, self._context.policy, details, now=self._context.now())
            except Refused as caught:
                if caught.reason in TRANSIENT:
                    raise
                refused = caught
        if rule is None:
            # Decided, or not to be granted any more: those who approve such access learn what became of it.
            if not request.parties.isdisjoint(member.ids):
                raise Refused(Refusal.APPROVER_SELF, id=id)
            if not await approves(self._context, tx, details, member):
                raise Refused(Refusal.APPROVER_NOT, id=id)
            require_pending(request, votes)
            if refused is None:
                raise ValueError(f"request {id} is open and was not judged")
            return Withdrawable(details=details, refused=refused)
        rule, _ = await with_fallback(
            tx, self._context.policy, rule, requester=request.requester, asker=request.asker
        )
        require_known_approver(rule, member, parties=request.parties, request=id)
        require_open(request, votes, version=version, now=self._context.now())
        require_first_vote(request, votes, person)
        agreed = [vote.person for vote in votes if vote.verdict is Verdict.APPROVE]
        voters = await approvers_today(tx, self._context.policy, rule, agreed)
        return Decidable(details=details, member=member, rule=rule, voters=voters)

    async def _change_terms(
        self, tx: Transaction, request: Request, changes: RequestInput, member: Person
    ) -> Request:
        """Writes the narrower terms that an approver sets."""
        terms, until, now = request.terms, None, self._context.now()
        method = self._methods[terms.method]
        if changes.until:
            until = typed_end(changes.until, member, now=now)
        changed = narrowed(
            terms,
            subject=method.parse_subject(changes.address) if changes.address else None,
            duration=typed_duration(changes.duration, member, now=now) if changes.duration else None,
            until=until,
            request=request.id,
        )
        # Unchanged terms keep their version, so the buttons that other approvers see go on working.
        return request if changed == terms else await tx.requests.change_terms(request, changed)

    async def _count(
        self, tx: Transaction, decidable: "Decidable", vote: Vote, doing: AuditContext
    ) -> RequestDetails:
        """Counts a vote, and decides the request if the vote settles it; returns the details after it."""
        details, rule = decidable.details, decidable.rule
        request = details.request
        decision = Decision(person=doing.actor, verdict=vote.verdict, reason=vote.reason, at=doing.at)
        await tx.requests.record_decision(request.id, decision)
        votes = [replace(each, counts=_counts(each, decidable.voters)) for each in details.decisions]
        await tx.requests.recount(request.id, [each for each in votes if each not in details.decisions])
        details = replace(details, decisions=(*votes, decision))
        counted = [person.ids for person in (*decidable.voters.values(), decidable.member)]
        missing = missing_approvals(rule, counted)
        # The policy may have come to ask for more than the card has said; it never asks for less than that.
        missing = max(missing, request.needed - len(counted))
        # A denial decides however many have approved.
        if vote.verdict is Verdict.APPROVE and missing > 0:
            needed = len(counted) + missing
            if (needed, rule.name) != (request.needed, request.rule):
                request = await tx.requests.rejudge(request, rule=rule.name, needed=needed)
            await tx.requests.note_approval(request, len(counted), doing=doing)
            await tx.outbox.refresh_cards(shown_on(details))
            return replace(details, request=request)
        if rule.name != request.rule:
            # Whoever decided it under today's rule may revoke it, and not whom an older rule named.
            request = await tx.requests.rejudge(request, rule=rule.name, needed=request.needed)
        state = RequestState.DENIED if vote.verdict is Verdict.DENY else RequestState.APPROVED
        await tx.requests.decide(request, state, doing=doing)
        await tx.outbox.refresh_cards(shown_on(details))
        key = f"decided:{request.id}"
        await tx.outbox.add(MessageKind.DECIDED, to=request.requester, key=key, request=request.id)
        # Of an approval the card of who asked tells; what follows is told to the owner alone.
        if request.asker and state is RequestState.DENIED:
            await tx.outbox.add(MessageKind.DECIDED, to=request.asker, key=f"{key}:asker", request=request.id)
        # In UTC as the store returns it, since this is shown without being read again.
        decided = replace(request, state=state, decided_at=doing.at.astimezone(UTC))
        grant = None if state is RequestState.DENIED else await self._start(tx, details, rule, doing)
        return replace(details, request=decided, grant=grant)

    async def _start(
        self, tx: Transaction, details: RequestDetails, rule: Rule, doing: AuditContext
    ) -> Grant | None:
        """Records what an approval brings about; the reconciler does it at Heroku.

        Returns:
            The grant that it opens.
        """
        request = details.request
        grant, terms = None, request.terms
        match request.kind:
            case Kind.OPEN:
                begun = grants.begin(request, id=uuid4(), now=doing.at)
                grant = await self._methods[terms.method].open_grant(tx, request, begun, doing=doing)
                # Before anything is opened. What waits for Heroku's support is noted once it is answered.
                if needs_note(grant) and grant.state is grants.GrantState.APPLYING:
                    await tx.outbox.add_all([note_of(grant, self._context.policy, at=doing.at)])
            case Kind.EXTEND:
                await self._extensions.apply(tx, request, rule, doing=doing)
                # An extension changes nothing at Heroku.
                return None
            case Kind.REOPEN:
                await apply_again(self._context, tx, details, doing=doing)
            case Kind.REMOVE:
                await _close_removed(tx, request, doing)
            case _:
                # In the same commit: no grant may be shown as in force while its endpoint is taken away.
                if request.kind in (Kind.CLOSE, Kind.DISABLE):
                    await _close_removed(tx, request, doing)
                operation = operations.begin(request, id=uuid4(), now=doing.at)
                operation = await self._methods[terms.method].prepare_operation(tx, operation)
                await tx.operations.start(operation, within=schedule.OPERATION_DEADLINE, doing=doing)
                if request.kind in (Kind.DISCARD, Kind.REMOVE_UNMANAGED):
                    await tx.closings.begin(operation.owner, at=doing.at, operations=[operation.id])
        # In the same commit, and after grants and operations, in the order in which the reconciler locks.
        await tx.reconcile_queue.bump_generation(terms.target, terms.method)
        return grant


def _counts(vote: Decision, voters: Mapping[str, Person]) -> bool:
    """Whether a vote counts now; a denial has decided already and always does."""
    return vote.verdict is Verdict.DENY or vote.person in voters


async def _close_removed(tx: Transaction, request: Request, doing: AuditContext) -> None:
    """Closes every grant that what the request removes puts an end to."""
    terms = request.terms
    running = await tx.grants.running(terms.target, terms.method)
    closed = [grant for grant in running if ends(terms.subject, grant.subject)]
    for grant in closed:
        await tx.grants.update(grant, grants.closing(grant, ReasonCode.REMOVED), doing=doing)
        await tx.outbox.refresh_cards(grant.request)
    if request.kind is Kind.REMOVE:
        # What ends with a method as a whole is told of with the operation that takes it away.
        await tx.closings.begin(request.requester, at=doing.at, grants=[grant.id for grant in closed])
