"""Rows d, e and h: what many changes at once cost at Heroku, and how long they take."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.domain.grant import GrantState
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.request_log import LoggedRequest
from storage.engine import engine_for
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.bench.environment import COUNTING, World, world
from tests.bench.marks import MARKS, Line, at_least, at_most, reported
from tests.bench.postgres import Ground, settings, settle_people, slack_emulator

AT_ONCE: Final = 10
"""Calls that a process makes at once."""

POOL, REFILL = 300, 75.0
"""Row e's request tokens, and how many come back each second."""

OPENING: Final = timedelta(seconds=3)
"""From when an end is set until it comes: the clock has to hear of it."""


@contextlib.asynccontextmanager
async def emulated(
    ground: Ground,
    *,
    databases: int,
    spaces: int = 0,
    ranges_each: int = 0,
    behavior: Behavior | None = None,
) -> AsyncIterator[tuple[World, dict[str, str]]]:
    """A world with a store, and the settings of a process of the bot in it."""
    url = ground.new_database()
    engine = engine_for(url)
    try:
        async with (
            PostgresWakeups(url=url) as wakeups,
            slack_emulator() as (_, slack),
            world(
                engine,
                wakeups,
                databases=databases,
                spaces=spaces,
                ranges_each=ranges_each,
                behavior=behavior,
            ) as made,
        ):
            await settle_people(PostgresStore(engine, wakeups))
            yield made, settings(url, slack=slack, heroku=made.url)
    finally:
        await engine.dispose()


@contextlib.asynccontextmanager
async def workers(ground: Ground, given: dict[str, str], here: World, count: int) -> AsyncIterator[None]:
    """So many workers, from when they have looked at everything on."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(ground.process("bot", "worker", **given)) for _ in range(count)]
        await here.quiet()
        for process in started:
            process.require_alive()
            process.warm()
        yield


async def ends(ground: Ground) -> list[Line]:
    """Row d: many grants end in one moment."""
    rounds = [await _ends_once(ground) for _ in range(ground.rounds(2) if not ground.quick else 1)]
    a_grant, a_space, times, reference = zip(*rounds, strict=True)
    return [
        at_most(
            "d", "Heroku calls a grant that ends on a database", a_grant, limit=MARKS["d grant"], unit=""
        ),
        at_most("d", "Heroku calls a space whose ranges end", a_space, limit=MARKS["d space"], unit=""),
        at_most(
            "d",
            "all ends, times calls x latency / 10",
            [took / least for took, least in zip(times, reference, strict=True)],
            limit=MARKS["d times"],
            unit="",
            reference=f"{reference[0]:.1f} s, ours {times[0]:.1f} s",
        ),
    ]


async def _ends_once(ground: Ground) -> tuple[float, float, float, float]:
    """Calls a grant, calls a space, seconds, and the seconds that so many calls take at least."""
    count, databases = ground.sized(1000, quick=200), ground.sized(50, quick=10)
    spaces, each, latency = ground.sized(20, quick=4), 10, 0.1
    async with emulated(ground, databases=databases, spaces=spaces, ranges_each=each) as (here, given):
        await here.open(count, here.databases, state=GrantState.IN_FORCE)
        await here.open_ranges(each)
        async with workers(ground, given, here, 1):
            here.answer_in(latency)
            moment = await here.end_all(after=OPENING)
            before = len(here.heroku.request_log)
            await here.until_none(GrantState.IN_FORCE, GrantState.ENDING)
            took = (datetime.now(UTC) - moment).total_seconds()
            made = [call for call in list(here.heroku.request_log)[before:] if call.path not in COUNTING]
        here.require_rules(0)
        here.require_ranges()
        await here.require_told(GrantState.ENDED, count + spaces * each)
    of_spaces = [call for call in made if "inbound-ruleset" in call.path]
    others = len(made) - len(of_spaces)
    return others / count, len(of_spaces) / spaces, took, len(made) * latency / AT_ONCE


async def rush(ground: Ground) -> list[Line]:
    """Row e: additions and removals at once, under a limit to calls."""
    half, databases = ground.sized(1000, quick=240), ground.sized(40, quick=12)
    size = ground.sized(POOL, quick=100)
    pool = Behavior(pool=size, refill=REFILL * 60)
    async with emulated(ground, databases=databases, behavior=pool) as (here, given):
        await here.set_budget(size, REFILL)
        ending, opening = here.databases[: databases // 2], here.databases[databases // 2 :]
        await here.open(half, ending, state=GrantState.IN_FORCE)
        async with workers(ground, given, here, 2):
            await here.fill(size, REFILL)
            before = len(here.heroku.request_log)
            begun = datetime.now(UTC)
            await here.open(half, opening, state=GrantState.APPLYING)
            await here.revoke_all()
            await here.until_none(GrantState.APPLYING, GrantState.ENDING)
            took = (datetime.now(UTC) - begun).total_seconds()
            made = [call for call in list(here.heroku.request_log)[before:] if call.path not in COUNTING]
        here.require_rules(half)
        await here.require_told(GrantState.ENDED, half)
        await here.require_told(GrantState.IN_FORCE, half)
    refused = sum(call.status == 429 for call in made)
    removing = _until_last_removal(made, begun)
    of_removals = [call for call in made if _at(call, ending)]
    return [
        at_most("e", "answers 429 that we caused", [refused], limit=MARKS["e refused"], unit=""),
        at_most(
            "e",
            "all changes, times the limit's own time",
            [took / _limit(len(made), size)],
            limit=MARKS["e times"],
            unit="",
            reference=f"{len(made)} calls, {_limit(len(made), size):.1f} s, ours {took:.1f} s",
        ),
        at_most(
            "e",
            "last removal, times the limit's own time without any addition",
            [removing / _limit(len(of_removals), size)],
            limit=MARKS["e removals"],
            unit="",
            reference=f"{_limit(len(of_removals), size):.1f} s, ours {removing:.1f} s",
        ),
    ]


def _limit(calls: int, size: int) -> float:
    """Seconds in which so many calls can be made at all, from a full pool on."""
    return max(0.1, (calls - size) / REFILL)


def _until_last_removal(made: list[LoggedRequest], begun: datetime) -> float:
    last = max(call.at for call in made if call.method == "DELETE")
    return (last - begun).total_seconds()


def _at(call: LoggedRequest, databases: list[str]) -> bool:
    return call.method == "DELETE" or any(f"/{name}/" in call.path for name in databases)


async def spread(ground: Ground) -> list[Line]:
    """Row h: more workers."""
    took = {count: await _opening(ground, count) for count in (1, 2, 4)}
    reference = f"one {took[1]:.1f} s, two {took[2]:.1f} s"
    return [
        at_least(
            "h", "two workers, times one", [took[1] / took[2]], limit=MARKS["h"], unit="", reference=reference
        ),
        reported("h", "four workers, times one", [took[1] / took[4]], unit="", reference=f"{took[4]:.1f} s"),
    ]


async def _opening(ground: Ground, count: int) -> float:
    """Seconds that so many workers take to open three grants on each of many databases."""
    databases, latency = ground.sized(200, quick=24), 0.3
    async with emulated(ground, databases=databases) as (here, given):
        async with workers(ground, given, here, count):
            here.answer_in(latency)
            begun = datetime.now(UTC)
            await here.open(3 * databases, here.databases, state=GrantState.APPLYING)
            here.wake()
            await here.until_none(GrantState.APPLYING)
            took = (datetime.now(UTC) - begun).total_seconds()
        here.require_rules(3 * databases)
        await here.require_told(GrantState.IN_FORCE, 3 * databases)
    return took
