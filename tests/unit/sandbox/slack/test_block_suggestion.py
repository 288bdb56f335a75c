"""Searching in an external_select. Facts: Slack developer documentation, block_suggestion, 2026-11."""

from typing import Any

import httpx
import pytest

from sandbox.slack import People, SlackEmulator
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import Call
from tests.unit.sandbox.slack.test_views import field, modal, opened, plain

Json = dict[str, Any]

SEARCH = {"type": "external_select", "action_id": "pick", "min_query_length": 1}
BILLING = {"text": plain("billing"), "value": "b"}
CRM = {"text": plain("crm"), "value": "c"}


async def searching(live: Call, people: People, bot: Bot, **keys: Any) -> Json:
    """Open a form that searches; from now on the bot finds ``billing``."""
    view = await opened(live, people, bot, modal(field("where", {**SEARCH, **keys})))
    bot.says(options=[BILLING])
    return view


async def test_the_bot_is_asked_with_what_was_typed_and_where(live: Call, people: People, bot: Bot) -> None:
    view = await searching(live, people, bot)

    found = await people.suggests("engineer", action_id="pick", value="bil")

    said = bot.last.payload
    assert (found.ok, list(found.options)) == (True, [BILLING])
    assert (said["type"], said["value"], said["block_id"], said["action_id"]) == (
        "block_suggestion",
        "bil",
        "where",
        "pick",
    )
    assert said["container"] == {"type": "view", "view_id": view["id"]}
    assert (said["user"]["id"], said["view"]["id"]) == ("U0ENGINEER", view["id"])
    assert "trigger_id" not in said
    assert "response_url" not in said


async def test_only_what_was_found_or_chosen_before_can_be_sent(live: Call, people: People, bot: Bot) -> None:
    await searching(live, people, bot, initial_option=CRM)
    unseen = await people.submits("engineer", {"where": {"pick": "b"}})
    await people.suggests("engineer", action_id="pick", value="bil")
    await people.suggests("engineer", action_id="pick", value="other")
    bot.body = ""

    sent = await people.submits("engineer", {"where": {"pick": "b"}})

    assert unseen.error == "invalid_selection"
    assert sent.ok
    values = bot.last.payload["view"]["state"]["values"]
    assert values == {"where": {"pick": {"type": "external_select", "selected_option": BILLING}}}


async def test_what_the_bot_chose_already_can_be_left_as_it_is(live: Call, people: People, bot: Bot) -> None:
    await searching(live, people, bot, initial_option=CRM)
    bot.body = ""

    assert (await people.submits("engineer", {"where": {"pick": "c"}})).ok


async def test_too_few_letters_and_other_elements_ask_nobody(live: Call, people: People, bot: Bot) -> None:
    await opened(live, people, bot, modal(field("where", SEARCH), field("why")))
    heard = len(bot.heard)

    assert (await people.suggests("engineer", action_id="pick", value="")).error == "query_too_short"
    assert (await people.suggests("engineer", action_id="a", value="x")).error == "action_not_searchable"
    assert len(bot.heard) == heard


MANY = [{"text": plain("x"), "value": str(number)} for number in range(101)]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"options": "all"},
        {"options": MANY},
        {"options": [{"text": plain("x" * 76), "value": "x"}]},
        {"options": [{"text": plain("x"), "value": "x" * 151}]},
        {"options": [{"text": "x", "value": "x"}]},
    ],
    ids=["nothing", "no list", "too many", "long text", "long value", "bare text"],
)
async def test_an_answer_that_slack_would_not_take_finds_nothing(
    answer: Json, live: Call, people: People, bot: Bot
) -> None:
    await searching(live, people, bot)
    bot.says(**answer)

    found = await people.suggests("engineer", action_id="pick", value="bil")

    assert (found.ok, found.error, list(found.options)) == (False, "invalid_options", [])


async def test_the_page_asks_by_the_door(
    live: Call, slack: SlackEmulator, people: People, bot: Bot, url: str
) -> None:
    view = await searching(live, people, bot)
    body = {"as": "U0ENGINEER", "view_id": view["id"], "block_id": "where", "action_id": "pick"}
    async with httpx.AsyncClient(base_url=url, timeout=30) as page:
        found = (await page.post("/_emulator/suggest", json={**body, "value": "bil"})).json()
        refused = await page.post("/_emulator/suggest", json={**body, "value": ""})

    assert found["ok"]
    assert found["options"] == [BILLING]
    assert (refused.status_code, refused.json()["error"]) == (400, "query_too_short")
