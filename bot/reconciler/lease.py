"""Leases of claimed jobs: what may be done within one, and how it is renewed."""

import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from bot.errors import HerokuAmbiguousError, HerokuUnknownAddonError, LeaseLostError
from bot.ports import Heroku, Store, Transaction
from bot.reconciler.reconciliation import Reconciliation


class LeaseManager:
    """Holds the lease of a run through its calls.

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
        timings = run.job.timings
        left = timings.lease - timedelta(seconds=time.monotonic() - run.held_since)
        return left >= self._deadline + timings.margin

    async def ensure_time(self, run: Reconciliation) -> None:
        """Renews the lease when a call would not fit into what is left of it.

        Raises:
            LeaseLostError: the lease is lost.
        """
        if not self.has_time(run):
            async with self.holding(run):
                pass
        self.require_time(run)

    @contextlib.asynccontextmanager
    async def holding(
        self, run: Reconciliation, *, operation: UUID | None = None
    ) -> AsyncIterator[Transaction]:
        """Opens a transaction that renews the lease, and fails if the lease is lost.

        Args:
            run: whose lease it is.
            operation: one that is to be locked in it. Operations are locked before the reconcile queue, as
                button handlers and the scheduler do it: in the other order two could wait for each other.
        """
        # Taken before the transaction: however long it waits, the lease is never believed to last longer.
        since = time.monotonic()
        async with self._store.transaction() as tx:
            if operation is not None:
                await tx.operations.lock(operation)
            # Another generation means that grants have changed: what was planned may not be opened any more.
            run.current = await tx.reconcile_queue.renew(run.job)
            yield tx
            await tx.commit()
        # Only after the commit: before it the new end of the lease is not in the store.
        run.held_since = since


class DatabaseLeaseManager(LeaseManager):
    """Leases of databases, which the Data API may know by names that change.

    Args:
        store: the source of truth.
        heroku: tells which database an answer was about.
    """

    def __init__(self, *, store: Store, heroku: Heroku) -> None:
        super().__init__(store=store, deadline=heroku.deadline)
        self._heroku = heroku

    async def confirm_name(self, run: Reconciliation) -> None:
        """Makes sure, once in a run, that the database still has its name, before anything follows from it.

        Names may change, and two databases may even swap theirs: every call by name would then reach the
        other one. Calls by id always reach the right one.

        Raises:
            HerokuAmbiguousError: the add-on has another name now; the next run uses it.
            HerokuUnknownAddonError: the add-on is gone; what became of it is unknown.
        """
        if run.name_confirmed or not self._heroku.addressed_by_name(run.job.database):
            return
        self.require_time(run)
        database = run.job.database
        name = await self._heroku.database_name(database.id)
        if name != database.name:
            # The right name is stored at once, but this run's observation may be of another database.
            async with self.holding(run) as tx:
                await tx.targets.rename(database.id, name)
                # It tells operations; whatever else was renamed along with this one is found by it too.
                await tx.periodic_tasks.schedule("databases", wait=timedelta())
            raise HerokuAmbiguousError(404, "not_found", f"the add-on is called {name} now")
        run.name_confirmed = True

    async def require_own_list(self, run: Reconciliation) -> None:
        """Makes sure that what was read by a name is not of another database, which has that name by now.

        Only of a database that no discovery finds: it may have been destroyed, and its name given away.

        Raises:
            HerokuUnknownAddonError: it is another's; of this database nothing is known.
            HerokuError: as ``confirm_name`` does.
        """
        database = run.job.database
        if database.listed:
            return
        try:
            await self.confirm_name(run)
        except HerokuUnknownAddonError:
            # The token may see the Data API only: then a name that nobody else has is still its own.
            if await self._heroku.database_named(database.name) not in (None, database.id):
                raise

    async def confirm_absence(self, run: Reconciliation) -> None:
        """Makes sure, once in a run, that a 404 is about what the database has, and not about the database.

        Only an add-on that the Data API itself knows can be said to have no mTLS and no PrivateLink.

        Raises:
            HerokuUnknownAddonError: the Data API does not know the add-on; nothing is proven.
            HerokuError: as ``confirm_name`` does, or nothing was answered.
        """
        await self.confirm_name(run)
        if not run.addon_known:
            self.require_time(run)
            await self._heroku.require_known(run.job.database)
            run.addon_known = True
