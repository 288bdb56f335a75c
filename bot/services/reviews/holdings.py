"""What one person holds: grants, pending requests, download links, rotations, certificates; and ending it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from bot.domain import operation as operations
from bot.domain.grant import Grant, ReasonCode
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.download_link import DownloadLink, DownloadLinkState
from bot.domain.operation import Operation
from bot.errors import Refused
from bot.ports import AuditContext, RequestDetails, Transaction
from bot.services.grants import close_grants
from bot.services.mtls.download_links import MESSAGE_KEY
from bot.services.withdrawals import withdraw


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """What a person holds, locked in the order in which everything locks it.

    Attributes:
        pending: requests that wait for a decision.
        grants: those that can be ended.
        rotations: those that wait for the person.
        links: those to certificates' files that were not used yet.
        certificates: those that Heroku has.
    """

    pending: Sequence[RequestDetails]
    grants: Sequence[Grant]
    rotations: Sequence[Operation]
    links: Sequence[DownloadLink]
    certificates: Sequence[KnownCertificate]

    @property
    def requests(self) -> tuple[int, ...]:
        """The requests that all of it belongs to, in their order."""
        numbers = {
            *(details.request.id for details in self.pending),
            *(grant.request for grant in self.grants),
            *(operation.request for operation in self.rotations),
            *(link.request for link in self.links),
            *(known.request for known in self.certificates if known.request is not None),
        }
        return tuple(sorted(numbers))

    def only(self, requests: Collection[int]) -> "Holdings":
        """What of it belongs to some requests."""
        return Holdings(
            pending=[details for details in self.pending if details.request.id in requests],
            grants=[grant for grant in self.grants if grant.request in requests],
            rotations=[operation for operation in self.rotations if operation.request in requests],
            links=[link for link in self.links if link.request in requests],
            certificates=[known for known in self.certificates if known.request in requests],
        )


async def holdings_of(tx: Transaction, person: str) -> Holdings:
    """Returns what a person holds, locked until the transaction ends."""
    pending = [await tx.requests.lock_details(id) for id in await tx.reviews.pending_of(person)]
    return Holdings(
        pending=[details for details in pending if details is not None],
        grants=await tx.reviews.live_of(person),
        rotations=await tx.reviews.rotations_of(person),
        links=await tx.reviews.links_of(person),
        certificates=await tx.reviews.certificates_of(person),
    )


async def end_holdings(
    tx: Transaction, held: Holdings, reason_code: ReasonCode, refused: Refused, *, doing: AuditContext
) -> None:
    """Ends everything that a person holds but for certificates, which are decided on their own.

    Args:
        tx: that has locked it.
        held: what to end.
        reason_code: of the grants and rotations that end.
        refused: why requests are withdrawn.
        doing: who ends it, when, and why.
    """
    for details in held.pending:
        await withdraw(
            tx, details, Refused(refused.reason, id=details.request.id, **refused.params), doing=doing
        )
    for operation in held.rotations:
        # Nobody is left who could say that the new certificate is installed.
        failed = operations.failed(operation, reason_code, now=doing.at)
        await tx.operations.update(operation, failed, doing=doing)
        await tx.outbox.refresh_cards(operation.request)
    for link in held.links:
        state = DownloadLinkState.WITHDRAWN
        await tx.download_links.update(link, replace(link, state=state), doing=doing)
        await tx.outbox.refresh(MESSAGE_KEY.format(id=link.id), params={"state": state})
    # Last, as it locks the reconcile queue.
    await close_grants(tx, held.grants, reason_code, doing=doing)
