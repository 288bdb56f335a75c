"""Failures on demand and rate limits. Facts: Slack developer documentation, rate limits, 2026-11."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import async_default_handlers
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Behavior, People, SlackEmulator
from sandbox.slack import fault_injection as faults
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN, Call


async def test_a_rate_limit_is_a_429_with_seconds_to_wait(web: AsyncWebClient, slack: SlackEmulator) -> None:
    slack.fault("chat.postMessage", faults.ratelimited(12))

    with pytest.raises(SlackApiError) as refused:
        await web.chat_postMessage(channel="C0GENERAL", text="x")

    response = refused.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert response.headers["Retry-After"] == "12"
    assert (await web.chat_postMessage(channel="C0GENERAL", text="x"))["ok"]


async def test_a_lost_answer_means_that_it_was_done(web: AsyncWebClient, slack: SlackEmulator) -> None:
    slack.fault("chat.postMessage", faults.lost_answer())

    with pytest.raises(aiohttp.ClientConnectionError):
        await web.chat_postMessage(channel="C0GENERAL", text="x")

    assert [one["text"] for one in slack.messages("#general", "lead")] == ["x"]


async def test_the_vendors_default_retry_posts_twice_after_a_lost_answer(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    # chat.postMessage has no idempotency key, and the client's default handler repeats a broken connection.
    web.retry_handlers = async_default_handlers()
    slack.fault("chat.postMessage", faults.lost_answer())

    await web.chat_postMessage(channel="C0GENERAL", text="x")

    assert len(slack.messages("#general", "lead")) == 2


async def test_a_cut_before_means_that_nothing_was_done(web: AsyncWebClient, slack: SlackEmulator) -> None:
    slack.fault("chat.*", faults.cut_before())

    with pytest.raises(aiohttp.ClientConnectionError):
        await web.chat_postMessage(channel="C0GENERAL", text="x")

    assert slack.messages("#general", "lead") == []


async def test_a_slow_answer_comes_after_the_work_is_done(web: AsyncWebClient, slack: SlackEmulator) -> None:
    slack.fault("chat.postMessage", faults.slow(0.3))
    started = time.monotonic()

    posting = asyncio.create_task(web.chat_postMessage(channel="C0GENERAL", text="x"))
    await asyncio.sleep(0.15)
    done, answered = len(slack.messages("#general", "lead")), posting.done()
    await posting

    assert (done, answered) == (1, False)
    assert time.monotonic() - started >= 0.3


def test_faults_happen_as_often_as_said_and_can_be_cleared(call: Call) -> None:
    call.slack.fault("*", faults.error("internal_error", times=2))
    call.slack.fault("auth.test", faults.server_error(503, times=None))

    first = [call.slack.call("auth.test", {}, TOKEN, now=call.now) for _ in range(4)]
    call.slack.clear_faults()

    assert [(one.status, one.body["error"]) for one in first] == [
        (200, "internal_error"),
        (200, "internal_error"),
        (503, "internal_error"),
        (503, "internal_error"),
    ]
    assert call("auth.test")["ok"]


async def test_while_slack_is_down_nothing_of_it_answers(
    web: AsyncWebClient, slack: SlackEmulator, people: People, bot: Bot, live: Call
) -> None:
    # "service_unavailable: The service is temporarily unavailable", an error of every method.
    await people.types("engineer", "/pgaccess")
    secret = bot.last.fields["response_url"].rpartition("/")[2]
    slack.fault("*", faults.down())

    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await web.chat_postMessage(channel="C0GENERAL", text="x")
        assert refused.value.response.status_code == 503
    late = slack.respond(secret, {"text": "x"}, now=live.now)
    slack.clear_faults()

    assert (late.status, slack.ephemerals("engineer")) == (503, [])
    assert (await web.chat_postMessage(channel="C0GENERAL", text="x"))["ok"]
    assert slack.respond(secret, {"text": "x"}, now=live.now).ok


def limited(**chosen: Any) -> Call:
    behavior = Behavior(limits=True, **chosen)
    return Call(SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, app_token="xapp-x", behavior=behavior))


def test_messages_are_limited_to_about_one_a_second_per_channel() -> None:
    call = limited()

    def post(channel: str) -> object:
        return call("chat.postMessage", channel=channel, text="x").get("error", "ok")

    assert [post("C0GENERAL") for _ in range(5)] == ["ok"] * 4 + ["ratelimited"]
    assert post("C0APPROVALS") == "ok"
    call.now += timedelta(seconds=1)
    assert post("C0GENERAL") == "ok"


def test_messages_are_limited_in_the_whole_workspace_too() -> None:
    # "while also maintaining a workspace-wide limit", several hundred messages a minute.
    call = limited(posts_a_minute=3)

    channels = ("C0GENERAL", "C0APPROVALS", "U0LEAD", "U0LEAD2")
    answers = [
        call.slack.call("chat.postMessage", {"channel": one, "text": "x"}, TOKEN, now=call.now)
        for one in channels
    ]

    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert answers[3].headers["Retry-After"] == "20"


def test_what_is_refused_counts_nowhere() -> None:
    call = limited(posts_a_minute=5)
    refused = [call("chat.postMessage", channel="C0GENERAL", text="x").get("error") for _ in range(9)]

    other = call("chat.postMessage", channel="C0APPROVALS", text="x")

    assert refused == [None] * 4 + ["ratelimited"] * 5
    assert other["ok"]


def test_a_method_of_tier_1_takes_a_small_burst_and_then_one_call_a_minute() -> None:
    # "1+ per minute … A small amount of burst behavior is tolerated."
    call = limited(tier_1_burst=2)

    def asked() -> int:
        return call.slack.call("apps.connections.open", {}, "xapp-x", now=call.now).status

    first = [asked() for _ in range(3)]
    call.now += timedelta(seconds=60)

    assert (first, asked(), asked()) == ([200, 200, 429], 200, 429)


@pytest.mark.parametrize("method", ["auth.test", "chat.getPermalink"])
def test_some_methods_take_hundreds_of_calls_a_minute(method: str) -> None:
    call = limited()

    answers = [call.slack.call(method, {}, TOKEN, now=call.now).status for _ in range(301)]

    assert answers == [200] * 300 + [429]


def test_a_method_is_limited_by_its_tier() -> None:
    # users.list is tier 2: 20 calls a minute.
    call = limited()

    answers = [call.slack.call("users.list", {}, TOKEN, now=call.now) for _ in range(21)]

    assert [one.status for one in answers] == [200] * 20 + [429]
    assert answers[20].headers["Retry-After"] == "3"


def test_nothing_is_limited_unless_it_is_switched_on(call: Call) -> None:
    assert all(call("chat.postMessage", channel="C0GENERAL", text="x")["ok"] for _ in range(50))
