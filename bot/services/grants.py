"""Ending, and trying again: what owners and approvers do with what is there, without a new decision."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.grant import LIVE_STATES, Grant, GrantState, Why
from bot.domain.method import Method
from bot.domain.mtls import issuance, rotation, unmanaged_rules
from bot.domain.network import parse_address
from bot.domain.operation import Operation, OperationState
from bot.domain.policy import require_reason, rule_for
from bot.domain.request import Kind, RequestState, Terms, require_pending
from bot.domain.target import choose
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.access_requests import Asking, RequestInput
from bot.services.base import details_of, grant_of
from bot.services.unmanaged_rules import require_rule


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovalResult:
    """What became of ``remove``: the request that was recorded, or those whose grants are being closed."""

    requested: RequestDetails | None
    closing: tuple[int, ...]
    case: RequestDetails


class Ending(Asking):
    """Ends are at once and undecided, for those who may."""

    async def cancel(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Takes one's own pending request back; raises ``Refused`` when it is not, or not any more."""

        async def work(tx: Transaction) -> int:
            asked = await tx.requests.lock(request)
            if asked is None:
                raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
            if asked.requester != person:
                raise Refused(Refusal.NOT_YOURS, id=request)
            require_pending(asked, await tx.requests.votes(request))
            await tx.requests.decide(asked, RequestState.CANCELLED, doing=self._by(person))
            await tx.outbox.refresh_cards(request)
            return request

        return await self._once(key, person, work)

    async def done(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Ends one's own grant, at once."""

        def allowed(grant: Grant, _case: RequestDetails, _ids: Collection[str]) -> None:
            if grant.owner != person:
                raise Refused(Refusal.NOT_YOURS, id=request)

        return await self._end(request, Why.DONE, allowed, person=person, key=key)

    async def revoke(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Ends anybody's grant, at once; for approvers of the database and for admins."""

        def allowed(_grant: Grant, case: RequestDetails, ids: Collection[str]) -> None:
            rule = self._policy.rule_named(case.request.rule)
            approves = rule is not None and not rule.approvers.isdisjoint(ids)
            if not (approves or self._policy.is_admin(ids)):
                raise Refused(Refusal.APPROVER_NOT, id=request)

        return await self._end(request, Why.REVOKED, allowed, person=person, key=key)

    async def retry(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Tries once more what failed, under the decision that it has and up to the end that it had."""
        wrong = Refusal.GRANT_NOT_FAILED
        return await self._reopen(request, GrantState.FAILED, wrong, person=person, key=key)

    async def restore(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Opens again what somebody closed at Heroku, because a person says so."""
        wrong = Refusal.GRANT_NOT_INTERRUPTED
        return await self._reopen(request, GrantState.INTERRUPTED, wrong, person=person, key=key)

    async def give_up(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Settles that what failed is not tried again."""

        async def work(tx: Transaction) -> int:
            now = self._clock.now()
            change = await self._failed_operation(tx, request, person)
            if change is not None:
                await tx.operations.move(change, operations.given_up(change, now=now), doing=self._by(person))
                await tx.outbox.refresh_cards(request)
                return request
            grant = await self._own(tx, request, person)
            if grant.state is not GrantState.FAILED:
                raise Refused(Refusal.GRANT_NOT_FAILED, id=request)
            await self._give_up_step(tx, request, person)
            over = grants.closed(grant, GrantState.ENDED, now=now, why=Why.GIVEN_UP)
            await tx.grants.change(grant, over, doing=self._by(person))
            await tx.outbox.refresh_cards(request)
            return request

        return await self._once(key, person, work)

    async def remove(self, request_input: RequestInput, *, person: str, key: str) -> RemovalResult:
        """Closes an address: at once if all its grants are one's own, else as a request that lists them.

        A rule that somebody else made is removed by an approved request of its own kind.

        Raises:
            Refused: nothing lets the address in.
            StoreUnavailableError: nothing was recorded.
        """
        closing: list[int] = []
        requested = False

        async def work(tx: Transaction) -> int:
            nonlocal requested
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            aliases = {one.alias: one.database for one in self._policy.targets}
            database = choose(await tx.targets.all(), request_input.target, aliases)
            live = await tx.grants.live(database.id, Method.MTLS, network)
            if not live:
                await require_rule(tx, database, network)
            if live and all(grant.owner == person for grant in live):
                closing.extend(grant.request for grant in live)
                await self._close(tx, live, Why.DONE, person)
                return live[0].request
            requested = True
            rule = rule_for(self._policy, target=database, method=Method.MTLS, ids=member.ids)
            reason = request_input.reason or ""
            require_reason(rule, reason)
            terms = Terms(
                method=Method.MTLS,
                target=database.id,
                subject=network,
                duration=None,
                until=None,
                reason=reason,
            )
            return await self._record(tx, Kind.REMOVE if live else Kind.REMOVE_UNMANAGED, terms, rule, person)

        case = await self._once(key, person, work)
        is_request = requested or case.request.kind is not Kind.OPEN
        ended = tuple(closing) or (() if is_request else (case.request.id,))
        return RemovalResult(requested=case if is_request else None, closing=ended, case=case)

    async def _end(
        self,
        request: int,
        why: Why,
        allowed: Callable[[Grant, RequestDetails, Collection[str]], None],
        *,
        person: str,
        key: str,
    ) -> RequestDetails:
        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            grant = await grant_of(tx, request)
            allowed(grant, await details_of(tx, request), member.ids)
            if grant.state not in LIVE_STATES:
                raise Refused(Refusal.GRANT_OVER, id=request)
            await self._close(tx, [grant], why, person)
            return request

        return await self._once(key, person, work)

    async def _reopen(
        self, request: int, state: GrantState, wrong: Refusal, *, person: str, key: str
    ) -> RequestDetails:
        async def work(tx: Transaction) -> int:
            if state is GrantState.FAILED and await self._operation_again(tx, request, person):
                return request
            grant = await self._own(tx, request, person)
            if grant.state is not state:
                raise Refused(wrong, id=request)
            if grant.ends_at is not None and grant.ends_at <= self._clock.now():
                raise Refused(Refusal.GRANT_OVER, id=request)
            enables_mtls = await self._enable_again(tx, request, person)
            within = schedule.opening_deadline(enables_mtls=enables_mtls, method=grant.method)
            await tx.grants.change(grant, grants.again(grant), doing=self._by(person), within=within)
            await tx.outbox.refresh_cards(request)
            await tx.reconcile_queue.want(grant.target, grant.method)
            return request

        return await self._once(key, person, work)

    async def _own(self, tx: Transaction, request: int, person: str) -> Grant:
        """The grant of a request, for its owner or an approver of it."""
        grant = await grant_of(tx, request)
        await self._require_own(tx, request, grant.owner, person)
        return grant

    async def _require_own(self, tx: Transaction, request: int, owner: str, person: str) -> None:
        """Refuses everybody but the owner of what a request brought about, and its approvers."""
        member = await self._member(tx, person)
        case = await details_of(tx, request)
        rule = self._policy.rule_named(case.request.rule)
        approves = rule is not None and not rule.approvers.isdisjoint(member.ids)
        if owner != person and not approves:
            raise Refused(Refusal.NOT_YOURS, id=request)

    async def _failed_operation(self, tx: Transaction, request: int, person: str) -> Operation | None:
        """The change of a request that failed; None when the request is about a grant.

        Raises:
            Refused: it has not failed, or is somebody else's.
        """
        change = await tx.operations.of_request(request)
        if change is None or await tx.grants.of_request(request) is not None:
            # Enabling mTLS may be the step before a grant: then it is the grant that is tried again.
            return None
        await self._require_own(tx, request, change.owner, person)
        if change.state is not OperationState.FAILED:
            raise Refused(Refusal.GRANT_NOT_FAILED, id=request)
        return change

    async def _operation_again(self, tx: Transaction, request: int, person: str) -> bool:
        change = await self._failed_operation(tx, request, person)
        if change is None:
            return False
        doing, within = self._by(person), schedule.OPERATION_DEADLINE
        after = _tried_again(change, now=self._clock.now())
        await tx.operations.move(change, after, doing=doing, within=within)
        await tx.outbox.refresh_cards(request)
        await tx.reconcile_queue.want(change.target, change.method)
        return True

    async def _enable_again(self, tx: Transaction, request: int, person: str) -> bool:
        """Has the step before a grant tried once more, if it has failed; returns whether it had."""
        step = await tx.operations.of_request(request)
        if step is None or step.state is not OperationState.FAILED:
            return False
        doing, within = self._by(person), schedule.OPERATION_DEADLINE
        return await tx.operations.move(step, operations.again(step), doing=doing, within=within)

    async def _give_up_step(self, tx: Transaction, request: int, person: str) -> None:
        step = await tx.operations.of_request(request)
        if step is not None and step.state is OperationState.FAILED:
            after = operations.given_up(step, now=self._clock.now())
            await tx.operations.move(step, after, doing=self._by(person))

    async def _close(self, tx: Transaction, live: Sequence[Grant], why: Why, person: str) -> None:
        """Moves grants to ``ending``, with the intent to remove in the same commit."""
        for grant in live:
            await tx.grants.change(grant, grants.closing(grant, why), doing=self._by(person))
            await tx.outbox.refresh_cards(grant.request)
        for target, method in sorted({(grant.target, grant.method) for grant in live}):
            await tx.reconcile_queue.want(target, method)


def _tried_again(change: Operation, *, now: datetime) -> Operation:
    """The change that is to be tried once more, from where each kind can go on."""
    match change.kind:
        case Kind.ISSUE:
            return issuance.again(change)
        case Kind.ROTATE:
            return rotation.again(change, now=now)
        case Kind.REMOVE_UNMANAGED | Kind.ADOPT:
            return unmanaged_rules.again(change)
    return operations.again(change)
