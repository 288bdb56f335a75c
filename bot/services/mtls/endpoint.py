"""mTLS on a database as a whole: enabling and disabling its endpoint."""

from bot.domain.grant import Grant
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import mtls_observation
from bot.domain.person import Person
from bot.domain.policy.rules import Rule
from bot.domain.request import Kind
from bot.domain.subject import Whole
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import DisableImpact, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.lookups import find_observed_database
from bot.services.mtls.entries import MTLS, require_mtls
from bot.services.request_input import RequestInput, terms_without_end


class MtlsEndpointService:
    """Records requests to enable and disable mTLS.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def enable(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a pending request to enable mTLS on a database.

        Args:
            request_input: where, and why.
            person: Slack id of the requester, who will own the first certificate.
            key: identifies the command.

        Raises:
            Refused: the person may not ask, or mTLS is enabled already.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_enabling(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            database, rule, observation = await find_mtls(self._context, tx, request_input.target, member)
            await require_no_operation(tx, database, Kind.ENABLE, Kind.DISABLE)
            if observation is not None and observation.enabled:
                raise Refused(Refusal.MTLS_ENABLED, app=database.label)
            terms = terms_without_end(MTLS, database.id, Whole(), request_input.reason)
            return await self._context.record_operation(tx, Kind.ENABLE, terms, rule, person)

        return await self._context.once(key, person, record_enabling)

    async def preview_disable(self, target: str | None, *, person: str) -> DisableImpact:
        """Returns what disabling mTLS would end; records nothing.

        Raises:
            Refused: the person may not ask for it, or there is nothing to disable.
        """
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            database, _, observation = await find_mtls(self._context, tx, target, member)
            enabled = await _require_enabled(tx, database, observation)
            live = await tx.grants.running(database.id, MTLS)
            certificates = await tx.certificates.present(database.id)
        return DisableImpact(
            database=database, observation=enabled, requests=_requests(live), certificates=certificates
        )

    async def disable(
        self, request_input: RequestInput, *, typed: str, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request to disable mTLS on a database.

        Args:
            request_input: where, and why.
            typed: the app's name as the person typed it to confirm which database is meant.
            person: Slack id of the requester.
            key: identifies the submission.

        Raises:
            Refused: the typed name is another one, or there is nothing to disable.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_disabling(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            database, rule, observation = await find_mtls(self._context, tx, request_input.target, member)
            await _require_enabled(tx, database, observation)
            if typed.strip().casefold() != database.label.casefold():
                raise Refused(Refusal.MTLS_NAME, app=database.label)
            terms = terms_without_end(MTLS, database.id, Whole(), request_input.reason)
            return await self._context.record_operation(tx, Kind.DISABLE, terms, rule, person)

        return await self._context.once(key, person, record_disabling)


async def find_mtls(
    context: ServiceContext, tx: Transaction, target: str | None, member: Person
) -> tuple[Database, Rule, MtlsObservation | None]:
    """Returns the database that is meant, the policy rule for the member, and the last observation.

    Raises:
        Refused: no database fits, its plan has no mTLS, or the member may not ask for it.
    """
    database, observation = await find_observed_database(tx, context.policy, target, MTLS)
    require_mtls(database)
    rule = await context.rule(tx, member, target=database, method=MTLS)
    return database, rule, mtls_observation(observation)


async def is_under_way(tx: Transaction, database: Database, kind: Kind) -> bool:
    """Whether an approved mTLS operation of a kind is under way on a database."""
    return any(operation.kind is kind for operation in await tx.operations.unfinished(database.id, MTLS))


async def require_no_operation(tx: Transaction, database: Database, *kinds: Kind) -> None:
    """Refuses while mTLS on the database is being enabled or disabled."""
    for kind in kinds:
        if await is_under_way(tx, database, kind):
            disabling = kind is Kind.DISABLE
            raise Refused(Refusal.MTLS_CLOSING if disabling else Refusal.MTLS_ENABLING, app=database.label)


async def _require_enabled(
    tx: Transaction, database: Database, observation: MtlsObservation | None
) -> MtlsObservation:
    """Returns the last observation, if it shows something to disable."""
    await require_no_operation(tx, database, Kind.DISABLE, Kind.ENABLE)
    if observation is None:
        raise Refused(Refusal.MTLS_UNSEEN, app=database.label)
    if not observation.enabled:
        raise Refused(Refusal.MTLS_OFF, app=database.label)
    return observation


def _requests(live: tuple[Grant, ...]) -> tuple[int, ...]:
    return tuple(sorted(grant.request for grant in live))
