"""Reports drift to operations, and to the owner of an adopted entry that was lost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.drift import NO_DRIFT, Drift, compare
from bot.domain.policy.rules import Policy
from bot.domain.privatelink.aws_account import short
from bot.domain.reports import findings
from bot.domain.reports.finding import asks_at_once, channels
from bot.domain.subject import Subject, covers
from bot.domain.target import Database, Space
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.ports.findings import ASKS, CARDS, FIRST
from bot.ports.owned_entries import Key, OwnedEntries

NAMED: Final = 10
"""Entries that the first sentence about several names; its card lists more, and the status has them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The findings of one reconcile run, reported in the run's own commit.

    Attributes:
        tx: that commit.
        job: the claimed job.
        policy: names the channels that hear of them.
        at: business time of the observation; None where no finding with a card is reported.
    """

    tx: Transaction
    job: ReconcileJob
    policy: Policy
    at: datetime | None = None

    async def report(
        self, kind: MessageKind, occurrence: str, *, about: Collection[str] = (), **params: str
    ) -> None:
        """Reports a finding to operations, and to approvers where the policy has them asked at once.

        Args:
            kind: of the message.
            occurrence: tells it from the last one of its kind.
            about: the findings, as ``bot.domain.reports.findings`` names them; it is settled with the last.
            **params: what the message says; ``listed`` is what the entry allows, as Heroku has it.
        """
        told = channels(self.policy, asks=kind in CARDS and await self._asks())
        for channel, asked in told.items():
            said = {**params, ASKS: "yes"} if asked else params
            await self._tell(kind, channel, f"{occurrence}:asked" if asked else occurrence, said, about)

    async def report_lost(self, kind: MessageKind, entry: Subject, *, name: str, **params: str) -> None:
        """Reports to operations, and to the adopted entry's owner, that somebody else removed it.

        Args:
            kind: of the message.
            entry: what was removed.
            name: how an observation lists it.
            **params: what the message says.
        """
        occurrence, about = f"{entry}:{self.job.lease}", (findings.absent(self.job.target.id, name),)
        params = {"listed": name, **params}
        await self.report(kind, occurrence, about=about, **params)
        adoptions = await self.tx.operations.adoptions(self.job.target.id, self.job.method)
        owner = next((each.owner for each in adoptions if covers(each.subject, entry)), None)
        if owner is not None:
            await self._tell(kind, owner, f"{occurrence}:owner", params, about)

    async def report_several(
        self, entries: Mapping[str, str], *, occurrence: str, first: bool = False
    ) -> None:
        """Reports several unmanaged entries in one message, from which each can be decided.

        Args:
            entries: what each allows, by its name in findings.
            occurrence: as of ``report``.
            first: they were there when pgaccess first looked, which nobody has to be asked about at once.
        """
        if not entries:
            return
        shown = [f"`{short(listed)}`" for listed in entries.values()]
        params = {
            "app": self.job.target.label,
            "count": str(len(entries)),
            "networks": ", ".join(shown[:NAMED]) + (" …" if shown[NAMED:] else ""),
        }
        about = [findings.unmanaged(self.job.target.id, entry) for entry in entries]
        if first:
            kind, to = MessageKind.RULES_UNMANAGED, self.policy.operations_channel
            await self._tell(kind, to, f"first:{self.job.method}", {**params, FIRST: "yes"}, about)
            return
        await self.report(MessageKind.RULES_UNMANAGED, occurrence, about=about, **params)

    async def _asks(self) -> bool:
        """Whether approvers are asked at once; what is in a space is read only where that could be."""
        if not self.policy.ask_unmanaged:
            return False
        target = self.job.target
        databases = () if isinstance(target, Database) else await self.tx.targets.databases()
        inside = [each for each in databases if isinstance(target, Space) and each.is_in(target)]
        return asks_at_once(self.policy, target, inside)

    async def _tell(
        self, kind: MessageKind, to: str, occurrence: str, params: Mapping[str, str], about: Collection[str]
    ) -> None:
        target, method = str(self.job.target.id), str(self.job.method)
        key = f"{kind}:{target}:{occurrence}"
        said = {**params, "target": target, "method": method}
        if self.at is not None:
            said["seen"] = self.at.isoformat()
        await self.tx.outbox.add(kind, to=to, key=key, params=said, about=sorted(about))


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
