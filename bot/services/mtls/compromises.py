"""Certificates whose files somebody else has: the owner's word revokes one at once, without a decision."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final
from uuid import UUID, uuid4

from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.download_link import DownloadLinkState
from bot.domain.person import UserId
from bot.domain.request import Decision, Kind, Request, RequestState, Verdict
from bot.domain.subject import CertificateId
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, NewRequest, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.lookups import request_details
from bot.services.mtls.download_links import MESSAGE_KEY
from bot.services.mtls.entries import MTLS
from bot.services.request_input import terms_without_end
from bot.services.withdrawals import withdraw

WITHIN: Final = timedelta(days=7)
"""How long the revocation is tried: a key that somebody else has is not left because Heroku is away."""


class CompromiseService:
    """Revokes a certificate whose owner says that they did not download its files.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def revoke(
        self, request: int, certificate: UUID, link: UUID, *, person: str, key: str
    ) -> RequestDetails:
        """Starts the revocation; approvers and operations are told, and the owner once it is done.

        Args:
            request: the number that people call the certificate by.
            certificate: Heroku's id of it.
            link: the download that was not the owner's.
            person: Slack id of who says so.
            key: identifies the click.

        Returns:
            The request that revokes it.

        Raises:
            Refused: it is somebody else's, is being revoked already, or does not exist any more.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_revocation(tx: Transaction) -> int:
            # By the last that was known of people: nothing that Slack does keeps anybody from closing.
            await self._context.closing_member(tx, person)
            known = await self._own(tx, request, certificate, person)
            doing = replace(self._context.audit(person), details={"certificate": str(certificate)})
            await self._require_not_revoking(tx, known, doing)
            revocation = await self._begin(tx, known, doing)
            params = {"revocation": str(revocation.id)}
            await tx.outbox.refresh(MESSAGE_KEY.format(id=link), params=params)
            await _withdraw_links(tx, known, doing, params)
            await self._tell(tx, known, revocation)
            await tx.outbox.refresh_cards(request)
            await tx.reconcile_queue.bump_generation(known.target, MTLS)
            return revocation.id

        return await self._context.once(key, person, record_revocation)

    async def _own(self, tx: Transaction, request: int, certificate: UUID, person: str) -> KnownCertificate:
        """The certificate, locked; raises ``Refused`` with what became of it unless it is the person's."""
        known = await tx.certificates.lock(certificate)
        if known is None or known.request != request:
            raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=str(request))
        if known.absent_at is not None:
            raise Refused(Refusal.CERTIFICATE_ENDED, handle=known.handle)
        if known.owner is not None and known.owner != person:
            raise Refused(Refusal.CERTIFICATE_OTHERS, handle=known.handle, person=UserId(known.owner))
        if known.owner is None:
            raise Refused(Refusal.FILES_UNMANAGED, handle=known.handle)
        return known

    async def _require_not_revoking(
        self, tx: Transaction, known: KnownCertificate, doing: AuditContext
    ) -> None:
        """Refuses a second revocation; one that still waits for a decision is withdrawn for this one."""
        pending = await tx.requests.newest_open(known.target, CertificateId(known.id), (Kind.DISCARD,))
        if pending is None:
            return
        details = await tx.requests.lock_details(pending.id)
        if details is None or details.request.state is not RequestState.PENDING:
            raise Refused(Refusal.CERTIFICATE_REMOVING, id=pending.id, handle=known.handle)
        refused = Refused(Refusal.CERTIFICATE_REVOKED, handle=known.handle)
        await withdraw(tx, details, refused, doing=doing)

    async def _begin(self, tx: Transaction, known: KnownCertificate, doing: AuditContext) -> Request:
        """Records the revocation, which needs nobody's approval: it only takes from its owner."""
        rule = "" if known.request is None else (await request_details(tx, known.request)).request.rule
        request = await tx.requests.add(
            NewRequest(
                kind=Kind.DISCARD,
                terms=terms_without_end(MTLS, known.target, CertificateId(known.id), ""),
                requester=doing.actor,
                rule=rule,
                needed=0,
                expires_at=doing.at + schedule.OPERATION_DEADLINE,
                remind_at=None,
            ),
            doing=doing,
        )
        decision = Decision(person=BOT, verdict=Verdict.APPROVE, reason="", at=doing.at.astimezone(UTC))
        await tx.requests.record_decision(request.id, decision)
        await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
        await tx.operations.start(
            operations.begin(request, id=uuid4(), now=doing.at), within=WITHIN, doing=doing
        )
        return request

    async def _tell(self, tx: Transaction, known: KnownCertificate, revocation: Request) -> None:
        """Tells approvers and operations: whoever has the key may have used it."""
        policy, kind = self._context.policy, MessageKind.CERTIFICATE_COMPROMISED
        delivered = "" if known.delivered_at is None else known.delivered_at.isoformat()
        params = {"owner": revocation.requester, "handle": known.handle, "delivered": delivered}
        for channel in sorted({policy.approvals_channel, policy.operations_channel}):
            key = f"{kind}:{revocation.id}:{channel}"
            await tx.outbox.add(kind, to=channel, key=key, request=revocation.id, params=params)


async def _withdraw_links(
    tx: Transaction, known: KnownCertificate, doing: AuditContext, params: Mapping[str, str]
) -> None:
    """Ends links to the same files that were not used yet."""
    state = DownloadLinkState.WITHDRAWN
    for link in await tx.download_links.open_of(known.id):
        await tx.download_links.update(link, replace(link, state=state), doing=doing)
        await tx.outbox.refresh(MESSAGE_KEY.format(id=link.id), params={"state": state, **params})
