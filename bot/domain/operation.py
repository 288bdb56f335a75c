"""What is done once and then over: enabling a method, making a certificate, taking over an entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.domain.grant import Why
from bot.domain.method import Method
from bot.domain.request import Kind, Request
from bot.domain.subject import Subject, Whole


class OperationState(StrEnum):
    """Where a change stands; ``done`` and ``given_up`` are final."""

    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A change that a recorded approval covers.

    Attributes:
        id: never shown to people; the request's number is.
        kind: what is to be done.
        subject: to what.
        owner: Slack id of whom it is done for.
        started_at: business time of the approval.
        overdue: its deadline, by Postgres' clock, has passed.
        closed_at: business time at which it was done, or failed.
        progress: what the keeper has to know in its next pass: ids, words, never a secret.
        why: the reason of a failure.
        detail: Heroku's own words, where it refused.
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
    why: Why | None = None
    detail: str = ""
    check_at: datetime | None = None


def begin(request: Request, *, id: UUID, now: datetime) -> Operation:
    """The change that an approval brings about."""
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
    """The step before a grant: mTLS is enabled under the same approval."""
    return replace(begin(request, id=id, now=now), kind=Kind.ENABLE, subject=Whole())


def done(operation: Operation, *, now: datetime) -> Operation:
    """The change once a look has proven it."""
    return replace(operation, state=OperationState.DONE, closed_at=now, why=None, detail="", check_at=None)


def failed(operation: Operation, why: Why, *, now: datetime, detail: str = "") -> Operation:
    """The change that will not be made unless somebody presses Retry."""
    return replace(
        operation, state=OperationState.FAILED, closed_at=now, why=why, detail=detail, check_at=None
    )


def again(operation: Operation) -> Operation:
    """The change that is to be tried once more, under the decision that it has."""
    return replace(operation, state=OperationState.DOING, closed_at=None, why=None, detail="", progress={})


def given_up(operation: Operation, *, now: datetime) -> Operation:
    """The change that nobody will try again."""
    return replace(operation, state=OperationState.GIVEN_UP, closed_at=now)


def noted(operation: Operation, **progress: str) -> Operation:
    """The change with more to know in the next pass."""
    return replace(operation, progress={**operation.progress, **progress})
