"""Claims what is due and reconciles it: load, observe, plan, apply, record, with one adapter for each method.

A run is short; reading back is the next run, soon after. Between two runs nothing is held but rows.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.schedule import gap
from bot.errors import HerokuError, LeaseLostError, StoreUnavailableError
from bot.ports import Clock, ReconcileJob, Store, with_priority
from bot.ports.telemetry import NO_TELEMETRY, Attributes, Telemetry, requests_noted
from bot.reconciler.adapter import AnyAdapter, MethodAdapter, Planned, Run, Seen
from bot.reconciler.reconciliation import Reconciliation
from bot.reconciler.recorder import Recorder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A claimed job: the run to make, and the adapter that makes it."""

    adapter: AnyAdapter
    run: Reconciliation

    @property
    def job(self) -> ReconcileJob:
        """What was claimed."""
        return self.run.job


class Controller:
    """Reconciles one method of one target at a time.

    Args:
        store: the source of truth.
        policy: whom to notify, and when to warn.
        clock: business time.
        adapters: what differs between methods.
        telemetry: records a span of each run.
    """

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        clock: Clock,
        adapters: Mapping[Method, AnyAdapter],
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._store = store
        self._adapters = adapters
        self._recorder = Recorder(store=store, policy=policy, clock=clock)

    async def claim(self) -> ClaimedJob | None:
        """Claims a job that is due; returns None when none is."""
        # Taken before the claim: the lease may only be thought shorter than it is.
        since = time.monotonic()
        async with self._store.transaction() as tx:
            job = await tx.reconcile_queue.claim()
            if job is None:
                return None
            adapter = self._adapters[job.method]
            # After the claim, never before: what changed in between would count as part of its generation.
            run = await adapter.load(tx, job, held_since=since)
            await tx.commit()
            return ClaimedJob(adapter, run)

    async def next_due(self) -> timedelta | None:
        """Returns how long it is until something can be claimed."""
        async with self._store.transaction() as tx:
            return await tx.reconcile_queue.next_due()

    async def work(self, claimed: ClaimedJob) -> None:
        """Makes the run; its calls draw on the rate budget for what they are for.

        Raises:
            StoreUnavailableError: Postgres was out of reach for a moment; the job is released if Postgres
                answers again, else the lease runs out.
        """
        try:
            with (
                with_priority(claimed.job.purpose),
                self._telemetry.span("reconcile.run", lambda: _span(claimed)),
            ):
                await self._reconcile(claimed.adapter, claimed.run)
        except StoreUnavailableError:
            await self._release(claimed.job)
            raise

    async def failed(self, claimed: ClaimedJob, error: Exception) -> None:
        """Releases a job whose run failed in an unexpected way, and reports it."""
        await self._recorder.record_crash(claimed.job, error)

    async def _reconcile(self, adapter: MethodAdapter[Run, Seen, Planned], run: Run) -> None:
        """Makes one run. Whatever happens is recorded, or the lease runs out."""
        try:
            try:
                # An error before this block is through means that nothing was proven; one of a single planned
                # call is noted in the outcome instead, and the rest of the run is recorded.
                seen = await adapter.observe(run)
                plan = adapter.plan(run, seen)
                seen = await adapter.apply(run, seen, plan)
            except HerokuError as error:
                await self._recorder.record_failure(adapter, run, error)
            else:
                await self._recorder.record(adapter, run, seen, plan)
        except LeaseLostError:
            log.warning("reconciler.lease_lost", target=run.job.target.name, method=run.job.method)

    async def _release(self, job: ReconcileJob) -> None:
        """Releases a job whose run could not be recorded: its intents tell the next run what was begun."""
        async with self._store.transaction() as tx:
            again = gap(job.timings.retry, 0)
            await tx.reconcile_queue.release(
                job, again=again, attempts=job.attempts, kept=False, failures=job.failures
            )
            await tx.commit()


def _span(claimed: ClaimedJob) -> Attributes:
    """What a run's span says: which target's method, and which requests' grants it is for."""
    job, stored = claimed.job, claimed.adapter.stored(claimed.run)
    concerned = [grant.request for grant in stored.grants]
    concerned += [operation.request for operation in claimed.run.operations.values()]
    return {
        "pgaccess.target": str(job.target.id),
        "pgaccess.method": job.method.value,
        **requests_noted(concerned),
    }
