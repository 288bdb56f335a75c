"""The whole played world on one stage: Slack, Heroku, the page, and the real bot between them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from bot.app import App, open_app
from bot.config import Settings
from bot.errors import TryAgainError
from bot.policy.loader import parse_policy
from sandbox.control_panel import Panel
from sandbox.fault_injection import FaultInjection
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, servers
from sandbox.movable_clock import MovableClock
from sandbox.slack.delivery_transport import over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People

BOT_TOKEN: Final = "xoxb-played-token"
SIGNING_SECRET: Final = "played-signing-secret"
HEROKU_TOKEN: Final = "HRKU-played-token"
"""Secrets of the emulated world: they open nothing anywhere."""

POLICY: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
admins = ["U0LEAD"]

[[rules]]
name = "everything"
approvers = ["S0LEADS"]
"""

PAGE: Final = Path(__file__).parent / "page"

A_PASS: Final = 0.5
"""Seconds that a pass of the bot's takes in the emulated world, with room to spare."""

LOOKS_ASKED: Final = 5
"""How often the bot is asked to look at everything before a store that is too busy for it is an error."""

JUST_AFTER: Final = timedelta(seconds=1)
"""How far "to the next event" goes beyond it."""


@dataclass(kw_only=True)
class Environment:
    """Everything that stands on it."""

    heroku: HerokuEmulator
    slack: SlackEmulator
    people: People
    clock: MovableClock
    faults: FaultInjection
    app: App
    bot_url: str

    async def refresh_everything(self) -> None:
        """Has the bot look at everything; on a slow machine the store may be too busy for a moment.

        Raises:
            TryAgainError: it was each time.
        """
        for _ in range(LOOKS_ASKED - 1):
            with contextlib.suppress(TryAgainError):
                return await self.app.refresh_everything()
            await asyncio.sleep(A_PASS)
        return await self.app.refresh_everything()

    async def look_twice(self) -> None:
        """Has the bot look at everything once the outages has cleared.

        A pass that is under way has met the old outages, and puts the next look up to a minute off:
        the second look comes behind it.
        """
        await self.refresh_everything()
        await asyncio.sleep(A_PASS)
        await self.refresh_everything()

    async def move_time(self, by: timedelta) -> None:
        """Moves business time, and has everything looked at again."""
        self.clock.move(by)
        self.heroku.move_calendar(self.clock.offset)
        await self.refresh_everything()

    async def to_next_event(self) -> None:
        """Moves business time to the next end or warning."""
        async with self.app.store.transaction() as tx:
            ahead = (tx.grants, tx.expiry_reminders, tx.operations)
            moments = [moment for kept in ahead if (moment := await kept.next_moment()) is not None]
        if moments:
            moment = min(moments)
            await self.move_time(max(timedelta(), moment - self.clock.now()) + JUST_AFTER)


def settings(
    database_url: str,
    *,
    slack_url: str,
    heroku_url: str,
    policy: str = POLICY,
    public_url: str | None = None,
    probes: bool = False,
) -> Settings:
    """The real bot's settings, pointed at the emulated world by address and by nothing else."""
    return Settings(
        database_url=database_url,
        slack_token=BOT_TOKEN,
        signing_secrets=(SIGNING_SECRET,),
        heroku_token=HEROKU_TOKEN,
        slack_url=f"{slack_url}/api/",
        heroku_url=heroku_url,
        heroku_data_url=heroku_url,
        policy_source="the demo's policy",
        policy_text=policy,
        port=0,
        public_url=public_url,
        probes=probes,
    )


@contextlib.asynccontextmanager
async def environments(
    database_url: str, heroku: HerokuEmulator, *, port: int = 0, policy: str = POLICY, probes: bool = False
) -> AsyncIterator[Environment]:
    """Puts everything up, and takes it down again.

    Args:
        database_url: a migrated database.
        heroku: with whatever is there at the start.
        port: of the page; 0 picks a free one.
        policy: as TOML.
        probes: whether the bot may test new certificates.
    """
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    clock, faults = MovableClock(), FaultInjection(heroku, slack)
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack_socket, slack.base_url = await enter(listening(port))
        heroku_socket, heroku_url = await enter(listening())
        bot_socket, bot_url = await enter(listening())
        # It only calls the bot, on this machine: no authority is read, and none believed.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = await enter(httpx.AsyncClient(timeout=30, trust_env=False, verify=nobody))
        people = People(slack, deliver=over(client), bot_url=bot_url)
        panel = Panel(heroku, clock, faults)
        server = slack_server(slack, people, extras=panel.extras, actions=panel.actions, page=PAGE)
        wanted = settings(
            database_url,
            slack_url=slack.base_url,
            heroku_url=heroku_url,
            policy=policy,
            public_url=bot_url,
            probes=probes,
        )
        rules = parse_policy(policy, source=wanted.policy_source)
        app = await enter(open_app(wanted, rules, clock=clock))
        opened = await enter(servers())
        await opened.open(heroku_server(heroku), heroku_socket)
        await opened.open(server, slack_socket)
        await opened.open(await app.web(), bot_socket)
        await enter(app.working())
        environment = Environment(
            heroku=heroku,
            slack=slack,
            people=people,
            clock=clock,
            faults=faults,
            app=app,
            bot_url=bot_url,
        )
        panel.moves = environment
        yield environment
