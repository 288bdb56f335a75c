"""Records what a reconcile run has shown of certificates, and announces the end of operations."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.grant import ReasonCode
from bot.domain.mtls.certificate import InventoryChange, KnownCertificate
from bot.domain.mtls.issuance import issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.reports import findings
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.ports import MessageKind, Transaction
from bot.reconciler.adapter import Completion
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot

_MAKING = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
_READY_AT_ONCE = (Kind.ENABLE, Kind.ISSUE)
"""Operations that are done once their certificate is ready; a rotation goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateInventory:
    """Keeps the list of a database's certificates.

    Attributes:
        operations: the channel that hears of unmanaged ones.
    """

    operations: str

    async def keep(
        self, tx: Transaction, run: MtlsReconciliation, seen: MtlsSnapshot, *, now: datetime
    ) -> None:
        """Updates the inventory, where this run has read every certificate or proven that there is none."""
        fresh = seen.certificates_at == run.job.claimed_at
        if not fresh and (seen.enabled or not seen.settled):
            return
        change = await tx.certificates.save_list(run.job.target.id, seen.certificates if seen.enabled else ())
        settled = {findings.certificate(known.id) for known in change.gone if known.unmanaged}
        for operation in run.operations_of(*_MAKING):
            settled |= await _assign(tx, operation)
        for known in change.gone:
            await self._tell_owner(tx, run, known)
        # That Heroku lists it no more, or again, is no change of state, and has no audit line.
        await tx.outbox.requests_changed(
            [known.request for known in (*change.gone, *change.appeared) if known.request is not None]
        )
        await tx.outbox.settle(settled, at=now)
        await self._report_unmanaged(tx, run, change)

    async def _tell_owner(self, tx: Transaction, run: MtlsReconciliation, known: KnownCertificate) -> None:
        """Tells a certificate's owner that nobody can connect with it any more, unless they asked for it."""
        if known.owner is None or any(_takes(operation, known) for operation in run.operations.values()):
            return
        kind = MessageKind.CERTIFICATE_GONE
        key = f"{kind}:{known.id}:{run.job.lease}"
        await tx.outbox.add(kind, to=known.owner, key=key, request=known.request)

    async def _report_unmanaged(
        self, tx: Transaction, run: MtlsReconciliation, change: InventoryChange
    ) -> None:
        """Reports certificates that others have made since the last observation."""
        first_read = run.observation is None or run.observation.certificates_at is None
        # While an answer is outstanding, a certificate that appears may be the one that was issued.
        if first_read or any(
            issuance_progress(operation).is_open for operation in run.operations_of(*_MAKING)
        ):
            return
        for known in change.appeared:
            now = await tx.certificates.find(known.id)
            if now is not None and now.unmanaged:
                kind = MessageKind.CERTIFICATE_UNMANAGED
                params = {"app": run.job.target.label, "name": known.name, "handle": known.handle}
                about = (findings.certificate(known.id),)
                await tx.outbox.add(
                    kind, to=self.operations, key=f"{kind}:{known.id}", params=params, about=about
                )


async def completion(tx: Transaction, before: Operation, after: Operation) -> Completion:
    """Decides how the end of an operation is announced; a mere step to a grant is announced by the grant.

    Args:
        tx: the commit that records the run.
        before: the operation as it was.
        after: the operation, done or failed.
    """
    made = issuance_progress(before).made if before.kind in _READY_AT_ONCE else None
    details = {} if made is None else {"certificate": str(made)}
    requested = await tx.requests.details(before.request)
    is_step = requested is not None and requested.request.kind is Kind.OPEN
    if after.state is OperationState.FAILED:
        message = MessageKind.NOT_DONE
    elif made is not None:
        message = MessageKind.CERTIFICATE_READY
    else:
        message = MessageKind.DONE
    announced_by_grant = is_step and message is not MessageKind.CERTIFICATE_READY
    if announced_by_grant and after.reason_code is not ReasonCode.SEVERAL:
        return Completion(message=None, details=details)
    return Completion(message=message, details=details)


async def _assign(tx: Transaction, operation: Operation) -> set[str]:
    """Assigns a certificate to the request that it was issued for, as soon as it is listed.

    Returns:
        The finding that this settles: it may have been taken for somebody else's.
    """
    made = issuance_progress(operation).made
    known = None if made is None else await tx.certificates.find(made)
    if known is None or known.request == operation.request:
        return set()
    requested = await tx.requests.details(operation.request)
    purpose = "" if requested is None else requested.request.terms.reason
    await tx.certificates.assign(known.id, request=operation.request, owner=operation.owner, purpose=purpose)
    return {findings.certificate(known.id)}


def _takes(operation: Operation, known: KnownCertificate) -> bool:
    """Whether an operation removes a certificate at its owner's own request."""
    if isinstance(operation.subject, CertificateId):
        about = operation.subject.id == known.id
    else:
        about = operation.kind is Kind.DISABLE
    return about and operation.owner == known.owner
