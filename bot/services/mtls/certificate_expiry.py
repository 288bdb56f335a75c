"""Answers to reminders of a certificate's expiry: acknowledge, snooze."""

from bot.domain.mtls import expiry_reminders
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.authorization import require_certificate_access
from bot.services.context import ServiceContext
from bot.services.lookups import find_certificate


class CertificateExpiryService:
    """Records answers of a certificate's owner, its request's approvers, and admins.

    Each method takes the number of the request that the certificate was issued for, and the step of the
    reminder that is answered: an older one is answered by the one after it. Without a step it is the last.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def acknowledge(
        self, request: int, *, person: str, key: str, step: int | None = None
    ) -> RequestDetails:
        """Records that a person knows of the expiry; a second time changes nothing.

        Raises:
            Refused: the certificate is somebody else's, or gone, or there is a later reminder.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_acknowledgement(tx: Transaction) -> int:
            certificate = await self._controlled_certificate(tx, request, person, step)
            if certificate.reminder_schedule.acknowledged_at is None:
                now = self._context.now()
                after = expiry_reminders.acknowledged(certificate.reminder_schedule, by=person, now=now)
                await self._advance(tx, certificate, after, person)
            return request

        return await self._context.once(key, person, record_acknowledgement)

    async def snooze(self, request: int, *, person: str, key: str, step: int | None = None) -> RequestDetails:
        """Postpones the reminder; while it is postponed already, a second time changes nothing.

        Raises:
            Refused: it was postponed too often, the expiry is too near, it is somebody else's, or there is a
                later reminder.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_snooze(tx: Transaction) -> int:
            certificate = await self._controlled_certificate(tx, request, person, step)
            now, until = self._context.now(), certificate.reminder_schedule.snoozed_until
            if certificate.expires_at is not None and (until is None or until <= now):
                after = expiry_reminders.snoozed(
                    certificate.reminder_schedule,
                    expires_at=certificate.expires_at,
                    now=now,
                    handle=certificate.handle,
                )
                await self._advance(tx, certificate, after, person)
            return request

        return await self._context.once(key, person, record_snooze)

    async def require_last(self, request: int, *, step: int) -> None:
        """Refuses the button of an older reminder: it asked for what a later one asks for again.

        Args:
            request: the request that the certificate was issued for.
            step: of the reminder whose button was pressed.

        Raises:
            Refused: there is a later reminder, or no such certificate any more.
        """
        async with self._context.transaction() as tx:
            _require_last(await find_certificate(tx, str(request)), step)

    async def _controlled_certificate(
        self, tx: Transaction, request: int, person: str, step: int | None
    ) -> KnownCertificate:
        """The certificate of a request, locked, for a person who may answer its reminders."""
        member = await self._context.member(tx, person)
        certificate = await lock_ready_certificate(tx, str(request))
        await require_certificate_access(self._context, tx, certificate, member)
        if step is not None:
            _require_last(certificate, step)
        return certificate

    async def _advance(
        self, tx: Transaction, certificate: KnownCertificate, after: ReminderSchedule, person: str
    ) -> None:
        """Records an answer to a reminder; with its audit line the messages that ask for it are updated."""
        await tx.expiry_reminders.advance(certificate, after, doing=self._context.audit(person))


def _require_last(certificate: KnownCertificate, step: int) -> None:
    if step != certificate.reminder_schedule.step:
        raise Refused(Refusal.REMINDER_PAST, handle=certificate.handle)


async def lock_ready_certificate(tx: Transaction, handle: str | None) -> KnownCertificate:
    """Returns the certificate that a person names, locked; raises ``Refused`` unless it is ready for use."""
    found = await find_certificate(tx, handle)
    certificate = await tx.certificates.lock(found.id)
    # It was found without a lock, and may have changed before it was locked.
    if certificate is None or certificate.absent_at is not None or certificate.status != READY:
        raise Refused(Refusal.CERTIFICATE_NOT_READY, handle=found.handle)
    return certificate
