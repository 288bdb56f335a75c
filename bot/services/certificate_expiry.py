"""Minding certificates: what people answer to reminders, and asking for a rotation."""

from bot.domain.method import Method
from bot.domain.mtls import expiry_reminders
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.person import Person
from bot.domain.policy import require_reason, rule_for
from bot.domain.request import Kind, Terms
from bot.domain.subject import CertificateId
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.services.base import details_of
from bot.services.certificate_rotation import Rotating
from bot.services.expiry_reminders import reminder_key

_REMINDERS = (MessageKind.EXPIRY, MessageKind.EXPIRY_COPY, MessageKind.EXPIRY_ORPHAN)
"""Messages that are shown afresh once somebody has answered one of them."""


class Minding(Rotating):
    """For the owner of a certificate, for those who approve there, and for admins."""

    async def acknowledge(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Notes that somebody has taken note of a certificate's end; a second time changes nothing.

        Args:
            request: the one that the certificate was made for.
            person: Slack id of who did.
            key: as for ``ask``.

        Raises:
            Refused: it is somebody else's, or gone.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            known = await self._minded(tx, request, person)
            if known.ladder.acknowledged_at is None:
                noted = expiry_reminders.acknowledged(known.ladder, by=person, now=self._clock.now())
                await self._climb(tx, known, noted, person)
            return request

        return await self._once(key, person, work)

    async def snooze(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Has a reminder come again later; while it is put off already, a second time changes nothing.

        Raises:
            Refused: it was put off often enough, the end is too near, or it is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            known, now = await self._minded(tx, request, person), self._clock.now()
            until = known.ladder.snoozed_until
            if known.expires_at is not None and (until is None or until <= now):
                later = expiry_reminders.snoozed(
                    known.ladder, expires_at=known.expires_at, now=now, handle=known.handle
                )
                await self._climb(tx, known, later, person)
            return request

        return await self._once(key, person, work)

    async def rotate(
        self, handle: str | None, reason: str | None, *, person: str, key: str
    ) -> RequestDetails:
        """Asks to have a new certificate made in place of an old one.

        Args:
            handle: what people call the old one.
            reason: None repeats what the old one is for.
            person: Slack id of who asks, and who will own the new one.
            key: as for ``ask``.

        Raises:
            Refused: there is no such certificate, it is somebody else's, or it is being rotated already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            known = await self._lock_certificate(tx, handle)
            if not known.unmanaged:
                await self._require_minder(tx, known, member)
            await require_at_rest(tx, known)
            targets = {database.id: database for database in await tx.targets.all()}
            rule = rule_for(self._policy, target=targets[known.target], method=Method.MTLS, ids=member.ids)
            said = reason or known.purpose
            require_reason(rule, said)
            terms = Terms(
                method=Method.MTLS,
                target=known.target,
                subject=CertificateId(known.id),
                duration=None,
                until=None,
                reason=said,
            )
            return await self._record(tx, Kind.ROTATE, terms, rule, person)

        return await self._once(key, person, work)

    async def _minded(self, tx: Transaction, request: int, person: str) -> KnownCertificate:
        """The certificate of a request, locked, for who may answer its reminders."""
        member = await self._member(tx, person)
        known = await self._lock_certificate(tx, str(request))
        await self._require_minder(tx, known, member)
        return known

    async def _lock_certificate(self, tx: Transaction, handle: str | None) -> KnownCertificate:
        """The certificate that works and that a handle means, locked."""
        found = await self._certificate(tx, handle)
        known = await tx.certificates.get(found.id)
        if known is None or known.absent_at is not None or known.status != READY:
            raise Refused(Refusal.CERTIFICATE_NOT_READY, handle=found.handle)
        return known

    async def _require_minder(self, tx: Transaction, known: KnownCertificate, member: Person) -> None:
        """Refuses everybody but a certificate's owner, those who approve its request, and admins."""
        if member.id == known.owner or self._policy.is_admin(member.ids):
            return
        case = None if known.request is None else await details_of(tx, known.request)
        rule = None if case is None else self._policy.rule_named(case.request.rule)
        if rule is None or rule.approvers.isdisjoint(member.ids):
            raise Refused(Refusal.NOT_YOURS, id=known.handle)

    async def _climb(
        self, tx: Transaction, known: KnownCertificate, after: ReminderSchedule, person: str
    ) -> None:
        """Records an answer to a reminder, and has the reminder show it."""
        await tx.expiry_reminders.climb(known, after, doing=self._by(person))
        if known.ladder.step is not None:
            for kind in _REMINDERS:
                await tx.outbox.refresh(reminder_key(kind, known, known.ladder.step))


async def require_at_rest(tx: Transaction, known: KnownCertificate) -> None:
    """Refuses while somebody has asked for the certificate to be removed or rotated, or it is being done."""
    subject, taking = CertificateId(known.id), {Kind.DISCARD, Kind.ROTATE}
    open_cases = await tx.requests.open_cases(requester=None, target=known.target, limit=1000)
    for asked in (case.request for case in open_cases if case.request.kind in taking):
        if asked.terms.subject == subject:
            rotates = asked.kind is Kind.ROTATE
            reason = Refusal.ROTATION_OPEN if rotates else Refusal.CERTIFICATE_REMOVING
            raise Refused(reason, id=asked.id, handle=known.handle)
