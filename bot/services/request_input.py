"""What a person typed or filled in, and how its length of time is read under a policy rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.duration import FOREVER, show_duration
from bot.domain.method import Method
from bot.domain.outside.text import cite
from bot.domain.person import Person
from bot.domain.policy.limits import allowed_duration
from bot.domain.policy.rules import Rule
from bot.domain.request import Terms
from bot.domain.subject import Subject
from bot.domain.times.durations import is_duration, read_duration
from bot.domain.times.ends import Window, read_end, read_window
from bot.domain.times.readings import UnclearTime, clear
from bot.errors import Refusal, Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestInput:
    """Raw strings as typed or filled in; None means that the person omitted the clause.

    Attributes:
        address: an address or network, or AWS accounts, as the access method demands.
        target: a database or a space.
        duration: for example ``8h``.
        until: an absolute end.
        start: when access is to begin, if not once it is approved.
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
    start: str | None = None
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
        UnclearTime: the text has several readings.
        Refused: the text is not a time, or the rule does not allow it.
    """
    if request_input.duration == FOREVER:
        if not rule.permanent:
            raise Refused(Refusal.DURATION_FOREVER, longest=rule.longest_duration)
        return None, None
    until = typed_end(request_input.until, member, now=now) if request_input.until else None
    duration = typed_duration(request_input.duration, member, now=now) if request_input.duration else None
    return allowed_duration(rule, now=now, requested=duration, until=until), until


def typed_duration(text: str, member: Person, *, now: datetime) -> timedelta:
    """Returns the duration that a person typed.

    Raises:
        UnclearTime: it has several readings.
        Refused: it is no duration, too short or too long.
    """
    zone = timezone_of(member)
    try:
        return clear(text, read_duration(text, now=now, zone=zone))
    except Refused as refused:
        if refused.reason is Refusal.DURATION_UNREADABLE and _is_end(text, now, zone):
            raise Refused(Refusal.DURATION_IS_END, given=cite(text)) from refused
        raise


def typed_end(text: str, member: Person, *, now: datetime) -> datetime:
    """Returns the end that a person typed, in UTC.

    Raises:
        UnclearTime: it has several readings.
        Refused: it is no time, in the past, or too far ahead.
    """
    try:
        return clear(text, read_end(text, now=now, zone=timezone_of(member)))
    except Refused as refused:
        if refused.reason is Refusal.END_UNREADABLE and is_duration(text):
            raise Refused(Refusal.END_IS_DURATION, given=cite(text)) from refused
        raise


def _is_end(text: str, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a text is an end, clear or not, so that ``until`` may stand before it."""
    try:
        read_end(text, now=now, zone=zone)
    except Refused:
        return False
    return True


def require_start_now(request_input: RequestInput, member: Person, *, now: datetime) -> None:
    """Refuses a later start, with what may be typed in its place.

    Raises:
        Refused: access is to begin later, or was to begin in the past.
    """
    start, zone = request_input.start, timezone_of(member)
    if start is None:
        return
    try:
        window = read_window(
            start,
            until=request_input.until,
            duration=None if request_input.duration == FOREVER else request_input.duration,
            now=now,
            zone=zone,
        )
    except UnclearTime as unclear:
        # Whichever is meant, it is later: its readings are no ends to choose from.
        raise Refused(Refusal.START_LATER, start=cite(start), example="for 8h") from unclear
    if window is not None:
        raise Refused(
            Refusal.START_LATER, start=cite(start), example=_without_start(window, request_input, zone)
        )


def _without_start(window: Window, request_input: RequestInput, zone: ZoneInfo) -> str:
    """The clause that asks for the same end, or the same length, without the start."""
    if window.end is None:
        return "for 8h"
    if request_input.until is None:
        return f"for {show_duration(window.end - window.start)}"
    # With its day: a clock time alone would be read as seen from now.
    return f"until {window.end.astimezone(zone):%Y-%m-%d %H:%M}"


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
