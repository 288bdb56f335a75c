"""Closings: what a person ended with one command or click, and waits to hear of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.operation import Operation, OperationState

LATE_AFTER: Final = timedelta(minutes=2)
"""How long whoever ended something waits until they are told that it takes longer: a removal usually shows
within seconds, and is requested again after a minute."""


class PartState(StrEnum):
    """Where a part of a closing stands; only ``closed`` means that its end was read back."""

    OPEN = "open"
    FAILED = "failed"
    ABANDONED = "abandoned"
    CLOSED = "closed"


def part_state(grant: Grant | None, operation: Operation | None) -> PartState:
    """Returns where a request's grant, or its operation without a grant, stands as a part of a closing."""
    if grant is not None:
        return PartState.CLOSED if grant.state in _CLOSED else PartState.OPEN
    if operation is None or operation.state is OperationState.DONE:
        return PartState.CLOSED
    if operation.state is OperationState.FAILED and operation.reason_code is ReasonCode.TARGET_GONE:
        # With a target, everything that it allowed is gone.
        return PartState.CLOSED
    return _OF_OPERATION[operation.state]


_CLOSED: Final = (GrantState.ENDED, GrantState.FAILED)
_OF_OPERATION: Final = {
    OperationState.DOING: PartState.OPEN,
    OperationState.FAILED: PartState.FAILED,
    OperationState.GIVEN_UP: PartState.ABANDONED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosingPart:
    """One grant, or one operation, that a closing consists of.

    Attributes:
        request: the number of its request.
        owner: Slack id of the person who is told of its end in any case.
        is_open: it is under way: its end was not read back yet.
        is_failed: it has failed, and is not closed unless somebody retries it.
        is_grant: it is a grant, and not an operation.
    """

    request: int
    owner: str
    is_open: bool
    is_failed: bool
    is_grant: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What a person ended, until all of it is closed.

    Attributes:
        person: Slack id.
        begun_at: business time.
        late_at: business time at which the person is told that it takes longer; None once they were told.
    """

    id: int
    person: str
    begun_at: datetime
    late_at: datetime | None
    parts: tuple[ClosingPart, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way or could be retried: every part is closed, or was abandoned."""
        return not any(part.is_open or part.is_failed for part in self.parts)

    @property
    def untold(self) -> tuple[int, ...]:
        """Requests of which the person does not hear otherwise, as the owner does."""
        return tuple(part.request for part in self.parts if part.owner != self.person and part.is_grant)

    @property
    def open(self) -> tuple[int, ...]:
        """Requests of the parts whose end was not read back yet."""
        return tuple(part.request for part in self.parts if part.is_open)

    def is_late(self, now: datetime) -> bool:
        """Whether the person is to be told now that it takes longer."""
        # Of a failure they have heard already.
        return self.late_at is not None and self.late_at <= now and bool(self.open)
