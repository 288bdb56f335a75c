"""Asking: for an address to be let in, and for more time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain import grant as grants
from bot.domain.command_text import line_for
from bot.domain.duration import FOREVER, parse_duration, parse_until
from bot.domain.grant import Grant, GrantState
from bot.domain.method import MTLS_RULE_LIMIT, Method, has_mtls
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.network import parse_address
from bot.domain.observation import mtls_observation
from bot.domain.person import Person
from bot.domain.policy import Rule, allowed_duration, require_reason, require_width, rule_for
from bot.domain.request import Kind, Request, Terms
from bot.domain.schedule import reminder
from bot.domain.subject import Network
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import NewRequest, RequestDetails, Transaction
from bot.services.base import UseCases, grant_of


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestInput:
    """What a person typed or filled in, word by word; None for what they left out."""

    address: str | None = None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None
    enables_mtls: bool = False
    """Not a word of theirs: mTLS is to be enabled first, which they were told before they asked."""


class Asking(UseCases):
    """What ends as a pending request, if it is not refused."""

    async def ask(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish for an IP rule, pending approval.

        Args:
            wish: what was asked for.
            person: Slack id of who asks.
            key: what tells this command from every other; the same one again is recorded once.

        Raises:
            Refused: the person may not ask, or the wish cannot be granted as it stands.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> RequestDetails:
            member = await self._member(tx, person)
            network = parse_address(request_input.address or "")
            database, seen = await self._seen(tx, request_input.target, Method.MTLS)
            require_mtls(database)
            terms, rule = self._terms(request_input, member, network, database)
            observation = mtls_observation(seen)
            if observation is not None and not observation.enabled:
                terms = replace(terms, enables_mtls=await _enables(tx, terms, database, request_input))
            else:
                await _require_room(tx, terms, observation)
            request = await self._ask_for(tx, Kind.OPEN, terms, rule, person)
            return RequestDetails(
                request=request, target=database, decisions=(), grant=None, observation=observation
            )

        return await self._once(key, person, work)

    async def extend(
        self, request: int, request_input: RequestInput, *, person: str, key: str
    ) -> RequestDetails:
        """Gives a grant more time: at once within what the rule leaves to its owner, else as a request.

        Args:
            request: the number of the request that opened it.
            wish: by how long, or until when, and why.
            person: Slack id of who asks; only the owner may.
            key: as for ``ask``.

        Raises:
            Refused: it is not theirs, has no end, or is closing already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            return await self._extend(tx, request, request_input, person)

        return await self._once(key, person, work)

    async def _extend(self, tx: Transaction, id: int, request_input: RequestInput, person: str) -> int:
        member = await self._member(tx, person)
        grant = await grant_of(tx, id)
        case = await tx.requests.case(id)
        if case is None or grant.owner != person:
            raise Refused(Refusal.NOT_YOURS, id=id)
        by = self._more_time(grant, id, request_input, member, case)
        rule = rule_for(self._policy, target=case.target, method=grant.method, ids=member.ids)
        require_within_longest(grant, by, rule)
        if grant.extended + by <= rule.extend_alone:
            await self._extend_now(tx, grant, by, person)
            return id
        require_reason(rule, request_input.reason or "")
        terms = Terms(
            method=grant.method,
            target=grant.target,
            subject=grant.subject,
            duration=by,
            until=None,
            reason=request_input.reason or "",
        )
        return await self._record(tx, Kind.EXTEND, terms, rule, person, grant=grant)

    async def _extend_now(self, tx: Transaction, grant: Grant, by: timedelta, person: str) -> None:
        now, before = self._clock.now(), self._policy.warn_before
        longer = grants.extended(grant, by, now=now, warn_before=before, alone=True)
        await tx.grants.change(grant, longer, doing=self._by(person))
        await tx.outbox.refresh_cards(grant.request)

    def _more_time(
        self, grant: Grant, id: int, request_input: RequestInput, member: Person, case: RequestDetails
    ) -> timedelta:
        if grant.state in (GrantState.ENDING, GrantState.ENDED):
            again = line_for(Kind.OPEN, case.request.terms, case.target.label)
            raise Refused(Refusal.GRANT_CLOSING, id=id, command=again)
        if grant.state not in (GrantState.APPLYING, GrantState.IN_FORCE):
            raise Refused(Refusal.GRANT_NOT_OPEN, id=id)
        if grant.ends_at is None:
            raise Refused(Refusal.EXTEND_NOT_TIMED, id=id)
        if request_input.until is not None:
            until = parse_until(request_input.until, now=self._clock.now(), zone=zone_of(member))
            if until <= grant.ends_at:
                raise Refused(Refusal.END_PAST)
            return until - grant.ends_at
        rule = self._policy.rule_named(case.request.rule)
        if request_input.duration == FOREVER and rule is not None:
            raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
        if request_input.duration is not None:
            return parse_duration(request_input.duration)
        return rule.default_duration if rule is not None else timedelta(hours=1)

    def _terms(
        self, request_input: RequestInput, member: Person, network: Network, database: Database
    ) -> tuple[Terms, Rule]:
        """Reads the other words of a wish under the policy, in the order in which people type them."""
        now = self._clock.now()
        rule = rule_for(self._policy, target=database, method=Method.MTLS, ids=member.ids)
        require_width(rule, network)
        duration, until = self._length(request_input, rule, member, now)
        reason = request_input.reason or ""
        require_reason(rule, reason)
        terms = Terms(
            method=Method.MTLS,
            target=database.id,
            subject=network,
            duration=duration,
            until=until,
            reason=reason,
        )
        return terms, rule

    def _length(
        self, request_input: RequestInput, rule: Rule, member: Person, now: datetime
    ) -> tuple[timedelta | None, datetime | None]:
        if request_input.duration == FOREVER:
            if not rule.permanent:
                raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
            return None, None
        until = (
            parse_until(request_input.until, now=now, zone=zone_of(member)) if request_input.until else None
        )
        asked = parse_duration(request_input.duration) if request_input.duration else None
        return allowed_duration(rule, now=now, request_input=asked, until=until), until

    async def _record(
        self,
        tx: Transaction,
        kind: Kind,
        terms: Terms,
        rule: Rule,
        person: str,
        *,
        grant: Grant | None = None,
    ) -> int:
        """Records a pending request, its two cards and its audit line; returns its number."""
        return (await self._ask_for(tx, kind, terms, rule, person, grant=grant)).id

    async def _ask_for(
        self,
        tx: Transaction,
        kind: Kind,
        terms: Terms,
        rule: Rule,
        person: str,
        *,
        grant: Grant | None = None,
    ) -> Request:
        """Records a pending request, its two cards and its audit line."""
        doing = self._by(person)
        wanted = NewRequest(
            kind=kind,
            terms=terms,
            requester=person,
            rule=rule.name,
            needed=rule.approvals,
            expires_at=doing.at + rule.lapse_after,
            remind_at=reminder(asked=doing.at, after=rule.remind_after, given=0),
            grant=None if grant is None else grant.id,
        )
        request = await tx.requests.add(wanted, doing=doing)
        channel = self._policy.approvals_channel
        await tx.outbox.tell_cards(request.id, approvals=channel, requester=person)
        return request


def require_within_longest(grant: Grant, by: timedelta, rule: Rule) -> None:
    """Refuses more time than the rule allows in all."""
    granted = grant.duration or (grant.ends_at or grant.started_at) - grant.started_at
    if granted + by > rule.longest_duration:
        raise Refused(Refusal.EXTEND_PAST_LONGEST, longest=rule.longest_duration)


def zone_of(member: Person) -> ZoneInfo:
    """The time zone of a person; UTC when Slack's name for it is not known here."""
    try:
        return ZoneInfo(member.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def require_mtls(database: Database) -> None:
    """Refuses a database whose plan has no mTLS."""
    if not has_mtls(database.plan):
        raise Refused(Refusal.MTLS_PLAN, app=database.app, plan=database.plan)


async def _enables(tx: Transaction, terms: Terms, database: Database, request_input: RequestInput) -> bool:
    """Whether a request has mTLS enabled first; not where that is under way already.

    Raises:
        Refused: mTLS is not enabled, and nobody has said that it is to be; or it is being disabled.
    """
    changing = {change.kind for change in await tx.operations.under_way(terms.target, terms.method)}
    if Kind.DISABLE in changing:
        raise Refused(Refusal.MTLS_CLOSING, app=database.app)
    if Kind.ENABLE in changing:
        return False
    if not request_input.enables_mtls:
        raise Refused(Refusal.MTLS_NOT_ENABLED, app=database.app, address=terms.network)
    return True


async def _require_room(tx: Transaction, terms: Terms, observation: MtlsObservation | None) -> None:
    """Refuses what the last look shows to be impossible; without a look the keeper will find out."""
    if observation is None:
        return
    if len(observation.rules) < MTLS_RULE_LIMIT or any(
        rule.network == terms.network for rule in observation.rules
    ):
        return
    following = await tx.grants.next_to_end(terms.target, terms.method)
    if following is None:
        raise Refused(Refusal.RULES_FULL, limit=MTLS_RULE_LIMIT)
    raise Refused(Refusal.RULES_FULL_UNTIL, limit=MTLS_RULE_LIMIT, id=following.request, at=following.ends_at)
