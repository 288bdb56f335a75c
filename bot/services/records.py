"""What is recorded of ended access, of a person and of an address, for those who may see it."""

from collections.abc import Collection
from uuid import UUID

from bot.domain.network import parse_address
from bot.domain.person import Person, UserId
from bot.domain.subject import Network
from bot.errors import Refusal, Refused
from bot.ports import Transaction
from bot.ports.access_history import RecordPage
from bot.services.context import ServiceContext
from bot.services.queries import LISTED
from bot.services.who import visible_targets


class RecordService:
    """Lists what was, page by page.

    Auditors and admins see all of it, approvers what is of their targets, and everybody their own.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def ended(self, *, person: str, before: int | None = None) -> RecordPage:
        """Returns access that has ended or failed, the last first.

        Args:
            person: Slack id of who asks.
            before: only what follows that request in the list.
        """
        async with self._context.transaction() as tx:
            targets = await self._visible(tx, await self._context.closing_member(tx, person))
            found = await tx.access_history.ended(targets, owner=person, before=before, limit=LISTED + 1)
            return await _page(tx, found)

    async def of_person(self, owner: str, *, person: str, before: int | None = None) -> RecordPage:
        """Returns the requests of a person, open or not, newest first.

        Args:
            owner: Slack id of whose.
            person: Slack id of who asks: the same, an approver, an auditor or an admin.
            before: only older ones than this number.

        Raises:
            Refused: somebody asks who approves access to nothing.
        """
        async with self._context.transaction() as tx:
            member = await self._context.closing_member(tx, person)
            targets = None if owner == person else await self._visible(tx, member)
            if targets is not None and not targets:
                raise Refused(Refusal.LIST_NOT_YOURS, person=UserId(owner))
            found = await tx.access_history.of_person(owner, targets, before=before, limit=LISTED + 1)
            return await _page(tx, found)

    async def of_address(self, address: str, *, person: str, before: int | None = None) -> RecordPage:
        """Returns the requests about an address or a network that covers it, newest first.

        Args:
            address: as typed.
            person: Slack id of who asks.
            before: only older ones than this number.

        Raises:
            Refused: that is no address.
        """
        network = parse_address(address)
        async with self._context.transaction() as tx:
            targets = await self._visible(tx, await self._context.closing_member(tx, person))
            found = await tx.access_history.of_networks(
                covering(network), targets, owner=person, before=before, limit=LISTED + 1
            )
            return await _page(tx, found)

    async def _visible(self, tx: Transaction, member: Person) -> Collection[UUID] | None:
        return await visible_targets(self._context, tx, member, await tx.targets.all())


def covering(network: Network) -> tuple[str, ...]:
    """Returns a network and every one that contains it: at most 33, which an index finds by name."""
    return tuple(str(network.supernet(new_prefix=length)) for length in range(network.prefixlen + 1))


async def _page(tx: Transaction, numbers: Collection[int]) -> RecordPage:
    shown = list(numbers)[:LISTED]
    details = {each.request.id: each for each in await tx.requests.details_of(shown)}
    following = shown[-1] if len(numbers) > LISTED else None
    return RecordPage(requests=tuple(details[id] for id in shown if id in details), following=following)
