"""Judges requests under today's policy: when made, when decided, and before anything is opened."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Network
from typing import Final

from bot.domain.method import Method
from bot.domain.person import Person, UserId, require_member
from bot.domain.policy.rules import Policy, Rule, require_length, require_width, rule_for, rules_concerning
from bot.domain.request import Kind, Terms
from bot.domain.target import Database, Target
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction

TRANSIENT: Final = frozenset({Refusal.PERSON_UNKNOWN, Refusal.GROUPS_UNKNOWN, Refusal.POLICY_UNREADABLE})
"""Refusals that say nothing of what is allowed: Slack has to be read first, or the policy."""

_CLOSING: Final = frozenset({Kind.REMOVE, Kind.REMOVE_UNMANAGED, Kind.DISABLE, Kind.CLOSE, Kind.DISCARD})
"""Kinds that open nothing: the policy's denials and limits are about opening."""


async def databases_inside(tx: Transaction, target: Target) -> tuple[Database, ...]:
    """Returns the databases that a range on a space would open; none for a database."""
    if isinstance(target, Database):
        return ()
    return tuple(database for database in await tx.targets.databases() if database.is_in(target))


async def rule_for_member(
    tx: Transaction, policy: Policy, member: Person, *, target: Target, method: Method
) -> Rule:
    """Returns the rule that lets a member request a target; raises ``Refused`` as ``rule_for`` does."""
    return rule_for(
        policy,
        target=target,
        method=method,
        ids=member.ids,
        unknown=member.unknown_groups,
        inside=await databases_inside(tx, target),
    )


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
    requester = await known_member(tx, policy, request.requester, request=request.id)
    if request.kind in _CLOSING:
        try:
            return await rule_for_member(tx, policy, requester, target=target, method=request.terms.method)
        except Refused as refused:
            if refused.reason in TRANSIENT:
                raise
        # What closes is decided by those who could approve opening, even where its requester may not open.
        return await rule_concerning(tx, policy, target, request.terms.method)
    rule = await rule_for_member(tx, policy, requester, target=target, method=request.terms.method)
    require_terms(rule, request.kind, request.terms, now=now)
    return rule


def require_terms(rule: Rule, kind: Kind, terms: Terms, *, now: datetime) -> None:
    """Refuses terms that are wider or longer than a rule allows."""
    if kind not in (Kind.OPEN, Kind.REOPEN):
        return
    if isinstance(terms.subject, IPv4Network):
        require_width(rule, terms.subject)
    require_length(rule, now=now, duration=terms.duration, until=terms.until)


async def rule_concerning(tx: Transaction, policy: Policy, target: Target, method: Method) -> Rule:
    """Returns the combined rules under which anybody could request a target; see ``rules_concerning``."""
    inside = await databases_inside(tx, target)
    return rules_concerning(policy, target=target, method=method, inside=inside)


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
