"""What a person asks, and what became of it until it was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bot.domain.methods import Method
from bot.domain.target import Network
from bot.errors import Refusal, Refused


class RequestState(StrEnum):
    """Where a request stands; everything but ``pending`` is final."""

    PENDING = "pending"
    DENIED = "denied"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    APPROVED = "approved"


class Verdict(StrEnum):
    """What one approver said."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What is asked for, complete: this is what an approver approves.

    Exactly one of ``duration`` and ``until`` is set.
    """

    method: Method
    target: UUID
    network: Network
    duration: timedelta | None
    until: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A recorded wish.

    Attributes:
        id: the number people use: ``show 17``.
        requester: Slack id of who asked.
        version: of the terms; a button pressed on older terms decides nothing.
        asked_at: business time.
        decided_at: business time, once decided.
    """

    id: int
    terms: Terms
    requester: str
    state: RequestState
    version: int
    asked_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One approver's recorded vote."""

    person: str
    verdict: Verdict
    reason: str
    at: datetime


def require_open(request: Request, votes: Sequence[Decision], *, version: int, now: datetime) -> None:
    """Checks that a request can still be decided, on the terms that the approver saw.

    Raises:
        Refused: it was decided already, its terms changed, or the end it names has passed.
    """
    if request.state is not RequestState.PENDING:
        last = votes[-1] if votes else None
        raise Refused(
            Refusal.REQUEST_DECIDED,
            id=request.id,
            person=last.person if last else "",
            state=request.state,
            at=request.decided_at,
        )
    if request.version != version:
        raise Refused(Refusal.REQUEST_CHANGED, id=request.id)
    if request.terms.until is not None and request.terms.until <= now:
        raise Refused(Refusal.REQUEST_OVER, id=request.id)
