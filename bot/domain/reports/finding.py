"""Findings as people decide about them: their kinds, what can be done, until when one is ignored.

Pure. ``findings`` beside it names findings and tells which of them are over.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.method import Method
from bot.domain.network import address_count, parse_address
from bot.domain.outside.text import cite
from bot.domain.policy.rules import Policy
from bot.domain.privatelink.aws_account import parse_accounts, short
from bot.domain.subject import Network, Subject
from bot.domain.target import Database, Target
from bot.domain.times.durations import read_duration
from bot.domain.times.ends import looks_like_end, read_end
from bot.domain.times.readings import clear
from bot.domain.trusted_ips.ruleset import EVERYWHERE, DataServices
from bot.errors import Refusal, Refused


class FindingKind(StrEnum):
    """What differs at Heroku from what was left there.

    ``unmanaged`` and ``back`` (after our verified removal) are entries that are listed and that pgaccess does
    not manage; ``missing`` is an adopted entry that is gone; ``unapplied`` is one that is not in force.
    """

    UNMANAGED = "unmanaged"
    BACK = "back"
    MISSING = "missing"
    UNAPPLIED = "unapplied"


class FindingAction(StrEnum):
    """What approvers and admins can do about an entry that pgaccess does not manage."""

    ADOPT = "adopt"
    REMOVE = "remove"
    IGNORE = "ignore"


class Concern(StrEnum):
    """Whether a range of a space opens its databases: Heroku's support has to have enabled that."""

    DATABASES = "databases"
    MAYBE = "maybe"
    WEB = "web"


LONGEST_BECAUSE: Final = 300
"""Characters of the reason for which an entry is ignored: it stands on one line of a card."""


def actions(kind: FindingKind, method: Method, listed: str) -> tuple[FindingAction, ...]:
    """Returns what can be done about a finding, in the order of its buttons.

    Nothing about an entry that is gone or that pgaccess manages: requests of their own are about those.

    Args:
        kind: of the finding.
        method: the access method whose list has the entry.
        listed: what the entry allows, as Heroku has it: a network, an ARN.
    """
    if kind not in (FindingKind.UNMANAGED, FindingKind.BACK):
        return ()
    offered = [FindingAction.IGNORE]
    if subject_of(method, listed, FindingAction.REMOVE) is not None:
        offered.insert(0, FindingAction.REMOVE)
    if subject_of(method, listed, FindingAction.ADOPT) is not None:
        offered.insert(0, FindingAction.ADOPT)
    return tuple(offered)


def subject_of(method: Method, listed: str, action: FindingAction) -> Subject | None:
    """Returns what a request about an entry names; None where no request can be about it.

    What nobody could request is not adopted either: everybody's address, private networks, odd spellings.
    Removing any rule is possible, and any range but 0.0.0.0/0, with which a space is made.
    """
    try:
        if method is Method.PRIVATELINK:
            return parse_accounts(short(listed))
        network = Network(listed)
        if action is FindingAction.ADOPT:
            return parse_address(str(network))
    # The latter where it is no IPv4 network.
    except (Refused, ValueError):
        return None
    return None if method is Method.TRUSTED and listed == EVERYWHERE else network


def width(method: Method, listed: str) -> int | None:
    """Returns how many addresses an entry allows; None for an AWS account, or where that cannot be told."""
    try:
        return None if method is Method.PRIVATELINK else address_count(Network(listed))
    except ValueError:
        return None


def concern(services: DataServices) -> Concern:
    """Judges whether the ranges of a space open its databases, by what Heroku's support has done there."""
    if services is DataServices.CONFIRMED:
        return Concern.DATABASES
    return Concern.WEB if services is DataServices.WEB_ONLY else Concern.MAYBE


def reached(target: Target, databases: Collection[Database]) -> tuple[str, ...]:
    """Returns the labels of the databases that an entry of a target may open.

    Args:
        target: a database, which is the only one; or a space, every database in which is reached.
        databases: all that are known.
    """
    if isinstance(target, Database):
        return (target.label,)
    return tuple(sorted(database.label for database in databases if database.is_in(target)))


def asks_at_once(policy: Policy, target: Target, inside: Collection[Database]) -> bool:
    """Whether findings on a target are asked about at once, where its requests are decided.

    A space is asked about as soon as one of the databases in it is.

    Args:
        policy: in force now.
        target: a database or a space.
        inside: every database in the space.
    """
    try:
        environments = policy.environments(target, tuple(inside))
    except Refused:
        # What the policy does not cover is in no environment; operations hear of it.
        return False
    return not environments.isdisjoint(policy.ask_unmanaged)


def channels(policy: Policy, *, asks: bool) -> dict[str, bool]:
    """Returns the channels that hear of a finding, each with whether its card asks the approvers there.

    Args:
        policy: in force now.
        asks: whether approvers are asked at once; where one channel is both, it has one card.
    """
    told = {policy.operations_channel: False}
    return {**told, policy.approvals_channel: True} if asks else told


def is_ignored(until: datetime | None, *, now: datetime) -> bool:
    """Whether an entry is ignored at this moment."""
    return until is not None and now < until


def parse_ignored_until(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Parses until when an entry is ignored: a date, whose day is included, a time, or a duration.

    Args:
        text: such as ``2026-12-24``, ``2026-12-24 18:00``, ``tomorrow 9:00`` or ``30d``.
        now: business time, aware.
        zone: the person's time zone.

    Returns:
        An aware UTC time after ``now`` and at most a year later.

    Raises:
        UnclearTime: it has several readings.
        Refused: it is none of these, past, or too far ahead.
    """
    given = text.strip()
    if not given:
        raise Refused(Refusal.IGNORE_UNTIL)
    if looks_like_end(given):
        return clear(given, read_end(given, now=now, zone=zone))
    return now + clear(given, read_duration(given, now=now, zone=zone))


def require_because(text: str) -> str:
    """Returns the reason for which an entry is ignored, without blanks around it.

    Raises:
        Refused: it is empty or too long.
    """
    because = text.strip()
    if not because:
        raise Refused(Refusal.REASON_MISSING)
    if len(because) > LONGEST_BECAUSE:
        raise Refused(Refusal.REASON_LONG, limit=LONGEST_BECAUSE, given=cite(because))
    return because
