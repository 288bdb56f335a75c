"""Judges requests under today's policy: when made, when decided, and before anything is opened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.person import Person, UserId, require_member
from bot.domain.policy.approval import with_admins
from bot.domain.policy.limits import require_length, require_on_behalf, require_width
from bot.domain.policy.rules import Policy, Rule, WhenNobody, rule_for, rules_concerning, strictest
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import is_network
from bot.domain.target import Database, Target, require_present
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction

TRANSIENT: Final = frozenset(
    {
        Refusal.PERSON_UNKNOWN,
        Refusal.GROUPS_UNKNOWN,
        Refusal.POLICY_UNREADABLE,
        Refusal.TARGET_CONTESTED,
    }
)
"""Refusals that say nothing of what is allowed: Slack or the policy has to be read first, or an admin has to
say which database is meant."""

_CLOSING: Final = frozenset({Kind.REMOVE, Kind.REMOVE_UNMANAGED, Kind.DISABLE, Kind.CLOSE, Kind.DISCARD})
"""Kinds that open nothing: the policy's denials and limits are about opening."""


async def databases_inside(tx: Transaction, target: Target) -> tuple[Database, ...]:
    """Returns the databases that a range on a space would open; none for a database.

    One that no discovery lists counts until Heroku has proven that it is gone: a list without it may be a
    mistake, and what is not known to be harmless is judged by its rules.
    """
    if isinstance(target, Database):
        return ()
    return tuple(
        found
        for found in await tx.targets.all()
        if isinstance(found, Database) and found.gone_at is None and found.is_in(target)
    )


async def rule_for_member(
    tx: Transaction, policy: Policy, member: Person, *, target: Target, method: Method
) -> Rule:
    """Returns the rule that lets a member request a target; raises ``Refused`` as ``rule_for`` does."""
    inside = await databases_inside(tx, target)
    found = rule_for(
        policy, target=target, method=method, ids=member.ids, unknown=member.unknown_groups, inside=inside
    )
    return replace(found, judged_as=", ".join(sorted(policy.environments(target, inside))))


async def judge(tx: Transaction, policy: Policy, details: RequestDetails, *, now: datetime) -> Rule:
    """Judges a recorded request again, as if it were made now on the terms that it has.

    Args:
        tx: an open transaction.
        policy: today's.
        details: the request, with its target.
        now: business time.

    Returns:
        The rule that allows it, whose approvers decide.

    Raises:
        Refused: it could not be requested any more; for one of ``TRANSIENT`` that is not known just now.
    """
    request, target = details.request, details.target
    require_present(target)
    requester = await known_member(tx, policy, request.requester, request=request.id)
    if request.asker:
        await known_member(tx, policy, request.asker, request=request.id)
    if request.kind in _CLOSING or request.kind is Kind.ADOPT:
        method = request.terms.method
        return await rule_for_entry(tx, policy, requester, request.kind, target=target, method=method)
    rule = await rule_for_member(tx, policy, requester, target=target, method=request.terms.method)
    require_terms(rule, request.kind, request.terms, now=now)
    if request.asker and request.kind is Kind.OPEN:
        require_on_behalf(rule, request.requester)
    if request.grant is not None and details.grant is not None:
        _require_open_grant(rule, request, details.grant)
    return rule


async def rule_for_entry(
    tx: Transaction, policy: Policy, requester: Person, kind: Kind, *, target: Target, method: Method
) -> Rule:
    """Returns the rule by which a closing, or the adoption of an entry, is decided.

    Where no rule lets the requester open anything, a closing is still decided by those who could approve an
    opening; so is an adoption, which opens nothing, if its requester is one of these or an admin.

    Raises:
        Refused: no rule concerns the target; or the requester may neither open there nor approve.
    """
    try:
        return await rule_for_member(tx, policy, requester, target=target, method=method)
    except Refused as refused:
        if refused.reason in TRANSIENT:
            raise
        denied = refused
    found = await rule_concerning(tx, policy, target, method)
    if kind is not Kind.ADOPT:
        # Whoever may under any rule is enough, for closing is never harder than opening.
        return replace(found, parts=(), approvals=min(part.approvals for part in found.each))
    if found.approvers.isdisjoint(requester.ids) and not policy.is_admin(requester.ids):
        raise denied
    return found


def _require_open_grant(rule: Rule, request: Request, grant: Grant) -> None:
    """Refuses more time for, or another opening of, a grant that is over or would become too long."""
    if grant.state in (GrantState.ENDING, GrantState.ENDED):
        raise Refused(Refusal.GRANT_OVER, id=grant.request)
    if request.kind is Kind.EXTEND and request.terms.duration is not None:
        require_within_longest(grant, request.terms.duration, rule)


def require_within_longest(grant: Grant, by: timedelta, rule: Rule) -> None:
    """Refuses an extension beyond the longest duration that the rule allows in total."""
    granted = grant.duration or (grant.ends_at or grant.started_at) - grant.started_at
    if granted + by > rule.longest_duration:
        raise Refused(Refusal.EXTEND_PAST_LONGEST, longest=rule.longest_duration)


def require_terms(rule: Rule, kind: Kind, terms: Terms, *, now: datetime) -> None:
    """Refuses terms that are wider or longer than a rule allows."""
    if kind not in (Kind.OPEN, Kind.EXTEND, Kind.REOPEN):
        return
    if is_network(terms.subject):
        require_width(rule, terms.networks)
    if kind is Kind.EXTEND:
        # Its duration is what is added, and judged together with the grant's.
        return
    require_length(rule, now=now, duration=terms.duration, until=terms.until)


async def with_fallback(
    tx: Transaction, policy: Policy, rule: Rule, *, requester: str, asker: str = ""
) -> tuple[Rule, bool]:
    """Returns a rule with the admins as approvers where too few others could approve, if the policy says so.

    Asked anew each time: it ends as soon as enough others are there, or the policy says otherwise. Of
    combined rules only those that lack approvers are widened. A group that was not read is no reason.

    Returns:
        The rule, and whether the admins decide.
    """
    if policy.when_nobody is not WhenNobody.ADMINS:
        return rule, False
    parts = [
        with_admins(part, policy.admins)
        if (standing := await tx.requests.standing(part, but=requester, asker=asker)).missing
        and standing.certain
        else part
        for part in rule.each
    ]
    widened = parts != list(rule.each)
    return (strictest(parts) if widened else rule), widened


async def rule_concerning(tx: Transaction, policy: Policy, target: Target, method: Method) -> Rule:
    """Returns the combined rules under which anybody could request a target; see ``rules_concerning``."""
    inside = await databases_inside(tx, target)
    found = rules_concerning(policy, target=target, method=method, inside=inside)
    return replace(found, judged_as=", ".join(sorted(policy.environments(target, inside))))


async def known_member(tx: Transaction, policy: Policy, person: str, *, request: int) -> Person:
    """Returns the requester of a request, if they are still a full member.

    Raises:
        Refused: they have left (``REQUESTER_GONE``), or Slack has to be read first (``PERSON_UNKNOWN``).
    """
    found = await tx.slack_users.find(person, groups=policy.groups)
    if found is None:
        raise Refused(Refusal.PERSON_UNKNOWN, person=person)
    try:
        return require_member(found)
    except Refused as refused:
        raise Refused(Refusal.REQUESTER_GONE, id=request) from refused


async def approvers_today(
    tx: Transaction, policy: Policy, rule: Rule, people: Sequence[str]
) -> dict[str, Person]:
    """Returns those of some people who may approve under a rule at this moment.

    Raises:
        Refused: it is not known of one of them (``PERSON_UNKNOWN``): a vote must neither count nor be lost
            because Slack has not been read yet.
    """
    found: dict[str, Person] = {}
    for person in people:
        known = await tx.slack_users.find(person, groups=policy.groups)
        if known is None:
            raise Refused(Refusal.PERSON_UNKNOWN, person=person)
        doubtful = rule.approvers & known.unknown_groups
        if rule.approvers.isdisjoint(known.ids):
            if doubtful:
                raise Refused(Refusal.GROUPS_UNKNOWN, group=UserId(min(doubtful)))
            continue
        try:
            found[person] = require_member(known)
        except Refused:
            continue
    return found
