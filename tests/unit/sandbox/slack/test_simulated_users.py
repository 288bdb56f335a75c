"""Commands, clicks and events as the bot hears them, and what people see of its answers.

Facts: Slack developer documentation, slash commands, block_actions, verifying requests, Events API, 2026-11.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.slack import Behavior, People, SlackEmulator
from sandbox.slack.delivery import sign
from sandbox.slack.delivery_transport import Delivered, Undeliverable, over
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import NOW, SECRET, TOKEN, Call

Json = dict[str, Any]


def card(*elements: Json) -> list[Json]:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "style": "primary"}
    buttons = [{**button, "action_id": "approve", "value": "r1"}, *elements]
    return [{"type": "actions", "block_id": "decide", "elements": buttons}]


def posted(call: Call, **more: Any) -> str:
    """Post a card into #approvals and return its timestamp."""
    answer = call("chat.postMessage", channel="C0APPROVALS", text="card", blocks=card(), **more)
    return str(answer["ts"])


async def test_a_command_arrives_with_every_field(people: People, bot: Bot, slack: SlackEmulator) -> None:
    slack.base_url = "http://127.0.0.1:9"

    outcome = await people.types("engineer", "/pgaccess mtls add 203.0.113.4", channel="#approvals")

    fields = bot.last.fields
    assert outcome.ok
    assert {name: fields[name] for name in fields if name not in ("trigger_id", "response_url", "token")} == {
        "team_id": "T0ACME",
        "team_domain": "acme",
        "channel_id": "C0APPROVALS",
        "channel_name": "approvals",
        "user_id": "U0ENGINEER",
        "user_name": "engineer",
        "command": "/pgaccess",
        "text": "mtls add 203.0.113.4",
        "api_app_id": "A0PGACCESS",
        "is_enterprise_install": "false",
    }
    assert fields["response_url"].startswith("http://127.0.0.1:9/respond/")


async def test_a_command_in_direct_messages_names_the_channel_as_slack_does(people: People, bot: Bot) -> None:
    await people.types("engineer", "/pgaccess", channel="@pgaccess")

    assert bot.last.fields["channel_name"] == "directmessage"
    assert bot.last.fields["channel_id"] == "D0ENGINEER"


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("ask @lead in #approvals", "ask <@U0LEAD> in <#C0APPROVALS>"),
        ("ask @leads", "ask <!subteam^S0LEADS>"),
        ("see https://example.com/x?a=1&b=2", "see <https://example.com/x?a=1&amp;b=2>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("@nobody #nowhere me@lead", "@nobody #nowhere me@lead"),
    ],
)
async def test_mentions_channels_and_links_are_escaped(
    people: People, bot: Bot, typed: str, arrives: str
) -> None:
    # should_escape: names that exist become ids, everything else stays text.
    await people.types("engineer", f"/pgaccess {typed}")

    assert bot.last.fields["text"] == arrives


async def test_every_delivery_is_signed_in_real_time(people: People, bot: Bot, call: Call) -> None:
    ts = posted(call)
    await people.types("lead", "/pgaccess")
    await people.clicks("lead", channel="#approvals", ts=ts, action_id="approve")
    await people.opens_home("lead")

    verifier = SignatureVerifier(SECRET)
    assert [verifier.is_valid_request(one.body, one.headers) for one in bot.heard] == [True] * 3
    assert abs(int(bot.last.headers["x-slack-request-timestamp"]) - time.time()) < 5
    assert not SignatureVerifier("another").is_valid_request(bot.last.body, bot.last.headers)


def test_a_signature_is_the_one_of_the_documentation() -> None:
    # The worked example of "verifying requests": version, timestamp and raw body, joined by colons.
    assert sign(b"a=b", "secret", now=NOW) == {
        "X-Slack-Request-Timestamp": "1795510800",
        "X-Slack-Signature": SignatureVerifier("secret").generate_signature(
            timestamp="1795510800", body="a=b"
        ),
    }


async def test_the_answer_to_a_command_is_seen_by_one_person(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    bot.body = "Recorded."
    await people.types("engineer", "/pgaccess list")

    assert [(one["text"], one["ephemeral"]) for one in slack.messages("#general", "engineer")] == [
        ("Recorded.", True)
    ]
    assert slack.messages("#general", "lead") == []


async def test_the_answer_to_a_command_can_be_for_all(people: People, bot: Bot, slack: SlackEmulator) -> None:
    bot.says(response_type="in_channel", text="Hello", blocks=[{"type": "divider"}])
    await people.types("engineer", "/pgaccess list")

    assert [one["text"] for one in slack.messages("#general", "lead")] == ["Hello"]


@pytest.mark.parametrize(
    ("change", "error"),
    [({"status": 500}, "dispatch_failed"), ({"status": 404}, "dispatch_failed")],
)
async def test_a_failed_command_is_told_to_the_person(
    people: People, bot: Bot, slack: SlackEmulator, change: dict[str, Any], error: str
) -> None:
    bot.status = change["status"]

    outcome = await people.types("engineer", "/pgaccess list")

    assert (outcome.ok, outcome.status, outcome.error) == (False, change["status"], error)
    assert [one["text"] for one in slack.ephemerals("engineer")] == [
        f'/pgaccess failed with the error "{error}"'
    ]


async def test_invalid_blocks_in_an_answer_are_a_failure(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    bot.says(text="x", blocks=[{"type": "section"}])

    outcome = await people.types("engineer", "/pgaccess list")

    assert outcome.error == "invalid_blocks"
    assert len(slack.ephemerals("engineer")) == 1


async def test_a_bot_that_is_not_there_is_a_failure(slack: SlackEmulator) -> None:
    async with httpx.AsyncClient() as client:
        people = People(slack, deliver=over(client), bot_url="http://127.0.0.1:1")
        outcome = await people.types("engineer", "/pgaccess list")

    assert (outcome.status, outcome.error) == (0, "dispatch_failed")


async def test_a_click_carries_the_message_its_metadata_and_the_value(
    people: People, bot: Bot, call: Call
) -> None:
    metadata = {"event_type": "card", "event_payload": {"request": "r1"}}
    ts = posted(call, metadata=metadata)

    outcome = await people.clicks("lead", channel="#approvals", ts=ts, action_id="approve")

    said = bot.last.payload
    assert outcome.ok
    assert said["type"] == "block_actions"
    assert said["user"] == {"id": "U0LEAD", "username": "lead", "name": "lead", "team_id": "T0ACME"}
    assert said["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0APPROVALS",
        "is_ephemeral": False,
    }
    assert said["message"]["metadata"] == metadata
    assert said["message"]["blocks"][0]["block_id"] == "decide"
    action = said["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "decide", "r1")
    assert float(action["action_ts"]) > float(ts)
    assert said["trigger_id"]
    assert said["response_url"]


async def test_a_click_in_an_ephemeral_message_does_not_repeat_the_message(
    people: People, bot: Bot, call: Call
) -> None:
    answer = call("chat.postEphemeral", channel="C0GENERAL", user="U0LEAD", text="x", blocks=card())
    ts = str(answer["message_ts"])

    await people.clicks("lead", channel="#general", ts=ts, action_id="approve")
    other = await people.clicks("engineer", channel="#general", ts=ts, action_id="approve")

    assert bot.last.payload["container"]["is_ephemeral"] is True
    assert "message" not in bot.last.payload
    assert other.error == "message_not_found"


async def test_a_choice_in_a_message_is_in_its_state(people: People, bot: Bot, call: Call) -> None:
    options = [{"text": {"type": "plain_text", "text": one}, "value": one} for one in ("1h", "8h")]
    blocks = card({"type": "static_select", "action_id": "hours", "options": options})
    ts = str(call("chat.postMessage", channel="C0APPROVALS", text="x", blocks=blocks)["ts"])

    await people.clicks("lead", channel="#approvals", ts=ts, action_id="hours", selected="8h")
    chosen = bot.last.payload["actions"][0]["selected_option"]
    await people.clicks("lead", channel="#approvals", ts=ts, action_id="approve")

    assert chosen == options[1]
    assert bot.last.payload["state"]["values"]["decide"]["hours"]["selected_option"] == options[1]
    wrong = await people.clicks("lead", channel="#approvals", ts=ts, action_id="hours", selected="9h")
    assert wrong.error == "invalid_selection"


IMPOSSIBLE: dict[str, tuple[str, str, str]] = {
    "in a channel one is not in": ("engineer", "#operations", "channel_not_found"),
    "in a channel that is not there": ("engineer", "#nowhere", "channel_not_found"),
    "as nobody": ("nobody", "#general", "user_not_found"),
    "another command": ("engineer", "/other", "unknown_command"),
}


@pytest.mark.parametrize(("person", "place", "error"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
async def test_what_slack_makes_impossible_reaches_no_bot(
    people: People, bot: Bot, person: str, place: str, error: str
) -> None:
    line, channel = (place, "#general") if place.startswith("/") else ("/pgaccess", place)

    outcome = await people.types(person, line, channel=channel)

    assert (outcome.error, bot.heard) == (error, [])


async def test_the_very_same_signed_bytes_can_be_sent_again(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    bot.body = "Recorded."
    first = await people.types("engineer", "/pgaccess list")
    assert first.delivery is not None

    await people.replays(first.delivery)

    assert bot.heard[0].body == bot.heard[1].body
    assert bot.heard[0].headers["x-slack-signature"] == bot.heard[1].headers["x-slack-signature"]
    assert len(slack.ephemerals("engineer")) == 1  # what is answered to a replay is seen by nobody


async def test_a_deactivated_account_leaves_its_groups_and_cannot_act(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    outcome = await people.deactivates("lead-2")

    event = bot.last.payload["event"]
    assert outcome.ok
    assert (event["type"], event["user"]["id"], event["user"]["deleted"]) == ("user_change", "U0LEAD2", True)
    assert slack.world.groups["S0LEADS"].users == ("U0LEAD",)
    assert (await people.types("lead-2", "/pgaccess")).error == "account_inactive"


async def test_an_event_comes_in_its_envelope(people: People, bot: Bot) -> None:
    await people.opens_home("engineer")

    said = bot.last.payload
    assert said["type"] == "event_callback"
    assert said["event_id"].startswith("Ev")
    assert said["event"]["channel"] == "D0ENGINEER"
    assert said["authorizations"][0]["user_id"] == "U0PGACCESS"
    assert bot.last.headers["content-type"] == "application/json"


async def test_an_event_nobody_subscribed_to_is_not_sent(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    slack.world.events = frozenset()

    assert (await people.opens_home("engineer")).ok
    assert bot.heard == []


async def test_an_event_is_sent_again_until_it_is_taken(people: People, bot: Bot) -> None:
    bot.script = [500, 503]

    outcome = await people.opens_home("engineer")

    retries = [
        (one.headers.get("x-slack-retry-num"), one.headers.get("x-slack-retry-reason")) for one in bot.heard
    ]
    assert outcome.ok
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert len({one.payload["event_id"] for one in bot.heard}) == 1


async def test_an_event_is_given_up_after_three_more_attempts(people: People, bot: Bot) -> None:
    bot.status = 500

    outcome = await people.opens_home("engineer")

    assert (outcome.error, len(bot.heard)) == ("dispatch_failed", 4)


@pytest.mark.parametrize(
    ("redirects", "reasons"),
    [(2, [None]), (3, [None, "too_many_redirects", "too_many_redirects", "too_many_redirects"])],
)
async def test_two_redirects_are_followed_and_a_third_is_a_failure(
    slack: SlackEmulator, redirects: int, reasons: list[str | None]
) -> None:
    # Events API, retries: "too_many_redirects", beyond two.
    heard: list[str | None] = []

    async def turned(request: Request) -> Response:
        step = int(request.query_params.get("step", "0"))
        if step == 0:
            heard.append(request.headers.get("x-slack-retry-reason"))
        return Response() if step == redirects else RedirectResponse(f"/slack/events?step={step + 1}", 307)

    turning = Starlette(routes=[Route("/slack/events", turned, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(turning)) as client:
        people = People(slack, deliver=over(client), bot_url="http://bot.test")
        outcome = await people.opens_home("engineer")

    assert (outcome.ok, heard) == (redirects == 2, reasons)


async def test_a_bot_that_cannot_be_reached_is_told_so_once_it_can(slack: SlackEmulator) -> None:
    heard: list[str | None] = []

    async def deliver(_: str, __: str, headers: Mapping[str, str], ___: bytes) -> Delivered:
        heard.append(headers.get("X-Slack-Retry-Reason"))
        if len(heard) < 3:
            raise Undeliverable("nobody there")
        return Delivered(status=200)

    outcome = await People(slack, deliver=deliver, bot_url="http://bot.test").opens_home("engineer")

    assert (outcome.ok, heard) == (True, [None, "connection_failed", "connection_failed"])


async def test_a_bot_can_ask_not_to_be_told_again(people: People, bot: Bot) -> None:
    bot.status, bot.headers = 500, {"X-Slack-No-Retry": "1"}

    await people.opens_home("engineer")

    assert len(bot.heard) == 1


async def test_a_request_url_is_confirmed_when_it_repeats_the_challenge(people: People, bot: Bot) -> None:
    silent = await people.confirms_url("word")
    bot.body = "word"
    confirmed = await people.confirms_url("word")

    assert (silent.ok, silent.error, confirmed.ok) == (False, "challenge_failed", True)
    assert bot.last.payload["type"] == "url_verification"


async def test_a_shortcut_has_a_trigger_and_no_channel(people: People, bot: Bot) -> None:
    await people.shortcut("engineer", "shortcut.ask")

    said = bot.last.payload
    assert (said["type"], said["callback_id"]) == ("shortcut", "shortcut.ask")
    assert (await people.shortcut("engineer", "shortcut.other")).error == "unknown_shortcut"
    assert said["trigger_id"]
    assert not {"channel", "response_url"} & set(said)


async def test_an_ordinary_line_is_a_message_and_no_command(
    people: People, bot: Bot, slack: SlackEmulator
) -> None:
    await people.types("engineer", "good morning")

    assert bot.heard == []
    assert [one["text"] for one in slack.messages("#general", "guest")] == ["good morning"]


async def test_a_late_answer_is_a_timeout_and_the_bot_goes_on_working(bot: Bot) -> None:
    # Slack gives three seconds; here it gives a fifth of one, so that the test is quick.
    behavior = Behavior(ack_seconds=0.2, event_retry_after=())
    slack = SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, behavior=behavior)
    bot.delay, bot.body = 0.4, "too late"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bot.app())) as client:
        people = People(slack, deliver=over(client), bot_url="http://bot.test")

        outcome = await people.types("engineer", "/pgaccess list")
        event = await people.opens_home("engineer")
        await asyncio.wait_for(people.aclose(), 5)

    assert outcome.error == event.error == "operation_timeout"
    assert 200 <= outcome.ms < 400
    assert [one["text"] for one in slack.ephemerals("engineer")] == [
        '/pgaccess failed with the error "operation_timeout"'
    ]


def test_slack_waits_three_seconds() -> None:
    assert (Behavior().ack_seconds, Behavior().trigger_seconds) == (3.0, 3.0)
    assert Behavior().event_retry_after == (0.0, 60.0, 300.0)
