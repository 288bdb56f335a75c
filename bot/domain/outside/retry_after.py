"""How long an external system wants to be left alone, whatever form it says that in."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

SHORTEST: Final = timedelta(seconds=1)
"""The shortest wait: "0", or a date that has passed, would be asked again in a loop."""

LONGEST: Final = timedelta(minutes=5)
"""The longest wait that is believed: Slack's limits are per minute and Heroku's refills 75 calls a minute, so
whatever says more is a mistake, and work must not rest for days on it."""

UNSAID: Final = timedelta(seconds=30)
"""The wait where a rate limit is told without one: half of the minute that Slack's limits are about."""


def read_retry_after(header: str | None, *, now: datetime) -> timedelta:
    """Reads a ``Retry-After``: a number of seconds or a date (RFC 9110, 10.2.3), within what is believed.

    Args:
        header: as it was sent; None or blank where it was not.
        now: aware; the present, by which a date is read.

    Returns:
        ``LONGEST`` where it is neither a number nor a date.
    """
    text = (header or "").strip()
    if not text:
        return UNSAID
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    if math.isnan(seconds):
        return LONGEST
    # In seconds, since a timedelta cannot hold what some numbers ask for.
    return timedelta(seconds=min(max(seconds, SHORTEST.total_seconds()), LONGEST.total_seconds()))


def _until(date: str, now: datetime) -> timedelta:
    try:
        moment = parsedate_to_datetime(date)
        # "-0000" says UTC without a zone (RFC 5322, 3.3).
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return min(max(aware - now, SHORTEST), LONGEST)
    # A date that the calendar does not have, or no date at all.
    except (ValueError, TypeError, OverflowError, IndexError):
        return LONGEST
