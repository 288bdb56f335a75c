"""What every service works with: the store, the policy, business time, and execution once per key."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from bot.domain.grant import Grant
from bot.domain.person import Person, require_member
from bot.domain.policy.rules import Policy, Rule, require_reason
from bot.domain.request import Kind, Request, Terms
from bot.domain.schedule import reminder
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import AuditContext, Clock, NewRequest, RequestDetails, Store, Transaction
from bot.services.lookups import request_details

Record = Callable[[Transaction], Awaitable[int | RequestDetails]]
"""Records one use case in an open transaction; returns the request that it concerns, or its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceContext:
    """The dependencies that all services share.

    Attributes:
        store: the source of truth.
        policy: the rules that every decision follows.
        clock: business time.
    """

    store: Store
    policy: Policy
    clock: Clock

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins a unit of work; left without ``commit``, it rolls back."""
        return self.store.transaction()

    def now(self) -> datetime:
        """The present business time."""
        return self.clock.now()

    def audit(self, person: str) -> AuditContext:
        """The audit context of what a person does now."""
        return AuditContext(actor=person, at=self.clock.now())

    async def once(self, key: str, person: str, record: Record) -> RequestDetails:
        """Executes a use case once per idempotency key.

        A second call with the same key returns what the first one recorded. So does a call whose commit
        went through although its answer was lost.

        Args:
            key: identifies one command or click.
            person: Slack id of who acts. If they or the requester are unknown, a lookup is requested, so
                that the next attempt can succeed.
            record: the use case; if it raises, nothing is recorded.

        Raises:
            Refused: the use case refused, and the key was not used before.
            StoreUnavailableError: nothing was recorded.
        """
        try:
            async with self.store.transaction() as tx:
                outcome = await record(tx)
                number = outcome.request.id if isinstance(outcome, RequestDetails) else outcome
                # The key is claimed last: a concurrent second call waits here for the first, then rolls back.
                if await tx.idempotency_keys.claim(key, request=number):
                    await tx.commit()
                    # Details are read after the commit, when others no longer wait for the locks.
                    return (
                        outcome if isinstance(outcome, RequestDetails) else await request_details(tx, outcome)
                    )
        except Refused as refused:
            # The first of two calls may be what makes the second one impossible: both get the same answer.
            earlier = await self._recorded(key)
            if earlier is not None:
                return earlier
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.request_lookup(str(refused.params.get("person", person)))
            raise
        except StoreUnavailableError:
            # The commit may have gone through before the connection was lost; the key tells.
            pass
        earlier = await self._recorded(key)
        if earlier is None:
            raise StoreUnavailableError("nothing was recorded")
        return earlier

    async def request_lookup(self, person: str) -> None:
        """Requests a Slack lookup of a person; until it is done they can neither ask nor decide."""
        async with self.store.transaction() as tx:
            await tx.slack_users.request_lookup(person)
            await tx.commit()

    async def member(self, tx: Transaction, person: str) -> Person:
        """Returns a full, active, human member of the workspace.

        The members of every user group that the policy names must be known too: otherwise a rule that
        denies a group would be skipped.

        Raises:
            Refused: the person is not such a member, or not enough is known about them.
        """
        known = await tx.slack_users.find(person, groups=self.policy.groups)
        member = require_member(known)
        if not member.groups_known:
            raise Refused(Refusal.GROUPS_UNKNOWN)
        return member

    def rule_of(self, request: Request) -> Rule:
        """Returns the policy rule of a request; raises ``Refused`` if the policy no longer has it."""
        rule = self.policy.rule_named(request.rule)
        if rule is None:
            raise Refused(Refusal.POLICY_CHANGED, id=request.id)
        return rule

    async def record_request(
        self,
        tx: Transaction,
        kind: Kind,
        terms: Terms,
        rule: Rule,
        person: str,
        *,
        grant: Grant | None = None,
    ) -> Request:
        """Records a pending request with its audit line and its two cards.

        Args:
            tx: the transaction of the use case.
            kind: what an approval will do.
            terms: what is asked for.
            rule: the policy rule that allows the request.
            person: Slack id of the requester.
            grant: the grant to extend, for an extension.
        """
        audit = self.audit(person)
        new = NewRequest(
            kind=kind,
            terms=terms,
            requester=person,
            rule=rule.name,
            needed=rule.approvals,
            expires_at=audit.at + rule.lapse_after,
            remind_at=reminder(asked=audit.at, after=rule.remind_after, given=0),
            grant=None if grant is None else grant.id,
        )
        request = await tx.requests.add(new, doing=audit)
        channel = self.policy.approvals_channel
        await tx.outbox.add_cards(request.id, approvals=channel, requester=person)
        return request

    async def record_operation(
        self, tx: Transaction, kind: Kind, terms: Terms, rule: Rule, person: str
    ) -> int:
        """Records a pending request for a one-time operation; returns its number.

        Raises:
            Refused: the reason is shorter than the rule demands.
        """
        require_reason(rule, terms.reason)
        return (await self.record_request(tx, kind, terms, rule, person)).id

    async def _recorded(self, key: str) -> RequestDetails | None:
        """The request that an idempotency key led to; None if the key was not used."""
        async with self.store.transaction() as tx:
            request = await tx.idempotency_keys.request(key)
            return None if request is None else await request_details(tx, request)
