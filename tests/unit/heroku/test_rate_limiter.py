"""Waiting for a token before a call: in order, not for long, and looks not at all."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.rate_budget import LOOKS, Budget, Purpose
from bot.errors import HerokuBusyError, HerokuSavingError
from bot.heroku import rate_limiter
from bot.heroku.rate_limiter import Allowance
from bot.ports import calling_for, purpose


@dataclass
class Pool:
    """A budget of this process alone, by the machine's clock; it counts how often it was asked."""

    budget: Budget
    asked: int = 0
    corrected: list[int] = field(default_factory=list)

    async def draw(self, purpose: Purpose, calls: int) -> tuple[Budget, int]:
        self.asked += 1
        self.budget, granted = self.budget.later(datetime.now(UTC)).drawn(purpose, calls)
        return self.budget, granted

    async def told(self, left: int) -> None:
        self.corrected.append(left)
        self.budget = self.budget.told(left)


def pool(tokens: float, *, size: float = 300, refill: float = 100) -> Pool:
    at = datetime.now(UTC)
    return Pool(Budget(size=size, refill=refill, tokens=tokens, looks=size * LOOKS, at=at))


async def test_a_call_waits_until_its_token_has_come_back() -> None:
    allowed, begun = Allowance(pool(29.5)), time.monotonic()
    for _ in range(10):
        await allowed.spend(Purpose.ADD)
    assert 0.08 < time.monotonic() - begun < 1


async def test_many_who_wait_are_drawn_for_at_once() -> None:
    shared = pool(30, refill=1000)
    allowed = Allowance(shared)
    await asyncio.gather(*(allowed.spend(Purpose.ADD) for _ in range(50)))
    assert shared.asked < 50


async def test_a_removal_passes_additions_that_wait() -> None:
    allowed = Allowance(pool(30, refill=1))
    waiting = [asyncio.create_task(allowed.spend(Purpose.ADD)) for _ in range(5)]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(0.5):
        await allowed.spend(Purpose.REMOVE)
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()


async def test_a_look_that_finds_no_token_is_given_up_at_once() -> None:
    with pytest.raises(HerokuSavingError):
        await Allowance(pool(20, refill=1)).spend(Purpose.LOOK)


async def test_a_call_waits_no_longer_than_its_deadline_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "PATIENCE", timedelta(milliseconds=50))
    with pytest.raises(HerokuBusyError):
        await Allowance(pool(20, refill=0.1)).spend(Purpose.ADD)


async def test_whoever_gave_up_leaves_the_token_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "PATIENCE", timedelta(milliseconds=50))
    shared = pool(20, refill=0.1)
    allowed = Allowance(shared)
    with pytest.raises(HerokuSavingError):
        await allowed.spend(Purpose.ADD)
    shared.budget = replace(shared.budget, tokens=200.0)
    await allowed.spend(Purpose.ADD)


async def test_heroku_is_believed_where_it_says_something_else() -> None:
    shared = pool(300)
    allowed = Allowance(shared)
    await allowed.spend(Purpose.ADD)
    await allowed.told(120)
    assert shared.corrected == [120]
    assert allowed.is_told


async def test_calls_under_way_correct_nothing() -> None:
    shared = pool(300)
    allowed = Allowance(shared)
    await allowed.spend(Purpose.ADD)
    await allowed.told(290)
    await allowed.told(300)
    assert shared.corrected == []


async def test_what_calls_are_for_is_said_around_them_and_forgotten_after() -> None:
    assert purpose() is Purpose.ADD
    with calling_for(Purpose.REMOVE):
        assert purpose() is Purpose.REMOVE
        assert await asyncio.create_task(_asked()) is Purpose.REMOVE
    assert purpose() is Purpose.ADD


async def _asked() -> Purpose:
    return purpose()
