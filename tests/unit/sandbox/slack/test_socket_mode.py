"""Socket Mode, with the vendor's own own client and with aiohttp's WebSocket client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Protocol

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.http_server import MESSAGE_BYTES, listening, serving
from sandbox.slack import Behavior, People, SlackEmulator
from sandbox.slack.server import app
from sandbox.slack.socket_mode.connections import MAX_CONNECTIONS
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN, Call

APP_TOKEN = "xapp-emulated"
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
CARD = [{"type": "actions", "block_id": "b", "elements": [BUTTON]}]


@pytest.fixture
def behavior() -> Behavior:
    return Behavior(ack_seconds=1.0, event_retry_after=(0.0,))


@pytest.fixture
def slack(behavior: Behavior) -> SlackEmulator:
    return SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, app_token=APP_TOKEN, behavior=behavior)


@pytest.fixture
async def url(slack: SlackEmulator, people: People) -> AsyncIterator[str]:
    """Where the emulated Slack answers, sockets included."""
    async with listening() as (opened, slack.base_url), serving(app(slack, people), opened):
        yield slack.base_url


class Closing(Protocol):
    """The vendor's client closes without a type."""

    async def close(self) -> None: ...


class Listener:
    """A bot in Socket Mode: keeps every envelope, and acknowledges with `payload` unless it is `silent`."""

    def __init__(self, url: str) -> None:
        self.heard: list[SocketModeRequest] = []
        self.payload: dict[str, Any] | None = None
        self.silent = False
        self.client = SocketModeClient(
            app_token=APP_TOKEN, web_client=AsyncWebClient(base_url=f"{url}/api/"), ping_interval=1
        )
        self.client.socket_mode_request_listeners.append(self.hear)

    async def hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.heard.append(request)
        if not self.silent:
            answer = SocketModeResponse(envelope_id=request.envelope_id, payload=self.payload)
            await client.send_socket_mode_response(answer)


@pytest.fixture
async def listener(url: str, people: People) -> AsyncIterator[Listener]:
    async with connected(url, people) as one:
        yield one


@contextlib.asynccontextmanager
async def connected(url: str, people: People) -> AsyncIterator[Listener]:
    one, before = Listener(url), people.sockets.connected
    await one.client.connect_to_new_endpoint()
    await until(people, before + 1)
    try:
        yield one
    finally:
        client: Closing = one.client
        await client.close()


async def until(people: People, connections: int) -> None:
    """Wait until so many connections take deliveries."""
    for _ in range(400):
        if people.sockets.connected == connections:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{people.sockets.connected} connections, not {connections}")


# --- the token and the ticket -----------------------------------------------------------------------


async def test_an_address_is_given_for_the_apps_token_only(url: str) -> None:
    web = AsyncWebClient(base_url=f"{url}/api/", retry_handlers=[])

    given = await web.apps_connections_open(app_token=APP_TOKEN)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await web.apps_connections_open(app_token=TOKEN)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await web.api_call("chat.postMessage", headers={"Authorization": f"Bearer {APP_TOKEN}"})
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await web.apps_connections_open(app_token="xapp-other")

    assert given["url"].startswith(url.replace("http", "ws") + "/link/?ticket=")


async def test_an_app_without_a_token_has_no_socket_mode(people: People) -> None:
    slack = SlackEmulator(bot_token=TOKEN, signing_secret=SECRET)
    assert Call(slack)("apps.connections.open")["error"] == "not_allowed_token_type"


async def test_an_address_is_good_for_one_connection(url: str, slack: SlackEmulator, live: Call) -> None:
    ticket = slack.rights.ticket(now=live.now)
    address = f"{url.replace('http', 'ws')}/link/?ticket={ticket}"
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(address) as first:
            assert (await first.receive_json())["type"] == "hello"
        for refused in (
            address,
            url.replace("http", "ws") + "/link/",
            address.replace("ticket=", "ticket=x"),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(refused)


# --- what travels -----------------------------------------------------------------------------------


async def test_a_command_travels_through_the_socket_and_its_answer_back(
    listener: Listener, people: People, bot: Bot, slack: SlackEmulator
) -> None:
    listener.payload = {"text": "Here you are."}

    outcome = await people.types("engineer", "/pgaccess list")

    (heard,) = listener.heard
    assert outcome.ok
    assert (heard.type, heard.accepts_response_payload) == ("slash_commands", True)
    assert (heard.payload["command"], heard.payload["text"]) == ("/pgaccess", "list")
    assert [one["text"] for one in slack.ephemerals("engineer")] == ["Here you are."]
    assert bot.heard == []


async def test_a_click_travels_as_an_interaction_whose_answer_is_not_observed_at(
    listener: Listener, people: People, live: Call
) -> None:
    ts = str(live("chat.postMessage", channel="C0APPROVALS", text="card", blocks=CARD)["ts"])
    listener.payload = {"text": "not looked at"}

    outcome = await people.clicks("lead", channel="C0APPROVALS", ts=ts, action_id="go")

    (heard,) = listener.heard
    assert (outcome.ok, outcome.body) == (True, b"")
    assert (heard.type, heard.accepts_response_payload) == ("interactive", False)
    assert heard.payload["type"] == "block_actions"


async def test_an_event_travels_and_is_sent_again_until_it_is_acknowledged(
    listener: Listener, people: People
) -> None:
    listener.silent = True

    outcome = await people.opens_home("lead")

    first, second = listener.heard
    assert not outcome.ok
    assert {one.type for one in listener.heard} == {"events_api"}
    assert first.payload["event_id"] == second.payload["event_id"]
    assert (first.retry_attempt, second.retry_attempt, second.retry_reason) == (0, 1, "timeout")


async def test_whoever_does_not_acknowledge_in_time_is_told_so_in_slack(
    listener: Listener, people: People, slack: SlackEmulator
) -> None:
    listener.silent = True

    outcome = await people.types("engineer", "/pgaccess list")
    await people.aclose()

    assert outcome.error == "operation_timeout"
    assert "operation_timeout" in slack.ephemerals("engineer")[-1]["text"]


async def test_without_a_connection_everything_travels_by_http(url: str, people: People, bot: Bot) -> None:
    async with connected(url, people):
        pass
    await until(people, 0)

    assert (await people.types("engineer", "/pgaccess list")).ok
    assert bot.last.fields["text"] == "list"


async def test_an_app_that_has_socket_mode_only_hears_nothing_while_it_is_not_connected(
    slack: SlackEmulator, people: People, bot: Bot
) -> None:
    # An app in Socket Mode has no request URL: what it misses comes again, at once and after 1 and 5 minutes.
    slack.behavior = replace(slack.behavior, socket_only=True)

    typed = await people.types("engineer", "/pgaccess list")
    event = await people.opens_home("engineer")

    assert (typed.error, event.reason, bot.heard) == ("dispatch_failed", "connection_failed", [])


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_the_end_of_a_connection_is_announced_with_its_reason(
    url: str, slack: SlackEmulator, people: People, live: Call, reason: str
) -> None:
    # Using Socket Mode, disconnect messages: these three reasons, and too_many_websockets.
    ticket = slack.rights.ticket(now=live.now)
    async with aiohttp.ClientSession() as session:
        link = await session.ws_connect(f"{url.replace('http', 'ws')}/link/?ticket={ticket}")
        hello = await link.receive_json()
        await people.sockets.refresh(reason)
        said = await link.receive_json()

    assert (hello["type"], hello["connection_info"]["app_id"]) == ("hello", "A0PGACCESS")
    assert (said["type"], said["reason"]) == ("disconnect", reason)


async def test_two_connections_share_what_comes(listener: Listener, url: str, people: People) -> None:
    async with connected(url, people) as other:
        for _ in range(4):
            assert (await people.types("engineer", "/pgaccess list")).ok

    assert (len(listener.heard), len(other.heard)) == (2, 2)


async def test_one_connection_more_than_ten_is_sent_away(url: str, slack: SlackEmulator, live: Call) -> None:
    async with aiohttp.ClientSession() as session, contextlib.AsyncExitStack() as stack:
        for number in range(MAX_CONNECTIONS + 1):
            ticket = slack.rights.ticket(now=live.now)
            link = await stack.enter_async_context(
                session.ws_connect(f"{url.replace('http', 'ws')}/link/?ticket={ticket}")
            )
            said = await link.receive_json()
            assert said["type"] == ("hello" if number < MAX_CONNECTIONS else "disconnect")
    assert said["reason"] == "too_many_websockets"


# --- how a connection ends ---------------------------------------------------------------------------


async def test_a_refresh_makes_the_client_come_back_by_itself(listener: Listener, people: People) -> None:
    assert await people.sockets.refresh() == 1
    await until(people, 1)

    assert (await people.types("engineer", "/pgaccess list")).ok


async def test_a_cut_connection_takes_nothing_any_more(listener: Listener, people: People) -> None:
    listener.client.auto_reconnect_enabled = False

    assert people.sockets.cut() == 1
    await until(people, 0)


async def test_large_messages_and_broken_frames_are_told_apart(
    url: str, slack: SlackEmulator, people: People, live: Call
) -> None:
    address = f"{url.replace('http', 'ws')}/link/?ticket={slack.rights.ticket(now=live.now)}"
    async with aiohttp.ClientSession() as session, session.ws_connect(address, autoping=False) as link:
        await link.receive_json()
        await link.send_str(json.dumps({"envelope_id": "unknown", "payload": "x" * 70_000}))
        await link.send_str("not JSON")
        await link.ping(b"still there?")
        assert (await link.receive()).data == b"still there?"
        await link.send_str("x" * (MESSAGE_BYTES + 1))
        assert (await link.receive()).type is aiohttp.WSMsgType.CLOSE
    assert link.close_code == 1009
