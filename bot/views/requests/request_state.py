"""Where a request stands, in one line that every message takes from here."""

from typing import Final

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.operation import Operation, OperationState
from bot.domain.policy.rules import Policy
from bot.domain.reports.trouble import Hold, Trouble
from bot.domain.request import Decision, Kind, Request, RequestState, Verdict, deciding
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import RequestDetails
from bot.views.mtls import rotation
from bot.views.requests.deciders import deciding_people
from bot.views.text import first_key, one_line

DETAIL_SHOWN: Final = 200
"""Characters of an error message of Heroku's."""


def state_line(details: RequestDetails, *, t: Translator, policy: Policy) -> Mrkdwn:
    """Where the request stands. Every message takes this line from here, so that none contradicts another."""
    request = details.request
    match request.state:
        case RequestState.PENDING:
            return _pending_line(details, t, policy)
        case RequestState.DENIED:
            decision = decisive(details)
            key = "state.denied.why" if decision.reason else "state.denied"
            reason = cut(one_line(decision.reason), DETAIL_SHOWN)
            return t(key, id=request.id, person=mention(decision.person), at=decision.at, reason=reason)
        case RequestState.APPROVED if details.reopening is not None:
            return _reopening_line(details, details.reopening, t, policy)
        case RequestState.APPROVED:
            return _approved_line(details, t)
        case RequestState.WITHDRAWN:
            return t("state.withdrawn", id=request.id, at=request.decided_at, why=why_withdrawn(details, t))
    return t(f"state.{request.state}", id=request.id, at=request.decided_at)


def why_withdrawn(details: RequestDetails, t: Translator) -> Mrkdwn:
    """Why a request was withdrawn, as part of a sentence."""
    withdrawn = details.request.withdrawn
    if withdrawn is None:
        return t("withdrawn.other")
    return t(first_key(t, f"withdrawn.{withdrawn.reason}", "withdrawn.other"), **withdrawn.values)


def why(grant: Grant | Operation, t: Translator) -> Mrkdwn:
    """The reason of a state; where Heroku rejected something, with its error message."""
    if grant.reason_code is ReasonCode.REFUSED and grant.detail:
        # The sentence that this becomes part of has a full stop of its own.
        return t("why.refused.detail", detail=cut(grant.detail.rstrip(".。 "), DETAIL_SHOWN))
    key = f"why.{grant.reason_code or ReasonCode.EXPIRED}"
    return t(
        first_key(t, f"{key}.{grant.method}", f"{key}.change" if isinstance(grant, Operation) else key, key)
    )


def ends(grant: Grant, t: Translator) -> Mrkdwn:
    """When a grant ends, in a sentence: a date, or that it has no end."""
    return t("ends.never") if grant.ends_at is None else t("ends.at", at=grant.ends_at)


def held(hold: Hold, t: Translator) -> dict[str, object]:
    """What keeps it from going on, since when, and whether it goes on by itself: parts of a sentence."""
    then = t(_THEN.get(hold.trouble, "trouble.then"))
    return {"why": t(f"trouble.{hold.trouble}"), "since": hold.since, "then": then}


_THEN: Final = {
    Trouble.DENIED: "trouble.then.denied",
    Trouble.REJECTED: "trouble.then.rejected",
    Trouble.UNEXPECTED: "trouble.then.unexpected",
}
"""Trouble that somebody has to end, and who."""


def _pending_line(details: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    return _with_direct(_votes_line(details, t, policy), details.request, t, policy)


def _with_direct(line: Mrkdwn, request: Request, t: Translator, policy: Policy) -> Mrkdwn:
    """The line, with who was asked directly for want of the approvals channel."""
    if not request.told_directly:
        return line
    channel, people = Mrkdwn(policy.approvals_channel), t.people(request.told_directly)
    return t("state.pending.direct", line=line, channel=channel, people=people)


def _votes_line(details: RequestDetails, t: Translator, policy: Policy) -> Mrkdwn:
    request = details.request
    deciders = deciding_people(policy, request, t)
    agreed = [each.person for each in details.decisions if each.verdict is Verdict.APPROVE and each.counts]
    if not agreed:
        return t("state.pending", id=request.id, approvers=deciders)
    people = t.people(agreed)
    return t(
        "state.pending.votes",
        id=request.id,
        approvers=deciders,
        votes=len(agreed),
        needed=request.needed,
        people=people,
    )


def _reopening_line(details: RequestDetails, reopening: Request, t: Translator, policy: Policy) -> Mrkdwn:
    """Somebody closed it, and the decision to open it again is due."""
    grant = details.grant
    line = t(
        "state.reopening",
        id=details.request.id,
        why="" if grant is None else why(grant, t),
        requester=mention(reopening.requester),
        needed=reopening.needed,
        approvers=deciding_people(policy, reopening, t),
    )
    return _with_direct(line, reopening, t, policy)


def _approved_line(details: RequestDetails, t: Translator) -> Mrkdwn:
    request, grant, decision = details.request, details.grant, decisive(details)
    # An operation with a grant is that grant's first step: the grant's line tells of it.
    if details.operation is not None and grant is None:
        return _operation_line(details, details.operation, t)
    # An approved removal ends the grants of other requests, and has none of its own.
    if request.kind is Kind.REMOVE or grant is None:
        return t("state.removal", id=request.id, person=mention(decision.person), at=decision.at)
    if request.kind is Kind.REOPEN:
        person = mention(decision.person)
        return t("state.reopened", id=request.id, person=person, at=decision.at, grant=grant.request)
    if request.kind is Kind.EXTEND:
        end = ends(grant, t)
        return t(
            "state.extended",
            id=request.id,
            person=mention(decision.person),
            at=decision.at,
            grant=grant.request,
            ends=end,
        )
    return _grant_line(details, grant, t)


def _operation_line(details: RequestDetails, operation: Operation, t: Translator) -> Mrkdwn:
    if operation.state is OperationState.FAILED:
        return t("state.not_done", id=details.request.id, why=why(operation, t))
    person = mention(decisive(details).person)
    # An operation that waits for a person is not held up by Heroku.
    if operation.state is OperationState.DOING and operation.check_at is None and details.hold is not None:
        return _held("state.held", details, details.hold, t)
    progress = rotation.under_way(operation)
    if progress is not None:
        return rotation.state_line(details, operation, progress, t, person=person)
    return t(
        first_key(t, f"state.{operation.state}.{operation.kind}", f"state.{operation.state}"),
        id=details.request.id,
        person=person,
        since=operation.started_at,
        at=operation.closed_at,
    )


def _grant_line(details: RequestDetails, grant: Grant, t: Translator) -> Mrkdwn:
    id, state = details.request.id, grant.state
    decision = decisive(details)
    match state:
        case GrantState.APPLYING if details.hold is not None:
            return _held("state.held", details, details.hold, t)
        case GrantState.ENDING if details.hold is not None:
            return _held("state.ending.held", details, details.hold, t)
        # While mTLS is being enabled first, the grant waits for that operation.
        case GrantState.APPLYING if (
            details.operation is not None and details.operation.state is OperationState.DOING
        ):
            since = details.operation.started_at
            return t("state.enabling", id=id, person=mention(decision.person), since=since)
        case GrantState.WAITING:
            return t("state.waiting", id=id, person=mention(decision.person), at=decision.at)
        case GrantState.APPLYING:
            key = first_key(t, f"state.applying.{grant.method}", "state.applying")
            return t(key, id=id, person=mention(decision.person), at=decision.at)
        case GrantState.IN_FORCE:
            end = ends(grant, t)
            return t(
                "state.in_force", id=id, since=grant.verified_at, ends=end, person=mention(decision.person)
            )
        case GrantState.ENDING:
            return t("state.ending", id=id)
    return t(f"state.{state}", id=id, at=grant.closed_at, why=why(grant, t))


def _held(key: str, details: RequestDetails, hold: Hold, t: Translator) -> Mrkdwn:
    """Why it does not go on, and since when."""
    return t(key, id=details.request.id, person=mention(decisive(details).person), **held(hold, t))


def decisive(details: RequestDetails) -> Decision:
    """The decision that settled a request; a request that is decided has one."""
    return deciding(details.request.state, details.decisions) or details.decisions[-1]
