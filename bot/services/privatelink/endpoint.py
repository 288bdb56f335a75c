"""Closing a database's PrivateLink endpoint as a whole."""

from dataclasses import dataclass

from bot.domain.person import Person
from bot.domain.policy.rules import Rule
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.request import Kind
from bot.domain.subject import Whole
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.lookups import find_database
from bot.services.privatelink.entries import PRIVATELINK, require_endpoint, require_privatelink
from bot.services.request_input import RequestInput, terms_without_end


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseImpact:
    """What closing a database's PrivateLink endpoint would cut off.

    Attributes:
        database: whose endpoint it is.
        observation: the last one.
        requests: numbers of the requests whose grants would end.
    """

    database: Database
    observation: PrivateLinkObservation
    requests: tuple[int, ...]


class PrivateLinkEndpointService:
    """Records requests to close PrivateLink endpoints.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def preview_close(self, target: str | None, *, person: str) -> CloseImpact:
        """Returns what closing PrivateLink would cut off; records nothing.

        Raises:
            Refused: the person may not ask for it, or there is nothing to close.
        """
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            database, _ = await self._place(tx, target, member)
            observation = await require_endpoint(tx, database)
            live = await tx.grants.running(database.id, PRIVATELINK)
        requests = tuple(sorted(grant.request for grant in live))
        return CloseImpact(database=database, observation=observation, requests=requests)

    async def close(
        self, request_input: RequestInput, *, typed: str, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request to close a database's PrivateLink endpoint.

        Args:
            request_input: where, and why.
            typed: the app's name as the person typed it to confirm which endpoint is meant.
            person: Slack id of the requester.
            key: identifies the submission.

        Raises:
            Refused: the typed name is another one, or there is nothing to close.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_closing(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            database, rule = await self._place(tx, request_input.target, member)
            await require_endpoint(tx, database)
            if typed.strip().casefold() != database.label.casefold():
                raise Refused(Refusal.LINK_NAME, app=database.label)
            terms = terms_without_end(PRIVATELINK, database.id, Whole(), request_input.reason)
            return await self._context.record_operation(tx, Kind.CLOSE, terms, rule, person)

        return await self._context.once(key, person, record_closing)

    async def _place(self, tx: Transaction, target: str | None, member: Person) -> tuple[Database, Rule]:
        """The database that is meant, and the policy rule under which the member may ask for it."""
        database = await find_database(tx, self._context.policy, target, PRIVATELINK)
        require_privatelink(database)
        return database, await self._context.rule(tx, member, target=database, method=PRIVATELINK)
