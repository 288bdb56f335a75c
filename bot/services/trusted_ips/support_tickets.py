"""Support tickets: data services of a space accept trusted IP ranges only after Heroku's support acted."""

from collections.abc import Iterable
from uuid import UUID

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.request import Request
from bot.domain.subject import Network
from bot.domain.target import require_present
from bot.domain.trusted_ips.ruleset import DataServices
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, MessageKind, RequestDetails, Transaction
from bot.services.authorization import approves
from bot.services.context import ServiceContext
from bot.services.lookups import request_details
from bot.services.reports.notes import note_of


class SupportTicketService:
    """Records what Heroku's support answered.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def resolve(self, request: int, *, web_only: bool, person: str, key: str) -> RequestDetails:
        """Records the answer for a space, and resumes every grant that waited for it.

        Args:
            request: any request that waits for it.
            web_only: data services stay closed; web traffic needs no support.
            person: Slack id of an admin, or of an approver if the policy names no admin.
            key: identifies the click.

        Raises:
            Refused: the person may not say so, or it is settled already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_answer(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            details = await request_details(tx, request)
            require_present(details.target)
            admins = self._context.policy.admins
            allowed = (
                self._context.policy.is_admin(member.ids)
                if admins
                else await approves(self._context, tx, details, member)
            )
            if not allowed:
                raise Refused(Refusal.SUPPORT_ADMINS, id=request)
            space, doing = details.target.id, self._context.audit(person)
            if await tx.trusted_ranges.services(space) is not DataServices.WAITING:
                raise Refused(Refusal.SUPPORT_SETTLED, space=details.target.label)
            state = DataServices.WEB_ONLY if web_only else DataServices.CONFIRMED
            await tx.trusted_ranges.set_services(space, state, doing=doing)
            params = {"state": state, "ranges": _spelt(await _waiting_ranges(tx, space))}
            await tx.outbox.refresh(ticket_key(space), params=params)
            method = details.request.terms.method
            await _resume_waiting(tx, self._context.policy, space, method, doing)
            await tx.reconcile_queue.bump_generation(space, method)
            return request

        return await self._context.once(key, person, record_answer)


async def wait_for_support(
    tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext, channel: str
) -> Grant:
    """Returns a new grant as it begins: waiting, unless support's answer for its space is known.

    The first request of a space has the ticket's text posted in the thread of its card; every later one adds
    its range to that text.
    """
    space = request.terms.target
    # The row is locked: of two first requests at once, one posts the ticket.
    services = await tx.trusted_ranges.services(space)
    if services.decided:
        return grant
    ranges = {"ranges": _spelt({*await _waiting_ranges(tx, space), *grant.networks})}
    if services is DataServices.UNKNOWN:
        await tx.trusted_ranges.set_services(space, DataServices.WAITING, doing=doing)
        key = ticket_key(space)
        await tx.outbox.add(MessageKind.TICKET, to=channel, key=key, request=request.id, params=ranges)
    else:
        await tx.outbox.refresh(ticket_key(space), params=ranges)
    return grants.waiting(grant)


async def _resume_waiting(
    tx: Transaction, policy: Policy, space: UUID, method: Method, doing: AuditContext
) -> None:
    for grant in await tx.grants.running(space, method):
        if grant.state is GrantState.WAITING:
            allowed = grants.allowed(grant, now=doing.at)
            await tx.grants.update(grant, allowed, doing=doing)
            await tx.outbox.add_all([note_of(allowed, policy, at=doing.at)])
            await tx.outbox.refresh_cards(grant.request)


async def _waiting_ranges(tx: Transaction, space: UUID) -> set[Network]:
    """The ranges of a space that wait for support."""
    running = await tx.grants.running(space, Method.TRUSTED)
    waiting = [grant for grant in running if grant.state is GrantState.WAITING]
    return {network for grant in waiting for network in grant.networks}


def _spelt(ranges: Iterable[Network]) -> str:
    """Ranges as the ticket's message keeps them."""
    return " ".join(map(str, sorted(ranges)))


def ticket_key(space: UUID) -> str:
    """Returns the outbox key of the message with a space's support ticket."""
    return f"ticket:{space}"
