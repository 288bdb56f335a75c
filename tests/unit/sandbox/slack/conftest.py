"""The workspace, the people in it, the bot they talk to, and real servers on ports of their own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from sandbox.slack import Behavior, People, SlackEmulator
from sandbox.slack.delivery_transport import over
from sandbox.slack.server import app
from tests.unit.sandbox.slack.bot import Bot

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOKEN = "xoxb-emulated"
SECRET = "emulated-signing-secret"


@dataclass
class Call:
    """Calls the Web API in-process, as the bot, at a moment that a test may move."""

    slack: SlackEmulator
    now: datetime = NOW

    def __call__(self, method: str, **arguments: object) -> dict[str, object]:
        """Return the body of the answer."""
        return dict(self.slack.call(method, arguments, TOKEN, now=self.now).body)


@contextlib.asynccontextmanager
async def served(application: Starlette) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@pytest.fixture
def behavior() -> Behavior:
    """Slack's own numbers, but for the pace of redelivery; a test module may override this."""
    return Behavior(event_retry_after=(0.0, 0.01, 0.01))


@pytest.fixture
def slack(behavior: Behavior) -> SlackEmulator:
    """The default workspace."""
    return SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, behavior=behavior)


@pytest.fixture
def call(slack: SlackEmulator) -> Call:
    """The bot's way to the Web API, in-process."""
    return Call(slack)


@pytest.fixture
def bot() -> Bot:
    """A bot that answers every request with an empty 200."""
    return Bot()


@pytest.fixture
async def people(slack: SlackEmulator, bot: Bot) -> AsyncIterator[People]:
    """Everybody, with the bot in this process."""
    transport = httpx.ASGITransport(bot.app())
    async with httpx.AsyncClient(transport=transport, timeout=30) as client:
        everybody = People(slack, deliver=over(client), bot_url="http://bot.test")
        yield everybody
        await everybody.aclose()


@pytest.fixture
async def url(slack: SlackEmulator, people: People) -> AsyncIterator[str]:
    """Where the emulated Slack answers over HTTP."""
    async with served(app(slack, people)) as address:
        slack.base_url = address
        yield address


@pytest.fixture
def web(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncWebClient:
    """The vendor's client, pointed here by its base URL only, without retries."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return AsyncWebClient(token=TOKEN, base_url=f"{url}/api/", retry_handlers=[])


@pytest.fixture
def live(call: Call) -> Call:
    """The bot's way to the Web API at the real moment: where a trigger's three seconds matter."""
    call.now = datetime.now(UTC)
    return call
