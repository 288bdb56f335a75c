"""Certificates whose owner has left: approvers revoke them, or assign them to somebody else."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.method import Method
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.person import Person, UserId
from bot.domain.policy.approval import missing_approvals, with_admins
from bot.domain.request import Decision, Kind, RequestState, Verdict
from bot.domain.subject import CertificateId
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, NewRequest, RequestDetails, Transaction
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.judgement import TRANSIENT
from bot.services.lookups import request_details
from bot.services.mtls.certificates import require_no_open_request
from bot.services.mtls.entries import MTLS
from bot.services.request_input import terms_without_end


class OrphanedCertificateService:
    """Records what approvers of a certificate's request, and admins, decide of it.

    Each method takes the number of the request that the certificate was issued for, and Heroku's id of it.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def revoke(self, request: int, certificate: UUID, *, person: str, key: str) -> RequestDetails:
        """Has a certificate revoked at once; like ``revoke`` of a grant it needs no further decision.

        Raises:
            Refused: it has an owner again, is being revoked, or the person may not decide.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_revocation(tx: Transaction) -> int:
            # By the last that was known of people: nothing that Slack does keeps anybody from closing.
            member = await self._context.closing_member(tx, person)
            known = await self._orphaned(tx, request, certificate, member)
            await require_no_open_request(tx, known)
            await revoke_all(self._context, tx, [known], by=person, doing=self._context.audit(person))
            return request

        return await self._context.once(key, person, record_revocation)

    async def require_assignable(self, request: int, certificate: UUID, *, person: str) -> RequestDetails:
        """Returns the request of a certificate that a person may assign; raises ``Refused`` as ``assign``."""
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            await self._orphaned(tx, request, certificate, member)
            return await request_details(tx, request)

    async def assign(
        self, request: int, certificate: UUID, owner: str, *, person: str, key: str
    ) -> RequestDetails:
        """Gives a certificate to somebody who could request one today, and tells them.

        Raises:
            Refused: it has an owner again or is being revoked, the person may not decide or names themselves,
                or the new owner may not have it, or not by the decision of one.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_assignment(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            known = await self._orphaned(tx, request, certificate, member)
            await require_no_open_request(tx, known)
            if owner == person:
                # Whoever approves access gives it to others, and never to themselves.
                raise Refused(Refusal.ASSIGN_SELF, id=request)
            await self._require_heir(tx, owner, await request_details(tx, request), member)
            doing, left_at = self._context.audit(person), known.owner_left_at
            await tx.reviews.assign(known, owner=owner, doing=doing)
            params = {
                "certificate": str(known.id),
                "owner": known.owner or "",
                "assigned_to": owner,
                "assigned_by": person,
            }
            await tx.outbox.refresh(left_key(known, left_at or doing.at), params=params)
            await tx.outbox.refresh_cards(request)
            await tx.outbox.add(
                MessageKind.CERTIFICATE_ASSIGNED,
                to=owner,
                key=f"{MessageKind.CERTIFICATE_ASSIGNED}:{known.id}:{doing.at.isoformat()}",
                request=request,
                params={"owner": owner, "before": known.owner or "", "assigned_by": person},
            )
            return request

        try:
            return await self._context.once(key, person, record_assignment)
        except Refused as refused:
            # In a transaction of its own, for the refusal has rolled the first one back.
            if refused.reason is Refusal.ASSIGN_UNKNOWN:
                await self._context.request_lookup(owner)
            raise

    async def _require_heir(
        self, tx: Transaction, owner: str, details: RequestDetails, approver: Person
    ) -> None:
        """Refuses a new owner who could not have a certificate of that database today by this approval."""
        try:
            heir = await self._context.member(tx, owner)
            rule = await self._context.rule(tx, heir, target=details.target, method=MTLS)
        except Refused as refused:
            unknown = refused.reason in TRANSIENT
            reason = Refusal.ASSIGN_UNKNOWN if unknown else Refusal.ASSIGN_NOT_ALLOWED
            id, app = details.request.id, details.target.label
            raise Refused(reason, id=id, app=app, person=UserId(owner)) from refused
        # Its files go with it: one approver must not hand out alone what two decide on.
        if missing_approvals(with_admins(rule, self._context.policy.admins), [approver.ids]) > 0:
            reason, app = Refusal.ASSIGN_NEEDS_OTHERS, details.target.label
            raise Refused(reason, app=app, person=UserId(owner))

    async def _orphaned(
        self, tx: Transaction, request: int, certificate: UUID, member: Person
    ) -> KnownCertificate:
        """The certificate, locked, whose owner has left; raises ``Refused`` unless the member may decide."""
        known = await tx.certificates.lock(certificate)
        details = await request_details(tx, request)
        admin = self._context.policy.is_admin(member.ids)
        if not admin and not await approves(self._context, tx, details, member):
            raise Refused(Refusal.APPROVER_NOT, id=request)
        if known is None or known.request != request or known.absent_at is not None:
            raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=str(request))
        if known.owner_left_at is None:
            raise Refused(Refusal.CERTIFICATE_OWNED, id=request)
        return known


async def revoke_all(
    context: ServiceContext,
    tx: Transaction,
    certificates: Iterable[KnownCertificate],
    *,
    by: str,
    doing: AuditContext,
) -> None:
    """Starts the revocation of certificates, but of those that are being revoked or replaced already.

    Args:
        context: store, policy and clock.
        tx: that has locked them.
        certificates: what to revoke.
        by: Slack id of who decides; ``BOT`` where the policy itself does.
        doing: for the audit lines.
    """
    begun: set[tuple[UUID, Method]] = set()
    for known in certificates:
        with contextlib.suppress(Refused):
            if by != BOT:
                await require_no_open_request(tx, known)
            number = await begin_revocation(tx, known, by=by, doing=doing)
            params = {"certificate": str(known.id), "owner": known.owner or ""}
            params |= {"revoked_by": by, "revocation": str(number)}
            await tx.outbox.refresh(left_key(known, known.owner_left_at or doing.at), params=params)
            begun.add((known.target, MTLS))
    await tx.reconcile_queue.bump_generations(begun)


async def begin_revocation(tx: Transaction, known: KnownCertificate, *, by: str, doing: AuditContext) -> int:
    """Records a revocation under a decision that is made with it; returns the number of its request.

    Args:
        tx: that has locked the certificate, and has its target reconciled.
        known: what to revoke.
        by: Slack id of who decides; ``BOT`` where the policy itself does.
        doing: for the audit lines.
    """
    rule = "" if known.request is None else (await request_details(tx, known.request)).request.rule
    request = await tx.requests.add(
        NewRequest(
            kind=Kind.DISCARD,
            terms=terms_without_end(MTLS, known.target, CertificateId(known.id), ""),
            requester=BOT,
            rule=rule,
            # What the policy decides needs nobody's approval besides.
            needed=0 if by == BOT else 1,
            expires_at=doing.at + schedule.OPERATION_DEADLINE,
            remind_at=None,
        ),
        doing=doing,
    )
    because = doing.details.get("because", "")
    decision = Decision(person=by, verdict=Verdict.APPROVE, reason=because, at=doing.at.astimezone(UTC))
    await tx.requests.record_decision(request.id, decision)
    await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
    # Whoever decides is told when it is done.
    operation = replace(operations.begin(request, id=uuid4(), now=doing.at), owner=by)
    await tx.operations.start(operation, within=schedule.OPERATION_DEADLINE, doing=doing)
    if by != BOT:
        await tx.closings.begin(by, at=doing.at, operations=[operation.id])
    return request.id


def left_key(known: KnownCertificate, left_at: datetime) -> str:
    """Returns the outbox key of the message about a certificate whose owner has left."""
    return f"{MessageKind.CERTIFICATE_LEFT}:{known.id}:{left_at.astimezone(UTC).isoformat()}"
