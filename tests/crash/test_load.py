"""A busy hour in a minute: every answer in time, memory flat, nothing lost, every end carried out."""

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from bot.domain.grant import GrantState
from sandbox.slack.model.fixtures import Person as SimulatedUser
from storage.engine import engine_for
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.bench.environment import World, world
from tests.bench.postgres import Ground, ground, settings, settle_people, slack_emulator
from tests.crash.conftest import Recording, soak
from tests.crash.load import ACTS, DATABASES, ENDS, LATEST, PEOPLE, Hour, memory_mib, person
from tests.summary import LOAD
from tests.unit import factories

GROWTH = 25.0
"""MiB that a process may grow by in the second half of the hour: buffers, and no more."""

PATIENCE = 300.0
"""Seconds after the hour in which every end has to be carried out, on any machine."""

OURS = "FROM grants g JOIN requests r ON r.id = g.request_id WHERE r.reason = 'quarterly migration'"
"""The grants that end within the minute; those that are approved in it have another reason."""


@dataclass(slots=True)
class Company:
    """The bot of a large company, and what its processes hold."""

    here: World
    port: int
    slack_url: str
    pids: dict[str, int]
    held: dict[str, list[float]] = field(default_factory=dict)

    def measure(self) -> None:
        """Notes how much memory each process holds now."""
        for name, pid in self.pids.items():
            self.held.setdefault(name, []).append(memory_mib(pid))

    async def number(self, sql: str) -> float:
        """One number out of the store."""
        async with self.here.engine.connect() as connection:
            return float((await connection.exec_driver_sql(sql)).scalar_one() or 0)

    async def ends_in_the_minute(self) -> None:
        """What is in force ends at 500 moments of the coming minute."""
        await self.here.open(ENDS, self.here.databases, state=GrantState.IN_FORCE)
        ends = "now() + interval '5 seconds' + random() * interval '50 seconds'"
        async with self.here.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE grants SET warn_at = NULL, ends_at = {ends}")
        self.here.wake()

    async def until_all_have_ended(self) -> None:
        """Waits for the last end."""
        deadline = time.monotonic() + PATIENCE
        while left := await self.number(f"SELECT count(*) {OURS} AND g.state <> 'ended'"):
            assert time.monotonic() < deadline, f"{left:.0f} have not ended"
            await asyncio.sleep(0.2)


def give_way(worker: int) -> None:
    """Lets a worker use every core, after the others: in production it has a machine of its own."""
    os.setpriority(os.PRIO_PROCESS, worker, 10)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(worker, range(os.cpu_count() or 1))


@contextlib.asynccontextmanager
async def company(below: Ground) -> AsyncIterator[Company]:
    """One web and two workers, 2,000 people, the databases looked at."""
    url = below.new_database()
    engine = engine_for(url)
    async with (
        PostgresWakeups(url=url) as wakeups,
        slack_emulator() as (slack, slack_url),
        world(engine, wakeups, databases=DATABASES) as here,
    ):
        names = [person(number) for number in range(PEOPLE)]
        store = PostgresStore(engine, wakeups)
        await settle_people(store)
        async with store.transaction() as tx:
            await tx.slack_users.save([replace(factories.person(), id=name) for name in names])
            await tx.commit()
        for name in names:
            slack.world.people[name] = SimulatedUser(id=name, name=name.lower(), real_name=name)
        given = settings(url, slack=slack_url, heroku=here.url)
        async with below.serving("bot", "web", **given) as (web, port):
            with (
                below.process("bot", "worker", **given) as one,
                below.process("bot", "worker", **given) as two,
            ):
                for worker in (one, two):
                    give_way(worker.pid)
                await here.quiet()
                pids = {"web": web.pid, "worker 1": one.pid, "worker 2": two.pid}
                yield Company(here=here, port=port, slack_url=slack_url, pids=pids)
    await engine.dispose()


@soak
@pytest.mark.timeout(900)
async def test_a_busy_hour_in_a_minute(record_property: Recording) -> None:
    with ground(quick=False) as below:
        async with company(below) as busy:
            await busy.ends_in_the_minute()
            busy.measure()
            hour = Hour(answer_to=f"{busy.slack_url}/respond/nobody", first=ENDS)
            await hour.run(busy.port, halfway=busy.measure)
            busy.measure()
            await busy.until_all_have_ended()
            recorded = await busy.number("SELECT count(*) FROM requests WHERE reason = 'of a busy hour'")
            opened = await busy.number("SELECT count(*) FROM grants WHERE state <> 'ended'")
            late = await busy.number(
                "SELECT max(extract(epoch FROM a.written_at - g.ends_at)) FROM audit a "
                "JOIN grants g USING (request_id) WHERE a.subject = 'grant' AND a.after = 'ended'"
            )
    for line in told(hour, busy, opened, late):
        record_property(LOAD, line)
    assert (hour.wrong, hour.unheard) == ([], [])
    assert recorded == hour.heard == hour.asked
    assert max(hour.taken) <= LATEST
    assert {name: mib for name, mib in busy.held.items() if mib[-1] - mib[1] > GROWTH} == {}


def told(hour: Hour, busy: Company, opened: float, late: float) -> list[str]:
    """The figures."""
    median, high = statistics.median(hour.taken), statistics.quantiles(hour.taken, n=100)[98]
    return [
        f"{PEOPLE:,} people, {ACTS:,} commands and clicks in a minute, {ENDS} ends; one web, two workers",
        f"answers: median {median * 1000:.0f} ms, 99 of 100 within {high * 1000:.0f} ms, "
        f"the latest after {max(hour.taken) * 1000:.0f} ms",
        f"asked for: {hour.asked:,}, answered as recorded: {hour.heard:,}; "
        f"approved: {opened:,.0f} of {hour.approved:,}",
        f"every end carried out, the last one {late:.1f} s late",
        *(
            f"{name}: {' → '.join(f'{mib:.0f}' for mib in held)} MiB before, halfway, after"
            for name, held in busy.held.items()
        ),
    ]
