"""What owners and approvers do with grants and failed operations: end, revoke, retry, reopen, abandon."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.command_text import line_again
from bot.domain.grant import BY_PEOPLE, LIVE_STATES, Grant, GrantState, ReasonCode
from bot.domain.mtls import issuance, rotation, unmanaged_rules
from bot.domain.operation import Operation, OperationState
from bot.domain.person import Person
from bot.domain.request import Kind
from bot.domain.target import require_present
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, RequestDetails, Transaction
from bot.services.authorization import approves, require_owner_or_approver
from bot.services.context import ServiceContext
from bot.services.lookups import request_details, request_grant

RequireAllowed = Callable[[Transaction, Grant, RequestDetails, Person], Awaitable[None]]
"""Refuses a member who may not end a grant."""


class GrantService:
    """Ends grants at once, without a decision, and settles what failed or was interrupted.

    Each method takes the number of a request, the Slack id of who acts, and the key of the command or click.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def end(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Ends the person's own grant."""

        async def require_owner(
            _tx: Transaction, grant: Grant, _details: RequestDetails, _member: Person
        ) -> None:
            if grant.owner != person:
                raise Refused(Refusal.NOT_YOURS, id=request)

        return await self._end(request, ReasonCode.DONE, require_owner, person=person, key=key)

    async def revoke(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Ends anybody's grant; for approvers of the request and for admins."""

        async def require_approver_or_admin(
            tx: Transaction, _grant: Grant, details: RequestDetails, member: Person
        ) -> None:
            if self._context.policy.is_admin(member.ids):
                return
            if not await approves(self._context, tx, details, member):
                raise Refused(Refusal.APPROVER_NOT, id=request)

        return await self._end(request, ReasonCode.REVOKED, require_approver_or_admin, person=person, key=key)

    async def retry(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Retries what failed for a technical reason, under the decision that it has and up to its old end.

        Raises:
            Refused: it has not failed, is somebody else's, or failed because of something that people did:
                that needs a new decision.
            StoreUnavailableError: nothing was recorded.
        """

        async def record_retry(tx: Transaction) -> int:
            operation = await self._failed_operation(tx, request, person)
            require_present((await request_details(tx, request)).target)
            if operation is None:
                await self._retry_grant(tx, request, person)
                return request
            if operation.reason_code in BY_PEOPLE:
                details = await request_details(tx, request)
                command = line_again(details.request, details.target.label)
                raise Refused(Refusal.RETRY_ASKS_AGAIN, id=request, command=command)
            after = _retried(operation, now=self._context.now())
            doing, within = self._context.audit(person), schedule.OPERATION_DEADLINE
            await tx.operations.update(operation, after, doing=doing, within=within)
            await tx.closings.retry(operation.id, at=doing.at)
            await tx.outbox.refresh_cards(request)
            await tx.reconcile_queue.bump_generation(operation.target, operation.method)
            return request

        return await self._context.once(key, person, record_retry)

    async def abandon(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Settles that what failed is not retried."""

        async def record_abandonment(tx: Transaction) -> int:
            doing = self._context.audit(person)
            operation = await self._failed_operation(tx, request, person, closes=True)
            if operation is not None:
                after = operations.given_up(operation, now=doing.at)
                await tx.operations.update(operation, after, doing=doing)
                await tx.outbox.refresh_cards(request)
                return request
            grant = await self._controlled_grant(tx, request, person, closes=True)
            if grant.state is not GrantState.FAILED:
                raise Refused(Refusal.GRANT_NOT_FAILED, id=request)
            # A step that stays failed could be retried, without a grant that waits for it.
            step = await _failed_first_step(tx, request)
            if step is not None:
                await tx.operations.update(step, operations.given_up(step, now=doing.at), doing=doing)
            ended = grants.closed(grant, GrantState.ENDED, now=doing.at, reason_code=ReasonCode.GIVEN_UP)
            await tx.grants.update(grant, ended, doing=doing)
            await tx.outbox.refresh_cards(request)
            return request

        return await self._context.once(key, person, record_abandonment)

    async def _end(
        self, request: int, reason_code: ReasonCode, require_allowed: RequireAllowed, *, person: str, key: str
    ) -> RequestDetails:
        async def record_end(tx: Transaction) -> int:
            # By the last that was known of people: nothing that Slack does keeps anybody from closing.
            member = await self._context.closing_member(tx, person)
            grant = await request_grant(tx, request)
            await require_allowed(tx, grant, await request_details(tx, request), member)
            if grant.state not in LIVE_STATES:
                raise Refused(Refusal.GRANT_OVER, id=request)
            await close_grants(tx, [grant], reason_code, doing=self._context.audit(person))
            return request

        return await self._context.once(key, person, record_end)

    async def _retry_grant(self, tx: Transaction, request: int, person: str) -> None:
        """Applies a failed grant again; raises ``Refused`` where that needs a new decision."""
        grant = await self._controlled_grant(tx, request, person)
        if grant.state is not GrantState.FAILED:
            raise Refused(Refusal.GRANT_NOT_FAILED, id=request)
        step = await _failed_first_step(tx, request)
        undone = step is not None and step.reason_code in BY_PEOPLE
        if undone or grant.reason_code in BY_PEOPLE:
            raise Refused(Refusal.RETRY_DECIDED_ANEW, id=request)
        details = await request_details(tx, request)
        await apply_again(self._context, tx, details, doing=self._context.audit(person))

    async def _controlled_grant(
        self, tx: Transaction, request: int, person: str, *, closes: bool = False
    ) -> Grant:
        """The grant of a request, locked, for its owner or an approver of the request."""
        grant = await request_grant(tx, request)
        await require_owner_or_approver(
            self._context, tx, request, owner=grant.owner, person=person, closes=closes
        )
        return grant

    async def _failed_operation(
        self, tx: Transaction, request: int, person: str, *, closes: bool = False
    ) -> Operation | None:
        """The failed operation of a request; None if the request is about a grant.

        Raises:
            Refused: it has not failed, or is somebody else's.
        """
        operation = await tx.operations.of_request(request)
        if operation is None or await tx.grants.of_request(request) is not None:
            # Enabling mTLS may be the first step of a grant; then the grant is what is retried.
            return None
        await require_owner_or_approver(
            self._context, tx, request, owner=operation.owner, person=person, closes=closes
        )
        if operation.state is not OperationState.FAILED:
            raise Refused(Refusal.GRANT_NOT_FAILED, id=request)
        return operation


async def apply_again(
    context: ServiceContext, tx: Transaction, details: RequestDetails, *, doing: AuditContext
) -> None:
    """Moves a failed or interrupted grant back to ``applying``, with a new deadline and its old end.

    Args:
        context: knows the time.
        tx: of the decision.
        details: the request that opened the grant, or the one that asks to open it again.
        doing: who decided, and when.

    Raises:
        Refused: its end has come, or it is neither failed nor interrupted any more.
    """
    if details.grant is None:
        raise ValueError(f"request {details.request.id} has no grant")
    grant = await tx.grants.lock(details.grant.id)
    if grant.state not in (GrantState.FAILED, GrantState.INTERRUPTED):
        raise Refused(Refusal.GRANT_NOT_INTERRUPTED, id=grant.request)
    # The end that was approved stays: trying again gives nobody more time.
    if grant.ends_at is not None and grant.ends_at <= context.now():
        raise Refused(Refusal.GRANT_OVER, id=grant.request)
    enables_mtls = await _retry_first_step(tx, grant.request, doing)
    within = schedule.opening_deadline(enables_mtls=enables_mtls, method=grant.method)
    await tx.grants.update(grant, grants.again(grant), doing=doing, within=within)
    await tx.outbox.refresh_cards(grant.request)
    await tx.reconcile_queue.bump_generation(grant.target, grant.method)


async def _retry_first_step(tx: Transaction, request: int, doing: AuditContext) -> bool:
    """Retries the operation that a grant waits for, if it has failed; returns whether it had."""
    step = await _failed_first_step(tx, request)
    if step is None:
        return False
    within = schedule.OPERATION_DEADLINE
    return await tx.operations.update(step, operations.again(step), doing=doing, within=within)


async def close_grants(
    tx: Transaction, live: Sequence[Grant], reason_code: ReasonCode, *, doing: AuditContext
) -> None:
    """Moves grants to ``ending``, and has their targets reconciled.

    The intent to remove is in the same commit, so that no crash can lose it, and so is who waits to hear of
    it.
    """
    for grant in live:
        await tx.grants.update(grant, grants.closing(grant, reason_code), doing=doing)
        await tx.outbox.refresh_cards(grant.request)
    if doing.actor != BOT:
        await tx.closings.begin(doing.actor, at=doing.at, grants=[grant.id for grant in live])
    # Sorted: two transactions that lock the same rows in two orders would wait for each other.
    for target, method in sorted({(grant.target, grant.method) for grant in live}):
        await tx.reconcile_queue.bump_generation(target, method)


async def _failed_first_step(tx: Transaction, request: int) -> Operation | None:
    """The operation that a request's grant waits for, if it has failed."""
    step = await tx.operations.of_request(request)
    return step if step is not None and step.state is OperationState.FAILED else None


def _retried(operation: Operation, *, now: datetime) -> Operation:
    """The operation as it is retried, from the step at which its kind can resume."""
    match operation.kind:
        case Kind.ISSUE:
            return issuance.again(operation)
        case Kind.ROTATE:
            return rotation.again(operation, now=now)
        case Kind.REMOVE_UNMANAGED | Kind.ADOPT:
            return unmanaged_rules.again(operation)
    return operations.again(operation)
