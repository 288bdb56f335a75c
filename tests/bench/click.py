"""Row c: from the approving click to the first change request that arrives at Heroku, the worker idle."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg

from bot.domain.grant import GrantState
from bot.domain.network import parse_address
from bot.heroku.client import HerokuClient
from bot.views import action_ids
from tests.bench.bursts import emulated, workers
from tests.bench.environment import World
from tests.bench.load import click, command, drive
from tests.bench.marks import MARKS, Line, Spread, at_most, percentile
from tests.bench.postgres import HEROKU_TOKEN, LEAD, SECRET, Ground

DATABASES: Final = 8
"""That addresses are opened on by turns; each takes 60 rules."""

PATIENCE: Final = 30.0
"""Seconds until a click that opens nothing is a failure."""


@dataclass(kw_only=True)
class Clicks:
    """Asks for addresses and approves them, one at a time.

    Attributes:
        port: of the web process.
        slack: where private answers go.
    """

    here: World
    port: int
    slack: str
    _count: "itertools.count[int]" = field(default_factory=itertools.count)

    async def approve(self) -> float:
        """Milliseconds from a click to the POST at Heroku, of a request that was just asked for."""
        number, nonce = await self._ask()
        await self.here.quiet()
        before = len(self.here.heroku.request_log)
        press = click(
            action_ids.APPROVE,
            action_ids.button_value(number, 1, nonce=nonce),
            secret=SECRET,
            person=LEAD,
            answer_to=self.slack,
        )
        begun = datetime.now(UTC)
        await drive(self.port, lambda: press, clients=1, requests=1)
        return ((await self._first_change(before)) - begun).total_seconds() * 1000

    async def _first_change(self, before: int) -> datetime:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for call in list(self.here.heroku.request_log)[before:]:
                if call.method == "POST":
                    return call.at
            await asyncio.sleep(0.002)
        raise RuntimeError("an approval has opened nothing")

    async def _ask(self) -> tuple[int, str]:
        """The number and the nonce of a request for an address that nobody has yet."""
        count = next(self._count)
        app = f"app-{count % DATABASES + 1}"
        line = f"mtls add 203.0.113.{count + 1} to {app} for 8h because quarterly migration"
        answers = await drive(self.port, lambda: command(line, secret=SECRET), clients=1, requests=1)
        answers.require(app.encode())
        async with self.here.engine.connect() as connection:
            newest = "SELECT id, nonce FROM requests ORDER BY id DESC LIMIT 1"
            row = (await connection.exec_driver_sql(newest)).mappings().one()
            return row["id"], row["nonce"]


async def opening(ground: Ground) -> list[Line]:
    """Measures clicks, and what they cannot do without, by turns."""
    rounds, each = ground.rounds(3), ground.sized(40, quick=15)
    async with emulated(ground, databases=DATABASES) as (here, given):
        async with ground.serving("bot", "web", **given) as (_, port), workers(ground, given, here, 1):
            clicks = Clicks(here=here, port=port, slack=given["SLACK_API_URL"])
            ours, least = [], []
            for _ in range(rounds):
                ours.append(percentile([await clicks.approve() for _ in range(each)], 0.5))
                least.append(percentile(await _parts(here, given["DATABASE_URL"], each), 0.5))
            await here.until_none(GrantState.APPLYING)
        here.require_rules(rounds * each)
        await here.require_told(GrantState.IN_FORCE, rounds * each)
    reference = f"three commits, two GETs, one POST: {Spread.of(least).shown('ms')}"
    times = [one / other for one, other in zip(ours, least, strict=True)]
    return [
        at_most("c", "click until the change arrives at Heroku, p50", ours, limit=MARKS["c ms"], unit="ms"),
        at_most(
            "c", "the same, times its parts", times, limit=MARKS["c times"], unit="", reference=reference
        ),
    ]


async def _parts(here: World, url: str, count: int) -> list[float]:
    """Milliseconds of three durable commits, two GETs and one POST, on connections that are open already."""
    client = HerokuClient(token=HEROKU_TOKEN, platform_url=here.url, data_url=here.url)
    name, network, taken = here.databases[0], parse_address("203.0.114.1"), []
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_parts (at timestamptz)")
        (database,) = [each for each in await client.databases() if each.name == name]
        for _ in range(count):
            begun = time.perf_counter()
            for _ in range(3):
                await connection.execute("INSERT INTO bench_parts VALUES (now())")
            await client.rules(database)
            await client.database_name(database.id)
            rule = await client.add_rule(database, network=network, description="by hand")
            taken.append((time.perf_counter() - begun) * 1000)
            await client.remove_rule(database, rule.id)
    await client.close()
    return taken
