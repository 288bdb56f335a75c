"""Records what a pass has shown of certificates and of changes: the inventory, and what people are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain import operation as changes
from bot.domain.grant import Why
from bot.domain.mtls.certificate import InventoryChange, KnownCertificate
from bot.domain.mtls.issuance import issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.ports import BOT, AuditContext, MessageKind, Transaction
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot

_MAKING = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
_READY_AT_ONCE = (Kind.ENABLE, Kind.ISSUE)
"""Changes that are done once their certificate is ready; a rotation goes on, and has told of it by then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateInventory:
    """The part of a pass' record that is about certificates.

    Attributes:
        operations: the channel that hears of foreign ones.
        now: business time of the record.
    """

    operations: str
    now: datetime

    async def keep(self, tx: Transaction, turn: MtlsReconciliation, seen: MtlsSnapshot) -> None:
        """Brings the inventory up to date, where this pass has seen every certificate or that none is."""
        fresh = seen.certificates_at == turn.job.claimed_at
        if not fresh and (seen.enabled or not seen.settled):
            return
        sighting = await tx.certificates.listed(turn.job.target.id, seen.certificates if seen.enabled else ())
        for change in turn.changes_of(*_MAKING):
            await _give(tx, change)
        for known in sighting.gone:
            await self._tell_gone(tx, turn, known)
        await self._tell_foreign(tx, turn, sighting)

    async def conclude(
        self, tx: Transaction, turn: MtlsReconciliation, concluded: Mapping[UUID, tuple[Why, str] | None]
    ) -> None:
        """Moves changes that are done or have failed, unless a person moved them while we looked."""
        for id, failure in concluded.items():
            before = await tx.changes.get(id)
            if before.state is not OperationState.DOING:
                continue
            after = changes.done(before, now=self.now)
            if failure is not None:
                after = changes.failed(before, failure[0], now=self.now, detail=failure[1])
            made = issuance_progress(before).made if before.kind in _READY_AT_ONCE else None
            details = {} if made is None else {"certificate": str(made)}
            await tx.changes.move(before, after, doing=AuditContext(actor=BOT, at=self.now, details=details))
            await tx.posts.refresh_cards(before.request)
            await self._tell(tx, after, made)

    async def _tell(self, tx: Transaction, change: Operation, made: UUID | None) -> None:
        """Tells whom it was done for; where it was only a step to a grant, that grant's notices say it."""
        case = await tx.requests.case(change.request)
        step = case is not None and case.request.kind is Kind.OPEN
        if change.state is OperationState.FAILED:
            kind = MessageKind.NOTICE_NOT_DONE
        elif made is not None:
            kind = MessageKind.NOTICE_CERTIFICATE_READY
        else:
            kind = MessageKind.NOTICE_DONE
        if step and kind is not MessageKind.NOTICE_CERTIFICATE_READY and change.why is not Why.SEVERAL:
            return
        key = f"{kind}:{change.id}:{self.now.isoformat()}"
        await tx.posts.tell(kind, to=change.owner, key=key, request=change.request)

    async def _tell_gone(self, tx: Transaction, turn: MtlsReconciliation, known: KnownCertificate) -> None:
        """Tells a certificate's owner that nobody can connect with it any more, unless they asked for it."""
        if known.owner is None or any(_takes(change, known) for change in turn.changes.values()):
            return
        kind = MessageKind.NOTICE_CERTIFICATE_GONE
        key = f"{kind}:{known.id}:{turn.job.lease}"
        await tx.posts.tell(kind, to=known.owner, key=key, request=known.request)

    async def _tell_foreign(
        self, tx: Transaction, turn: MtlsReconciliation, sighting: InventoryChange
    ) -> None:
        """Tells operations of certificates that others have made since the last look."""
        first_read = turn.look is None or turn.look.certificates_at is None
        if first_read or any(issuance_progress(change).is_open for change in turn.changes_of(*_MAKING)):
            return
        for known in sighting.appeared:
            now = await tx.certificates.find(known.id)
            if now is not None and now.foreign:
                kind = MessageKind.NOTICE_CERTIFICATE_FOREIGN
                params = {"app": turn.job.target.label, "name": known.name, "handle": known.handle}
                await tx.posts.tell(kind, to=self.operations, key=f"{kind}:{known.id}", params=params)


async def _give(tx: Transaction, change: Operation) -> None:
    """Notes whose a certificate is that was made for a change, as soon as it is listed."""
    made = issuance_progress(change).made
    known = None if made is None else await tx.certificates.find(made)
    if known is None or known.request == change.request:
        return
    case = await tx.requests.case(change.request)
    purpose = "" if case is None else case.request.terms.reason
    await tx.certificates.give(known.id, request=change.request, owner=change.owner, purpose=purpose)


def _takes(change: Operation, known: KnownCertificate) -> bool:
    """Whether a change takes a certificate away on its owner's own account."""
    if isinstance(change.subject, CertificateId):
        about = change.subject.id == known.id
    else:
        about = change.kind is Kind.DISABLE
    return about and change.owner == known.owner
