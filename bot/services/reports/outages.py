"""What operations read of an outage: one message for all targets that it holds up, and one all-clear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.domain.reports.trouble import Outage
from bot.ports import MessageKind, Transaction

NAMED_AT_MOST: Final = 50
"""Targets that one message about an outage names: a text of Slack's takes 3,000 characters."""


def outage_key(outage: Outage) -> str:
    """The key of the message about an outage."""
    return f"outage:{outage.id}"


def outage_params(outage: Outage, labels: Sequence[str]) -> dict[str, str]:
    """What the messages about an outage say.

    Args:
        outage: as it stands.
        labels: of the targets that it holds up, or has held up.
    """
    more = f", … (+{len(labels) - NAMED_AT_MOST})" if len(labels) > NAMED_AT_MOST else ""
    return {
        "app": ", ".join(labels[:NAMED_AT_MOST]) + more,
        "status": outage.status,
        "id": outage.error,
        "since": outage.since.isoformat(),
    }


async def report_departure(
    tx: Transaction, outage: Outage, *, at: datetime, operations_channel: str, gone: str | None = None
) -> None:
    """Says of an outage that a target has left it; after the last one operations get the all-clear.

    There is none where nothing is in sync again, because all that it held up no longer exists.

    Args:
        tx: in which the target has left it.
        outage: as it stands after that.
        at: business time.
        operations_channel: Slack id.
        gone: the label of the target, if it has left because it no longer exists.
    """
    if not outage.is_over:
        await tx.outbox.refresh(outage_key(outage), params=outage_params(outage, outage.held))
        return
    if not outage.labels:
        lost = {**outage_params(outage, () if gone is None else (gone,)), "until": at.isoformat()}
        await tx.outbox.refresh(outage_key(outage), params={**lost, "gone": "yes"})
        return
    over = {**outage_params(outage, outage.labels), "until": at.isoformat()}
    await tx.outbox.refresh(outage_key(outage), params=over)
    kind, key = MessageKind.HEROKU_RESTORED, f"{outage_key(outage)}:over"
    await tx.outbox.add(kind, to=operations_channel, key=key, params={**over, "trouble": outage.trouble})
