"""Base of the executors of one-time operations: the intent is recorded before a call, its result after it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.domain.operation import Operation, OperationState
from bot.domain.policy.rules import Policy
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuRefusedError,
)
from bot.ports import BOT, AuditContext, Clock, Heroku
from bot.reconciler.membership import REASONS, Opening, OpeningStatus, opening_statuses
from bot.reconciler.mtls.observer import MtlsObserver, MtlsReconciliation
from bot.reconciler.outcome import STOPPING

log = structlog.get_logger(__name__)

Noting = Callable[[Operation], Operation]
"""Adds something to the progress of an operation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationExecutor:
    """Writes to Heroku for one-time operations.

    Attributes:
        observer: holds the lease.
        heroku: where it is done.
        clock: business time.
        policy: asked again before anything is enabled or issued; nothing is while it cannot be read.
    """

    observer: MtlsObserver
    heroku: Heroku
    clock: Clock
    policy: Policy

    async def may_open(self, run: MtlsReconciliation, operation: Operation) -> bool:
        """Whether what was approved may still be begun: by membership, and by today's policy.

        What may not fails the operation; what is not known waits.
        """
        opening = Opening(owner=operation.owner, request=operation.request)
        async with self.observer.holding(run, operation=operation.id) as tx:
            status = (await opening_statuses(tx, self.policy, run.job, [opening]))[opening]
        if status in REASONS:
            run.outcome.fail(operation, REASONS[status])
        return status is OpeningStatus.ALLOWED

    async def note(self, run: MtlsReconciliation, operation: Operation, noting: Noting) -> Operation | None:
        """Adds to the progress of an operation, in a commit of its own.

        Returns:
            The operation as it is now; None when somebody settled it meanwhile, and nothing was written.
        """
        async with self.observer.holding(run, operation=operation.id) as tx:
            current = await tx.operations.lock(operation.id)
            if current.state is not OperationState.DOING:
                run.operations.pop(operation.id, None)
                return None
            after = noting(current)
            await tx.operations.update(current, after, doing=AuditContext(actor=BOT, at=self.clock.now()))
        run.operations[operation.id] = after
        return after

    async def call(
        self,
        run: MtlsReconciliation,
        operation: Operation,
        make: Callable[[], Awaitable[None]],
        *,
        undo: Noting,
    ) -> bool:
        """Makes the call whose intent was noted; returns whether Heroku did it, as far as is known.

        Args:
            run: the reconcile run.
            change: with its intent.
            make: the call.
            undo: takes the intent back, where Heroku certainly did nothing.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the lease is lost.
        """
        # Before the call, so that it is read back soon whatever comes of it.
        run.outcome.changed = True
        self.observer.require_time(run)
        try:
            await make()
        except HerokuAmbiguousError as error:
            # A call that timed out may still land: it is only read until even a late write must have shown.
            log.warning(
                "reconciler.operation_ambiguous",
                kind=operation.kind,
                request=operation.request,
                error=str(error),
            )
            run.outcome.error = error
        except HerokuError as error:
            await self.note(run, operation, undo)
            if isinstance(error, STOPPING):
                raise
            if isinstance(error, HerokuRefusedError):
                run.outcome.reject(operation, error.message)
            else:
                run.outcome.error = error
        else:
            return True
        return False
