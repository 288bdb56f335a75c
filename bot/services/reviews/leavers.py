"""Leavers: what somebody holds who is no full member any more ends, and their certificates find an owner."""

from collections.abc import Iterable
from typing import Final

from bot.domain.grant import ReasonCode
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.person import Person
from bot.domain.policy.rules import WhenOwnerLeaves
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, Transaction
from bot.services.authorization import approvers_of
from bot.services.context import ServiceContext
from bot.services.lookups import request_details
from bot.services.reviews.holdings import Holdings, end_holdings, holdings_of
from bot.services.reviews.orphaned_certificates import left_key, revoke_all

LEAVERS: Final = 100
"""People whose access one run ends, each in a transaction of their own; the next run takes more."""


class LeaverService:
    """Ends what leavers hold, by what is recorded of people: an event that was lost costs only time.

    Each leaver is one transaction, and doing it again changes nothing. Whoever comes back has nothing of it.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def run_due(self) -> None:
        """Ends what everybody holds who is known to have left; one query if nobody has."""
        async with self._context.transaction() as tx:
            leavers = await tx.reviews.leavers(limit=LEAVERS)
            returned = await tx.reviews.returned(limit=LEAVERS)
        for leaver in leavers:
            await self._end(leaver)
        if returned:
            await self._welcome()

    async def _end(self, leaver: Person) -> None:
        """Ends what one person holds, in one transaction."""
        doing = self._context.audit(BOT)
        async with self._context.transaction() as tx:
            held = await holdings_of(tx, leaver.id)
            # By the state under the locks: another process may have been faster.
            left = [known for known in held.certificates if known.owner_left_at is None]
            if not (held.grants or held.pending or held.links or held.rotations or left):
                return
            await end_holdings(tx, held, ReasonCode.OWNER_LEFT, Refused(Refusal.REQUESTER_GONE), doing=doing)
            for known in left:
                await self._tell_approvers(tx, known, doing)
            if self._context.policy.when_owner_leaves is WhenOwnerLeaves.END:
                await revoke_all(self._context, tx, held.certificates, by=BOT, doing=doing)
            await self._tell_operations(tx, leaver, held, left, doing)
            await tx.commit()

    async def _tell_approvers(self, tx: Transaction, known: KnownCertificate, doing: AuditContext) -> None:
        """Has the approvers decide what becomes of a certificate."""
        await tx.reviews.mark_owner(known, left=True, doing=doing)
        people = await self._people(tx, known)
        await tx.outbox.add(
            MessageKind.CERTIFICATE_LEFT,
            to=self._context.policy.approvals_channel,
            key=left_key(known, doing.at),
            request=known.request,
            params={"certificate": str(known.id), "owner": known.owner or "", "approvers": " ".join(people)},
        )

    async def _people(self, tx: Transaction, known: KnownCertificate) -> list[str]:
        """Those who decide about a certificate: its request's approvers, and the admins for want of any."""
        if known.request is None:
            return sorted(self._context.policy.admins)
        if not self._context.policy.readable:
            # Whoever reads the message later decides under the policy of that day.
            return []
        approvers = await approvers_of(self._context, tx, await request_details(tx, known.request))
        return sorted(approvers or self._context.policy.admins)

    async def _tell_operations(
        self,
        tx: Transaction,
        leaver: Person,
        held: Holdings,
        left: Iterable[KnownCertificate],
        doing: AuditContext,
    ) -> None:
        lists: dict[str, list[int] | list[str]] = {
            "grants": sorted(grant.request for grant in held.grants),
            "pending": [details.request.id for details in held.pending],
            "links": [link.request for link in held.links],
            "rotations": [operation.request for operation in held.rotations],
            "certificates": [known.handle for known in left],
        }
        params = {name: " ".join(str(each) for each in found) for name, found in lists.items()}
        await tx.outbox.add(
            MessageKind.LEAVER,
            to=self._context.policy.operations_channel,
            key=f"{MessageKind.LEAVER}:{leaver.id}:{doing.at.isoformat()}",
            params={**params, "person": leaver.id, "why": why_gone(leaver)},
        )

    async def _welcome(self) -> None:
        """Takes back what was said of certificates whose owner is a member again."""
        doing = self._context.audit(BOT)
        async with self._context.transaction() as tx:
            for known in await tx.reviews.returned(limit=LEAVERS):
                await tx.reviews.mark_owner(known, left=False, doing=doing)
                await tx.outbox.refresh_all([left_key(known, known.owner_left_at or doing.at)])
            await tx.commit()


def why_gone(person: Person) -> str:
    """Why somebody is no full member, as the end of a key: the most final reason comes first."""
    if person.deactivated:
        return "deactivated"
    if person.bot:
        return "bot"
    return "guest" if person.guest else "external"
