"""Absences: whether a target that no discovery finds is gone is proven by two answers of Heroku's."""

from datetime import datetime, timedelta
from typing import Final

from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.target import Space, Target, gone_called
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, MessageKind, Transaction

DEPARTURES: Final = "departures"
"""The periodic task that asks Heroku about targets that no discovery finds."""

EVERY: Final = timedelta(minutes=3)
"""Between two questions about a target; one call each."""

APART: Final = timedelta(minutes=2)
"""How long ago the first answer has to be for a second one to prove a departure: two runs, never one."""

ASKED: Final = 10
"""Targets that one run asks about; some may be hidden from the token, and are asked about each time."""

SOUGHT: Final = 200
"""Targets that are missing and that a word is looked up among."""

NAMED_AT_MOST: Final = 50
"""Targets that one message names: a text of Slack's takes 3,000 characters."""

_UNKNOWN: Final = (
    Refusal.TARGET_NONE,
    Refusal.TARGET_UNKNOWN,
    Refusal.SPACE_NONE,
    Refusal.SPACE_UNKNOWN,
)
"""Refusals of a word that names no target of today."""


async def record_answer(
    tx: Transaction, policy: Policy, target: Target, *, gone: bool, doing: AuditContext
) -> bool:
    """Records whether Heroku said that a target does not exist; returns whether that is proven now."""
    if not gone:
        await tx.departures.record_presence(target.id)
        await tx.outbox.settle([findings.missing(target.id)], at=doing.at)
        return False
    if await tx.departures.record_absence(target.id, apart=APART, doing=doing):
        await tx.outbox.settle([findings.missing(target.id)], at=doing.at)
        return True
    # What the Data API says meanwhile decides, so it is asked before the next answer.
    await tx.reconcile_queue.request_refresh(target.id)
    await _report_missing(tx, policy, target)
    return False


async def _report_missing(tx: Transaction, policy: Policy, target: Target) -> None:
    """Tells operations once that several targets went missing together: the token may not see them."""
    lost = await tx.departures.lost_together(target.id)
    if lost is None or len(lost[1]) == 1:
        return
    at, missing = lost
    labels = sorted(each.label for each in missing)
    more = f", … (+{len(labels) - NAMED_AT_MOST})" if len(labels) > NAMED_AT_MOST else ""
    await tx.outbox.add(
        MessageKind.TARGETS_MISSING,
        to=policy.operations_channel,
        key=f"{MessageKind.TARGETS_MISSING}:{at.isoformat()}",
        about=[findings.missing(each.id) for each in missing if each.gone_at is None],
        params={"app": ", ".join(labels[:NAMED_AT_MOST]) + more},
    )


async def report_return(tx: Transaction, policy: Policy, target: Target, *, now: datetime) -> None:
    """Reports a target that Heroku has again although it was proven to be gone; nothing is opened again.

    What pgaccess had added there is owned again, so that it is removed where it is still listed.
    """
    if target.gone_at is None:
        return
    await tx.outbox.requests_changed(await tx.departures.restore_entries(target.id, since=target.gone_at))
    await tx.outbox.settle([findings.gone(target.id)], at=now)
    await tx.outbox.add(
        MessageKind.TARGET_BACK,
        to=policy.operations_channel,
        key=f"{MessageKind.TARGET_BACK}:{target.id}:{target.gone_at.isoformat()}",
        params={"name": target.name, "label": target.label, "kind": kind_of(target)},
    )


async def explain_unknown(tx: Transaction, policy: Policy, word: str | None, refused: Refused) -> Refused:
    """Returns a refusal of a word that names no target, which says so if that meant one that is gone."""
    if word is None or refused.reason not in _UNKNOWN:
        return refused
    # Absent ones that are not proven to be gone may be back with the next list.
    lists = ((Refusal.TARGET_GONE, await tx.departures.gone()), (Refusal.TARGET_UNLISTED, await _missing(tx)))
    for reason, targets in lists:
        found = gone_called(targets, word, policy.aliases(targets)) if targets else None
        if found is not None:
            return Refused(reason, app=found.label)
    return refused


async def _missing(tx: Transaction) -> tuple[Target, ...]:
    return await tx.departures.missing(limit=SOUGHT)


def kind_of(target: Target) -> str:
    """What a target is, as the end of a sentence's key."""
    return "space" if isinstance(target, Space) else "database"
