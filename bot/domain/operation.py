"""One-time operations: enabling a method, issuing a certificate, adopting an entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.method import Method
from bot.domain.request import Kind, Request
from bot.domain.schedule import may_be_postponed
from bot.domain.subject import Subject, Whole


class OperationState(StrEnum):
    """State of an operation; ``done`` and ``given_up`` are final."""

    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation that a recorded approval covers.

    Attributes:
        id: never shown to people; they see the request's number.
        kind: what to do.
        subject: what to do it to.
        owner: Slack id of the person it is done for.
        started_at: business time of the approval.
        overdue: whether its deadline, by Postgres' clock, has passed.
        closed_at: business time at which it was done, or failed.
        progress: state that the next reconcile run needs: ids, words, never a secret.
        reason_code: the reason of a failure.
        detail: Heroku's own message, if it rejected the change.
        check_at: business time at which the scheduler checks it, as it waits for a person; None for Heroku.
    """

    id: UUID
    request: int
    target: UUID
    method: Method
    kind: Kind
    subject: Subject
    owner: str
    state: OperationState
    started_at: datetime
    overdue: bool = False
    closed_at: datetime | None = None
    progress: Mapping[str, str] = field(default_factory=dict)
    reason_code: ReasonCode | None = None
    detail: str = ""
    check_at: datetime | None = None


def begin(request: Request, *, id: UUID, now: datetime) -> Operation:
    """Returns the operation that an approval starts."""
    terms = request.terms
    return Operation(
        id=id,
        request=request.id,
        target=terms.target,
        method=terms.method,
        kind=request.kind,
        subject=terms.subject,
        owner=request.requester,
        state=OperationState.DOING,
        started_at=now,
    )


def enabling_first(request: Request, *, id: UUID, now: datetime) -> Operation:
    """Returns the operation that enables mTLS before a grant, under the same approval."""
    return replace(begin(request, id=id, now=now), kind=Kind.ENABLE, subject=Whole())


def done(operation: Operation, *, now: datetime) -> Operation:
    """Returns the operation once an observation has verified it."""
    return replace(
        operation, state=OperationState.DONE, closed_at=now, reason_code=None, detail="", check_at=None
    )


def can_wait(operation: Operation, *, now: datetime) -> bool:
    """Whether an outage gives the operation more time; one that waits for a person has no deadline anyway."""
    return may_be_postponed(started=operation.started_at, now=now)


def failed(operation: Operation, reason_code: ReasonCode, *, now: datetime, detail: str = "") -> Operation:
    """Returns the operation that stays undone unless a person retries it."""
    return replace(
        operation,
        state=OperationState.FAILED,
        closed_at=now,
        reason_code=reason_code,
        detail=detail,
        check_at=None,
    )


def again(operation: Operation) -> Operation:
    """Returns the operation to be retried, under its existing approval."""
    # What the failed attempt noted, such as the time of its call, would be taken for the new one's.
    return replace(
        operation, state=OperationState.DOING, closed_at=None, reason_code=None, detail="", progress={}
    )


def given_up(operation: Operation, *, now: datetime) -> Operation:
    """Returns the operation that was abandoned."""
    return replace(operation, state=OperationState.GIVEN_UP, closed_at=now)


def noted(operation: Operation, **progress: str) -> Operation:
    """Returns the operation with more progress for the next reconcile run."""
    return replace(operation, progress={**operation.progress, **progress})
