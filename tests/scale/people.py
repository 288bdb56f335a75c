"""``python -m tests.scale.people``: a workspace of 50,000 people and 300 groups, under Slack's rate limits.

Postgres, ``web`` and ``worker`` are processes of their own; this one plays Slack and Heroku, and the
strangers who act while everybody is still being read.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from sandbox.heroku.fixtures import default_world
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from sandbox.slack.delivery_transport import over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model.fixtures import crowd
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.web_api.errors import Behavior
from storage.engine import engine_for
from storage.tables import slack_groups, slack_users
from tests.bench.machine import Bound, described
from tests.bench.postgres import HEROKU_TOKEN, SECRET, TOKEN, Ground, ground, settings

EVERY: Final = 3.0
"""Seconds between two strangers who act."""

SLACK_WAITS_MS: Final = 3000.0
"""How long Slack waits for an answer."""

AT_MOST: Final = 1200.0
"""Seconds before the measurement gives up."""

POLICY: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"

[[rules]]
name = "everything"
approvers = [{groups}]
"""


@dataclass(kw_only=True)
class Figures:
    """What was measured; times in seconds since the worker was started."""

    groups_known: float = 0.0
    people_known: float = 0.0
    oldest: float = 0.0
    answers: list[Outcome] = field(default_factory=list)
    refused: int = 0
    memory: list[float] = field(default_factory=list)


@dataclass(kw_only=True)
class Scene:
    """The emulated workspace, and the processes in it."""

    slack: SlackEmulator
    people: People
    engine: AsyncEngine
    worker: Bound
    strangers: list[str]

    async def count(self) -> tuple[int, int, float]:
        """Returns how many people and groups are known, and the seconds since the oldest person was read."""
        age = func.extract("epoch", func.now() - func.min(slack_users.c.fetched_at))
        async with self.engine.connect() as connection:
            people = (
                await connection.execute(select(func.count(slack_users.c.fetched_at), func.coalesce(age, 0)))
            ).one()
            groups = await connection.scalar(select(func.count(slack_groups.c.fetched_at)))
        return int(people[0]), int(groups or 0), float(people[1])


def main() -> int:
    """Measures once, prints the figures; the exit status is 1 when a stranger had to wait too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale.people", description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--readings", type=int, default=2, help="how often everybody is read")
    chosen = parser.parse_args()
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {described()}\n")
    with ground(quick=True) as on:
        figures = asyncio.run(_measured(on, chosen.people, chosen.groups, readings=chosen.readings))
    for line in _lines(figures, people=chosen.people, groups=chosen.groups):
        sys.stdout.write(f"{line}\n")
    late = [answer for answer in figures.answers if not answer.ok or answer.ms > SLACK_WAITS_MS]
    return 1 if late or figures.refused else 0


async def _measured(on: Ground, people: int, groups: int, *, readings: int) -> Figures:
    figures = Figures()
    async with _scene(on, people, groups) as scene:
        begun = time.monotonic()
        acting: asyncio.Task[None] | None = None
        everybody = len(scene.slack.world.people)
        async with asyncio.timeout(AT_MOST):
            while _readings(scene) < readings * -(-everybody // 1000) or not figures.people_known:
                await asyncio.sleep(0.5)
                # A worker that has not started yet looks nobody up.
                if acting is None and _readings(scene):
                    acting = asyncio.create_task(_act(scene, figures))
                known, read, age = await scene.count()
                figures.memory.append(scene.worker.memory_mib())
                if read >= groups and not figures.groups_known:
                    figures.groups_known = time.monotonic() - begun
                if known >= everybody and not figures.people_known:
                    figures.people_known = time.monotonic() - begun
                    if acting is not None:
                        acting.cancel()
                if figures.people_known:
                    figures.oldest = max(figures.oldest, age)
    return figures


def _readings(scene: Scene) -> int:
    """Pages of everybody that were read."""
    log = scene.slack.request_log
    return sum(entry.name == "users.list" and entry.status == 200 for entry in log)


async def _act(scene: Scene, figures: Figures) -> None:
    """Has one stranger after another type their first command: half of them ask, half of them read."""
    for number, person in enumerate(scene.strangers):
        line = f"mtls add 203.0.{number // 250}.{number % 250 + 1}" if number % 2 else "list"
        outcome = await scene.people.types(person, f"/pgaccess {line}", channel="#general")
        figures.answers.append(outcome)
        said = [message["text"] for message in scene.slack.ephemerals(person)]
        figures.refused += any("could not" in text for text in said) or not said
        await asyncio.sleep(EVERY)


@contextlib.asynccontextmanager
async def _scene(on: Ground, people: int, groups: int) -> AsyncIterator[Scene]:
    accounts, made = crowd(people, deactivated=people // 5, groups=groups)
    slack = SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, behavior=Behavior(limits=True))
    slack.world.people |= {one.id: one for one in accounts}
    slack.world.groups |= {one.id: one for one in made}
    # The last ones that are read, and no approvers: nothing is known of them until they act.
    active = people - people // 5
    strangers = [one.id for one in accounts[active - 200 : active]]
    general = slack.world.channels["C0GENERAL"]
    everyone = general.members | set(strangers)
    slack.world.channels["C0GENERAL"] = type(general)(id=general.id, name=general.name, members=everyone)
    names = ", ".join(f'"{group.id}"' for group in made)
    url = on.new_database()
    engine = engine_for(url)
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        stack.push_async_callback(engine.dispose)
        client = await enter(httpx.AsyncClient(timeout=30, trust_env=False))
        slack_socket, slack.base_url = await enter(listening())
        heroku_socket, heroku_url = await enter(listening())
        await enter(serving(heroku_server(default_world(token=HEROKU_TOKEN)), heroku_socket))
        # Only its page would act through these; the strangers act through those who know the bot's port.
        nobody = People(slack, deliver=over(client), bot_url="http://127.0.0.1:9")
        await enter(serving(slack_server(slack, nobody), slack_socket))
        given = settings(url, slack=slack.base_url, heroku=heroku_url)
        given["PGACCESS_POLICY_TOML"] = POLICY.format(groups=names)
        _, port = await enter(on.serving("bot", "web", **given))
        worker = stack.enter_context(on.process("bot", "worker", **given))
        yield Scene(
            slack=slack,
            people=People(slack, deliver=over(client), bot_url=f"http://127.0.0.1:{port}"),
            engine=engine,
            worker=worker,
            strangers=strangers,
        )


def _lines(figures: Figures, *, people: int, groups: int) -> Sequence[str]:
    took = sorted(answer.ms for answer in figures.answers)
    return (
        f"{groups:,} groups known after {figures.groups_known:.0f} s",
        f"{people:,} people known after {figures.people_known:.0f} s",
        f"oldest entry of a person from then on: {figures.oldest:.0f} s",
        f"first commands of strangers meanwhile: {len(took)}, median {statistics.median(took):.0f} ms, "
        f"longest {took[-1]:.0f} ms, not answered as asked: {figures.refused}",
        f"memory of the worker: at most {max(figures.memory):.0f} MiB, last {figures.memory[-1]:.0f} MiB",
    )


if __name__ == "__main__":
    sys.exit(main())
