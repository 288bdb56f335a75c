"""Waiting for a token before a call: in order, not for long, and looks not at all."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.rate_budget import OBSERVATIONS, Budget, CallPriority
from bot.errors import HerokuRateLimitedError, RateBudgetExhaustedError
from bot.heroku import rate_limiter
from bot.heroku.rate_limiter import RateLimiter
from bot.ports import call_priority, with_priority


@dataclass
class Pool:
    """A budget of this process alone, by the machine's clock; it counts how often it was asked."""

    budget: Budget
    asked: int = 0
    corrected: list[int] = field(default_factory=list)

    async def acquire(self, call_priority: CallPriority, calls: int) -> tuple[Budget, int]:
        self.asked += 1
        self.budget, granted = self.budget.later(datetime.now(UTC)).acquire(call_priority, calls)
        return self.budget, granted

    async def correct(self, left: int) -> None:
        self.corrected.append(left)
        self.budget = self.budget.correct(left)


def pool(tokens: float, *, size: float = 300, refill: float = 100) -> Pool:
    at = datetime.now(UTC)
    return Pool(Budget(size=size, refill=refill, tokens=tokens, observations=size * OBSERVATIONS, at=at))


async def test_a_call_waits_until_its_token_has_come_back() -> None:
    limiter, begun = RateLimiter(pool(29.5)), time.monotonic()
    for _ in range(10):
        await limiter.acquire(CallPriority.ADD)
    assert 0.08 < time.monotonic() - begun < 1


async def test_many_who_wait_are_drawn_for_at_once() -> None:
    shared = pool(30, refill=1000)
    limiter = RateLimiter(shared)
    await asyncio.gather(*(limiter.acquire(CallPriority.ADD) for _ in range(50)))
    assert shared.asked < 50


async def test_a_removal_passes_additions_that_wait() -> None:
    limiter = RateLimiter(pool(30, refill=1))
    waiting = [asyncio.create_task(limiter.acquire(CallPriority.ADD)) for _ in range(5)]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(0.5):
        await limiter.acquire(CallPriority.REMOVE)
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()


async def test_a_look_that_finds_no_token_is_given_up_at_once() -> None:
    with pytest.raises(RateBudgetExhaustedError):
        await RateLimiter(pool(20, refill=1)).acquire(CallPriority.OBSERVE)


async def test_a_call_waits_no_longer_than_its_deadline_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "PATIENCE", timedelta(milliseconds=50))
    with pytest.raises(HerokuRateLimitedError):
        await RateLimiter(pool(20, refill=0.1)).acquire(CallPriority.ADD)


async def test_whoever_gave_up_leaves_the_token_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "PATIENCE", timedelta(milliseconds=50))
    shared = pool(20, refill=0.1)
    limiter = RateLimiter(shared)
    with pytest.raises(RateBudgetExhaustedError):
        await limiter.acquire(CallPriority.ADD)
    shared.budget = replace(shared.budget, tokens=200.0)
    await limiter.acquire(CallPriority.ADD)


async def test_heroku_is_believed_where_it_says_something_else() -> None:
    shared = pool(300)
    limiter = RateLimiter(shared)
    await limiter.acquire(CallPriority.ADD)
    await limiter.correct(120)
    assert shared.corrected == [120]
    assert limiter.is_corrected


async def test_calls_under_way_correct_nothing() -> None:
    shared = pool(300)
    limiter = RateLimiter(shared)
    await limiter.acquire(CallPriority.ADD)
    await limiter.correct(290)
    await limiter.correct(300)
    assert shared.corrected == []


async def test_what_calls_are_for_is_said_around_them_and_forgotten_after() -> None:
    assert call_priority() is CallPriority.ADD
    with with_priority(CallPriority.REMOVE):
        assert call_priority() is CallPriority.REMOVE
        assert await asyncio.create_task(_asked()) is CallPriority.REMOVE
    assert call_priority() is CallPriority.ADD


async def _asked() -> CallPriority:
    return call_priority()
