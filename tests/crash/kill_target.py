"""The deployment whose processes are killed and stopped; each is started again, as a platform does."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.types import ASGIApp

from bot.app import open_app
from bot.errors import TryAgainError
from bot.policy.loader import parse_policy
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, POLICY, SIGNING_SECRET, Environment, settings
from sandbox.fault_injection import FaultInjection
from sandbox.free_port import free_port
from sandbox.heroku.behavior import TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.slack import SlackEmulator
from sandbox.slack.delivery_transport import over
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import Outcome, People
from tests.acceptance.processes import START
from tests.crash.children import Child, ProcessSupervisor
from tests.crash.http_proxy import fault_proxy
from tests.crash.kill_points import Fault, KillPoints, Moment, PlannedFault
from tests.crash.postgres_proxy import proxied_postgres
from tests.crash.process_supervisor import OFFSET_FILE
from tests.flow.actions import Acts

STOPPED = 11.0
"""Seconds that a stopped process is paused: longer than a lease, which is 10 s here."""

PLAIN = "sslmode=disable&gssencmode=disable"
"""No negotiation precedes the start-up packet."""

QUICK = 0.05
"""Seconds that a transition at Heroku takes."""


class FileClock(MovableClock):
    """Business time of this process, and through a file that of the bot's."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self.move(timedelta())

    def move(self, by: timedelta) -> datetime:
        """Moves time for all processes at once."""
        moved = super().move(by)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(self.offset.total_seconds()))
        fresh.replace(self._file)
        return moved


@dataclass(frozen=True, slots=True)
class Role:
    """One process that is always started again: its command, its environment and its log."""

    command: str
    environ: Mapping[str, str]
    log: Path


class KillTarget(Acts):
    """A deployment of the bot with people, the emulators, and the faults that strike its processes."""

    patience = 90.0  # a stop takes eleven seconds, what it leaves ambiguous another ten, on any machine

    def __init__(self, environment: Environment, supervisor: ProcessSupervisor) -> None:
        super().__init__(environment)
        self.kill_points = KillPoints(self._strike)
        self.roles: dict[str, Role] = {}
        self.children: dict[str, Child] = {}
        self._supervisor = supervisor
        self._after: set[asyncio.Task[None]] = set()

    # --- processes -------------------------------------------------------------------------------

    async def start(self, role: str) -> None:
        """Starts a process; waits for a web process until it answers."""
        started = self.roles[role]
        self.children[role] = self._supervisor.start(
            started.command, environ=started.environ, log=started.log
        )
        if started.command == "web":
            await self.answering()

    async def answering(self) -> None:
        """Waits until the web process can do its work."""
        async with asyncio.timeout(START), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{self.environment.bot_url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.02)

    async def recovered(self) -> None:
        """Waits until every struck process runs again."""
        while self._after:
            await asyncio.gather(*self._after)

    def plan(self, *plans: PlannedFault) -> None:
        """Replaces the planned faults."""
        self.kill_points.plans = list(plans)

    def _strike(self, plan: PlannedFault) -> None:
        child = self.children[plan.whom]
        if plan.fault is Fault.KILL:
            child.kill()
            self._then(asyncio.create_task(self._start_again(plan.whom)))
        else:
            child.freeze()
            self._then(asyncio.create_task(self._go_on(plan)))

    def _then(self, task: asyncio.Task[None]) -> None:
        self._after.add(task)
        task.add_done_callback(self._after.discard)

    async def _start_again(self, role: str) -> None:
        assert self._supervisor.wait_for(self.children[role]) == -9
        if len(self.roles) == 2 and role != "web":
            # What it held could be claimed once its lease has run out. The test does not wait for that where
            # no other process could hold anything.
            for table in ("reconcile_queue", "outbox"):
                await self.query(f"UPDATE {table} SET lease_until = now() WHERE lease IS NOT NULL")
        await self.start(role)

    async def _go_on(self, plan: PlannedFault) -> None:
        await asyncio.sleep(STOPPED)
        plan.over.set()
        if plan.moment is Moment.BEFORE:
            # What it has sent arrives, and is answered, before it goes on.
            await asyncio.sleep(0.1)
        self.children[plan.whom].thaw()

    async def at(self, moment: datetime) -> None:
        """Moves business time to a moment at least, and makes everything due."""
        self.environment.clock.move(max(timedelta(), moment - self.environment.clock.now()))

        async def observed() -> bool:
            # A killed process may hold a lock until Postgres has noticed.
            with contextlib.suppress(TryAgainError):
                await self.environment.refresh_everything()
                return True
            return False

        await self.until(observed)

    # --- people who get no answer ----------------------------------------------------------------

    async def insist(self, line: str) -> int:
        """Submits a command until the bot has recorded it; returns the request's number.

        Without an answer it is not known whether it was recorded: that is read, and the command repeated.
        """
        before = await self.newest()
        outcome = await self.type("engineer", line)
        while not outcome.ok:
            await self._wait_and_check(outcome)
            if await self.newest() > before:
                break
            outcome = await self.type("engineer", line)
        # A number that was rolled back is not given again.
        since = await self.query(f"SELECT id FROM requests WHERE id > {before}")
        assert len(since) == 1, "asked once, recorded twice"
        return int(since[0][0])

    async def insist_on(self, number: int, person: str, action: str) -> None:
        """Presses a button of a request's card until there is an answer."""
        await self.until(lambda: self.card_of(number) is not None)
        while not (outcome := await self._press_of(number, person, action)).ok:
            if outcome.error not in ("dispatch_failed", "operation_timeout"):
                # The card has changed meanwhile: the first click was recorded.
                return
            await self._wait_and_check(outcome)

    async def _press_of(self, number: int, person: str, action: str) -> Outcome:
        card = self.card_of(number)
        assert card is not None
        return await self.environment.people.clicks(
            person, channel="#approvals", ts=str(card["ts"]), action_id=action
        )

    async def _wait_and_check(self, outcome: Outcome) -> None:
        assert outcome.status == 0, outcome
        await self.recovered()
        await self.answering()

    def card_of(self, number: int) -> dict[str, object] | None:
        """The card of a request in the approvals channel."""
        found = [card for card in self.cards() if f"#{number} " in str(card["text"]) + str(card["blocks"])]
        return found[-1] if found else None

    async def newest(self) -> int:
        """The number of the newest request; 0 while there is none."""
        ((number,),) = await self.query("SELECT coalesce(max(id), 0) FROM requests")
        return int(number)


@contextlib.asynccontextmanager
async def deployed(
    supervisor: ProcessSupervisor,
    database_url: str,
    folder: Path,
    *,
    heroku: HerokuEmulator | None = None,
    roles: tuple[str, ...] = ("web", "worker"),
) -> AsyncIterator[KillTarget]:
    """Starts emulators and the bot's processes for the length of a ``with`` block.

    Args:
        supervisor: starts the processes.
        database_url: a migrated database of a server on a Unix socket.
        folder: where the processes' logs go.
        heroku: with its resources; the default world if None.
        roles: ``web`` runs the web process, every other one a worker.
    """
    heroku = heroku or default_world(token=HEROKU_TOKEN, times=TransitionTimes.of(QUICK))
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    offset = folder / "offset"
    clock, bot_url = FileClock(offset), f"http://127.0.0.1:{free_port()}"
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        client = await enter(httpx.AsyncClient(timeout=30, trust_env=False))
        people = People(slack, deliver=over(client), bot_url=bot_url)
        slack_emulator, heroku_emulator = slack_server(slack, people), heroku_server(heroku)
        slack.base_url = await _served(stack, slack_emulator)
        heroku_url = await _served(stack, heroku_emulator)
        wanted = settings(database_url, slack_url=slack.base_url, heroku_url=heroku_url, public_url=bot_url)
        # An application that runs nothing: through it a test reads the store and wakes workers.
        app = await enter(open_app(wanted, parse_policy(POLICY, source="the test"), clock=clock))
        faults = FaultInjection(heroku, slack)
        environment = Environment(
            heroku=heroku,
            slack=slack,
            people=people,
            clock=clock,
            faults=faults,
            app=app,
            bot_url=bot_url,
        )
        world = KillTarget(environment, supervisor)
        stack.push_async_callback(_end, world, supervisor)
        at = urlsplit(database_url)
        server = dict(parse_qsl(at.query))
        unix = f"{server['host']}/.s.PGSQL.{server['port']}"
        for role in roles:
            addresses = {
                channel: await _served(stack, fault_proxy(app, world.kill_points, role=role, channel=channel))
                for channel, app in (("slack", slack_emulator), ("heroku", heroku_emulator))
            }
            port = await enter(proxied_postgres(unix, role=role, kill_points=world.kill_points))
            world.roles[role] = Role(
                command="web" if role == "web" else "worker",
                environ={
                    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                    "DATABASE_URL": f"postgres://{at.username}@127.0.0.1:{port}{at.path}?{PLAIN}",
                    "SLACK_BOT_TOKEN": BOT_TOKEN,
                    "SLACK_SIGNING_SECRET": SIGNING_SECRET,
                    "SLACK_API_URL": f"{addresses['slack']}/api/",
                    "HEROKU_API_KEY": HEROKU_TOKEN,
                    "HEROKU_API_URL": addresses["heroku"],
                    "HEROKU_DATA_API_URL": addresses["heroku"],
                    "PGACCESS_POLICY_TOML": POLICY,
                    "PGACCESS_PUBLIC_URL": bot_url,
                    "PORT": bot_url.rpartition(":")[2],
                    OFFSET_FILE: str(offset),
                },
                log=folder / f"{role}.log",
            )
        for role in roles:
            await world.start(role)
        await world.settle()
        yield world


async def _served(stack: contextlib.AsyncExitStack, app: ASGIApp) -> str:
    socket, url = await stack.enter_async_context(listening())
    await stack.enter_async_context(serving(app, socket))
    return url


async def _end(world: KillTarget, supervisor: ProcessSupervisor) -> None:
    """Kills what still runs; the supervisor goes on to serve the next deployment."""
    world.plan()
    await world.recovered()
    for child in world.children.values():
        child.kill()
        supervisor.wait_for(child)


def present() -> datetime:
    """The machine's time: the emulated Heroku's transitions take real seconds."""
    return datetime.now(UTC)
