"""Decides when a target is reconciled next: sooner or later by what its run has brought."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain import schedule
from bot.domain.rate_budget import CallPriority
from bot.errors import (
    HerokuBusyError,
    HerokuError,
    HerokuRateLimitedError,
    HerokuUnauthorizedError,
    RateBudgetExhaustedError,
)
from bot.ports import ReconcileJob, Transaction
from bot.reconciler.outcome import STOPPING, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class NextRun:
    """When the next run is due, and what it has to know of this one; see ``ReconcileQueue.release``."""

    delay: timedelta
    attempts: int
    failures: int
    reconciled: bool


def next_run(job: ReconcileJob, outcome: Outcome, *, under_way: bool, watched: bool) -> NextRun:
    """Decides when to observe again after a run that was recorded.

    What went wrong with one call does not keep the others from being read back; only a used up rate limit and
    a rejected token stop everything. Failures are forgotten once nothing is under way any more.

    Args:
        job: the claimed job.
        outcome: what the run has brought.
        under_way: something is expected to change soon.
        watched: the target is observed every minute even where nothing is under way.
    """
    delay, attempts = _delay(job, outcome, under_way=under_way, watched=watched)
    if outcome.within is not None:
        delay = min(delay, outcome.within)
    error = outcome.error
    if error is None:
        # Not at every run that went well: a call that fails in every other run would never be reported.
        failures = job.failures if under_way else 0
        return NextRun(delay=delay, attempts=attempts, failures=failures, reconciled=True)
    # A removal that was refused is under way, whatever the run was begun for.
    wait = pause(error, job, under_way=under_way or outcome.changed)
    # Nothing was done that would show, and what keeps Heroku busy takes longer than a read-back.
    if isinstance(error, HerokuBusyError):
        delay = max(delay, min(wait, job.timings.read_back[-1]))
    return NextRun(
        delay=wait if isinstance(error, STOPPING) else min(delay, wait),
        attempts=attempts,
        failures=_failures(job, error),
        reconciled=False,
    )


def pause(error: HerokuError, job: ReconcileJob, *, under_way: bool = False) -> timedelta:
    """Returns how long nothing is tried after an error.

    Only an operator can mend a rejected token, so mere observations wait long. But a 401 or 403 may pass by
    itself, and then no end may be late for it: where something is to be done, it is tried again soon.

    Args:
        error: what Heroku answered.
        job: the claimed job.
        under_way: something is to be done, as the run has found.
    """
    looks = job.purpose is CallPriority.OBSERVE and not job.changing and not under_way
    if isinstance(error, HerokuUnauthorizedError) and looks:
        return schedule.DENIED
    if isinstance(error, RateBudgetExhaustedError):
        return (
            schedule.SAVING_OBSERVATION if job.purpose is CallPriority.OBSERVE else job.timings.budget_pause
        )
    wait = schedule.gap(job.timings.retry, job.failures)
    said = error.retry_after if isinstance(error, HerokuRateLimitedError) else None
    if said is None:
        return wait
    # Request tokens come back each minute, and a removal is served before all else.
    longest = job.timings.retry[-1] if job.purpose is CallPriority.REMOVE else said
    return max(wait, min(said, longest))


def next_run_after_failure(job: ReconcileJob, delay: timedelta, error: Exception) -> NextRun:
    """Decides the same after a run that observed nothing."""
    return NextRun(delay=delay, attempts=job.attempts, failures=_failures(job, error), reconciled=False)


async def release(tx: Transaction, job: ReconcileJob, next_run: NextRun) -> None:
    """Releases the job until its next run."""
    await tx.reconcile_queue.release(
        job,
        again=next_run.delay,
        attempts=next_run.attempts,
        kept=next_run.reconciled,
        failures=next_run.failures,
    )


def _delay(job: ReconcileJob, outcome: Outcome, *, under_way: bool, watched: bool) -> tuple[timedelta, int]:
    """When to observe again, and how many observations in a row that makes."""
    if outcome.delay is not None:
        # Our own pause says nothing of how long Heroku takes: it does not count as an attempt.
        return outcome.delay, job.attempts
    if outcome.changed:
        return job.timings.read_back[0], 1
    if under_way:
        return schedule.gap(job.timings.read_back, job.attempts), job.attempts + 1
    return (schedule.WATCH if watched else schedule.IDLE), 0


def _failures(job: ReconcileJob, error: Exception) -> int:
    """Runs in a row that Heroku failed, this one included; one that our own budget put off is none."""
    return job.failures if isinstance(error, RateBudgetExhaustedError) else job.failures + 1
