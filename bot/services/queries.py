"""Queries: requests, targets and App Home, answered from the store alone, without waiting for Heroku."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.observation import mtls_observation, privatelink_observation, ruleset_observation
from bot.domain.repetition import can_be_repeated
from bot.domain.request import Kind, RequestState, require_nonce
from bot.domain.subject import Subject
from bot.domain.target import Database, Space, Target, choose_space, names_space
from bot.errors import Refused
from bot.ports import (
    AuditLine,
    DatabaseStatus,
    HomeSummary,
    MessageKind,
    MessageRef,
    RequestDetails,
    SpaceStatus,
    Transaction,
)
from bot.services.context import ServiceContext
from bot.services.lookups import chosen, find_space, request_details
from bot.services.reasons import entries_readable, lines_beside, readable_by
from bot.services.targets.discovery import known_databases, known_spaces
from bot.services.trusted_ips.entries import TRUSTED, require_trusted_ips

LISTED: Final = 20
"""Requests in one answer: a Slack message takes 50 blocks."""

_OVER: Final = 3
"""Requests that are over in the App Home: enough to find the one of yesterday, below what is open."""

_SHOWN: Final = 100
"""Requests in the status of one target."""


class QueryService:
    """Reads the store. Where Heroku is concerned, an answer carries the age of the observation.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    # --- requests --------------------------------------------------------------------------------

    async def request(self, id: int, *, person: str | None = None) -> RequestDetails:
        """Returns one request, as a person may read it where one is named.

        Raises:
            Refused: there is none of that number.
        """
        async with self._context.transaction() as tx:
            details = await request_details(tx, id)
            if person is None:
                return details
            return await readable_by(self._context, tx, details, person=person)

    async def require_same(self, id: int, *, nonce: str, place: MessageRef | None = None) -> None:
        """Requires that a button is about the request that has the number now.

        Args:
            id: the number.
            nonce: that the button carries, or nothing.
            place: of the message that has the button; None for a form.

        Raises:
            Refused: the button is of a store that was lost, or restored since.
        """
        async with self._context.transaction() as tx:
            # In a deploy, a worker from before nonces posts and edits messages of requests that have one.
            if not nonce and place is not None and await tx.outbox.is_message_of(id, place):
                return
            require_nonce(id, await tx.requests.nonce(id), shown=nonce)

    async def history(self, id: int, *, person: str) -> tuple[RequestDetails, tuple[AuditLine, ...]]:
        """Returns one request with the audit lines about it, as a person may read them.

        Raises:
            Refused: there is none of that number.
        """
        async with self._context.transaction() as tx:
            details = await readable_by(self._context, tx, await request_details(tx, id), person=person)
            return details, lines_beside(details, await tx.audit.of_request(id))

    async def requests(self, which: str | None, *, person: str) -> tuple[RequestDetails, ...]:
        """Returns pending requests and those whose access is open, newest first.

        Args:
            which: ``mine``; ``pending``; a database, with the trusted IP ranges of its space; a space; or
                None for all of them.
            person: Slack id of who asks.

        Raises:
            Refused: no target is called so, or several are.
        """
        async with self._context.transaction() as tx:
            if which == "pending":
                return await tx.requests.pending(limit=LISTED)
            requester = person if which == "mine" else None
            if which in (None, "mine"):
                return await tx.requests.open_details(requester=requester, limit=LISTED)
            target = await self._find_target(tx, which)
            found = await tx.requests.open_details(requester=None, target=target.id, limit=LISTED)
            space = await _space_of(tx, target) if isinstance(target, Database) else None
            if space is not None:
                found += await tx.requests.open_details(requester=None, target=space.id, limit=LISTED)
        newest = sorted(found, key=lambda details: details.request.id, reverse=True)
        return tuple(newest[:LISTED])

    # --- databases and spaces --------------------------------------------------------------------

    async def databases(self) -> tuple[Database, ...]:
        """Returns the databases that access can be requested to."""
        async with self._context.transaction() as tx:
            return await known_databases(tx)

    async def spaces(self) -> tuple[Space, ...]:
        """Returns the spaces that trusted IP ranges can be requested of."""
        async with self._context.transaction() as tx:
            return tuple(space for space in await known_spaces(tx) if space.takes_ranges)

    async def find_space(self, name: str | None) -> Space:
        """Returns the space that a person names; raises ``Refused`` if none can have trusted IP ranges."""
        async with self._context.transaction() as tx:
            space = await find_space(tx, self._context.policy, name)
        require_trusted_ips(space)
        return space

    async def names_space(self, name: str) -> bool:
        """Whether a name means a space as such, and not a database."""
        async with self._context.transaction() as tx:
            spaces, databases = await tx.targets.spaces(), await tx.targets.databases()
        return names_space(spaces, databases, name, self._context.policy.aliases((*spaces, *databases)))

    async def refresh_database(self, target: str | None, *, person: str) -> DatabaseStatus:
        """Returns the status of a database that a person names, and requests a new observation of it."""
        async with self._context.transaction() as tx:
            databases = await known_databases(tx)
            database = await chosen(tx, self._context.policy, databases, target)
            space = await _space_of(tx, database)
            await tx.reconcile_queue.request_refresh(
                *[each.id for each in (database, space) if each is not None]
            )
            # Committed before the status is read, so that the reconciler starts meanwhile.
            await tx.commit()
        return await self.database_status(database, person=person)

    async def database_status(self, database: Database, *, person: str) -> DatabaseStatus:
        """Returns everything that is known of a database, and what the person has there."""
        async with self._context.transaction() as tx:
            observation = mtls_observation(await tx.reconcile_queue.observation(database.id, Method.MTLS))
            link = privatelink_observation(
                await tx.reconcile_queue.observation(database.id, Method.PRIVATELINK)
            )
            found = await tx.requests.open_details(requester=None, target=database.id, limit=_SHOWN)
            certificates = await tx.certificates.present(database.id)
            unmanaged = await tx.unmanaged_entries.present(database.id)
            space, missing = await _space_of(tx, database), await _lacks_space(tx, database)
            space_status = None if space is None else await _space_status(tx, space, self._context)
        nearby = found if space_status is None else (*found, *space_status.open)
        mine = tuple(details for details in nearby if details.request.requester == person)
        return DatabaseStatus(
            database=database,
            observation=observation,
            open=found,
            mine=mine,
            now=self._context.now(),
            link=link,
            certificates=tuple(each for each in certificates if each.owner == person),
            space=space_status,
            space_missing=missing,
            unmanaged=entries_readable(self._context.policy, unmanaged),
        )

    async def refresh_space(self, target: str | None, *, person: str) -> SpaceStatus:
        """Returns the status of a space that a person names, and requests a new observation of it.

        Raises:
            Refused: no space fits, or the policy does not let the person ask for its ranges.
        """
        async with self._context.transaction() as tx:
            # Only to read: by the last that was known, also while Slack cannot be read.
            member = await self._context.closing_member(tx, person)
            space = await find_space(tx, self._context.policy, target)
            await self._context.rule(tx, member, target=space, method=TRUSTED)
            await tx.reconcile_queue.request_refresh(space.id)
            await tx.commit()
        return await self.space_status(space)

    async def space_status(self, space: Space) -> SpaceStatus:
        """Returns everything that is known of a space."""
        async with self._context.transaction() as tx:
            return await _space_status(tx, space, self._context)

    async def observed_at(
        self, targets: Collection[tuple[UUID, Method]]
    ) -> Mapping[tuple[UUID, Method], datetime]:
        """Returns when methods of targets were last observed; leaves out those that never were."""
        async with self._context.transaction() as tx:
            return await tx.reconcile_queue.observed_at(targets)

    # --- App Home --------------------------------------------------------------------------------

    async def home_summary(self, person: str) -> HomeSummary:
        """Returns what a person's App Home shows: their requests, decisions to make, and what ends soon."""
        async with self._context.transaction() as tx:
            ids = await self._ids(tx, person)
            mine = await tx.requests.open_details(requester=person, limit=LISTED)
            pending = await tx.requests.pending(limit=_SHOWN) if ids else ()
            newest = await tx.access_history.of_person(person, None, before=None, limit=LISTED)
            recent = await tx.requests.details_of(newest)
        # Filtered before it is cut: the first ones may all be for other approvers.
        waiting = tuple(details for details in pending if self._decides(details, ids))[:LISTED]
        # An extension has a line of its own; here its grant counts, and counts once.
        opened = [details for details in mine if details.request.kind is Kind.OPEN]
        timed = [each for each in opened if each.grant is not None and each.grant.ends_at is not None]
        soon = sorted(timed, key=lambda details: str(details.grant and details.grant.ends_at))
        over = repeatable(recent, open_now=mine)[:_OVER]
        return HomeSummary(mine=mine, waiting=waiting, ending=tuple(soon[:3]), over=over)

    async def refresh_home(self, person: str) -> None:
        """Requests an update of a person's App Home; the notifier publishes it."""
        async with self._context.transaction() as tx:
            key = f"home:{person}"
            if not await tx.outbox.refresh(key):
                await tx.outbox.add(MessageKind.HOME, to=person, key=key)
            await tx.commit()

    # --- helpers ---------------------------------------------------------------------------------

    async def _ids(self, tx: Transaction, person: str) -> frozenset[str]:
        """Every id that the policy may name a member by; none for who may see nothing of others."""
        try:
            return (await self._context.closing_member(tx, person)).ids
        except Refused:
            return frozenset()

    async def _find_target(self, tx: Transaction, name: str) -> Target:
        """The database that a person names; the space if it is a space's own name."""
        databases, spaces = await known_databases(tx), await tx.targets.spaces()
        aliases = self._context.policy.aliases((*spaces, *databases))
        if names_space(spaces, databases, name, aliases):
            return choose_space(spaces, databases, name, aliases)
        return await chosen(tx, self._context.policy, databases, name)

    def _decides(self, details: RequestDetails, ids: frozenset[str]) -> bool:
        """Whether a request waits for the decision of a person, given by their own id and their groups'."""
        request, policy = details.request, self._context.policy
        rule = policy.rule_named(request.rule)
        approvers = frozenset[str]() if rule is None else rule.approvers
        return (
            request.state is RequestState.PENDING
            and not (approvers | policy.admins if request.by_admins else approvers).isdisjoint(ids)
            and request.parties.isdisjoint(ids)
            and not any(vote.person in ids for vote in details.decisions)
        )


def repeatable(
    requests: Sequence[RequestDetails], *, open_now: Sequence[RequestDetails] = ()
) -> tuple[RequestDetails, ...]:
    """Returns those that are over, and of which the same is not open, pending or among them already.

    Args:
        requests: of one person, newest first.
        open_now: theirs that are open or pending.
    """
    known = {_entry(details) for details in open_now}
    found: list[RequestDetails] = []
    for details in requests:
        over = can_be_repeated(details.request, details.grant) and details.target.gone_at is None
        if over and _entry(details) not in known:
            known.add(_entry(details))
            found.append(details)
    return tuple(found)


def _entry(details: RequestDetails) -> tuple[Method, UUID, Subject]:
    terms = details.request.terms
    return terms.method, terms.target, terms.subject


async def _space_status(tx: Transaction, space: Space, context: ServiceContext) -> SpaceStatus:
    return SpaceStatus(
        space=space,
        observation=ruleset_observation(await tx.reconcile_queue.observation(space.id, TRUSTED)),
        open=await tx.requests.open_details(requester=None, target=space.id, limit=_SHOWN),
        # Without the lock: who only reads must not wait for a decision, or make one wait.
        services=await tx.trusted_ranges.services(space.id, lock=False),
        unmanaged=entries_readable(context.policy, await tx.unmanaged_entries.present(space.id)),
        now=context.now(),
    )


async def _space_of(tx: Transaction, database: Database) -> Space | None:
    """The space of a database, if it can have trusted IP ranges."""
    if database.shield:
        return None
    spaces = await tx.targets.spaces()
    return next((each for each in spaces if database.is_in(each) and each.takes_ranges), None)


async def _lacks_space(tx: Transaction, database: Database) -> bool:
    """Whether the last discovery has not found the space of a database, so that its list is not known."""
    return not database.shield and not any(map(database.is_in, await tx.targets.spaces()))
