"""Tells what nobody planned: operations of each finding, and the owner of what was taken over and lost."""

from dataclasses import dataclass

from bot.domain.subject import Subject, covers
from bot.ports import MessageKind, ReconcileJob, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What one pass tells of drift, in the pass' own commit.

    Attributes:
        tx: that commit.
        job: the turn.
        operations: the channel that hears of it.
    """

    tx: Transaction
    job: ReconcileJob
    operations: str

    async def tell(self, kind: MessageKind, which: str, **said: str) -> None:
        """Tells operations of one finding; ``which`` is what makes it another one than the last."""
        await self._tell(kind, self.operations, which, said)

    async def tell_lost(self, kind: MessageKind, entry: Subject, **said: str) -> None:
        """Tells operations, and whoever had an entry taken over, that somebody else took it away."""
        which = f"{entry}:{self.job.lease}"
        await self._tell(kind, self.operations, which, said)
        operations = await self.tx.operations.taken_over(self.job.target.id, self.job.method)
        owner = next((each.owner for each in operations if covers(each.subject, entry)), None)
        if owner is not None:
            await self._tell(kind, owner, f"{which}:owner", said)

    async def _tell(self, kind: MessageKind, to: str, which: str, said: dict[str, str]) -> None:
        key = f"{kind}:{self.job.target.id}:{which}"
        await self.tx.outbox.tell(kind, to=to, key=key, params=said)
