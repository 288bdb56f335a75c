"""How often a method may be called, when the limits are switched on.

Facts: Slack developer documentation, rate limits, 2026-11: tier 1 to 4 allow 1, 20, 50 and 100 calls a minute
per method; chat.postMessage about one a second per channel with short bursts. The vendor's published
``rate_limit_tiers.json`` says which method is in which tier.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from sandbox.slack.rules import Switches

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute, by tier."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Limits:
    """One bucket per method, and per channel for new messages; full at first, refilled by the second."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, method: str, tier: int | None, channel: str, *, now: datetime) -> int:
        """Take one call from the bucket and return 0, or return the whole seconds to wait.

        Args:
            method: The Web API method.
            tier: 1 to 4, or None for a method with a limit of its own.
            channel: Where the message goes; matters to chat.postMessage only.
            now: The moment of the call.
        """
        if not self._switches.limits:
            return 0
        if method == "chat.postMessage":
            return self._take(f"{method} {channel}", self._switches.post_burst, 1.0, now)
        calls = PER_MINUTE[tier or 4]
        return self._take(method, calls, calls / 60, now)

    def _take(self, key: str, capacity: float, per_second: float, now: datetime) -> int:
        bucket = self._buckets.setdefault(key, _Bucket(capacity, now))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.at).total_seconds() * per_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / per_second))
