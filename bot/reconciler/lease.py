"""A keeper's turn with one lane: the lease, and what may be done within it."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from bot.domain import schedule
from bot.errors import HerokuAmbiguousError, LeaseLostError
from bot.ports import Heroku, ReconcileJob, Store, Transaction

MARGIN: Final = timedelta(seconds=5)
"""What must be left of a lease beyond a call's deadline: time to record the answer."""


@dataclass(kw_only=True, slots=True)
class Reconciliation:
    """A claimed lane, for as long as its lease holds.

    Attributes:
        held_since: monotonic seconds, taken before the lease was.
        current: the grants and changes are still those that the turn began with.
        named: in this pass Heroku has confirmed that the target is (still) called as we call it.
        began: monotonic seconds of the claim; the lease may have been prolonged since.
    """

    job: ReconcileJob
    held_since: float
    current: bool = True
    named: bool = False
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.held_since

    @property
    def present(self) -> datetime:
        """Postgres' time now, or a little later: what is recorded of a call is never too early."""
        return self.job.claimed_at + timedelta(seconds=time.monotonic() - self.began)


class Pass(Protocol):
    """One pass over a claimed lane."""

    async def run(self) -> None:
        """Makes the pass. Whatever happens is recorded, or the lease runs out."""
        ...

    async def failed(self, error: Exception) -> None:
        """Gives the lane back, loudly: the pass failed in a way that nobody has thought of."""
        ...


class Method(Protocol):
    """How one way in is kept in step."""

    async def take(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> Pass:
        """Reads what the store knows, in the transaction of the claim.

        Args:
            tx: not committed yet.
            job: the lane that was claimed.
            held_since: monotonic seconds, taken before the lease was.
        """
        ...


class LeaseManager:
    """Leases that hold through calls.

    Args:
        store: whose clock the leases run by.
        deadline: the longest that one call can take.
    """

    def __init__(self, *, store: Store, deadline: timedelta) -> None:
        self._store = store
        self._deadline = deadline

    def require_time(self, run: Reconciliation) -> None:
        """Lets a call start only if its total deadline fits into the lease.

        Measured from before the lease was taken, on a clock that goes on while the process is stopped.

        Raises:
            LeaseLostError: too little is left.
        """
        if not self.has_time(run):
            raise LeaseLostError("too little is left of the lease to begin a call")

    def has_time(self, run: Reconciliation) -> bool:
        """Whether one more call fits into the lease."""
        left = schedule.LEASE - timedelta(seconds=time.monotonic() - run.held_since)
        return left >= self._deadline + MARGIN

    async def hold_on(self, run: Reconciliation) -> None:
        """Prolongs the lease when a call would not fit into what is left of it; one that fits needs nothing.

        Raises:
            LeaseLostError: the turn is over.
        """
        if not self.has_time(run):
            async with self.holding(run):
                pass
        self.require_time(run)

    @contextlib.asynccontextmanager
    async def holding(
        self, run: Reconciliation, *, operation: UUID | None = None
    ) -> AsyncIterator[Transaction]:
        """A transaction that prolongs the lease, and fails if it is not ours any more.

        Args:
            turn: whose lease it is.
            change: one that is to be locked in it. Changes are locked before lanes, as whoever presses a
                button and the clock do it: in the other order two could wait for each other.
        """
        since = time.monotonic()
        async with self._store.transaction() as tx:
            if operation is not None:
                await tx.operations.get(operation)
            run.current = await tx.reconcile_queue.renew(run.job)
            yield tx
            await tx.commit()
        run.held_since = since


class DatabaseLeaseManager(LeaseManager):
    """Turns with databases, which the Data API knows by names that may change.

    Args:
        store: the truth.
        heroku: what is asked.
    """

    def __init__(self, *, store: Store, heroku: Heroku) -> None:
        super().__init__(store=store, deadline=heroku.deadline)
        self._heroku = heroku

    async def confirm_name(self, run: Reconciliation) -> None:
        """Makes sure, once in a pass, that the database is still called so, before anything follows from it.

        Names may change, and two databases may even swap theirs: every call at the Data API would then reach
        the other one. It also tells a 404 that means "not enabled" from "renamed" and "gone".

        Raises:
            HerokuAmbiguousError: the add-on has another name now; the next pass uses it.
            HerokuNotFoundError: the add-on is gone; what became of it is unknown.
        """
        if run.named:
            return
        self.require_time(run)
        database = run.job.database
        name = await self._heroku.database_name(database.id)
        if name != database.name:
            async with self.holding(run) as tx:
                await tx.targets.renamed(database.id, name)
            raise HerokuAmbiguousError(404, "not_found", f"the add-on is called {name} now")
        run.named = True
