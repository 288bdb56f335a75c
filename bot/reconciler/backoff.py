"""How long a lane rests after a pass: sooner or later for what went wrong in it, for all three ways in."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain import schedule
from bot.domain.rate_budget import Purpose
from bot.errors import HerokuBusyError, HerokuDeniedError, HerokuError, HerokuSavingError
from bot.ports import Job, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """The time until the next look; see ``Lanes.release``."""

    again: timedelta
    tries: int
    troubles: int
    kept: bool


def rest_after(job: Job, again: timedelta, tries: int, *, error: HerokuError | None, under_way: bool) -> Rest:
    """The time until the next look, sooner or later for what went wrong with a call.

    Args:
        job: the turn that ends.
        again: how long until the next look where nothing went wrong.
        tries: looks in a row, this one included.
        error: what went wrong last.
        under_way: something is still expected to change, so that troubles are not forgotten yet.
    """
    if error is None:
        return Rest(again=again, tries=tries, troubles=job.troubles if under_way else 0, kept=True)
    wait = pause(error, job)
    stopped = isinstance(error, HerokuBusyError | HerokuDeniedError)
    return Rest(
        again=wait if stopped else min(again, wait), tries=tries, troubles=_troubles(job, error), kept=False
    )


def pause(error: HerokuError, job: Job) -> timedelta:
    """How long nothing is tried after an error: a refused token is only mended by an operator."""
    if isinstance(error, HerokuDeniedError):
        return schedule.DENIED
    if isinstance(error, HerokuSavingError):
        return schedule.SAVING_LOOK if job.purpose is Purpose.LOOK else schedule.SAVING
    return schedule.gap(schedule.TROUBLE, job.troubles)


def rest_after_nothing(job: Job, wait: timedelta, error: Exception) -> Rest:
    """The same after a pass that saw nothing."""
    return Rest(again=wait, tries=job.tries, troubles=_troubles(job, error), kept=False)


def _troubles(job: Job, error: Exception) -> int:
    """Passes that Heroku spoilt, this one included; one that we have put off ourselves is none."""
    return job.troubles if isinstance(error, HerokuSavingError) else job.troubles + 1


async def release(tx: Transaction, job: Job, rest: Rest) -> None:
    """Ends the turn, with the time until the next look."""
    await tx.lanes.release(job, again=rest.again, tries=rest.tries, kept=rest.kept, troubles=rest.troubles)
