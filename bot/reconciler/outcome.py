"""What applying a plan has brought beyond the plan itself, whichever the method."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.operation import Operation
from bot.domain.owned_entry import Transition, failed
from bot.errors import HerokuError, HerokuRateLimitedError, HerokuUnauthorizedError

STOPPING: Final = (HerokuRateLimitedError, HerokuUnauthorizedError)
"""After these no further call is worth making: the rate limit is used up, or the token is rejected."""


@dataclass(frozen=True, slots=True)
class OperationResult:
    """How a one-time operation has ended.

    Attributes:
        failure: why it failed; None where an observation has proven it done.
        detail: Heroku's own words, where it rejected the operation.
    """

    failure: ReasonCode | None = None
    detail: str = ""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What the calls of one reconcile run have brought; the recorder writes it down.

    Attributes:
        grants: grants that will not be opened: rejected by Heroku, or their owner is no member any more.
        operations: results of one-time operations, by their id.
        changed: something was written, so the next observation comes soon.
        waiting: an operation waits for Heroku, so the next observation comes soon.
        stopped: nothing more is opened in this run.
        delay: how long the next write has to wait; the next run comes exactly then.
        within: the longest until the next run, where something besides the plan is awaited.
        error: what went wrong last with a call; the rest of the plan was applied as far as it goes.
    """

    grants: dict[UUID, Transition] = field(default_factory=dict)
    operations: dict[UUID, OperationResult] = field(default_factory=dict)
    changed: bool = False
    waiting: bool = False
    stopped: bool = False
    delay: timedelta | None = None
    within: timedelta | None = None
    error: HerokuError | None = None

    def fail_grants(self, grants: Iterable[UUID], reason: ReasonCode, detail: str = "") -> None:
        """Notes that grants will not be opened; the first reason noted of a grant stays."""
        for grant in grants:
            self.grants.setdefault(grant, failed(reason, detail))

    def retract_rejections(self, grants: Iterable[UUID]) -> None:
        """Takes back that Heroku rejected grants: what it said does not speak of each of them."""
        for grant in grants:
            if grant in self.grants and self.grants[grant].reason is ReasonCode.REFUSED:
                del self.grants[grant]

    def finish(self, operation: Operation) -> None:
        """Notes that an observation has proven an operation done."""
        self.operations[operation.id] = OperationResult()

    def fail(self, operation: Operation, reason: ReasonCode | None) -> None:
        """Notes that an operation has failed; somebody has to press Retry for another attempt."""
        self.operations[operation.id] = OperationResult(reason or ReasonCode.DEADLINE)

    def reject(self, operation: Operation, detail: str) -> None:
        """Notes that Heroku rejected an operation, with its words."""
        self.operations[operation.id] = OperationResult(ReasonCode.REFUSED, detail)

    @contextlib.contextmanager
    def halting(self) -> Iterator[None]:
        """Ends a block early where no further call is worth making; what was done until then is recorded."""
        try:
            yield
        except STOPPING as error:
            self.error, self.stopped = error, True
