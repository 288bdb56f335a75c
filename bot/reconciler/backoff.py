"""How long a lane rests after a pass: sooner or later for what went wrong in it, for all three ways in."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain import schedule
from bot.domain.rate_budget import CallPriority
from bot.errors import HerokuError, HerokuRateLimitedError, HerokuUnauthorizedError, RateBudgetExhaustedError
from bot.ports import ReconcileJob, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class NextRun:
    """The time until the next look; see ``Lanes.release``."""

    again: timedelta
    attempts: int
    failures: int
    kept: bool


def next_run(
    job: ReconcileJob, again: timedelta, attempts: int, *, error: HerokuError | None, under_way: bool
) -> NextRun:
    """The time until the next look, sooner or later for what went wrong with a call.

    Args:
        job: the turn that ends.
        again: how long until the next look where nothing went wrong.
        attempts: looks in a row, this one included.
        error: what went wrong last.
        under_way: something is still expected to change, so that failures are not forgotten yet.
    """
    if error is None:
        return NextRun(again=again, attempts=attempts, failures=job.failures if under_way else 0, kept=True)
    wait = pause(error, job)
    stopped = isinstance(error, HerokuRateLimitedError | HerokuUnauthorizedError)
    return NextRun(
        again=wait if stopped else min(again, wait),
        attempts=attempts,
        failures=_failures(job, error),
        kept=False,
    )


def pause(error: HerokuError, job: ReconcileJob) -> timedelta:
    """How long nothing is tried after an error: a refused token is only mended by an operator."""
    if isinstance(error, HerokuUnauthorizedError):
        return schedule.DENIED
    if isinstance(error, RateBudgetExhaustedError):
        return schedule.SAVING_OBSERVATION if job.purpose is CallPriority.OBSERVE else schedule.SAVING
    return schedule.gap(schedule.TROUBLE, job.failures)


def next_run_after_failure(job: ReconcileJob, wait: timedelta, error: Exception) -> NextRun:
    """The same after a pass that saw nothing."""
    return NextRun(again=wait, attempts=job.attempts, failures=_failures(job, error), kept=False)


def _failures(job: ReconcileJob, error: Exception) -> int:
    """Passes that Heroku spoilt, this one included; one that we have put off ourselves is none."""
    return job.failures if isinstance(error, RateBudgetExhaustedError) else job.failures + 1


async def release(tx: Transaction, job: ReconcileJob, rest: NextRun) -> None:
    """Ends the turn, with the time until the next look."""
    await tx.reconcile_queue.release(
        job, again=rest.again, attempts=rest.attempts, kept=rest.kept, failures=rest.failures
    )
