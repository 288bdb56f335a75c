"""One reconcile run: a claimed job, what is known of it, and what has come of it so far."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.ports import ReconcileJob, Transaction
from bot.reconciler.outcome import Outcome


@dataclass(kw_only=True, slots=True)
class Reconciliation:
    """One reconcile run over one method of one target, for as long as its lease holds.

    Attributes:
        job: what was claimed.
        held_since: monotonic seconds, taken before the lease was.
        operations: one-time operations under way, by their id, with what this run has noted in them.
        outcome: what the run's calls have brought so far.
        current: the grants and operations are still those that the run began with.
        name_confirmed: in this run Heroku has confirmed that the target still has its stored name.
        addon_known: in this run the Data API has shown that it knows the add-on.
        began: monotonic seconds of the claim; the lease may have been renewed since.
    """

    job: ReconcileJob
    held_since: float
    operations: dict[UUID, Operation] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    current: bool = True
    name_confirmed: bool = False
    addon_known: bool = False
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.held_since

    @property
    def present(self) -> datetime:
        """Postgres' time now, or a little later: what is recorded of a call is never too early."""
        return self.job.claimed_at + timedelta(seconds=time.monotonic() - self.began)

    def operations_of(self, *kinds: Kind) -> tuple[Operation, ...]:
        """Returns the operations of some kinds that are under way, oldest first."""
        return tuple(operation for operation in self.operations.values() if operation.kind in kinds)

    def failed_removals(self) -> tuple[Operation, ...]:
        """Returns the approved removals that have failed in this run: their entries stay."""
        results = self.outcome.operations
        return tuple(
            operation
            for operation in self.operations_of(Kind.REMOVE_UNMANAGED)
            if operation.id in results and results[operation.id].failure is not None
        )


async def load_operations(tx: Transaction, job: ReconcileJob) -> dict[UUID, Operation]:
    """Reads the operations under way; most jobs have none, which the claim knows already."""
    operations = await tx.operations.unfinished(job.target.id, job.method) if job.changing else ()
    return {operation.id: operation for operation in operations}
