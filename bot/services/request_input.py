"""What a person typed or filled in, and how its length of time is read under a policy rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.duration import FOREVER, parse_duration, parse_until
from bot.domain.method import Method
from bot.domain.person import Person
from bot.domain.policy.limits import allowed_duration
from bot.domain.policy.rules import Rule
from bot.domain.request import Terms
from bot.domain.subject import Subject
from bot.errors import Refusal, Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestInput:
    """Raw strings as typed or filled in; None means that the person omitted the clause.

    Attributes:
        address: an address or network, or AWS accounts, as the access method demands.
        target: a database or a space.
        duration: for example ``8h``.
        until: an absolute end.
        reason: why access is needed.
        enables_mtls: the person was told that mTLS is not enabled, and asks for that as well.
        alternatives: why neither mTLS nor PrivateLink will do.
        on_behalf: Slack id of the person that it is for; None for whoever asks.
        ticket: typed into a field of its own.
    """

    address: str | None = None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None
    enables_mtls: bool = False
    alternatives: str | None = None
    on_behalf: str | None = None
    ticket: str | None = None


def requested_length(
    request_input: RequestInput, rule: Rule, member: Person, *, now: datetime
) -> tuple[timedelta | None, datetime | None]:
    """Returns how long access is to last under a rule, as a duration or as an absolute end.

    Returns:
        The duration and the end; at most one is not None, and neither for access without an end.

    Raises:
        Refused: the text is not a time, or the rule does not allow it.
    """
    if request_input.duration == FOREVER:
        if not rule.permanent:
            raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
        return None, None
    until = (
        parse_until(request_input.until, now=now, zone=timezone_of(member)) if request_input.until else None
    )
    duration = parse_duration(request_input.duration) if request_input.duration else None
    return allowed_duration(rule, now=now, requested=duration, until=until), until


def timezone_of(member: Person) -> ZoneInfo:
    """Returns the time zone of a person; UTC if this machine does not know Slack's name for it."""
    try:
        return ZoneInfo(member.zone)
    # A malformed key, such as an absolute path, is a ValueError and not a missing zone.
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def terms_without_end(method: Method, target: UUID, subject: Subject, reason: str | None) -> Terms:
    """Returns the terms of a request that grants nothing for a time: a removal, or a one-time operation."""
    return Terms(
        method=method, target=target, subject=subject, duration=None, until=None, reason=reason or ""
    )
