"""Rate limits, enforced where `Behavior.limits` is set.

Facts: Slack developer documentation, rate limits, 2026-11: tier 1 to 4 allow 1, 20, 50 and 100 calls a minute
per method; chat.postMessage about one a second per channel with short bursts, and several hundred a minute in
the workspace; auth.test and chat.getPermalink "hundreds of requests per minute". The vendor's published
``rate_limit_tiers.json`` says which method is in which tier.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from sandbox.slack.web_api.errors import Behavior

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute, by tier."""
HUNDREDS = 300  # calls a minute of a method with a limit of its own: "hundreds", unquantified


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime
    per_second: float


class RateLimits:
    """One bucket per method, and per channel for new messages; full at first, refilled by the second."""

    def __init__(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, method: str, tier: int | None, channel: str, *, now: datetime) -> int:
        """Take one call and return 0, or return the whole seconds to wait.

        Args:
            method: The Web API method.
            tier: 1 to 4, or None for a method with a limit of its own.
            channel: Where the message goes; matters to chat.postMessage only.
            now: The moment of the call.
        """
        own = self.behavior.calls_a_minute.get(method)
        if own is not None:
            return self._take(self._bucket(method, own, own / 60, now))
        if not self.behavior.limits:
            return 0
        if method == "chat.postMessage":
            all_together = self.behavior.posts_a_minute
            return self._take(
                self._bucket(f"{method} {channel}", self.behavior.post_burst, 1.0, now),
                self._bucket(method, all_together, all_together / 60, now),
            )
        calls = PER_MINUTE[tier] if tier else HUNDREDS
        at_once = self.behavior.tier_1_burst if tier == 1 else calls
        return self._take(self._bucket(method, at_once, calls / 60, now))

    def _bucket(self, key: str, capacity: float, per_second: float, now: datetime) -> _Bucket:
        """Return a bucket as full as it is by now."""
        bucket = self._buckets.setdefault(key, _Bucket(capacity, now, per_second))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.at).total_seconds() * per_second)
        bucket.at = now
        return bucket

    def _take(self, *buckets: _Bucket) -> int:
        """Take one call from every bucket, or from none: what is refused counts nowhere."""
        empty = [math.ceil((1 - one.tokens) / one.per_second) for one in buckets if one.tokens < 1]
        if empty:
            return max(1, *empty)
        for one in buckets:
            one.tokens -= 1
        return 0
