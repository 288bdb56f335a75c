"""IP rules that somebody else made: asking to take them over, and what an approval has in view."""

from typing import Final

from bot.domain.method import Method
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.network import parse_address
from bot.domain.observation import mtls_observation
from bot.domain.operation import Operation
from bot.domain.policy import require_reason, rule_for
from bot.domain.request import Kind, Terms
from bot.domain.subject import Network
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.access_requests import Asking, RequestInput
from bot.services.base import details_of

_MTLS: Final = Method.MTLS


class Ruling(Asking):
    """Each is one transaction; removing a rule of others begins as every removal does, in `Ending.remove`."""

    async def adopt_rule(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish to take over a rule that somebody else made, pending approval.

        Nothing changes at Heroku: it is ours from then on, and stays until its removal is approved.

        Raises:
            Refused: there is no such rule, or it is ours already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            database = await self._database(tx, request_input.target)
            rule = rule_for(self._policy, target=database, method=_MTLS, ids=member.ids)
            observation = await require_rule(tx, database, network)
            if not unmanaged_rules.meant(Kind.ADOPT, observation, network):
                raise Refused(Refusal.RULE_OURS, address=str(network), app=database.app)
            require_reason(rule, request_input.reason or "")
            terms = Terms(
                method=_MTLS,
                target=database.id,
                subject=network,
                duration=None,
                until=None,
                reason=request_input.reason or "",
            )
            return await self._record(tx, Kind.ADOPT, terms, rule, person)

        return await self._once(key, person, work)


async def require_rule(tx: Transaction, database: Database, network: Network) -> MtlsObservation:
    """The last look, which shows a rule of exactly this network.

    Raises:
        Refused: it is being removed already, or is not there.
    """
    if await tx.grants.is_closing(database.id, _MTLS, network):
        raise Refused(Refusal.CLOSING_ALREADY, address=str(network), app=database.app)
    observation = mtls_observation(await tx.reconcile_queue.look(database.id, _MTLS))
    if observation is None or not unmanaged_rules.meant(Kind.REMOVE_UNMANAGED, observation, network):
        raise Refused(Refusal.NOTHING_THERE, address=str(network), app=database.app)
    return observation


async def aimed(tx: Transaction, change: Operation) -> Operation:
    """The change with the rules that its approval has in view: by id, as the last look shows them.

    Args:
        tx: the transaction of the approval.
        change: that the approval brings about; one that is about no rules of others is given back as it is.

    Raises:
        Refused: there are none any more, so that there is nothing to approve.
    """
    network = change.subject
    if (
        change.method is not _MTLS
        or change.kind not in unmanaged_rules.KINDS
        or not isinstance(network, Network)
    ):
        return change
    observation = mtls_observation(await tx.reconcile_queue.look(change.target, _MTLS))
    rules = unmanaged_rules.meant(change.kind, observation, network)
    if not rules:
        app = (await details_of(tx, change.request)).target.label
        raise Refused(Refusal.NOTHING_THERE, address=str(network), app=app)
    return unmanaged_rules.aimed(change, rules)
