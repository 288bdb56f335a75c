"""Closings: whoever ended something hears when it is closed, and before that if it takes longer."""

from typing import Final

from bot.domain.reports.closing import Closing
from bot.ports import MessageKind, Transaction
from bot.ports.assertions import listed_request
from bot.services.context import ServiceContext

BATCH: Final = 100
"""Closings handled in one transaction; the next run takes more at once."""


class ClosingService:
    """Tells people what became of what they ended, by what is recorded: a run that was lost costs only time.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def run_due(self) -> None:
        """Tells of what was closed, and of what is late; one query if there is neither."""
        now = self._context.now()
        async with self._context.transaction() as tx:
            due = await tx.closings.due(now, limit=BATCH)
            for closing in due:
                if closing.is_over:
                    await _tell_closed(tx, closing)
                    await tx.closings.finish(closing, at=now)
                elif closing.is_late(now):
                    await _tell_late(tx, closing)
                    await tx.closings.told_late(closing)
            if due:
                await tx.commit()


async def _tell_closed(tx: Transaction, closing: Closing) -> None:
    """Tells of what the person does not hear of otherwise, and edits what said that it is late."""
    if closing.late_at is None:
        await tx.outbox.refresh(_key(MessageKind.CLOSING_LATE, closing))
    if closing.untold:
        await _tell(tx, closing, MessageKind.CLOSED, closing.untold)


async def _tell_late(tx: Transaction, closing: Closing) -> None:
    await _tell(tx, closing, MessageKind.CLOSING_LATE, closing.open)


async def _tell(tx: Transaction, closing: Closing, kind: MessageKind, requests: tuple[int, ...]) -> None:
    params = {"requests": " ".join(str(request) for request in requests)}
    # What says that all is closed stays as it was sent.
    about = [listed_request(request) for request in requests] if kind is MessageKind.CLOSING_LATE else []
    key = _key(kind, closing)
    await tx.outbox.add(kind, to=closing.person, key=key, request=requests[0], params=params, about=about)


def _key(kind: MessageKind, closing: Closing) -> str:
    return f"{kind}:{closing.id}"
