"""Trusted IP ranges of a space as requested entries, and how their grants are opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.network import parse_networks
from bot.domain.observation import ruleset_observation
from bot.domain.operation import Operation
from bot.domain.policy.limits import require_width
from bot.domain.policy.rules import Policy, Rule
from bot.domain.request import Request, Terms
from bot.domain.subject import Network, Networks, Subject, gathered, is_network, names_of, networks_of
from bot.domain.target import Space, Target
from bot.domain.trusted_ips.ruleset import ALLOW, LIMIT, RulesetObservation
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, Transaction
from bot.services.access_method import open_grant
from bot.services.lookups import find_space
from bot.services.networks import one_of, require_whole
from bot.services.request_input import RequestInput
from bot.services.trusted_ips.support_tickets import wait_for_support

TRUSTED: Final = Method.TRUSTED


@dataclass(frozen=True, slots=True)
class RequestedRange:
    """Trusted IP ranges that a person names."""

    target: Space
    subject: Network | Networks
    observation: RulesetObservation | None

    def require_supported(self) -> None:
        """Refuses a space that can have no trusted IP ranges."""
        require_trusted_ips(self.target)

    def require_allowed(self, rule: Rule) -> None:
        """Refuses networks that are wider than the policy rule allows."""
        require_width(rule, networks_of(self.subject))

    async def require_grantable(self, tx: Transaction, terms: Terms, _request_input: RequestInput) -> Terms:
        """Refuses a full list, and a temporary range that would be the only one."""
        observation = self.observation
        if observation is None:
            return terms
        there = {rule.network for rule in observation.ruleset.rules}
        if new := set(networks_of(self.subject)) - there:
            await self._require_room(tx, observation, len(new))
        timed = terms.duration is not None or terms.until is not None
        # At its end it could not be taken out: a space's list is never written empty.
        if timed and not await self._has_permanent_range(tx, observation):
            raise Refused(Refusal.TRUSTED_ONLY, space=self.target.name)
        return terms

    async def live_grants(self, tx: Transaction) -> Sequence[Grant]:
        """Returns the live grants of exactly these ranges, locked.

        Raises:
            Refused: a grant has further ranges, or some of these have no grant while others do.
        """
        live = await tx.grants.live(self.target.id, TRUSTED, self.subject)
        return require_whole(live, self.subject, self.target)

    async def require_present(self, tx: Transaction) -> None:
        """Refuses a range that is not in the space's list, or that is being removed already."""
        await self._present(tx)

    async def require_adoptable(self, tx: Transaction) -> None:
        """Refuses a range that is not in the space's list, or that pgaccess manages already."""
        observation = await self._present(tx)
        if str(self.subject) in observation.ours:
            raise Refused(Refusal.RANGE_OURS, address=str(self.subject), space=self.target.name)

    async def _present(self, tx: Transaction) -> RulesetObservation:
        """The last observation, if it shows the range."""
        if await tx.grants.is_closing(self.target.id, TRUSTED, self.subject):
            raise Refused(Refusal.CLOSING_ALREADY, address=str(self.subject), app=self.target.name)
        # Read after the question above: a removal that ends in between must not look like an unmanaged range.
        observation = ruleset_observation(await tx.reconcile_queue.observation(self.target.id, TRUSTED))
        if observation is None:
            raise Refused(Refusal.TRUSTED_UNSEEN, space=self.target.name)
        if all(rule.network != one_of(self.subject) for rule in observation.ruleset.rules):
            raise Refused(Refusal.RANGE_NOT_THERE, address=str(self.subject), space=self.target.name)
        return observation

    async def _has_permanent_range(self, tx: Transaction, observation: RulesetObservation) -> bool:
        """Whether the list still allows something when every temporary range of ours is gone.

        A space's list is never written empty.
        """
        timed = {
            source
            for grant in await tx.grants.running(self.target.id, TRUSTED)
            if grant.ends_at is not None or grant.duration is not None
            for source in names_of(grant.subject)
        }
        temporary = observation.ours & timed
        rules = observation.ruleset.rules
        return any(rule.action == ALLOW and rule.source not in temporary for rule in rules)

    async def _require_room(self, tx: Transaction, observation: RulesetObservation, new: int) -> None:
        if len(observation.ruleset.rules) + new <= LIMIT:
            return
        ending, space = await tx.grants.next_to_end(self.target.id, TRUSTED), self.target.name
        if ending is None:
            raise Refused(Refusal.RANGES_FULL, limit=LIMIT, space=space)
        raise Refused(Refusal.RANGES_FULL_UNTIL, limit=LIMIT, id=ending.request, at=ending.ends_at)


@dataclass(frozen=True, slots=True)
class TrustedIpsRequests:
    """Trusted IP ranges as an access method: source addresses of a space."""

    policy: Policy
    method: Method = TRUSTED

    def parse_subject(self, text: str) -> Network | Networks:
        """Parses IPv4 addresses and networks."""
        return gathered(parse_networks(text))

    async def at(self, tx: Transaction, target: Target, subject: Subject) -> RequestedRange:
        """Returns the ranges of networks on a known space."""
        if not isinstance(target, Space):
            raise TypeError(f"{target.name} is not a space")
        observation = ruleset_observation(await tx.reconcile_queue.observation(target.id, TRUSTED))
        if not is_network(subject):
            raise TypeError(f"{subject!r} is no network")
        return RequestedRange(target=target, subject=subject, observation=observation)

    async def resolve(self, tx: Transaction, request_input: RequestInput) -> RequestedRange:
        """Parses the ranges and finds the space that a person names."""
        networks = self.parse_subject(request_input.address or "")
        space = await find_space(tx, self.policy, request_input.target)
        observation = ruleset_observation(await tx.reconcile_queue.observation(space.id, TRUSTED))
        return RequestedRange(target=space, subject=networks, observation=observation)

    async def open_grant(
        self, tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext
    ) -> Grant:
        """Records the grant, waiting if Heroku's support has to open data services of the space first."""
        channel = self.policy.approvals_channel
        grant = await wait_for_support(tx, request, grant, doing=doing, channel=channel)
        await open_grant(tx, request, grant, doing=doing)
        return grant

    async def prepare_operation(self, _tx: Transaction, operation: Operation) -> Operation:
        """Returns the operation as it is: a range has no id but its source."""
        return operation


def require_trusted_ips(space: Space) -> None:
    """Refuses a space that can have no trusted IP ranges; the refusal says what to use instead."""
    if not space.takes_ranges:
        raise Refused(Refusal.TRUSTED_SHIELD if space.shield else Refusal.TRUSTED_FIR, space=space.name)
