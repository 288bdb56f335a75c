"""What a rule limits: how long, how wide, and with what reason."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.policy.rules import Rule
from bot.domain.request import Terms
from bot.domain.subject import Network
from bot.errors import Refusal, Refused


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


def is_longer_than_default(rule: Rule, terms: Terms, *, asked: datetime) -> bool:
    """Whether terms are for longer than a rule gives to a request that names no duration.

    Args:
        rule: the policy rule.
        terms: with a duration, an end, or neither for access without an end.
        asked: business time of the request, from which an end is counted.
    """
    wanted = terms.duration if terms.until is None else terms.until - asked
    return wanted is None or wanted > rule.default_duration
