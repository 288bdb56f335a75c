"""The demo's environment: emulated Slack and Heroku, the page, and the real bot between them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, TextIO

import httpx

from bot.app import App, open_app
from bot.config import Settings
from bot.domain.policy.rules import Policy
from bot.errors import TryAgainError
from bot.policy.loader import parse_policy
from bot.telemetry.process_telemetry import ProcessTelemetry
from bot.telemetry.tracing import Tracing
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

BOT_TOKEN: Final = "xoxb-emulated-token"
SIGNING_SECRET: Final = "emulated-signing-secret"
HEROKU_TOKEN: Final = "HRKU-emulated-token"
METRICS_TOKEN: Final = "emulated-metrics-token"
"""Secrets of the emulators; they are valid nowhere else."""

POLICY: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD"]

[[rules]]
name = "everything"
approvers = ["S0LEADS"]
"""

PAGE: Final = Path(__file__).parent / "page"

RECONCILE_RUN: Final = 0.5
"""Seconds that a reconcile run takes against the emulators at most."""

REFRESH_ATTEMPTS: Final = 5
"""Attempts to request a refresh before a busy store is an error."""

JUST_AFTER: Final = timedelta(seconds=1)
"""How far "to the next event" goes beyond the event."""


@dataclass(kw_only=True)
class Environment:
    """Emulators, clock and bot, all running."""

    heroku: HerokuEmulator
    slack: SlackEmulator
    people: People
    clock: MovableClock
    faults: FaultInjection
    app: App
    bot_url: str
    bot: "Bot | None" = None

    async def redeploy(self, policy: str | Policy) -> None:
        """Restart the bot under another policy, as a deploy does; store, Slack and Heroku stay as they are.

        Raises:
            ValueError: The bot runs in processes of its own.
        """
        if self.bot is None:
            raise ValueError("processes are not restarted from here")
        self.app, self.bot_url = await self.bot.restart(policy)

    async def restart_on(self, database_url: str, *, installation: str | None = None) -> None:
        """Restart the bot on another store, as after the loss of one or the restore of a backup.

        Args:
            database_url: A migrated database.
            installation: What the bot is called at Heroku by its settings.

        Raises:
            ValueError: The bot runs in processes of its own.
        """
        if self.bot is None:
            raise ValueError("processes are not restarted from here")
        self.bot.settings = replace(self.bot.settings, database_url=database_url, installation=installation)
        self.app, self.bot_url = await self.bot.restart(self.app.policy)

    async def refresh_everything(self) -> None:
        """Request a refresh of every target; on a slow machine the store may be busy for a moment.

        Raises:
            TryAgainError: The store was busy each time.
        """
        for _ in range(REFRESH_ATTEMPTS - 1):
            with contextlib.suppress(TryAgainError):
                return await self.app.refresh_everything()
            await asyncio.sleep(RECONCILE_RUN)
        return await self.app.refresh_everything()

    async def refresh_twice(self) -> None:
        """Refresh every target after outages have changed.

        A reconcile run in progress may have met the previous outages, and postpones the next run by up to a
        minute. The second refresh comes after that run and cancels the delay.
        """
        await self.refresh_everything()
        await asyncio.sleep(RECONCILE_RUN)
        await self.refresh_everything()

    async def move_time(self, by: timedelta) -> None:
        """Move business time and refresh every target."""
        self.clock.move(by)
        # Heroku's transitions stay in real time; only the expiry of new certificates follows business time.
        self.heroku.move_calendar(self.clock.offset)
        await self.refresh_everything()

    async def to_next_event(self) -> None:
        """Move business time to the next end, warning or reminder."""
        async with self.app.store.transaction() as tx:
            schedules = (tx.grants, tx.expiry_reminders, tx.operations)
            moments = [
                moment for schedule in schedules if (moment := await schedule.next_moment()) is not None
            ]
        if moments:
            moment = min(moments)
            await self.move_time(max(timedelta(), moment - self.clock.now()) + JUST_AFTER)


class Bot:
    """The bot as one process: web, worker and its socket, which a restart replaces.

    Attributes:
        settings: What the next start reads.

    Args:
        settings: What a deploy keeps: addresses and tokens.
        clock: Business time.
        people: Who have to know where the bot listens.
        events: Where it writes its events; None writes none.
        tracing: Where it records spans; None records none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: MovableClock,
        people: People,
        events: TextIO | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._events = events
        self.settings = settings
        self._clock = clock
        self._people = people
        self._running = contextlib.AsyncExitStack()

    async def start(self, policy: str | Policy) -> tuple[App, str]:
        """Start under a policy, as TOML or parsed; return the application and its URL."""
        enter = self._running.enter_async_context
        socket, url = await enter(listening())
        parsed = policy if isinstance(policy, Policy) else parse_policy(policy, source="the demo's policy")
        telemetry = ProcessTelemetry(
            redactor=self.settings.redactor(), stream=self._events, tracing=self._tracing
        )
        app = await enter(
            open_app(replace(self.settings, public_url=url), parsed, clock=self._clock, telemetry=telemetry)
        )
        # Entered after the app, so that the server closes first: no request meets an app that has stopped.
        running = await enter(servers())
        await running.open(await app.web(), socket)
        await enter(app.working())
        self._people.call(url)
        return app, url

    async def restart(self, policy: str | Policy) -> tuple[App, str]:
        """Stop, then start under another policy."""
        await self.stop()
        return await self.start(policy)

    async def stop(self) -> None:
        """Stop whatever runs."""
        running, self._running = self._running, contextlib.AsyncExitStack()
        await running.aclose()


def settings(
    database_url: str,
    *,
    slack_url: str,
    heroku_url: str,
    public_url: str | None = None,
    probes: bool = False,
) -> Settings:
    """Return the bot's settings; only the URLs tell it that Slack and Heroku are emulated."""
    return Settings(
        database_url=database_url,
        slack_token=BOT_TOKEN,
        signing_secrets=(SIGNING_SECRET,),
        heroku_token=HEROKU_TOKEN,
        slack_url=f"{slack_url}/api/",
        heroku_url=heroku_url,
        heroku_data_url=heroku_url,
        port=0,
        public_url=public_url,
        probes=probes,
        metrics_token=METRICS_TOKEN,
    )


@contextlib.asynccontextmanager
async def start_environment(
    database_url: str,
    heroku: HerokuEmulator,
    *,
    port: int = 0,
    policy: str | Policy = POLICY,
    probes: bool = False,
    slack: SlackEmulator | None = None,
    events: TextIO | None = None,
    tracing: Tracing | None = None,
) -> AsyncIterator[Environment]:
    """Start the emulators, the page and the bot; stop them at the end of the ``with`` block.

    Args:
        database_url: A migrated database.
        heroku: The emulated Heroku, filled.
        port: Port of the page; 0 picks a free one.
        policy: The policy as TOML, or as the bot would have read it.
        probes: Whether the bot may test new certificates.
        slack: The emulated Slack, filled; the default workspace if None.
        events: Where the bot writes its events; None writes none.
        tracing: Where it records spans; None records none.
    """
    slack = slack or SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    clock, faults = MovableClock(), FaultInjection(heroku, slack)
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        # All sockets before all servers: each of the three has to know the URLs of the others.
        slack_socket, slack.base_url = await enter(listening(port))
        heroku_socket, heroku_url = await enter(listening())
        # It calls the bot on loopback only: loading the CA bundle would take time and trust nobody needs.
        no_authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = await enter(httpx.AsyncClient(timeout=30, trust_env=False, verify=no_authorities))
        people = People(slack, deliver=over(client), bot_url="")
        panel = Panel(heroku, clock, faults)
        server = slack_server(slack, people, extras=panel.extras, actions=panel.actions, page=PAGE)
        bot_settings = settings(
            database_url,
            slack_url=slack.base_url,
            heroku_url=heroku_url,
            probes=probes,
        )
        bot = Bot(bot_settings, clock=clock, people=people, events=events, tracing=tracing)
        running = await enter(servers())
        await running.open(heroku_server(heroku), heroku_socket)
        await running.open(server, slack_socket)
        # Last, so that it stops first: what it calls is there as long as it runs.
        stack.push_async_callback(bot.stop)
        app, bot_url = await bot.start(policy)
        environment = Environment(
            heroku=heroku,
            slack=slack,
            people=people,
            clock=clock,
            faults=faults,
            app=app,
            bot_url=bot_url,
            bot=bot,
        )
        # Last: until the bot runs, the page's buttons have nothing to refresh.
        panel.environment = environment
        yield environment
