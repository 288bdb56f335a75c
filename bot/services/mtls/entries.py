"""IP rules of a database as requested entries, and how their grants are opened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.grant import Grant
from bot.domain.method import MTLS_RULE_LIMIT, Method, has_mtls
from bot.domain.mtls import unmanaged_rules
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.network import parse_networks
from bot.domain.observation import mtls_observation
from bot.domain.operation import Operation
from bot.domain.policy.limits import require_width
from bot.domain.policy.rules import Policy, Rule
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import Network, Networks, Subject, gathered, is_network, networks_of
from bot.domain.target import Database, Target
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, Transaction
from bot.services.access_method import open_grant
from bot.services.lookups import find_observed_database, request_details
from bot.services.networks import one_of, require_whole
from bot.services.request_input import RequestInput

MTLS: Final = Method.MTLS


@dataclass(frozen=True, slots=True)
class RequestedRule:
    """IP rules that a person names."""

    target: Database
    subject: Network | Networks
    observation: MtlsObservation | None

    def require_supported(self) -> None:
        """Refuses a database whose plan has no mTLS."""
        require_mtls(self.target)

    def require_allowed(self, rule: Rule) -> None:
        """Refuses networks that are wider than the policy rule allows."""
        require_width(rule, networks_of(self.subject))

    async def require_grantable(self, tx: Transaction, terms: Terms, request_input: RequestInput) -> Terms:
        """Refuses a full list of rules; where mTLS is not enabled, has it enabled first.

        Raises:
            Refused: the list is full, mTLS is being disabled, or nobody asked for it to be enabled.
        """
        if self.observation is None:
            return terms
        if self.observation.enabled:
            await self._require_room(tx, self.observation)
            return terms
        return replace(terms, enables_mtls=await self._enables_mtls(tx, request_input))

    async def live_grants(self, tx: Transaction) -> Sequence[Grant]:
        """Returns the live grants of exactly these networks, locked.

        Raises:
            Refused: a grant has further networks, or some of these have no grant while others do.
        """
        return require_whole(
            await tx.grants.live(self.target.id, MTLS, self.subject), self.subject, self.target
        )

    async def require_present(self, tx: Transaction) -> None:
        """Refuses a network without a rule, or whose rule is being removed already."""
        await self._present(tx)

    async def require_adoptable(self, tx: Transaction) -> None:
        """Refuses a network without a rule, or whose rules are all managed by pgaccess."""
        observation = await self._present(tx)
        if not unmanaged_rules.meant(Kind.ADOPT, observation, one_of(self.subject)):
            raise Refused(Refusal.RULE_OURS, address=str(self.subject), app=self.target.label)

    async def _present(self, tx: Transaction) -> MtlsObservation:
        """The last observation, if it shows a rule of exactly this network."""
        if await tx.grants.is_closing(self.target.id, MTLS, self.subject):
            raise Refused(Refusal.CLOSING_ALREADY, address=str(self.subject), app=self.target.label)
        # Read after the question above: a removal that ends in between must not look like an unmanaged rule.
        observation = mtls_observation(await tx.reconcile_queue.observation(self.target.id, MTLS))
        if observation is None:
            raise Refused(Refusal.MTLS_UNSEEN, app=self.target.label)
        if not unmanaged_rules.meant(Kind.REMOVE_UNMANAGED, observation, one_of(self.subject)):
            raise Refused(Refusal.NOTHING_THERE, address=str(self.subject), app=self.target.label)
        return observation

    async def _enables_mtls(self, tx: Transaction, request_input: RequestInput) -> bool:
        """Whether the request has mTLS enabled first; not if an approved operation does so already."""
        under_way = {operation.kind for operation in await tx.operations.unfinished(self.target.id, MTLS)}
        if Kind.DISABLE in under_way:
            raise Refused(Refusal.MTLS_CLOSING, app=self.target.label)
        # One operation enables mTLS for every request that waits for it.
        if Kind.ENABLE in under_way:
            return False
        if not request_input.enables_mtls:
            raise Refused(Refusal.MTLS_NOT_ENABLED, app=self.target.label, address=self.subject)
        return True

    async def _require_room(self, tx: Transaction, observation: MtlsObservation) -> None:
        """Refuses more rules than Heroku takes; a network that has a rule needs no other."""
        there = {rule.network for rule in observation.rules}
        new = set(networks_of(self.subject)) - there
        if not new or len(observation.rules) + len(new) <= MTLS_RULE_LIMIT:
            return
        ending = await tx.grants.next_to_end(self.target.id, MTLS)
        if ending is None:
            raise Refused(Refusal.RULES_FULL, limit=MTLS_RULE_LIMIT)
        raise Refused(Refusal.RULES_FULL_UNTIL, limit=MTLS_RULE_LIMIT, id=ending.request, at=ending.ends_at)


@dataclass(frozen=True, slots=True)
class MtlsRequests:
    """mTLS as an access method: IP rules of a database."""

    policy: Policy
    method: Method = MTLS

    def parse_subject(self, text: str) -> Network | Networks:
        """Parses IPv4 addresses and networks."""
        return gathered(parse_networks(text))

    async def at(self, tx: Transaction, target: Target, subject: Subject) -> RequestedRule:
        """Returns the IP rules of networks on a known database."""
        if not isinstance(target, Database):
            raise TypeError(f"{target.name} is not a database")
        observation = mtls_observation(await tx.reconcile_queue.observation(target.id, MTLS))
        if not is_network(subject):
            raise TypeError(f"{subject!r} is no network")
        return RequestedRule(target=target, subject=subject, observation=observation)

    async def resolve(self, tx: Transaction, request_input: RequestInput) -> RequestedRule:
        """Parses the networks and finds the database that a person names."""
        networks = self.parse_subject(request_input.address or "")
        database, observation = await find_observed_database(tx, self.policy, request_input.target, MTLS)
        return RequestedRule(target=database, subject=networks, observation=mtls_observation(observation))

    async def open_grant(
        self, tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext
    ) -> Grant:
        """Records the grant, and the operation that enables mTLS first if it is still needed."""
        # The grant first: its audit line comes before that of the step that it waits for.
        await open_grant(tx, request, grant, doing=doing)
        if request.terms.enables_mtls and await _needs_enabling(tx, grant):
            step = operations.enabling_first(request, id=uuid4(), now=doing.at)
            await tx.operations.start(step, within=schedule.OPERATION_DEADLINE, doing=doing)
        return grant

    async def prepare_operation(self, tx: Transaction, operation: Operation) -> Operation:
        """Fixes the ids of the unmanaged rules that an approved removal or adoption is about.

        Raises:
            Refused: the last observation shows none of them any more.
        """
        network = operation.subject
        if operation.kind not in unmanaged_rules.KINDS or not isinstance(network, Network):
            return operation
        observation = mtls_observation(await tx.reconcile_queue.observation(operation.target, MTLS))
        rules = unmanaged_rules.meant(operation.kind, observation, network)
        if not rules:
            app = (await request_details(tx, operation.request)).target.label
            raise Refused(Refusal.NOTHING_THERE, address=str(network), app=app)
        return unmanaged_rules.aimed(operation, rules)


def require_mtls(database: Database) -> None:
    """Refuses a database whose plan has no mTLS."""
    if not has_mtls(database.plan):
        raise Refused(Refusal.MTLS_PLAN, app=database.label, plan=database.plan)


async def _needs_enabling(tx: Transaction, grant: Grant) -> bool:
    """Whether mTLS is neither enabled nor being enabled; somebody may have done so since the request."""
    observation = mtls_observation(await tx.reconcile_queue.observation(grant.target, MTLS))
    under_way = await tx.operations.unfinished(grant.target, MTLS)
    if any(operation.kind is Kind.ENABLE for operation in under_way):
        return False
    return observation is None or not observation.enabled
