"""Reports drift to operations, and to the owner of an adopted entry that was lost."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.drift import NO_DRIFT, Drift, compare
from bot.domain.reports import findings
from bot.domain.subject import Subject, covers
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.ports.owned_entries import Key, OwnedEntries


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The findings of one reconcile run, reported in the run's own commit.

    Attributes:
        tx: that commit.
        job: the claimed job.
        operations: the channel that hears of them.
    """

    tx: Transaction
    job: ReconcileJob
    operations: str

    async def report(
        self, kind: MessageKind, occurrence: str, *, about: Collection[str] = (), **params: str
    ) -> None:
        """Reports a finding to operations.

        Args:
            kind: of the message.
            occurrence: tells it from the last one of its kind.
            about: the findings, as ``bot.domain.reports.findings`` names them; it is settled with the last.
            **params: what the message says.
        """
        await self._tell(kind, self.operations, occurrence, params, about)

    async def report_lost(self, kind: MessageKind, entry: Subject, *, name: str, **params: str) -> None:
        """Reports to operations, and to the adopted entry's owner, that somebody else removed it.

        Args:
            kind: of the message.
            entry: what was removed.
            name: how an observation lists it.
            **params: what the message says.
        """
        occurrence, about = f"{entry}:{self.job.lease}", (findings.absent(self.job.target.id, name),)
        await self._tell(kind, self.operations, occurrence, params, about)
        adoptions = await self.tx.operations.adoptions(self.job.target.id, self.job.method)
        owner = next((each.owner for each in adoptions if covers(each.subject, entry)), None)
        if owner is not None:
            await self._tell(kind, owner, f"{occurrence}:owner", params, about)

    async def _tell(
        self, kind: MessageKind, to: str, occurrence: str, params: dict[str, str], about: Collection[str]
    ) -> None:
        key = f"{kind}:{self.job.target.id}:{occurrence}"
        await self.tx.outbox.add(kind, to=to, key=key, params=params, about=sorted(about))


async def find_drift(
    entries: OwnedEntries[Key],
    job: ReconcileJob,
    *,
    before: Drift | None,
    listed: Collection[str],
    unmanaged: Collection[str],
    idle: Collection[str],
    idle_before: Collection[str],
    lost: Collection[str],
) -> Drift:
    """Compares an observation with recent removals; the store is only asked where something could come of it.

    Args:
        entries: the method's owned entries.
        job: the claimed job.
        before: what the last observation found; None when there was none.
        listed: every entry that the observation shows.
        unmanaged: those of them that are not owned.
        idle: those that open grants rely on and that are not in force.
        idle_before: the same, of the last observation.
        lost: adopted entries that the plan found to be lost.
    """
    missing_before = before is not None and bool(before.missing)
    if not (unmanaged or idle or lost or missing_before):
        return NO_DRIFT
    return compare(
        await entries.recent_removals(job.target.id),
        listed=listed,
        unmanaged=unmanaged,
        idle=idle,
        idle_before=idle_before,
    )
