"""What every service works with: the store, the policy, business time, and execution once per key."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.person import Person, require_member
from bot.domain.policy.limits import require_reason, ticket_for
from bot.domain.policy.rules import Policy, Rule, require_readable
from bot.domain.reports import findings
from bot.domain.request import Kind, Request, Terms
from bot.domain.schedule import reminder, undecided_end
from bot.domain.subject import names_of
from bot.domain.target import Target
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import AuditContext, Clock, MessageKind, NewRequest, RequestDetails, Store, Transaction
from bot.services.judgement import rule_for_member, with_fallback
from bot.services.lookups import request_details
from bot.services.reports.direct_cards import ask_directly

ABOUT_ENTRIES: Final = (Kind.ADOPT, Kind.REMOVE_UNMANAGED)
"""Kinds of requests that are about an entry that no grant covers."""

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
            if refused.reason in (Refusal.PERSON_UNKNOWN, Refusal.BEHALF_UNKNOWN):
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
        """Returns a full, active, human member of the workspace, to ask or to decide.

        User groups that could not be read are among their ``unknown_groups``: what hangs on one of these is
        refused, and nothing else is.

        Raises:
            Refused: the person is not such a member, not enough is known about them, or the policy cannot be
                read.
        """
        # Before targets are looked for: without the policy its aliases are not known either.
        require_readable(self.policy)
        return require_member(await tx.slack_users.find(person, groups=self.policy.groups))

    async def closing_member(self, tx: Transaction, person: str) -> Person:
        """Returns a member by the last that was known of them, however old: to close, or only to read.

        While Slack cannot be read nobody is kept from ending access.

        Raises:
            Refused: they were no full member when they were read last, or were never read.
        """
        found = await tx.slack_users.find(person, groups=self.policy.groups, however_old=True)
        return require_member(found)

    async def rule(self, tx: Transaction, member: Person, *, target: Target, method: Method) -> Rule:
        """Returns the rule that lets a member request a target; raises ``Refused`` as ``rule_for`` does."""
        return await rule_for_member(tx, self.policy, member, target=target, method=method)

    async def record_request(
        self,
        tx: Transaction,
        kind: Kind,
        terms: Terms,
        rule: Rule,
        person: str,
        *,
        grant: Grant | None = None,
        asked_by: str | None = None,
        asker: str = "",
    ) -> Request:
        """Records a pending request with its audit line and its two cards.

        A request to open a grant again has no cards of its own: it is decided on those of the first.

        Args:
            tx: the transaction of the use case.
            kind: what an approval will do.
            terms: what is asked for.
            rule: the policy rule that allows the request.
            person: Slack id of the requester.
            grant: the grant to extend, or to open again.
            asked_by: who records it in the requester's name; None if they do so themselves.
            asker: Slack id of who asks for access of the requester's, and is told of it as they are; empty
                where they ask themselves.

        Raises:
            Refused: too many requests of theirs wait already, or too few people could approve this one.
        """
        audit = self.audit(asked_by or asker or person)
        by_admins = await self._require_deciders(tx, rule, person, asker)
        new = NewRequest(
            kind=kind,
            terms=terms,
            requester=person,
            rule=rule.name,
            environment=rule.judged_as,
            needed=rule.approvals,
            expires_at=undecided_end(asked=audit.at, lapse_after=rule.lapse_after, until=terms.until),
            # What is decided on another card has no thread of its own to be reminded in.
            remind_at=None
            if kind is Kind.REOPEN
            else reminder(asked=audit.at, after=rule.remind_after, given=0),
            grant=None if grant is None else grant.id,
            by_admins=by_admins,
            asker=asker,
        )
        request = await tx.requests.add(new, doing=audit)
        if kind is not Kind.REOPEN:
            channel = self.policy.approvals_channel
            await tx.outbox.add_cards(request.id, approvals=channel, requester=person)
            if asker:
                key = f"requester:{request.id}:asker"
                await tx.outbox.add(MessageKind.CARD_REQUESTER, to=asker, key=key, request=request.id)
            if await tx.lost_channels.find(channel) is not None:
                return await ask_directly(tx, request, rule, card=request.id)
        return request

    async def _require_deciders(self, tx: Transaction, rule: Rule, person: str, asker: str) -> bool:
        """Refuses a request that nobody could decide, or one too many of a person.

        Returns:
            Whether the admins have to decide, for want of others.
        """
        standing = await tx.requests.standing(rule, but=person, asker=asker)
        limit = self.policy.pending_per_person
        if standing.waiting >= limit:
            raise Refused(Refusal.PENDING_TOO_MANY, limit=limit)
        if not standing.missing:
            return False
        wider, by_admins = await with_fallback(tx, self.policy, rule, requester=person, asker=asker)
        missing = (await tx.requests.standing(wider, but=person, asker=asker)).missing
        if missing:
            raise Refused(Refusal.NOBODY_DECIDES, rule=rule.name, needed=rule.approvals, missing=missing)
        return by_admins

    async def record_operation(
        self, tx: Transaction, kind: Kind, terms: Terms, rule: Rule, person: str
    ) -> int:
        """Records a pending request for a one-time operation; returns its number.

        Raises:
            Refused: the reason is shorter than the rule demands.
        """
        require_reason(rule, terms.reason)
        terms = replace(terms, ticket=ticket_for(rule, kind, reason=terms.reason))
        request = (await self.record_request(tx, kind, terms, rule, person)).id
        if kind in ABOUT_ENTRIES:
            # The cards of what it is about show it, and follow it.
            found = await tx.unmanaged_entries.present(terms.target)
            listed = names_of(terms.subject)
            names = [
                findings.unmanaged(each.target, each.entry)
                for each in found
                if each.method is terms.method and each.subject in listed
            ]
            await tx.outbox.attach(names, request)
        return request

    async def _recorded(self, key: str) -> RequestDetails | None:
        """The request that an idempotency key led to; None if the key was not used."""
        async with self.store.transaction() as tx:
            request = await tx.idempotency_keys.request(key)
            return None if request is None else await request_details(tx, request)
