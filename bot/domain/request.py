"""Requests and their decisions, until they are approved, denied, cancelled or lapsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bot.domain.duration import parse_duration, show_duration
from bot.domain.method import Method
from bot.domain.person import UserId
from bot.domain.subject import Network, Subject, covers, networks_of, read_subject, write_subject
from bot.errors import Refusal, Refused


class RequestState(StrEnum):
    """State of a request; every state but ``pending`` is final."""

    PENDING = "pending"
    DENIED = "denied"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"


class Kind(StrEnum):
    """What approving a request does.

    ``reopen`` opens a grant again that somebody closed at Heroku, or that failed for another than a
    technical reason. ``issue``, ``rotate`` and ``discard`` concern a client certificate, ``enable`` and
    ``disable`` mTLS on a database, ``close`` PrivateLink on one. ``adopt`` adopts an unmanaged entry, and
    ``remove_unmanaged`` removes one.
    """

    OPEN = "open"
    EXTEND = "extend"
    REOPEN = "reopen"
    REMOVE = "remove"
    ENABLE = "enable"
    DISABLE = "disable"
    ISSUE = "issue"
    ROTATE = "rotate"
    DISCARD = "discard"
    CLOSE = "close"
    ADOPT = "adopt"
    REMOVE_UNMANAGED = "remove_unmanaged"

    @property
    def happens_once(self) -> bool:
        """Whether it is a one-time operation, and not access with an end."""
        return self not in (Kind.OPEN, Kind.EXTEND, Kind.REOPEN, Kind.REMOVE)


class Verdict(StrEnum):
    """An approver's verdict."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The complete terms of a request: what an approver approves.

    At most one of ``duration`` and ``until`` is set; without either there is no end.

    Attributes:
        target: Heroku's UUID of the database or space.
        subject: what to allow, or what to change.
        enables_mtls: whether mTLS is enabled first, under the same decision.
        alternatives: why neither mTLS nor PrivateLink will do, as the requester says; for trusted ranges.
        ticket: that it names, where the policy asks for one.
    """

    method: Method
    target: UUID
    subject: Subject
    duration: timedelta | None
    until: datetime | None
    reason: str
    enables_mtls: bool = False
    alternatives: str = ""
    ticket: str = ""

    def is_over(self, now: datetime) -> bool:
        """Whether the end has passed: then there is nothing left to grant."""
        return self.until is not None and self.until <= now

    @property
    def networks(self) -> tuple[Network, ...]:
        """The requested networks; raises ``TypeError`` for any other subject."""
        return networks_of(self.subject)


def write_terms(terms: Terms) -> dict[str, str]:
    """Returns what a person may get, as texts: for audit lines, and for terms that an approver narrows."""
    return {
        "subject": write_subject(terms.subject),
        "duration": "" if terms.duration is None else show_duration(terms.duration),
        "until": "" if terms.until is None else terms.until.isoformat(),
    }


def read_terms(terms: Terms, written: Mapping[str, str]) -> Terms:
    """Returns terms with what ``write_terms`` has written in place of their own."""
    duration, until = written["duration"], written["until"]
    return replace(
        terms,
        subject=read_subject(written["subject"]),
        duration=parse_duration(duration) if duration else None,
        until=datetime.fromisoformat(until) if until else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """Why nobody can grant a request any more.

    Attributes:
        reason: selects the sentence.
        values: of its placeholders, as text.
    """

    reason: Refusal
    values: Mapping[str, str]

    @classmethod
    def of(cls, refused: Refused) -> "Withdrawal":
        """What a refusal says, as it is kept."""
        return cls(reason=refused.reason, values={key: _text(value) for key, value in refused.params.items()})


def _text(value: object) -> str:
    return show_duration(value) if isinstance(value, timedelta) else str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A recorded request.

    Attributes:
        id: the number people use: ``show 17``.
        kind: what approving it does.
        grant: the grant to extend.
        requester: Slack id of the requester.
        rule: name of the policy rule that allowed the request.
        needed: number of approvals required.
        version: of the terms; a button for older terms decides nothing.
        asked_at: business time.
        decided_at: business time, once decided.
        expires_at: business time at which it is over undecided: it lapses, or is withdrawn at its own end.
        reminders: number of reminders sent to the approvers.
        withdrawn: why it was withdrawn.
        by_admins: nobody else could approve it, so the admins decide as well.
        undecidable_at: business time since which not enough people can approve it.
        narrowed_from: the terms that were asked for, where an approver has narrowed them.
        told_directly: Slack ids of approvers who have its card as a direct message, for want of the channel.
        nonce: random; in its buttons it tells the request from another that had its number in a store that
            was lost, or restored since. Empty for requests from before nonces.
        asker: Slack id of who asked for the requester; empty where they asked themselves. Neither approves.
    """

    id: int
    kind: Kind
    terms: Terms
    grant: UUID | None
    requester: str
    rule: str
    needed: int
    state: RequestState
    version: int
    asked_at: datetime
    decided_at: datetime | None
    expires_at: datetime
    reminders: int
    withdrawn: Withdrawal | None = None
    by_admins: bool = False
    undecidable_at: datetime | None = None
    narrowed_from: Terms | None = None
    told_directly: tuple[str, ...] = ()
    nonce: str = ""
    asker: str = ""

    @property
    def parties(self) -> frozenset[str]:
        """Slack ids of whom it is for and who asked for it."""
        return frozenset(filter(None, (self.requester, self.asker)))

    def without_reasons(self) -> "Request":
        """Returns the same without what people wrote to say why."""
        before, withdrawn = self.narrowed_from, self.withdrawn
        if withdrawn is not None and "because" in withdrawn.values:
            withdrawn = replace(withdrawn, values={**withdrawn.values, "because": "–"})
        return replace(
            self,
            terms=replace(self.terms, reason="", alternatives=""),
            narrowed_from=None if before is None else replace(before, reason="", alternatives=""),
            withdrawn=withdrawn,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One approver's recorded decision.

    Attributes:
        counts: whether the person may approve, as of the last time that votes were counted.
    """

    person: str
    verdict: Verdict
    reason: str
    at: datetime
    counts: bool = True


def deciding(state: RequestState, votes: Sequence[Decision]) -> Decision | None:
    """Returns the decision that settled the request; None if none did.

    A denial is found by its verdict, not by its position: two machines' clocks may order decisions otherwise.
    """
    match state:
        case RequestState.DENIED:
            return next(vote for vote in votes if vote.verdict is Verdict.DENY)
        case RequestState.APPROVED:
            return votes[-1]
    return None


def require_nonce(request: int, nonce: str | None, *, shown: str) -> None:
    """Refuses a press on a button of another request that had the same number in an earlier store.

    Args:
        request: the number.
        nonce: of the request that has it now; empty for one from before nonces, None if there is none.
        shown: the nonce that the button carries, or nothing.
    """
    # A request from before nonces has buttons without one; a number that was never given is told elsewhere.
    if (nonce or "") != shown:
        raise Refused(Refusal.REQUEST_OF_ANOTHER_STORE, id=request)


def require_pending(request: Request, votes: Sequence[Decision]) -> None:
    """Refuses a request that was decided, naming who decided, or that was withdrawn or lapsed."""
    if request.state is RequestState.PENDING:
        return
    vote = deciding(request.state, votes)
    if vote is None:
        raise Refused(Refusal.REQUEST_CLOSED, id=request.id, at=request.decided_at)
    raise Refused(
        Refusal.REQUEST_DECIDED,
        id=request.id,
        person=UserId(vote.person),
        state=request.state,
        at=request.decided_at,
    )


def require_open(request: Request, votes: Sequence[Decision], *, version: int, now: datetime) -> None:
    """Requires a request that can still be decided, on the terms that the approver saw.

    Raises:
        Refused: it is no longer pending, its terms changed, or its end has passed.
    """
    require_pending(request, votes)
    if request.version != version:
        raise Refused(Refusal.REQUEST_CHANGED, id=request.id)
    if request.terms.is_over(now) or request.expires_at <= now:
        raise Refused(Refusal.REQUEST_OVER, id=request.id)


def require_first_vote(request: Request, votes: Sequence[Decision], person: str) -> None:
    """Refuses a second decision by the same approver: each counts once."""
    if any(vote.person == person for vote in votes):
        raise Refused(Refusal.ALREADY_VOTED, id=request.id)


def narrowed(
    terms: Terms, *, subject: Subject | None, duration: timedelta | None, until: datetime | None, request: int
) -> Terms:
    """Returns the terms as changed by an approver: shorter or narrower, never wider.

    Args:
        terms: as requested.
        subject: the same, or a part of it; None keeps it.
        duration: None keeps it.
        until: None keeps it.
        request: its number, for the error.

    Raises:
        Refused: the change would allow more than was requested.
    """
    wider = subject is not None and not covers(terms.subject, subject)
    # Where no end was requested, any end is narrower.
    longer = (duration is not None and terms.duration is not None and duration > terms.duration) or (
        until is not None and terms.until is not None and until > terms.until
    )
    # A duration begins with the read-back, which is still to come: it cannot be compared with an end.
    mixed = (duration is not None and terms.until is not None) or (
        until is not None and terms.duration is not None
    )
    if wider or longer or mixed:
        raise Refused(Refusal.TERMS_WIDER, id=request)
    if duration is None and until is None:
        duration, until = terms.duration, terms.until
    return replace(
        terms, subject=terms.subject if subject is None else subject, duration=duration, until=until
    )
