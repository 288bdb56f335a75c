"""The Socket Mode client, between Bolt and the emulated Slack."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import MisconfiguredError, SlackError, TryAgainError
from handlers.transport.socket_mode import SocketMode
from sandbox.http_server import listening, serving
from sandbox.slack import SlackEmulator, fault_injection
from sandbox.slack.delivery_transport import Delivered
from sandbox.slack.server import app as server
from sandbox.slack.users.simulated_users import People

BOT_TOKEN, APP_TOKEN = "xoxb-emulated", "xapp-emulated"


@dataclass
class SocketModeHarness:
    """The emulated Slack, and a bot whose one command answers when it is allowed to."""

    slack: SlackEmulator
    people: People
    bolt: AsyncApp
    asked: asyncio.Event
    allowed: asyncio.Event

    def mode(self, *, token: str = APP_TOKEN, url: str | None = None) -> SocketMode:
        return SocketMode(self.bolt, token=token, url=url or f"{self.slack.base_url}/api/")


async def nobody(*_: object) -> Delivered:
    return Delivered(status=404)


def bolt(asked: asyncio.Event, allowed: asyncio.Event) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0ACME", bot_token=BOT_TOKEN)

    async def answer(ack: AsyncAck) -> None:
        asked.set()
        await allowed.wait()
        await ack("done")

    app = AsyncApp(
        client=AsyncWebClient(),
        signing_secret="nobody-signs",
        authorize=cast("Callable[..., Awaitable[AuthorizeResult]]", authorize),
        process_before_response=True,
    )
    app.command("/pgaccess")(answer)
    return app


@pytest.fixture
async def harness() -> AsyncIterator[SocketModeHarness]:
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret="unused", app_token=APP_TOKEN)
    people = People(slack, deliver=nobody, bot_url="http://127.0.0.1:1")
    asked, allowed = asyncio.Event(), asyncio.Event()
    async with listening() as (opened, slack.base_url), serving(server(slack, people), opened):
        yield SocketModeHarness(slack, people, bolt(asked, allowed), asked, allowed)


async def test_what_was_begun_is_answered_before_the_connection_is_closed(harness: SocketModeHarness) -> None:
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(harness.mode())
        typing = asyncio.create_task(harness.people.types("engineer", "/pgaccess"))
        await harness.asked.wait()
        asyncio.get_running_loop().call_later(0.2, harness.allowed.set)

    outcome = await typing
    assert outcome.ok
    assert [one["text"] for one in harness.slack.ephemerals("engineer")] == ["done"]
    assert harness.people.sockets.connected == 0


@pytest.mark.parametrize(
    "settings", [{"socket_only": True}, {"tier_1_burst": 1, "limits": True}, {"ticket_seconds": 5.0}], ids=str
)
async def test_a_command_is_answered_whatever_slack_does_where_nobody_knows(
    harness: SocketModeHarness, settings: dict[str, object]
) -> None:
    harness.slack.set_behavior(**settings)
    harness.allowed.set()
    async with harness.mode():
        assert (await harness.people.types("engineer", "/pgaccess")).ok
    assert [one["text"] for one in harness.slack.ephemerals("engineer")] == ["done"]


async def test_an_answer_goes_through_the_connection_that_stands_by_then(harness: SocketModeHarness) -> None:
    async with harness.mode():
        typing = asyncio.create_task(harness.people.types("engineer", "/pgaccess"))
        await harness.asked.wait()
        await harness.people.sockets.refresh()
        harness.allowed.set()

        assert (await typing).ok


async def test_a_connection_is_there_or_it_is_said_that_it_is_not(harness: SocketModeHarness) -> None:
    mode = harness.mode()
    with pytest.raises(TryAgainError):
        await mode.require()
    async with mode:
        await mode.require()
    with pytest.raises(TryAgainError):
        await mode.require()


async def test_a_token_that_slack_rejects_is_for_the_operator_to_fix(harness: SocketModeHarness) -> None:
    for wrong in ("xapp-other", BOT_TOKEN):
        with pytest.raises(MisconfiguredError, match="SLACK_APP_TOKEN") as caught:
            await harness.mode(token=wrong).__aenter__()
        assert wrong not in str(caught.value)


async def test_a_slack_out_of_reach_is_not_waited_for_at_the_start(harness: SocketModeHarness) -> None:
    with pytest.raises(SlackError, match="unreachable"):
        await harness.mode(url="http://127.0.0.1:1/api/").__aenter__()
    harness.slack.fault("apps.connections.open", fault_injection.server_error())
    with pytest.raises(SlackError, match="internal_error"):
        await harness.mode().__aenter__()


async def test_the_ticket_of_an_address_is_kept_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = logging.getLogger("handlers.transport.socket_mode.client")
    try:
        raise OSError("no")
    except OSError as error:
        log.exception(f"Failed: 404, url='ws://slack.example/link/?ticket=s3cr3t&app_id=A1' ({error})")

    assert "ticket=…&app_id=A1" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert "Traceback" not in caplog.text
