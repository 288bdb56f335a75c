"""What a rule limits: how long, how wide, and with what reason."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from bot.domain.outside.text import cite
from bot.domain.person import UserId
from bot.domain.policy.rules import Rule
from bot.domain.policy.ticket import read_pattern
from bot.domain.request import Kind, Terms
from bot.domain.subject import Network
from bot.errors import Refusal, Refused

NEEDS_NO_TICKET: Final = frozenset(
    {
        *(Kind.REMOVE, Kind.REMOVE_UNMANAGED, Kind.DISABLE, Kind.CLOSE, Kind.DISCARD),
        # Its request had one, or was decided before the policy asked for it.
        Kind.REOPEN,
    }
)
"""Kinds of requests that need no ticket: they open nothing new."""


def allowed_duration(
    rule: Rule, *, now: datetime, requested: timedelta | None, until: datetime | None
) -> timedelta | None:
    """Returns the duration to record: as requested, or the rule's default; None when ``until`` applies.

    Raises:
        Refused: longer than the rule allows, or over before it begins.
    """
    if until is not None:
        if until <= now:
            raise Refused(Refusal.END_PAST)
        if until - now > rule.longest_duration:
            raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
        return None
    duration = rule.default_duration if requested is None else requested
    if duration > rule.longest_duration:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
    return duration


def require_length(rule: Rule, *, now: datetime, duration: timedelta | None, until: datetime | None) -> None:
    """Refuses recorded terms that a rule does not allow now: too long, over already, or without an end."""
    if duration is None and until is None and not rule.permanent:
        raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
    if duration is not None or until is not None:
        allowed_duration(rule, now=now, requested=duration, until=until)


def require_width(rule: Rule, networks: Iterable[Network]) -> None:
    """Refuses networks unless each is as narrow as the rule demands; approvers see how many they are."""
    for network in networks:
        if network.prefixlen < rule.widest:
            raise Refused(Refusal.ADDRESS_WIDER_THAN_POLICY, given=str(network), widest=rule.widest)


def require_reason(rule: Rule, reason: str) -> None:
    """Refuses a reason that is shorter than the rule requires."""
    if len(reason) < rule.minimum_reason:
        raise Refused(Refusal.REASON_SHORT, least=rule.minimum_reason)


def require_on_behalf(rule: Rule, owner: str) -> None:
    """Refuses a request for somebody else under a rule that does not allow that."""
    if not rule.on_behalf:
        raise Refused(Refusal.BEHALF_NOT_ALLOWED, person=UserId(owner), rule=rule.name)


def ticket_for(rule: Rule, kind: Kind, *, reason: str, typed: str = "", earlier: str = "") -> str:
    """Returns the ticket that a request names; empty where the rule asks for none and none was typed.

    Args:
        rule: that allows the request; of combined ones each has to have its ticket.
        kind: of the request. What only closes needs none: closing is never harder than opening.
        reason: is searched where no ticket was typed by itself.
        typed: into the form's field.
        earlier: of the request that this one continues.

    Raises:
        Refused: what was typed is no ticket of the rule, or there is none.
    """
    found: list[str] = []
    for part in rule.each:
        if not part.ticket:
            continue
        pattern = read_pattern(part.ticket)
        if typed and not pattern.fits(typed) and pattern.find(reason) is None:
            raise Refused(Refusal.TICKET_UNREADABLE, given=cite(typed), example=pattern.example)
        kept = earlier if pattern.fits(earlier) else None
        ticket = typed if typed and pattern.fits(typed) else pattern.find(reason) or kept
        if ticket is not None:
            found.append(ticket)
        elif kind not in NEEDS_NO_TICKET:
            raise Refused(Refusal.TICKET_MISSING, example=pattern.example)
    return ", ".join(dict.fromkeys(found))


def is_longer_than_default(rule: Rule, terms: Terms, *, asked: datetime) -> bool:
    """Whether terms are for longer than a rule gives to a request that names no duration.

    Args:
        rule: the policy rule.
        terms: with a duration, an end, or neither for access without an end.
        asked: business time of the request, from which an end is counted.
    """
    wanted = terms.duration if terms.until is None else terms.until - asked
    return wanted is None or wanted > rule.default_duration
