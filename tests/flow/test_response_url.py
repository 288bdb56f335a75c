"""Answers go to Slack's hosts only, whatever address a payload names, and follow no redirect."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.errors import SlackError
from bot.ports import Message
from bot.slack import SlackClient
from handlers.transport.request_verification import sign
from sandbox.environment import SIGNING_SECRET
from sandbox.http_server import listening, serving
from tests.flow.actions import Acts

ANSWER = Message(text="hello", blocks=())


@dataclass
class Host:
    """A host that keeps what it was asked for."""

    url: str
    calls: list[str] = field(default_factory=list)
    redirect: str = ""

    async def answer(self, request: Request) -> Response:
        self.calls.append(request.url.path)
        return RedirectResponse(self.redirect, 307) if self.redirect else Response("ok")


@pytest.fixture
async def hosts() -> AsyncIterator[tuple[Host, Host]]:
    async with listening() as (one, first), listening() as (other, second):
        here, elsewhere = Host(first), Host(second)
        async with serving(app(here), one), serving(app(elsewhere), other):
            yield here, elsewhere


def app(host: Host) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", host.answer, methods=["GET", "POST"])])


async def test_the_configured_host_is_called_and_another_one_is_not(hosts: tuple[Host, Host]) -> None:
    here, elsewhere = hosts
    async with SlackClient(token="xoxb-none", url=f"{here.url}/api/") as slack:
        await slack.respond(f"{here.url}/respond/secret", ANSWER)
        for url in (
            f"{elsewhere.url}/respond/secret",
            "https://hooks.slack.com@127.0.0.1/secret",
            "nonsense",
        ):
            with pytest.raises(SlackError) as caught:
                await slack.respond(url, ANSWER)
            assert (caught.value.code, "secret" in str(caught.value)) == ("response_url_not_slack", False)
    assert (here.calls, elsewhere.calls) == (["/respond/secret"], [])


@pytest.mark.parametrize("same", [True, False])
async def test_a_redirect_is_not_followed(hosts: tuple[Host, Host], same: bool) -> None:
    here, elsewhere = hosts
    here.redirect = f"{(here if same else elsewhere).url}/stolen"
    async with SlackClient(token="xoxb-none", url=f"{here.url}/api/") as slack:
        with pytest.raises(SlackError, match="307"):
            await slack.respond(f"{here.url}/respond/secret", ANSWER)
    assert (here.calls, elsewhere.calls) == (["/respond/secret"], [])


async def test_a_signed_click_with_the_address_of_another_host_is_acted_on_and_not_answered_there(
    acts: Acts, hosts: tuple[Host, Host]
) -> None:
    _, elsewhere = hosts
    await acts.ask()
    click = {
        "type": "block_actions",
        "team": {"id": "T0ACME"},
        "user": {"id": "U0LEAD", "team_id": "T0ACME"},
        "trigger_id": "1.2.3",
        "response_url": f"{elsewhere.url}/respond/s3cret-part",
        "container": {"type": "message", "message_ts": "1.2"},
        "actions": [{"action_id": "request.details", "block_id": "b", "value": "1.1", "action_ts": "1.2"}],
    }
    body, stamp = urlencode({"payload": json.dumps(click)}).encode(), b"%d" % time.time()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp.decode(),
        "x-slack-signature": sign(SIGNING_SECRET.encode(), stamp, body).decode(),
    }
    with capture_logs() as lines:
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"{acts.environment.bot_url}/slack/events"
            answer = await client.post(url, content=body, headers=headers)
    assert answer.status_code == 200
    assert elsewhere.calls == []
    assert "response_url_not_slack" in [line.get("code") for line in lines]
    assert "s3cret-part" not in str(lines)
