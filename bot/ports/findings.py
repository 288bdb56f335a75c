"""Findings as their cards show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.method import Method
from bot.domain.reports.finding import FindingKind
from bot.domain.target import Target
from bot.domain.trusted_ips.ruleset import DataServices
from bot.ports.messages import MessageKind
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.ports.values import RequestDetails

CARDS: Final[Mapping[MessageKind, FindingKind]] = {
    MessageKind.RULE_UNMANAGED: FindingKind.UNMANAGED,
    MessageKind.RULES_UNMANAGED: FindingKind.UNMANAGED,
    MessageKind.RULE_BACK: FindingKind.BACK,
    MessageKind.RULE_MISSING: FindingKind.MISSING,
    MessageKind.RULE_UNAPPLIED: FindingKind.UNAPPLIED,
    MessageKind.LINK_UNMANAGED: FindingKind.UNMANAGED,
    MessageKind.LINK_BACK: FindingKind.BACK,
    MessageKind.LINK_MISSING: FindingKind.MISSING,
    MessageKind.LINK_UNAPPLIED: FindingKind.UNAPPLIED,
    MessageKind.RANGE_UNMANAGED: FindingKind.UNMANAGED,
    MessageKind.RANGE_BACK: FindingKind.BACK,
    MessageKind.RANGE_MISSING: FindingKind.MISSING,
    MessageKind.RANGES_UNAPPLIED: FindingKind.UNAPPLIED,
}
"""Messages that are a finding's card; of several findings, ``rules_unmanaged`` is one list."""

LISTS: Final = MessageKind.RULES_UNMANAGED
"""The kind that lists several entries, of any access method."""

TARGET: Final = "target"
"""The param with the target's UUID: a message that was recorded without it has no card."""

ASKS: Final = "asks"
"""The param of a card that asks approvers at once."""

AGAIN: Final = "again"
"""The param of a card that asks again: until when its entry was ignored."""

FIRST: Final = "first"
"""The param of a list of what was there when pgaccess first looked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingDetails:
    """What is shown of findings on one target, as it is recorded now.

    Attributes:
        target: the database or the space.
        method: the access method whose list they are about.
        entries: unmanaged ones that are there, of those that a message is about.
        databases: labels of the databases that an entry may open.
        services: whether the ranges of a space concern its databases; None for a database.
        requests: about these entries, oldest first.
        approvers: who may decide, by the policy of today: Slack ids of people and user groups.
        now: business time.
    """

    target: Target
    method: Method
    entries: tuple[UnmanagedEntry, ...]
    databases: tuple[str, ...]
    services: DataServices | None
    requests: tuple[RequestDetails, ...]
    approvers: frozenset[str]
    now: datetime
