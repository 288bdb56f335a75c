"""The real ``web`` and ``worker`` processes with production logs, and all that they leave anywhere."""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx

from bot.app import open_app
from bot.policy.loader import parse_policy
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, POLICY, SIGNING_SECRET, Environment, settings
from sandbox.fault_injection import FaultInjection
from sandbox.free_port import free_port
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.slack import SlackEmulator
from sandbox.slack.delivery_transport import over
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from tests.acceptance.processes import START, Process
from tests.acceptance.secret_search import Place
from tests.flow.actions import Acts


class PopulatedDeployment(Acts):
    """A running bot with people, and everything that it stores, logs, sends and shows."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        super().__init__(environment)
        self._folder = folder
        self.pages: list[str] = []

    async def store(self) -> dict[Place, str]:
        """Every row of every table as text, ``bytea`` in hexadecimal."""
        tables = await self.query(
            "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        return {
            ("store", table): "\n".join(
                row[0] for row in await self.query(f"SELECT t::text FROM {table} AS t")
            )
            for (table,) in tables
        }

    def logs(self) -> dict[Place, str]:
        """The log of each process."""
        return {("log", path.name): path.read_text() for path in self._folder.glob("*.log")}

    def sent(self) -> dict[Place, str]:
        """Every call of the bot that Slack and Heroku received, and every answer."""
        slack = {
            ("slack", f"{number} {entry.kind} {entry.name}"): (
                entry.received if entry.kind == "delivery" else entry.sent
            )
            for number, entry in enumerate(self.environment.slack.request_log)
        }
        heroku = {
            ("heroku", f"{number} {entry.method} {entry.path}"): f"{entry.path} {json.dumps(entry.body)}"
            for number, entry in enumerate(self.environment.heroku.request_log)
        }
        return slack | heroku

    def shown(self) -> dict[Place, str]:
        """What Slack shows these people now, and every page that refused a download."""
        channels = {
            ("shown", channel): json.dumps(self.messages(channel, "lead"))
            for channel in ("#approvals", "#operations")
        }
        people = {
            ("shown", person): json.dumps(
                [self.messages("@pgaccess", person), self.environment.slack.ephemerals(person)]
            )
            for person in ("engineer", "lead")
        }
        pages = {("page", str(number)): page for number, page in enumerate(self.pages)}
        return channels | people | pages

    async def everywhere(self) -> dict[Place, str]:
        """All places together."""
        return {**await self.store(), **self.logs(), **self.sent(), **self.shown()}

    def response_urls(self) -> list[str]:
        """Secret parts of every ``response_url`` that Slack sent to the bot."""
        deliveries = (entry.sent for entry in self.environment.slack.request_log if entry.kind == "delivery")
        found = re.findall(r"(?:/|%2F)respond(?:/|%2F)([A-Za-z0-9_-]+)", "\n".join(deliveries))
        return list(dict.fromkeys(found))


@contextlib.asynccontextmanager
async def populated_deployment(
    database_url: str, heroku: HerokuEmulator, folder: Path
) -> AsyncIterator[PopulatedDeployment]:
    """Starts the emulators and the bot's processes.

    Args:
        database_url: a migrated database.
        heroku: with its resources.
        folder: where the processes' logs go.
    """
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    clock, port = MovableClock(), free_port()
    bot_url = f"http://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack_socket, slack.base_url = await enter(listening())
        heroku_socket, heroku_url = await enter(listening())
        people = People(
            slack,
            deliver=over(await enter(httpx.AsyncClient(timeout=30, trust_env=False))),
            bot_url=bot_url,
        )
        await enter(serving(heroku_server(heroku), heroku_socket))
        await enter(serving(slack_server(slack, people), slack_socket))
        wanted = settings(database_url, slack_url=slack.base_url, heroku_url=heroku_url, public_url=bot_url)
        # An application that runs nothing: a test reads the store through it.
        app = await enter(open_app(wanted, parse_policy(POLICY, source="the test"), clock=clock))
        environment = Environment(
            heroku=heroku,
            slack=slack,
            people=people,
            clock=clock,
            faults=FaultInjection(heroku, slack),
            app=app,
            bot_url=bot_url,
        )
        environ = _environ(database_url, slack_url=slack.base_url, heroku_url=heroku_url, bot_url=bot_url)
        for name in ("web", "worker"):
            stack.enter_context(_process(name, environ, folder))
        await _answers(bot_url)
        yield PopulatedDeployment(environment, folder)


def _environ(database_url: str, *, slack_url: str, heroku_url: str, bot_url: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DATABASE_URL": database_url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{slack_url}/api/",
        "HEROKU_API_KEY": HEROKU_TOKEN,
        "HEROKU_API_URL": heroku_url,
        "HEROKU_DATA_API_URL": heroku_url,
        "PGACCESS_POLICY_TOML": POLICY,
        "PGACCESS_PUBLIC_URL": bot_url,
        "PGACCESS_PROBE": "1",
        "PORT": bot_url.rpartition(":")[2],
    }


@contextlib.contextmanager
def _process(name: str, environ: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = Process("bot", name, environ=environ, log=log)
        try:
            yield
        finally:
            if process.running:
                process.stop()


async def _answers(bot_url: str) -> None:
    async with asyncio.timeout(START):
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{bot_url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
