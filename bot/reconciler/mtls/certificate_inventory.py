"""Records what a pass has shown of certificates and of changes: the inventory, and what people are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain import operation as operations
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

    async def keep(self, tx: Transaction, run: MtlsReconciliation, seen: MtlsSnapshot) -> None:
        """Brings the inventory up to date, where this pass has seen every certificate or that none is."""
        fresh = seen.certificates_at == run.job.claimed_at
        if not fresh and (seen.enabled or not seen.settled):
            return
        sighting = await tx.certificates.listed(run.job.target.id, seen.certificates if seen.enabled else ())
        for operation in run.operations_of(*_MAKING):
            await _give(tx, operation)
        for known in sighting.gone:
            await self._tell_gone(tx, run, known)
        await self._tell_unmanaged(tx, run, sighting)

    async def conclude(
        self, tx: Transaction, run: MtlsReconciliation, concluded: Mapping[UUID, tuple[Why, str] | None]
    ) -> None:
        """Moves changes that are done or have failed, unless a person moved them while we looked."""
        for id, failure in concluded.items():
            before = await tx.operations.get(id)
            if before.state is not OperationState.DOING:
                continue
            after = operations.done(before, now=self.now)
            if failure is not None:
                after = operations.failed(before, failure[0], now=self.now, detail=failure[1])
            made = issuance_progress(before).made if before.kind in _READY_AT_ONCE else None
            details = {} if made is None else {"certificate": str(made)}
            await tx.operations.move(
                before, after, doing=AuditContext(actor=BOT, at=self.now, details=details)
            )
            await tx.outbox.refresh_cards(before.request)
            await self._tell(tx, after, made)

    async def _tell(self, tx: Transaction, operation: Operation, made: UUID | None) -> None:
        """Tells whom it was done for; where it was only a step to a grant, that grant's notices say it."""
        case = await tx.requests.case(operation.request)
        step = case is not None and case.request.kind is Kind.OPEN
        if operation.state is OperationState.FAILED:
            kind = MessageKind.NOT_DONE
        elif made is not None:
            kind = MessageKind.CERTIFICATE_READY
        else:
            kind = MessageKind.DONE
        if step and kind is not MessageKind.CERTIFICATE_READY and operation.why is not Why.SEVERAL:
            return
        key = f"{kind}:{operation.id}:{self.now.isoformat()}"
        await tx.outbox.tell(kind, to=operation.owner, key=key, request=operation.request)

    async def _tell_gone(self, tx: Transaction, run: MtlsReconciliation, known: KnownCertificate) -> None:
        """Tells a certificate's owner that nobody can connect with it any more, unless they asked for it."""
        if known.owner is None or any(_takes(operation, known) for operation in run.operations.values()):
            return
        kind = MessageKind.CERTIFICATE_GONE
        key = f"{kind}:{known.id}:{run.job.lease}"
        await tx.outbox.tell(kind, to=known.owner, key=key, request=known.request)

    async def _tell_unmanaged(
        self, tx: Transaction, run: MtlsReconciliation, sighting: InventoryChange
    ) -> None:
        """Tells operations of certificates that others have made since the last look."""
        first_read = run.observation is None or run.observation.certificates_at is None
        if first_read or any(
            issuance_progress(operation).is_open for operation in run.operations_of(*_MAKING)
        ):
            return
        for known in sighting.appeared:
            now = await tx.certificates.find(known.id)
            if now is not None and now.unmanaged:
                kind = MessageKind.CERTIFICATE_UNMANAGED
                params = {"app": run.job.target.label, "name": known.name, "handle": known.handle}
                await tx.outbox.tell(kind, to=self.operations, key=f"{kind}:{known.id}", params=params)


async def _give(tx: Transaction, operation: Operation) -> None:
    """Notes whose a certificate is that was made for a change, as soon as it is listed."""
    made = issuance_progress(operation).made
    known = None if made is None else await tx.certificates.find(made)
    if known is None or known.request == operation.request:
        return
    case = await tx.requests.case(operation.request)
    purpose = "" if case is None else case.request.terms.reason
    await tx.certificates.give(known.id, request=operation.request, owner=operation.owner, purpose=purpose)


def _takes(operation: Operation, known: KnownCertificate) -> bool:
    """Whether a change takes a certificate away on its owner's own account."""
    if isinstance(operation.subject, CertificateId):
        about = operation.subject.id == known.id
    else:
        about = operation.kind is Kind.DISABLE
    return about and operation.owner == known.owner
