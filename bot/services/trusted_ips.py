"""Trusted IP ranges of a space: asking, ending, taking over, and what Heroku's support has to allow first."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState, Why
from bot.domain.method import Method
from bot.domain.network import parse_address
from bot.domain.observation import ruleset_observation
from bot.domain.person import Person
from bot.domain.policy import Rule, require_reason, require_width, rule_for
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import Network
from bot.domain.target import Space, choose_space, names_space
from bot.domain.trusted_ips.ruleset import ALLOW, LIMIT, RulesetObservation, Services
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, MessageKind, RequestDetails, SpaceStatus, Transaction
from bot.services.access_requests import Asking, RequestInput
from bot.services.base import details_of
from bot.services.grants import RemovalResult
from bot.services.queries import space_seen

_TRUSTED: Final = Method.TRUSTED


class Trusting(Asking):
    """Each is one transaction."""

    async def ask_range(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish for a range of a whole space, pending approval.

        Raises:
            Refused: the person may not ask, or the wish cannot be granted as it stands.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            space, rule = await self._space(tx, request_input, member)
            require_width(rule, network)
            duration, until = self._length(request_input, rule, member, self._clock.now())
            require_reason(rule, request_input.reason or "")
            observation = ruleset_observation(await tx.reconcile_queue.look(space.id, _TRUSTED))
            await _require_place(
                tx, space, network, observation, timed=duration is not None or until is not None
            )
            terms = _terms(space, network, request_input)
            terms = replace(terms, duration=duration, until=until)
            return await self._record(tx, Kind.OPEN, terms, rule, person)

        return await self._once(key, person, work)

    async def remove_range(self, request_input: RequestInput, *, person: str, key: str) -> RemovalResult:
        """Takes a range out: at once if all its grants are one's own, else as a request.

        A range that somebody else wrote is removed by an approved request of its own kind.

        Raises:
            Refused: it is not there.
            StoreUnavailableError: nothing was recorded.
        """
        closing: list[int] = []

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            space, rule = await self._space(tx, request_input, member)
            live = await tx.grants.live(space.id, _TRUSTED, network)
            if live and all(grant.owner == person for grant in live):
                closing.extend(grant.request for grant in live)
                for grant in live:
                    after = grants.closing(grant, Why.DONE)
                    await tx.grants.change(grant, after, doing=self._by(person))
                    await tx.outbox.refresh_cards(grant.request)
                await tx.reconcile_queue.want(space.id, _TRUSTED)
                return live[0].request
            if not live:
                await _require_there(tx, space, network)
            kind = Kind.REMOVE if live else Kind.REMOVE_UNMANAGED
            require_reason(rule, request_input.reason or "")
            return await self._record(tx, kind, _terms(space, network, request_input), rule, person)

        case = await self._once(key, person, work)
        is_request = case.request.kind is not Kind.OPEN
        ended = tuple(closing) or (() if is_request else (case.request.id,))
        return RemovalResult(requested=case if is_request else None, closing=ended, case=case)

    async def adopt_range(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish to take over a range that somebody else wrote, so that pgaccess may remove it.

        Raises:
            Refused: it is not there, or ours already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            space, rule = await self._space(tx, request_input, member)
            observation = await _require_there(tx, space, network)
            if str(network) in observation.ours:
                raise Refused(Refusal.RANGE_OURS, address=str(network), space=space.name)
            require_reason(rule, request_input.reason or "")
            return await self._record(tx, Kind.ADOPT, _terms(space, network, request_input), rule, person)

        return await self._once(key, person, work)

    async def space_situation(self, target: str | None, *, person: str) -> SpaceStatus:
        """Everything known about one space; has it looked at again."""
        async with self._store.transaction() as tx:
            member = await self._member(tx, person)
            space = await self._chosen(tx, target)
            rule_for(self._policy, target=space, method=_TRUSTED, ids=member.ids)
            await tx.reconcile_queue.request_refresh(space.id)
            await tx.commit()
        return await self.space_glance(space)

    async def space_glance(self, space: Space) -> SpaceStatus:
        """Everything known about one space, without asking for a new look."""
        async with self._store.transaction() as tx:
            return await space_seen(tx, space)

    async def spaces(self) -> tuple[Space, ...]:
        """The spaces whose ranges can be asked for."""
        async with self._store.transaction() as tx:
            return tuple(space for space in await tx.targets.spaces() if space.takes_ranges)

    async def space(self, word: str | None) -> Space:
        """The space that a person means, if its ranges can be asked for; raises ``Refused`` where none is."""
        async with self._store.transaction() as tx:
            space = await self._chosen(tx, word)
        _require_ranges(space)
        return space

    async def names_space(self, word: str) -> bool:
        """Whether somebody who names a target means a space as such, and not a database."""
        async with self._store.transaction() as tx:
            spaces, databases = await tx.targets.spaces(), await tx.targets.all()
        aliases = {one.alias: one.database for one in self._policy.targets if one.is_space}
        return names_space(spaces, databases, word, aliases)

    async def answer_for_support(
        self, request: int, *, web_only: bool, person: str, key: str
    ) -> RequestDetails:
        """Records what Heroku's support has done for a space, and lets everything go on that waited for it.

        Args:
            request: any that waits for it.
            web_only: data services are not to be opened there: nothing has to be done for web traffic.
            person: Slack id of an admin, or of an approver where the policy names no admin.
            key: as for ``ask``.

        Raises:
            Refused: the person may not say so, or it is settled already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            case = await details_of(tx, request)
            rule = self._rule_of(case.request)
            may = self._policy.admins or rule.approvers
            if may.isdisjoint(member.ids):
                raise Refused(Refusal.SUPPORT_ADMINS, id=request)
            space, doing = case.target.id, self._by(person)
            if await tx.trusted_ranges.services(space) is not Services.WAITING:
                raise Refused(Refusal.SUPPORT_SETTLED, space=case.target.label)
            state = Services.WEB_ONLY if web_only else Services.CONFIRMED
            await tx.trusted_ranges.set_services(space, state, doing=doing)
            await tx.outbox.refresh(_ticket_key(space), params={"state": state})
            for grant in await tx.grants.running(space, _TRUSTED):
                if grant.state is GrantState.WAITING:
                    await tx.grants.change(grant, grants.allowed(grant, now=doing.at), doing=doing)
                    await tx.outbox.refresh_cards(grant.request)
            await tx.reconcile_queue.want(space, _TRUSTED)
            return request

        return await self._once(key, person, work)

    async def _chosen(self, tx: Transaction, word: str | None) -> Space:
        """The space that a person means, by its own name or by a database that is in it."""
        aliases = {one.alias: one.database for one in self._policy.targets}
        return choose_space(await tx.targets.spaces(), await tx.targets.all(), word, aliases)

    async def _space(
        self, tx: Transaction, request_input: RequestInput, member: Person
    ) -> tuple[Space, Rule]:
        """The space that is meant, and the rule under which this person may ask for its ranges."""
        space = await self._chosen(tx, request_input.target)
        _require_ranges(space)
        return space, rule_for(self._policy, target=space, method=_TRUSTED, ids=member.ids)


async def after_support(
    tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext, channel: str
) -> Grant:
    """The grant as an approval begins it: waiting, where Heroku's support has to enable something first.

    The first such request on a space has the ticket's text written into the thread of its card; the answer is
    remembered for the space.
    """
    space = request.terms.target
    services = await tx.trusted_ranges.services(space)
    if services.decided:
        return grant
    if services is Services.UNKNOWN:
        await tx.trusted_ranges.set_services(space, Services.WAITING, doing=doing)
        await tx.outbox.tell(MessageKind.TICKET, to=channel, key=_ticket_key(space), request=request.id)
    return grants.waiting(grant)


def _require_ranges(space: Space) -> None:
    """Refuses a space that can have no ranges, with what to use there instead."""
    if not space.takes_ranges:
        raise Refused(Refusal.TRUSTED_SHIELD if space.shield else Refusal.TRUSTED_FIR, space=space.name)


def _ticket_key(space: UUID) -> str:
    return f"ticket:{space}"


def _terms(space: Space, network: Network, request_input: RequestInput) -> Terms:
    return Terms(
        method=_TRUSTED,
        target=space.id,
        subject=network,
        duration=None,
        until=None,
        reason=request_input.reason or "",
    )


async def _require_place(
    tx: Transaction, space: Space, network: Network, observation: RulesetObservation | None, *, timed: bool
) -> None:
    """Refuses what the last look shows to be impossible; without a look the keeper will find out."""
    if observation is None:
        return
    if all(rule.network != network for rule in observation.ruleset.rules):
        await _require_room(tx, space, observation)
    if timed and not await _is_lasting(tx, space, observation):
        raise Refused(Refusal.TRUSTED_ONLY, space=space.name)


async def _is_lasting(tx: Transaction, space: Space, observation: RulesetObservation) -> bool:
    """Whether somebody will still be let in when every range of ours that has an end is over."""
    timed = {
        str(grant.subject)
        for grant in await tx.grants.running(space.id, _TRUSTED)
        if grant.ends_at is not None or grant.duration is not None
    }
    ending = observation.ours & timed
    return any(rule.action == ALLOW and rule.source not in ending for rule in observation.ruleset.rules)


async def _require_room(tx: Transaction, space: Space, observation: RulesetObservation) -> None:
    if len(observation.ruleset.rules) < LIMIT:
        return
    following = await tx.grants.next_to_end(space.id, _TRUSTED)
    if following is None:
        raise Refused(Refusal.RANGES_FULL, limit=LIMIT, space=space.name)
    raise Refused(Refusal.RANGES_FULL_UNTIL, limit=LIMIT, id=following.request, at=following.ends_at)


async def _require_there(tx: Transaction, space: Space, network: Network) -> RulesetObservation:
    """The last look, which shows the range.

    Raises:
        Refused: it is being removed already, or is not there.
    """
    if await tx.grants.is_closing(space.id, _TRUSTED, network):
        raise Refused(Refusal.CLOSING_ALREADY, address=str(network), app=space.name)
    observation = ruleset_observation(await tx.reconcile_queue.look(space.id, _TRUSTED))
    if observation is None or all(rule.network != network for rule in observation.ruleset.rules):
        raise Refused(Refusal.RANGE_NOT_THERE, address=str(network), space=space.name)
    return observation
