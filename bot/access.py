"""The use cases: asking, deciding, reading, and what time brings. Each is one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain import grant as grants
from bot.domain.duration import parse_duration, parse_until
from bot.domain.grant import Grant
from bot.domain.methods import MTLS_RULE_LIMIT, Method
from bot.domain.network import parse_address
from bot.domain.person import Person, require_member
from bot.domain.policy import Policy, allowed_duration, require_approver, require_reason
from bot.domain.request import Decision, Request, RequestState, Terms, Verdict, require_open
from bot.domain.target import Database, Look, choose
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import BOT, Case, Clock, Doing, PostKind, Store, Transaction

BATCH: Final = 100
"""Ends and warnings handled in one transaction; more are taken at once after it."""

LISTED: Final = 20
"""Requests that one answer lists: a message takes 50 blocks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a person typed or filled in, word by word; None for what they left out."""

    address: str | None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


class Access:
    """Asking and deciding."""

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    @property
    def policy(self) -> Policy:
        """The rules that every decision follows."""
        return self._policy

    async def ask(self, wish: Wish, *, person: str, key: str) -> Case:
        """Records a wish for an IP rule, pending approval.

        Args:
            wish: what was asked for.
            person: Slack id of who asks.
            key: what tells this command from every other; the same one again is recorded once.

        Raises:
            Refused: the person may not ask, or the wish cannot be granted as it stands.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            return await self._ask(tx, wish, person)

        return await self._once(key, person, work)

    async def decide(
        self, request: int, verdict: Verdict, *, version: int, reason: str = "", person: str, key: str
    ) -> Case:
        """Records one approver's verdict; the first one decides.

        Args:
            request: the request's number.
            verdict: approve or deny.
            version: of the terms that the approver saw.
            reason: why it is denied.
            person: Slack id of who decides.
            key: as for ``ask``.

        Raises:
            Refused: the person may not decide, or there is nothing (more) to decide.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            decision = Decision(person=person, verdict=verdict, reason=reason, at=self._clock.now())
            return await self._decide(tx, request, decision, version)

        return await self._once(key, person, work)

    async def may_decide(self, request: int, *, version: int, person: str) -> Case:
        """Checks, without recording anything, that a person could decide now: before a form is opened."""
        async with self._store.transaction() as tx:
            await self._decidable(tx, request, person, version)
            return await _case(tx, request)

    async def show(self, request: int) -> Case:
        """One request; raises ``Refused`` when there is none of that number."""
        async with self._store.transaction() as tx:
            return await _case(tx, request)

    async def list(self, *, requester: str | None) -> tuple[Case, ...]:
        """Requests that are pending or open, newest first: one person's, or everybody's."""
        async with self._store.transaction() as tx:
            return await tx.requests.open_cases(requester=requester, limit=LISTED)

    async def databases(self) -> tuple[Database, ...]:
        """The databases that can be asked for."""
        async with self._store.transaction() as tx:
            return await tx.targets.all()

    async def locale(self, person: str) -> str | None:
        """The Slack locale of a person."""
        async with self._store.transaction() as tx:
            return await tx.people.locale(person)

    async def forget_person(self, person: str) -> None:
        """Has somebody looked up afresh; until then they can neither ask nor decide."""
        async with self._store.transaction() as tx:
            await tx.people.ask_for(person)
            await tx.commit()

    async def follow_clock(self) -> datetime | None:
        """Closes what has ended and warns of what ends soon; returns the next moment to do so.

        After downtime the most overdue comes first, and its lateness stands in the audit line.
        """
        now = self._clock.now()
        async with self._store.transaction() as tx:
            over = await tx.grants.past_end(now, limit=BATCH)
            for grant in over:
                await self._expire(tx, grant, now)
            for target in sorted({grant.target for grant in over}):
                await tx.targets.want(target)
            soon = await tx.grants.to_warn(now, limit=BATCH)
            for grant in soon:
                await _warn(tx, grant)
            if over or soon:
                await tx.commit()
            return await tx.grants.next_moment()

    async def seal(self) -> int:
        """Links audit lines without a seal into the chain; returns how many."""
        async with self._store.transaction() as tx:
            sealed = await tx.audit.seal(limit=500)
            if sealed:
                await tx.commit()
            return sealed

    async def _once(self, key: str, person: str, work: Callable[[Transaction], Awaitable[int]]) -> Case:
        """Does the work once for a key, and finds its outcome again when the commit's answer was lost."""
        try:
            async with self._store.transaction() as tx:
                if await tx.received.first(key):
                    request = await work(tx)
                    await tx.received.conclude(key, request=request)
                    case = await _case(tx, request)
                    await tx.commit()
                    return case
        except Refused as refused:
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.forget_person(person)
            raise
        except StoreUnavailableError:
            # The commit may have gone through all the same: the key tells.
            pass
        async with self._store.transaction() as tx:
            recorded = await tx.received.request(key)
            if recorded is None:
                raise StoreUnavailableError("nothing was recorded")
            return await _case(tx, recorded)

    async def _ask(self, tx: Transaction, wish: Wish, person: str) -> int:
        now = self._clock.now()
        member = require_member(await tx.people.find(person))
        terms = self._terms(wish, member, await tx.targets.all(), now)
        _require_room(await tx.targets.look(terms.target), terms)
        doing = Doing(actor=person, at=now)
        request = await tx.requests.add(terms, requester=person, doing=doing)
        approvals = self._policy.approvals_channel
        await tx.posts.tell(
            PostKind.CARD_APPROVAL, to=approvals, key=f"approval:{request.id}", request=request.id
        )
        await tx.posts.tell(
            PostKind.CARD_REQUESTER, to=person, key=f"requester:{request.id}", request=request.id
        )
        return request.id

    def _terms(self, wish: Wish, member: Person, databases: Sequence[Database], now: datetime) -> Terms:
        """Reads every word of a wish under the policy, in the order in which people type them."""
        network = parse_address(wish.address or "")
        database = choose(tuple(databases), wish.target)
        until = parse_until(wish.until, now=now, zone=_zone(member)) if wish.until else None
        asked = parse_duration(wish.duration) if wish.duration else None
        duration = allowed_duration(self._policy, now=now, wish=asked, until=until)
        reason = wish.reason or ""
        require_reason(self._policy, reason)
        return Terms(
            method=Method.MTLS,
            target=database.id,
            network=network,
            duration=duration,
            until=until,
            reason=reason,
        )

    async def _decide(self, tx: Transaction, id: int, decision: Decision, version: int) -> int:
        request = await self._decidable(tx, id, decision.person, version)
        doing = Doing(actor=decision.person, at=decision.at)
        await tx.requests.vote(id, decision)
        approved = decision.verdict is Verdict.APPROVE
        await tx.requests.decide(
            request, RequestState.APPROVED if approved else RequestState.DENIED, doing=doing
        )
        if approved:
            await tx.grants.open(grants.begin(request, id=uuid4(), now=decision.at), doing=doing)
        await tx.posts.refresh_cards(id)
        await tx.posts.tell(PostKind.NOTICE_DECIDED, to=request.requester, key=f"decided:{id}", request=id)
        if approved:
            await tx.targets.want(request.terms.target)
        return id

    async def _decidable(self, tx: Transaction, id: int, person: str, version: int) -> Request:
        """Locks the request; raises ``Refused`` unless this person can decide it now."""
        require_member(await tx.people.find(person))
        request = await tx.requests.lock(id)
        if request is None:
            raise Refused(Refusal.REQUEST_UNKNOWN, id=id)
        require_approver(self._policy, person=person, request=request)
        require_open(request, await tx.requests.votes(id), version=version, now=self._clock.now())
        return request

    async def _expire(self, tx: Transaction, grant: Grant, now: datetime) -> None:
        late = str(int((now - grant.ends_at).total_seconds()))
        doing = Doing(actor=BOT, at=now, details={"late_s": late})
        if await tx.grants.change(grant, grants.expired(grant), doing=doing):
            await tx.posts.refresh_cards(grant.request)


async def _case(tx: Transaction, request: int) -> Case:
    case = await tx.requests.case(request)
    if case is None:
        raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
    return case


async def _warn(tx: Transaction, grant: Grant) -> None:
    key = f"ending:{grant.id}:{grant.ends_at.isoformat()}"
    await tx.posts.tell(PostKind.NOTICE_ENDING, to=grant.owner, key=key, request=grant.request)
    await tx.grants.warned(grant)


def _require_room(look: Look | None, terms: Terms) -> None:
    """Refuses what the last look shows to be impossible; without a look the keeper will find out."""
    if look is None:
        return
    if not look.enabled:
        raise Refused(Refusal.MTLS_NOT_ENABLED)
    exact = any(rule.network == terms.network for rule in look.rules)
    if len(look.rules) >= MTLS_RULE_LIMIT and not exact:
        raise Refused(Refusal.RULES_FULL, limit=MTLS_RULE_LIMIT)


def _zone(member: Person) -> ZoneInfo:
    try:
        return ZoneInfo(member.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
