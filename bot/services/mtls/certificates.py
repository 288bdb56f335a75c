"""Client certificates: issue, choose after a lost answer, list, revoke."""

from uuid import UUID

from bot.domain import schedule
from bot.domain.grant import ReasonCode
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.observation import mtls_observation
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId, Whole
from bot.errors import Refusal, Refused
from bot.ports import CertificateList, RequestDetails, Transaction
from bot.services.authorization import require_certificate_access, require_owner_or_approver
from bot.services.context import ServiceContext
from bot.services.lookups import database_of, find_certificate, find_database, request_details
from bot.services.mtls.endpoint import find_mtls, is_under_way, require_no_operation
from bot.services.mtls.entries import MTLS
from bot.services.request_input import RequestInput, terms_without_end
from bot.services.targets.discovery import known_databases


class CertificateService:
    """Records requests for client certificates, and lists them.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def issue(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a pending request for a client certificate; the reason is its purpose.

        Raises:
            Refused: the person may not ask, or mTLS is not enabled.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_issuance(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            database, rule, observation = await find_mtls(self._context, tx, request_input.target, member)
            await require_no_operation(tx, database, Kind.DISABLE)
            enabling = await is_under_way(tx, database, Kind.ENABLE)
            if observation is not None and not observation.enabled and not enabling:
                raise Refused(Refusal.CERTIFICATE_OFF, app=database.label)
            terms = terms_without_end(MTLS, database.id, Whole(), request_input.reason)
            return await self._context.record_operation(tx, Kind.ISSUE, terms, rule, person)

        return await self._context.once(key, person, record_issuance)

    async def revoke(
        self, handle: str | None, reason: str | None, *, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request to revoke a certificate, which cannot be undone.

        Args:
            handle: what people call the certificate.
            reason: in the person's own words.
            person: Slack id of its owner, an approver or an admin; of anybody for an unmanaged one.
            key: identifies the command.

        Raises:
            Refused: there is no such certificate, it is somebody else's, or it is being revoked already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_revocation(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            certificate = await find_certificate(tx, handle)
            # An unmanaged certificate has no owner to protect; an approver decides all the same.
            if not certificate.unmanaged:
                await require_certificate_access(self._context, tx, certificate, member)
            await require_no_open_request(tx, certificate)
            database = await database_of(tx, certificate)
            rule = await self._context.rule(tx, member, target=database, method=MTLS)
            terms = terms_without_end(MTLS, database.id, CertificateId(certificate.id), reason)
            return await self._context.record_operation(tx, Kind.DISCARD, terms, rule, person)

        return await self._context.once(key, person, record_revocation)

    async def choose(self, request: int, certificate: UUID, *, person: str, key: str) -> RequestDetails:
        """Records which of several new certificates was made for a request.

        Heroku's answer to the call that made it was lost, and more than one unknown certificate appeared.

        Args:
            request: the request whose answer was lost.
            certificate: Heroku's id of the right one.
            person: Slack id of the requester, or of an approver of the request.
            key: identifies the click.

        Raises:
            Refused: the certificate is not offered any more, or it is somebody else's to choose.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_choice(tx: Transaction) -> int:
            operation = await tx.operations.of_request(request)
            # The certificate is locked, because two requests may offer the same one.
            if operation is None or not _offers(operation, await tx.certificates.lock(certificate)):
                # Only for its refusal, where there is no request of that number.
                await request_details(tx, request)
                raise Refused(Refusal.CERTIFICATE_NOT_OFFERED, id=request)
            owner = operation.owner
            await require_owner_or_approver(self._context, tx, request, owner=owner, person=person)
            after, within = issuance.picked(operation, certificate), schedule.OPERATION_DEADLINE
            await tx.operations.update(operation, after, doing=self._context.audit(person), within=within)
            await tx.outbox.refresh_cards(request)
            await tx.reconcile_queue.bump_generation(operation.target, operation.method)
            return request

        return await self._context.once(key, person, record_choice)

    async def list_by_database(self, target: str | None, *, person: str) -> tuple[CertificateList, ...]:
        """Returns the certificates of one database, or of every database.

        Raises:
            Refused: the person may not look, or there is no such database.
        """
        async with self._context.transaction() as tx:
            await self._context.closing_member(tx, person)
            if target is None:
                databases = await known_databases(tx)
                if not databases:
                    raise Refused(Refusal.TARGET_NONE)
            else:
                databases = (await find_database(tx, self._context.policy, target, MTLS),)
            present = await tx.certificates.present(None if target is None else databases[0].id)
            observations = {
                database.id: mtls_observation(await tx.reconcile_queue.observation(database.id, MTLS))
                for database in databases
            }
        return tuple(
            CertificateList(
                database=database,
                observation=observations[database.id],
                certificates=tuple(each for each in present if each.target == database.id),
            )
            for database in databases
        )


async def require_no_open_request(tx: Transaction, certificate: KnownCertificate) -> None:
    """Refuses while a request to revoke or rotate the certificate is pending or under way."""
    subject, kinds = CertificateId(certificate.id), (Kind.DISCARD, Kind.ROTATE)
    request = await tx.requests.newest_open(certificate.target, subject, kinds)
    if request is not None:
        rotating = request.kind is Kind.ROTATE
        reason = Refusal.ROTATION_OPEN if rotating else Refusal.CERTIFICATE_REMOVING
        raise Refused(reason, id=request.id, handle=certificate.handle)


def _offers(operation: Operation, certificate: KnownCertificate | None) -> bool:
    """Whether a certificate is one of those to choose from, and still belongs to nobody."""
    if (
        operation.state is not OperationState.FAILED
        or operation.reason_code is not ReasonCode.SEVERAL
        or certificate is None
    ):
        return False
    return (
        certificate.unmanaged
        and certificate.absent_at is None
        and certificate.id in issuance.issuance_progress(operation).candidates
    )
