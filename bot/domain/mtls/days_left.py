"""Client certificates by days until they expire, as figures show them."""

from datetime import datetime, timedelta
from typing import Final

EXPIRED: Final = "expired"
UNKNOWN: Final = "unknown"
LONGER: Final = "over_90"

_LIMITS: Final = ((7, "under_7"), (30, "under_30"), (90, "under_90"))

DAYS_LEFT: Final = (EXPIRED, *(name for _, name in _LIMITS), LONGER, UNKNOWN)
"""Every name, the most urgent first. Each certificate is in one of them."""


def days_left(expires_at: datetime | None, now: datetime) -> str:
    """Returns the name for what is left until a certificate's end; None is an end that is not known."""
    if expires_at is None:
        return UNKNOWN
    left = expires_at - now
    if left <= timedelta():
        return EXPIRED
    return next((name for days, name in _LIMITS if left < timedelta(days=days)), LONGER)
