"""The real web application in-process, and requests signed as Slack signs them."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
from structlog.testing import capture_logs

from bot.app import open_app
from bot.errors import SlackError
from bot.policy.loader import parse_policy
from handlers.transport.request_verification import sign
from sandbox.environment import BOT_TOKEN, POLICY, SIGNING_SECRET, settings
from sandbox.http_server import listening, serving
from sandbox.slack import SlackEmulator
from sandbox.slack.delivery_transport import over
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from tests.unit import factories
from tests.unit.storage import store_helpers

PATH = "/slack/events"

TEAM = "T0ACME"

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


FORM = "application/x-www-form-urlencoded"

ENGINEER, LEAD = "U0ENGINEER", "U0LEAD"


class FuzzedServer:
    """Sends requests to the application, and records unexpected errors.

    Args:
        runner: the event loop that everything runs on.
        client: calls the application in-process.

    Attributes:
        errors: what the last request logged as an error.
    """

    def __init__(self, runner: asyncio.Runner, client: httpx.AsyncClient) -> None:
        self._runner = runner
        self._client = client
        self._numbers = itertools.count(1)
        self.errors: list[Any] = []

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "", **headers: str
    ) -> httpx.Response:
        """Sends a request, and returns the response."""
        sent = {**({"content-type": kind} if kind else {}), **headers}
        with capture_logs() as lines:
            answer = self._runner.run(self._client.request(method, path, content=body, headers=sent))
        self.errors = [line for line in lines if line["log_level"] in ("error", "critical")]
        return answer

    def unexpected(self) -> list[Any]:
        """Unexpected errors; Slack rejecting a made-up trigger is not one."""
        return [line for line in self.errors if not isinstance(line.get("exc_info"), SlackError)]

    def signed(self, body: bytes, kind: str) -> httpx.Response:
        """Sends a body with a valid signature."""
        stamp = b"%d" % time.time()
        signature = sign(SIGNING_SECRET.encode(), stamp, body).decode()
        proof = {"x-slack-request-timestamp": stamp.decode(), "x-slack-signature": signature}
        return self.send("POST", PATH, body, kind, **proof)

    def command(self, text: str, person: str = ENGINEER, **changed: str) -> httpx.Response:
        """Sends a typed command."""
        fields = {
            "team_id": TEAM,
            "channel_id": "C0GENERAL",
            "user_id": person,
            "command": "/pgaccess",
            "text": text,
            "response_url": f"{NOWHERE}/respond/1",
            "trigger_id": self.unique(),
        }
        return self.signed(urlencode({**fields, **changed}).encode(), FORM)

    def interaction(self, payload: Any) -> httpx.Response:
        """Sends a button click, a form submission or a search."""
        return self.signed(urlencode({"payload": json.dumps(payload)}).encode(), FORM)

    def event(self, payload: Any) -> httpx.Response:
        """Sends an event."""
        return self.signed(json.dumps(payload).encode(), "application/json")

    def unique(self) -> str:
        """Returns an unused trigger id: Slack gives each interaction its own."""
        return f"1.2.{next(self._numbers)}"


@contextlib.contextmanager
def fuzzed_server(database_url: str) -> Iterator[FuzzedServer]:
    """The web application with two users and two databases, and an empty Slack workspace."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        client = runner.run(stack.enter_async_context(_application(database_url)))
        try:
            yield FuzzedServer(runner, client)
        finally:
            runner.run(stack.aclose())


@contextlib.asynccontextmanager
async def _application(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    async with contextlib.AsyncExitStack() as stack:
        socket, slack.base_url = await stack.enter_async_context(listening())
        people = People(slack, deliver=over(await stack.enter_async_context(httpx.AsyncClient())), bot_url="")
        await stack.enter_async_context(serving(slack_server(slack, people), socket))
        wanted = settings(
            database_url, slack_url=slack.base_url, heroku_url=NOWHERE, public_url="http://bot.test"
        )
        rules = parse_policy(POLICY, source="the test")
        app = await stack.enter_async_context(open_app(wanted, rules))
        async with app.store.transaction() as tx:
            await tx.slack_users.save([factories.person(ENGINEER), factories.person(LEAD)])
            await tx.slack_users.save_group("S0LEADS", [LEAD])
            await tx.commit()
        await store_helpers.discover(app.store, factories.database(), factories.database("ledger", 2))
        # An uncaught exception is raised here, where a server would have answered 500.
        inside = httpx.ASGITransport(await app.web(), raise_app_exceptions=True)
        yield await stack.enter_async_context(httpx.AsyncClient(transport=inside, base_url="http://bot.test"))
