"""What a run that Heroku fails means for those who wait: cards say so, operations hear of it, ends move.

In every transaction grants are locked first, then cards are marked, then the queue's row is written, and last
an outage's: two that lock the same rows in two orders would wait for each other.
"""

from datetime import datetime
from typing import Any, Final

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.owned_entry import StoredState
from bot.domain.reports.trouble import SHOWN_AFTER, Trouble, is_told, trouble_of
from bot.domain.request import Kind
from bot.errors import HerokuError, RateBudgetExhaustedError
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.reconciler.reconciliation import Reconciliation
from bot.services.reports.outages import outage_key, outage_params, report_departure

LOUD_AFTER: Final = 5
"""Failed runs until operations hears of it: about three minutes where nothing works at all."""


def trouble_met(error: HerokuError | None) -> Trouble | None:
    """Returns the trouble that a run has met; None for what our own rate budget only puts off."""
    return None if error is None or isinstance(error, RateBudgetExhaustedError) else trouble_of(error)


def changes_cards(job: ReconcileJob, met: Trouble | None) -> bool:
    """Whether the cards of those who wait for the target say something else by now.

    Args:
        job: the run that ends.
        met: what it has met; None if nothing keeps the target from being reconciled.
    """
    before = job.trouble if job.failures >= SHOWN_AFTER else None
    after = met if job.failures + 1 >= SHOWN_AFTER else None
    return after is not before


async def show_trouble(tx: Transaction, job: ReconcileJob, met: Trouble | None) -> None:
    """Marks what those read who wait for the target to be edited, if it says something else by now.

    Args:
        tx: that has locked the grants, and does not hold the queue's row yet.
        job: the run that ends.
        met: what it has met; None if nothing keeps the target from being reconciled.
    """
    if changes_cards(job, met):
        waiting = await tx.requests.under_way(job.target.id, job.method)
        await tx.outbox.refresh_cards_of(waiting)
        # What lists them, such as what was ended and is late, says as well what keeps them.
        await tx.outbox.requests_changed(waiting)


async def tell_outage(
    tx: Transaction,
    job: ReconcileJob,
    trouble: Trouble,
    *,
    status: str,
    error: str,
    at: datetime,
    operations_channel: str,
) -> None:
    """Tells operations once of an outage, however many targets it holds up: its one message names them all.

    Args:
        tx: that records the run.
        job: the run that ends.
        trouble: what it has met.
        status: the HTTP status.
        error: Heroku's error id.
        at: business time.
        operations_channel: Slack id.
    """
    if is_told(job.outage, trouble):
        return
    await end_outage(tx, job, at=at, operations_channel=operations_channel)
    outage = await tx.outages.join(job, trouble, status=status, error=error, at=at)
    params = outage_params(outage, outage.held)
    if not await tx.outbox.refresh(outage_key(outage), params=params):
        denied = trouble is Trouble.DENIED
        kind = MessageKind.HEROKU_DENIED if denied else MessageKind.HEROKU_TROUBLE
        await tx.outbox.add(kind, to=operations_channel, key=outage_key(outage), params=params)


async def end_outage(tx: Transaction, job: ReconcileJob, *, at: datetime, operations_channel: str) -> None:
    """Takes a target out of the outage that it is part of; after the last one operations get the all-clear.

    Args:
        tx: that records the run.
        job: the run that ends.
        at: business time.
        operations_channel: Slack id.
    """
    outage = None if job.outage is None else await tx.outages.leave(job, at=at)
    if outage is not None:
        await report_departure(tx, outage, at=at, operations_channel=operations_channel)


async def postpone(
    tx: Transaction, run: Reconciliation, stored: StoredState[Any, Any], *, at: datetime
) -> None:
    """Gives what is being opened or done the time that an outage takes from it.

    What may be open already keeps its end (``docs/decisions/0025-hard-end-after-an-outage.md``).

    Args:
        tx: that does not hold the queue's row yet.
        run: that has observed nothing.
        stored: what the store knew when it began.
        at: business time.
    """
    if run.outcome.changed:
        return
    enables = bool(run.operations_of(Kind.ENABLE))
    unopened = stored.unopened
    opening = await tx.grants.lock_all({grant.grant for grant in stored.grants if grant.opens})
    later = [
        grants.postponed(grant, now=at, enables_mtls=enables) if grant.id in unopened else grant
        for grant in opening
        if grants.can_wait(grant, now=at)
    ]
    within = schedule.opening_deadline(enables_mtls=enables, method=run.job.method)
    await tx.grants.postpone(later, within=within)
    doing = [each.id for each in run.operations.values() if operations.can_wait(each, now=at)]
    await tx.operations.postpone(doing, within=schedule.OPERATION_DEADLINE)
