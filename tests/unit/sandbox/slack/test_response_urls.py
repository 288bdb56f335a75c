"""Posts to a response_url. Facts: Slack developer documentation, handling user interaction, 2026-11."""

from datetime import timedelta
from typing import Any

import httpx

from sandbox.slack import People, SlackEmulator
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import Call

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
BLOCKS = [{"type": "actions", "elements": [BUTTON]}]


async def secret_of_command(people: People, bot: Bot) -> str:
    await people.types("engineer", "/pgaccess list")
    return bot.last.fields["response_url"].rpartition("/")[2]


async def secret_of_click(people: People, bot: Bot, ts: object, channel: str = "#general") -> str:
    await people.clicks("engineer", channel=channel, ts=str(ts), action_id="go")
    return str(bot.last.payload["response_url"]).rpartition("/")[2]


async def test_an_answer_is_for_the_person_unless_it_says_otherwise(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    secret = await secret_of_command(people, bot)

    slack.respond(secret, {"text": "for you"}, now=live.now)
    slack.respond(secret, {"text": "for all", "response_type": "in_channel"}, now=live.now)

    assert [one["text"] for one in slack.messages("#general", "engineer")] == ["for you", "for all"]
    assert [one["text"] for one in slack.messages("#general", "lead")] == ["for all"]


async def test_it_takes_five_posts(live: Call, slack: SlackEmulator, people: People, bot: Bot) -> None:
    secret = await secret_of_command(people, bot)

    answers = [slack.respond(secret, {"text": "x"}, now=live.now) for _ in range(6)]

    assert [one.status for one in answers] == [200] * 5 + [404]
    assert answers[5].body == {"ok": False, "error": "used_url"}


async def test_it_lives_thirty_minutes(live: Call, slack: SlackEmulator, people: People, bot: Bot) -> None:
    secret = await secret_of_command(people, bot)

    answer = slack.respond(secret, {"text": "x"}, now=live.now + timedelta(minutes=31))

    assert (answer.status, answer.body["error"]) == (404, "expired_url")
    assert slack.respond("guessed", {"text": "x"}, now=live.now).status == 404


async def test_it_replaces_the_message_that_was_clicked_in(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    ts = live("chat.postEphemeral", channel="C0GENERAL", user="U0ENGINEER", text="x", blocks=BLOCKS)[
        "message_ts"
    ]
    secret = await secret_of_click(people, bot, ts)

    slack.respond(secret, {"replace_original": True, "text": "done"}, now=live.now)

    kept = slack.ephemerals("engineer")
    assert [(one["ts"], one["text"], one["blocks"], one["edited"]) for one in kept] == [
        (ts, "done", [], True)
    ]


async def test_it_deletes_the_message_that_was_clicked_in(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    ts = live("chat.postMessage", channel="C0GENERAL", text="x", blocks=BLOCKS)["ts"]
    secret = await secret_of_click(people, bot, ts)

    slack.respond(secret, {"delete_original": True}, now=live.now)

    assert slack.messages("#general", "lead") == []


async def test_what_is_refused_is_explained(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    secret = await secret_of_command(people, bot)
    long = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}] * 5
    bodies: list[Any] = [{"blocks": [{"type": "section"}]}, {}, "x", {"text": "x", "blocks": long}]

    answers = [slack.respond(secret, body, now=live.now) for body in bodies]

    # The limit on all blocks together does not hold for response urls (measured by users, public tracker).
    assert [one.body.get("error", "ok") for one in answers] == [
        "invalid_blocks",
        "no_text",
        "invalid_payload",
        "ok",
    ]


async def test_it_is_reached_over_http(url: str, slack: SlackEmulator, people: People, bot: Bot) -> None:
    await people.types("engineer", "/pgaccess list")
    async with httpx.AsyncClient() as client:
        answer = await client.post(bot.last.fields["response_url"], json={"text": "hello"})
        nonsense = await client.post(bot.last.fields["response_url"], content=b"{")

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert nonsense.status_code == 400
    assert [one["text"] for one in slack.ephemerals("engineer")] == ["hello"]


async def test_a_command_has_nothing_to_replace_unless_it_is_switched_on(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    for replaces, said in ((False, ["first", "second"]), (True, ["second"])):
        slack.set_behavior(command_replaces=replaces)
        before = len(slack.ephemerals("engineer"))
        secret = await secret_of_command(people, bot)
        slack.respond(secret, {"text": "first"}, now=live.now)
        slack.respond(secret, {"replace_original": True, "text": "second"}, now=live.now)
        assert [one["text"] for one in slack.ephemerals("engineer")][before:] == said


async def test_a_press_tells_of_what_was_on_the_screen_also_when_it_was_redrawn_meanwhile(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    old = {"type": "actions", "block_id": "choice", "elements": [{**BUTTON, "value": "1"}]}
    ts = live("chat.postMessage", channel="C0GENERAL", text="x", blocks=[old])["ts"]
    live("chat.update", channel="C0GENERAL", ts=ts, text="decided", blocks=[])
    where = {"channel": "#general", "ts": str(ts), "action_id": "go"}

    pressed = await people.clicks("engineer", block_id="choice", **where)

    assert pressed.ok
    action = bot.last.payload["actions"][0]
    assert (action["block_id"], action["value"]) == ("choice", "1")
    assert bot.last.payload["message"]["text"] == "decided"
    for nobody_saw in ({"block_id": "other"}, {}):
        assert (await people.clicks("engineer", **where, **nobody_saw)).error == "action_not_found"
