"""What a person asks, and what became of it until it was decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bot.domain.method import Method
from bot.domain.person import UserId
from bot.domain.subject import Network, Subject, covers, network_of
from bot.errors import Refusal, Refused


class RequestState(StrEnum):
    """Where a request stands; everything but ``pending`` is final."""

    PENDING = "pending"
    DENIED = "denied"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    APPROVED = "approved"


class Kind(StrEnum):
    """What approving a request does.

    ``issue``, ``rotate`` and ``discard`` are about a client certificate, ``enable`` and ``disable`` about
    mTLS on a database, ``close`` about PrivateLink on one; ``adopt`` takes over a foreign entry, and
    ``approved_removals`` removes one.
    """

    OPEN = "open"
    EXTEND = "extend"
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
        """Whether it is a change that is over once it is made, and not access with an end."""
        return self not in (Kind.OPEN, Kind.EXTEND, Kind.REMOVE)


class Verdict(StrEnum):
    """What one approver said."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What is asked for, complete: this is what an approver approves.

    At most one of ``duration`` and ``until`` is set; without either there is no end.

    Attributes:
        target: Heroku's UUID of the database or space.
        subject: what is to be let in, or what is to be changed.
        enables: mTLS is to be enabled first, under the same decision.
    """

    method: Method
    target: UUID
    subject: Subject
    duration: timedelta | None
    until: datetime | None
    reason: str
    enables_mtls: bool = False

    @property
    def network(self) -> Network:
        """The network that is asked for; raises ``TypeError`` where it is something else."""
        return network_of(self.subject)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A recorded wish.

    Attributes:
        id: the number people use: ``show 17``.
        kind: what approving it does.
        grant: the grant that is to be extended.
        requester: Slack id of who asked.
        rule: the name of the policy's rule under which it was asked.
        needed: how many approvals decide it.
        version: of the terms; a button pressed on older terms decides nothing.
        asked_at: business time.
        decided_at: business time, once decided.
        expires_at: business time at which it lapses undecided.
        reminders: how often the approvers were reminded.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One approver's recorded vote."""

    person: str
    verdict: Verdict
    reason: str
    at: datetime


def deciding(state: RequestState, votes: Sequence[Decision]) -> Decision | None:
    """The vote that decided; None for what nobody decided.

    A denial is told by its verdict, not by its place: two machines' clocks may order votes otherwise.
    """
    match state:
        case RequestState.DENIED:
            return next(vote for vote in votes if vote.verdict is Verdict.DENY)
        case RequestState.APPROVED:
            return votes[-1]
    return None


def require_pending(request: Request, votes: Sequence[Decision]) -> None:
    """Refuses what is decided already, naming who did it, and what was taken back or lapsed."""
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
    """Checks that a request can still be decided, on the terms that the approver saw.

    Raises:
        Refused: it is not pending any more, its terms changed, or the end it names has passed.
    """
    require_pending(request, votes)
    if request.version != version:
        raise Refused(Refusal.REQUEST_CHANGED, id=request.id)
    over = request.terms.until is not None and request.terms.until <= now
    if over or request.expires_at <= now:
        raise Refused(Refusal.REQUEST_OVER, id=request.id)


def approvals(votes: Sequence[Decision]) -> int:
    """How many approvers have agreed."""
    return sum(vote.verdict is Verdict.APPROVE for vote in votes)


def require_first_vote(request: Request, votes: Sequence[Decision], person: str) -> None:
    """Refuses a second vote: each approver counts once."""
    if any(vote.person == person for vote in votes):
        raise Refused(Refusal.ALREADY_VOTED, id=request.id)


def narrowed(
    terms: Terms, *, subject: Subject | None, duration: timedelta | None, until: datetime | None, request: int
) -> Terms:
    """The terms as an approver changes them: shorter or narrower, never wider.

    Args:
        terms: as they were asked.
        subject: the same, or a part of it; None keeps what was asked.
        duration: None keeps what was asked.
        until: None keeps what was asked.
        request: its number, for the sentence.

    Raises:
        Refused: the change would allow more than was asked.
    """
    wider = subject is not None and not covers(terms.subject, subject)
    longer = (duration is not None and terms.duration is not None and duration > terms.duration) or (
        until is not None and terms.until is not None and until > terms.until
    )
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
