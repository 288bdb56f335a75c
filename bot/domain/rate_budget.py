"""The shared budget of calls to Heroku: one pool of request tokens for all processes, by priority.

Fact: Heroku Platform API reference, 2026-11, "Rate Limits": an account has up to 4,500 tokens, which are
refilled at about 75 a minute; each response tells how many are left (``RateLimit-Remaining``). Whether calls
to the Data API take tokens is undocumented: we count them.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final


class CallPriority(IntEnum):
    """Priority of a call; the greater goes first."""

    OBSERVE = 1
    ADD = 2
    REMOVE = 3


RESERVED: Final = 0.1
"""Share of a full pool that is reserved for removals: closing wins."""

OBSERVATIONS: Final = 1 / 3
"""Share of all tokens, refilled ones too, that mere observations may use."""

FLOOR: Final = 10
"""Tokens that are never used: calls that Heroku may count later, as many as a process makes at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The pool at one moment.

    Attributes:
        size: tokens when it is full.
        refill: tokens that are refilled each second.
        tokens: what is left.
        observations: what is left for observations, which use up both.
        at: the moment, by Postgres' clock.
    """

    size: float
    refill: float
    tokens: float
    observations: float
    at: datetime

    def later(self, now: datetime) -> "Budget":
        """Returns the pool at a later moment, refilled."""
        refilled = max(0.0, (now - self.at).total_seconds()) * self.refill
        return replace(
            self,
            tokens=min(self.size, self.tokens + refilled),
            observations=min(self.size * OBSERVATIONS, self.observations + refilled * OBSERVATIONS),
            # A clock that was set back must neither take tokens away nor refill the same span twice.
            at=max(now, self.at),
        )

    def acquire(self, priority: CallPriority, calls: int) -> tuple["Budget", int]:
        """Takes tokens for a number of calls at most; returns the pool after that, and the number granted."""
        available = self.tokens - self._reserved(priority)
        if priority is CallPriority.OBSERVE:
            available = min(available, self.observations)
        granted = max(0, min(calls, math.floor(available)))
        observations = self.observations - granted if priority is CallPriority.OBSERVE else self.observations
        return replace(self, tokens=self.tokens - granted, observations=observations), granted

    def wait(self, priority: CallPriority) -> timedelta:
        """Returns the time until one more call is possible, if nobody else makes any."""
        missing = 1 - (self.tokens - self._reserved(priority))
        seconds = missing / self.refill
        if priority is CallPriority.OBSERVE:
            seconds = max(seconds, (1 - self.observations) / (self.refill * OBSERVATIONS))
        return timedelta(seconds=max(0.0, seconds))

    def correct(self, left: int) -> "Budget":
        """Returns the pool as Heroku reports it, less calls that are under way and not counted yet."""
        return replace(self, tokens=max(0.0, min(float(left), self.size) - FLOOR))

    def _reserved(self, priority: CallPriority) -> float:
        return FLOOR if priority is CallPriority.REMOVE else max(FLOOR, self.size * RESERVED)
