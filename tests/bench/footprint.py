"""Row g: how long each process takes to be ready, and the memory that it holds."""

import asyncio
import subprocess
import sys
import time
from typing import Final

from tests.bench.bursts import emulated
from tests.bench.commands import request_input
from tests.bench.environment import World
from tests.bench.load import drive
from tests.bench.machine import SERVER, Bound, bind, seconds_until
from tests.bench.marks import MARKS, Line, Spread, at_most
from tests.bench.postgres import Ground

IMPORTS: Final = "import slack_bolt.async_app, sqlalchemy.ext.asyncio, httpx"
"""What any bot made of the same libraries has to import."""

COMMANDS: Final = 50_000


async def footprint(ground: Ground) -> list[Line]:
    """Starts both processes a few times, then loads the one that answers commands."""
    rounds = ground.rounds(5)
    async with emulated(ground, databases=50) as (here, given):
        imports, web, worker = [], [], []
        for _ in range(rounds):
            imports.append(_imports())
            web.append(await _web(ground, given))
            worker.append(await _worker(ground, given, here))
        lines = [*_starts("web", web, imports), *_starts("worker", worker, imports)]
        async with ground.serving("bot", "web", **given) as (process, port):
            return [*lines, *await _memory(ground, process, port)]


def _starts(name: str, seconds: list[float], imports: list[float]) -> list[Line]:
    limit = MARKS["g imports"] * Spread.of(imports).median + MARKS["g room"]
    reference = f"imports alone {Spread.of(imports).shown('s')}"
    return [at_most("g", f"{name}: start to ready", seconds, limit=limit, unit="s", reference=reference)]


def _imports() -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, preexec_fn=lambda: bind(SERVER))
    return time.monotonic() - begun


async def _web(ground: Ground, given: dict[str, str]) -> float:
    async with ground.serving("bot", "web", **given) as (process, _):
        return time.monotonic() - process.begun


async def _worker(ground: Ground, given: dict[str, str], here: World) -> float:
    """Until the first look: a worker has no door to knock at."""
    before = len(here.heroku.request_log)
    with ground.process("bot", "worker", **given) as process:
        await asyncio.to_thread(seconds_until, lambda: len(here.heroku.request_log) > before)
        return time.monotonic() - process.begun


async def _memory(ground: Ground, process: Bound, port: int) -> list[Line]:
    total = ground.sized(COMMANDS, quick=2000)
    idle = process.memory_mib()
    await drive(port, request_input, clients=16, requests=total // 2)
    half = process.memory_mib()
    answers = await drive(port, request_input, clients=16, requests=total // 2)
    answers.require(b"203.0.", b"app-")
    full = process.memory_mib()
    return [
        at_most("g", "web: memory idle", [idle], limit=MARKS["g memory"], unit="MiB"),
        at_most("g", f"web: memory after {total:,} commands", [full], limit=MARKS["g memory"], unit="MiB"),
        at_most(
            "g",
            f"web: what the last {total // 2:,} commands added",
            [full - half],
            limit=MARKS["g growth"],
            unit="MiB",
        ),
    ]
