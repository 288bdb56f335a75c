"""The budget of Heroku calls: one pool of request tokens for all our processes, and who may draw how deep.

Fact: Heroku Platform API reference, 2026-11, "Rate Limits": an account has up to 4,500 tokens, which come
back at about 75 a minute; each answer tells how many are left (``RateLimit-Remaining``). Whether the Data API
takes tokens too is not documented: we count its calls.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final


class CallPriority(IntEnum):
    """What a call is for; the greater goes first."""

    OBSERVE = 1
    ADD = 2
    REMOVE = 3


KEPT: Final = 0.1
"""Share of a full pool that only removals may use: closing wins."""

OBSERVATIONS: Final = 1 / 3
"""Share of all tokens, also of those that come back, that mere looks may use."""

FLOOR: Final = 10
"""Tokens that nobody uses: so many calls, all that a process makes at once, Heroku may count later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The pool at one moment.

    Attributes:
        size: tokens when it is full.
        refill: tokens that come back each second.
        tokens: that are left of all.
        looks: that are left for looks; they use up both.
        at: the moment, by Postgres' clock.
    """

    size: float
    refill: float
    tokens: float
    observations: float
    at: datetime

    def later(self, now: datetime) -> "Budget":
        """The pool at a later moment, filled up by what has come back."""
        back = max(0.0, (now - self.at).total_seconds()) * self.refill
        return replace(
            self,
            tokens=min(self.size, self.tokens + back),
            observations=min(self.size * OBSERVATIONS, self.observations + back * OBSERVATIONS),
            at=max(now, self.at),
        )

    def drawn(self, purpose: CallPriority, calls: int) -> tuple["Budget", int]:
        """The pool after calls for a purpose, at most so many, and how many those are."""
        there = self.tokens - self._left_alone(purpose)
        if purpose is CallPriority.OBSERVE:
            there = min(there, self.observations)
        granted = max(0, min(calls, math.floor(there)))
        observations = self.observations - granted if purpose is CallPriority.OBSERVE else self.observations
        return replace(self, tokens=self.tokens - granted, observations=observations), granted

    def wait(self, purpose: CallPriority) -> timedelta:
        """How long until one more call can be made for a purpose, if nobody else makes any."""
        missing = 1 - (self.tokens - self._left_alone(purpose))
        seconds = missing / self.refill
        if purpose is CallPriority.OBSERVE:
            seconds = max(seconds, (1 - self.observations) / (self.refill * OBSERVATIONS))
        return timedelta(seconds=max(0.0, seconds))

    def told(self, left: int) -> "Budget":
        """The pool as Heroku says that it is, but for calls that are under way and not counted there yet."""
        return replace(self, tokens=max(0.0, min(float(left), self.size) - FLOOR))

    def _left_alone(self, purpose: CallPriority) -> float:
        return FLOOR if purpose is CallPriority.REMOVE else max(FLOOR, self.size * KEPT)
