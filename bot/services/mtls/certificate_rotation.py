"""Certificate rotation: ask for it, report the new certificate as installed, keep the old one, test."""

from bot.domain.mtls import rotation
from bot.domain.mtls.rotation import Rotation, RotationStage
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.services.authorization import require_certificate_access, require_owner_or_approver
from bot.services.context import ServiceContext
from bot.services.lookups import database_of, request_details
from bot.services.mtls.certificate_expiry import lock_ready_certificate
from bot.services.mtls.certificates import require_no_open_request
from bot.services.mtls.entries import MTLS
from bot.services.request_input import terms_without_end


class CertificateRotationService:
    """Records requests for rotations, and what owners and approvers say about those under way.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def rotate(
        self, handle: str | None, reason: str | None, *, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request for a new certificate in place of an old one.

        Args:
            handle: what people call the old certificate.
            reason: None repeats the purpose of the old one.
            person: Slack id of the requester, who will own the new one.
            key: identifies the command or click.

        Raises:
            Refused: there is no such certificate, it is somebody else's, or it is being rotated already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_rotation(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            certificate = await lock_ready_certificate(tx, handle)
            if not certificate.unmanaged:
                await require_certificate_access(self._context, tx, certificate, member)
            await require_no_open_request(tx, certificate)
            database = await database_of(tx, certificate)
            rule = await self._context.rule(tx, member, target=database, method=MTLS)
            subject, purpose = CertificateId(certificate.id), reason or certificate.purpose
            terms = terms_without_end(MTLS, database.id, subject, purpose)
            return await self._context.record_operation(tx, Kind.ROTATE, terms, rule, person)

        return await self._context.once(key, person, record_rotation)

    async def confirm_installed(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Records that the new certificate is installed; the old one is revoked after the grace period.

        Args:
            request: the rotation's.
            person: Slack id of the new certificate's owner, or of an approver of the request.
            key: identifies the click.

        Raises:
            Refused: the rotation does not wait for that, or is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_installed(tx: Transaction) -> int:
            operation, found = await self._rotation(tx, request, person)
            running = operation.state is OperationState.DOING
            # A second click, perhaps by somebody else, must not begin the grace period anew.
            if found.installed_at is not None and running:
                return request
            if not running or not found.waits_for_word:
                raise Refused(Refusal.ROTATION_NOT_WAITING, id=request)
            after = rotation.installed(operation, now=self._context.now())
            await self._move(tx, operation, after, person)
            return request

        return await self._context.once(key, person, record_installed)

    async def keep_old(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Records that the old certificate is still needed; it stays until the new one is installed.

        Args:
            request: the rotation's.
            person: as for ``confirm_installed``.
            key: identifies the click.

        Raises:
            Refused: the old one is being revoked or gone, or the rotation is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_still_needed(tx: Transaction) -> int:
            operation, found = await self._rotation(tx, request, person)
            if operation.state is not OperationState.DOING or not found.has_both:
                raise Refused(Refusal.ROTATION_OLD_GOING, id=request)
            # Before a confirmation there is nothing to take back, and the old one stays anyway.
            if found.stage is RotationStage.RESTING:
                after = rotation.not_installed(operation, now=self._context.now())
                await self._move(tx, operation, after, person)
            return request

        return await self._context.once(key, person, record_still_needed)

    async def test(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Requests a connection test with the new certificate; nothing changes while one is requested.

        Args:
            request: the rotation's.
            person: as for ``confirm_installed``.
            key: identifies the click.

        Raises:
            Refused: there is nothing to test, it cannot be tested, or the rotation is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_test(tx: Transaction) -> int:
            operation, found = await self._rotation(tx, request, person)
            if operation.state is not OperationState.DOING or not (found.testable and found.has_both):
                raise Refused(Refusal.ROTATION_NO_TEST, id=request)
            if found.test_asked_at is None:
                after = rotation.testing(operation, now=self._context.now())
                await self._move(tx, operation, after, person)
                # The reconciler makes the test; what else a person says here waits for business time.
                await tx.reconcile_queue.bump_generation(operation.target, operation.method)
            return request

        return await self._context.once(key, person, record_test)

    async def _rotation(self, tx: Transaction, request: int, person: str) -> tuple[Operation, Rotation]:
        """A rotation, locked, for its owner or an approver; raises ``Refused`` if it is none."""
        operation = await tx.operations.of_request(request)
        if operation is None or operation.kind is not Kind.ROTATE:
            # Only for its refusal, where there is no request of that number.
            await request_details(tx, request)
            raise Refused(Refusal.ROTATION_NOT_WAITING, id=request)
        await require_owner_or_approver(self._context, tx, request, owner=operation.owner, person=person)
        return operation, rotation.rotation_of(operation)

    async def _move(self, tx: Transaction, before: Operation, after: Operation, person: str) -> None:
        """Records what a person said, and updates every message that shows the rotation."""
        await tx.operations.update(before, after, doing=self._context.audit(person))
        await tx.outbox.refresh_cards(before.request)
        await tx.outbox.refresh_all([rotation_key(before)])


def rotation_key(operation: Operation) -> str:
    """Returns the outbox key of the message that delivers a rotation's new certificate."""
    return f"{MessageKind.ROTATION_READY}:{rotation.rotation_of(operation).new}"
