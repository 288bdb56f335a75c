"""What is deleted, and after how long; requests, decisions, grants, operations and the audit log never."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from bot.domain.policy.periods import KeepPeriods

BATCH: Final = 500
"""Rows looked at in one transaction: milliseconds, so that nobody waits for its locks."""


class Expired(StrEnum):
    """What is deleted once it is old enough, in the order in which it is."""

    IDEMPOTENCY_KEYS = "idempotency keys"
    MESSAGES = "messages"
    LEAVERS = "leavers"
    NAMES = "names"
    MTLS_RULES = "mtls rules"
    RULE_INTENTS = "rule intents"
    PRIVATELINK_ACCOUNTS = "privatelink accounts"
    TRUSTED_RANGES = "trusted ranges"
    DOWNLOAD_LINKS = "download links"
    CLOSINGS = "closings"
    OUTAGES = "outages"
    UNMANAGED_ENTRIES = "unmanaged entries"


def keep_of(expired: Expired, keep: KeepPeriods) -> timedelta | None:
    """Returns how long something is kept under a policy; None for ever."""
    match expired:
        case Expired.IDEMPOTENCY_KEYS:
            found = keep.idempotency_keys
        case Expired.MESSAGES:
            found = keep.messages
        case Expired.LEAVERS | Expired.NAMES:
            found = keep.names
        case Expired.UNMANAGED_ENTRIES:
            found = keep.unmanaged_entries
        case _:
            found = keep.entries
    # Zero is never a length here: nothing is deleted on the day on which it has ended.
    return found or None


def following(expired: Expired | None) -> Expired | None:
    """Returns what comes after something, the first of all after None; None after the last."""
    order = tuple(Expired)
    place = 0 if expired is None else order.index(expired) + 1
    return order[place] if place < len(order) else None
