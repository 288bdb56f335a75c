"""Everything that one person has and asks for: listed, and revoked at once by those who may."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.grant import ReasonCode
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.person import Person, UserId
from bot.domain.policy.rules import WhenOwnerLeaves
from bot.errors import Refusal, Refused
from bot.ports import PersonalAccess, RequestDetails, Transaction
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.lookups import request_details
from bot.services.queries import LISTED
from bot.services.reviews.holdings import Holdings, end_holdings, holdings_of
from bot.services.reviews.orphaned_certificates import revoke_all
from bot.services.who import visible_targets


class PersonalAccessService:
    """Reads and ends what one person has.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def of(
        self, owner: str, *, person: str
    ) -> tuple[tuple[RequestDetails, ...], tuple[KnownCertificate, ...]]:
        """Returns what a person has and asks for, newest first, and their certificates.

        Args:
            owner: Slack id of whose.
            person: Slack id of who asks: the same, an approver, who sees what is of their targets, an
                auditor or an admin.

        Raises:
            Refused: anybody else asks.
        """
        async with self._context.transaction() as tx:
            member = await self._context.closing_member(tx, person)
            targets = None
            if owner != person:
                targets = await visible_targets(self._context, tx, member, await tx.targets.all())
            if targets is not None and not targets:
                raise Refused(Refusal.LIST_NOT_YOURS, person=UserId(owner))
            found = await tx.requests.open_details(requester=owner, limit=LISTED)
            certificates = await tx.reviews.certificates_of(owner)
        if targets is None:
            return found, certificates
        return (
            tuple(each for each in found if each.target.id in targets),
            tuple(each for each in certificates if each.target in targets),
        )

    async def revocable(self, owner: str, *, person: str) -> PersonalAccess:
        """Returns what ``revoke`` would end now; changes nothing.

        Raises:
            Refused: there is nothing that the person may end.
        """
        async with self._context.transaction() as tx:
            held, stays = await self._held(tx, owner, person)
            return await self._described(tx, owner, held, stays)

    async def revoke(self, owner: str, reason: str, *, person: str, key: str) -> PersonalAccess | None:
        """Ends everything of a person that somebody may end, in one transaction.

        Args:
            owner: Slack id of whose access ends.
            reason: why, for the audit lines.
            person: Slack id of who ends it: an approver, for what they approve, or an admin.
            key: identifies the click.

        Returns:
            What ends, and what stays; None if the key was used before.

        Raises:
            Refused: there is nothing that the person may end.
            StoreUnavailableError: nothing was recorded.
        """
        ended: list[PersonalAccess] = []

        async def record_revocation(tx: Transaction) -> int:
            ended.clear()
            held, stays = await self._held(tx, owner, person)
            doing = self._context.audit(person)
            doing = replace(doing, details={"because": reason})
            refused = Refused(Refusal.PERSON_REVOKED, because=reason)
            described = await self._described(tx, owner, held, stays)
            await end_holdings(tx, held, ReasonCode.REVOKED, refused, doing=doing)
            if described.certificates_end:
                await revoke_all(self._context, tx, held.certificates, by=person, doing=doing)
            ended.append(described)
            return held.requests[0]

        await self._context.once(key, person, record_revocation)
        return ended[0] if ended else None

    async def _held(self, tx: Transaction, owner: str, person: str) -> tuple[Holdings, tuple[int, ...]]:
        """What a person has that somebody may end, locked; and the requests behind what they may not."""
        # By the last that was known of people: nothing that Slack does keeps anybody from closing.
        member = await self._context.closing_member(tx, person)
        everything = await holdings_of(tx, owner)
        allowed = frozenset([id for id in everything.requests if await self._may_end(tx, id, member)])
        held = everything.only(allowed)
        certificates = held.certificates if self._revokes_certificates else ()
        if not (held.grants or held.pending or held.links or held.rotations or certificates):
            reason = Refusal.REVOKE_NOT_ALLOWED if everything.requests else Refusal.REVOKE_NOTHING
            raise Refused(reason, person=UserId(owner))
        return held, tuple(id for id in everything.requests if id not in allowed)

    @property
    def _revokes_certificates(self) -> bool:
        """Whether certificates end as well: as when their owner leaves."""
        return self._context.policy.when_owner_leaves is WhenOwnerLeaves.END

    async def _may_end(self, tx: Transaction, request: int, member: Person) -> bool:
        if self._context.policy.is_admin(member.ids):
            return True
        return await approves(self._context, tx, await request_details(tx, request), member)

    async def _described(
        self, tx: Transaction, owner: str, held: Holdings, stays: Sequence[int]
    ) -> PersonalAccess:
        numbers = {*(each.request.id for each in held.pending), *(each.request for each in held.grants)}
        return PersonalAccess(
            person=owner,
            ends=tuple([await request_details(tx, id) for id in sorted(numbers, reverse=True)]),
            certificates=tuple(held.certificates),
            certificates_end=self._revokes_certificates,
            stays=tuple([await request_details(tx, id) for id in sorted(stays, reverse=True)]),
        )
