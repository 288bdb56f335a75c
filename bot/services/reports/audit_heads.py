"""Posts the newest digest of the audit trail once a day, to be kept outside the store."""

from datetime import datetime, timedelta
from typing import Final

from bot.ports import MessageKind
from bot.services.context import ServiceContext

DAILY: Final = "audit head"
"""The periodic task that posts it."""


class AuditHeadService:
    """Tells operations the newest seal of the audit trail.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def post_daily(self) -> None:
        """Posts the newest seal once a day by business time, unless it is the one that was posted last."""
        now = self._context.now()
        async with self._context.transaction() as tx:
            # Taken even if there is nothing to tell: otherwise every run of the day would look again.
            if await tx.periodic_tasks.claim_at(DAILY, now=now, following=next_day(now)):
                head = await tx.audit.head()
                if head.number:
                    await tx.outbox.add(
                        MessageKind.AUDIT_HEAD,
                        to=self._context.policy.operations_channel,
                        # The same digest is posted once: a day without a line has nothing to tell.
                        key=f"{MessageKind.AUDIT_HEAD}:{head.digest}",
                        params={
                            "count": f"{head.number:,}",
                            "seal": str(head.number),
                            "digest": head.digest,
                        },
                    )
            await tx.commit()


def next_day(now: datetime) -> datetime:
    """Returns the beginning of the next day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
