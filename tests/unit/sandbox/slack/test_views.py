"""Modals and home tabs. Facts: Slack developer documentation, modals and views.* methods, 2026-11."""

import json
from datetime import timedelta
from typing import Any

from sandbox.slack import People, SlackEmulator
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import Call

Json = dict[str, Any]


HOME: Json = {"type": "home", "blocks": []}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: Json | None = None, **keys: Any) -> Json:
    element = element or {"type": "plain_text_input", "action_id": "a"}
    return {"type": "input", "block_id": block_id, "label": plain("L"), "element": element, **keys}


def modal(*blocks: Json, **keys: Any) -> Json:
    inputs = list(blocks) or [field("reason")]
    return {"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": inputs, **keys}


async def trigger(people: People, bot: Bot) -> str:
    """Return a fresh trigger id, as a command gives one to the bot."""
    await people.types("engineer", "/pgaccess")
    return bot.last.fields["trigger_id"]


async def opened(call: Call, people: People, bot: Bot, view: Json | None = None) -> Json:
    """Open a modal in front of the engineer and return it."""
    answer = call("views.open", trigger_id=await trigger(people, bot), view=view or modal())
    assert answer["ok"], answer
    shown = answer["view"]
    assert isinstance(shown, dict)
    return shown


async def test_a_view_opens_in_front_of_the_one_who_acted(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    view = await opened(live, people, bot, modal(callback_id="ask", private_metadata="m"))

    assert slack.view_for("lead") is None
    front = slack.view_for("engineer")
    assert front is not None
    assert (front["id"], front["hash"], front["callback_id"]) == (view["id"], view["hash"], "ask")
    assert view["state"]["values"] == {"reason": {"a": {"type": "plain_text_input", "value": None}}}
    assert view["root_view_id"] == view["id"]


async def test_a_trigger_opens_one_view(live: Call, people: People, bot: Bot) -> None:
    name = await trigger(people, bot)
    live("views.open", trigger_id=name, view=modal())

    assert live("views.open", trigger_id=name, view=modal())["error"] == "exchanged_trigger_id"
    assert live("views.open", trigger_id="1.2.x", view=modal())["error"] == "invalid_trigger_id"


async def test_a_trigger_lives_three_seconds(live: Call, people: People, bot: Bot) -> None:
    name = await trigger(people, bot)
    live.now += timedelta(seconds=3.5)

    assert live("views.open", trigger_id=name, view=modal())["error"] == "expired_trigger_id"


async def test_a_refused_view_leaves_the_trigger_unused(live: Call, people: People, bot: Bot) -> None:
    name = await trigger(people, bot)

    refused = live("views.open", trigger_id=name, view=modal(title=plain("x" * 25)))

    assert refused["error"] == "invalid_arguments"
    assert refused["response_metadata"] == {
        "messages": ["[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"]
    }
    assert live("views.open", trigger_id=name, view=modal())["ok"]


async def test_an_update_needs_the_hash_of_what_is_shown(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    view = await opened(live, people, bot)
    changed = modal(title=plain("Two"))

    first = live("views.update", view_id=view["id"], hash=view["hash"], view=changed)
    again = live("views.update", view_id=view["id"], hash=view["hash"], view=modal())

    assert (first["ok"], again["error"]) == (True, "hash_conflict")
    front = slack.view_for("engineer")
    assert front is not None
    assert front["title"] == plain("Two")
    assert live("views.update", view_id="V0NONE", view=modal())["error"] == "not_found"


async def test_a_view_is_also_found_by_its_external_id(live: Call, people: People, bot: Bot) -> None:
    await opened(live, people, bot, modal(external_id="form-1"))

    assert live("views.update", external_id="form-1", view=modal())["ok"]


async def test_three_views_stack_and_no_more(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    more = {"type": "actions", "elements": [{"type": "button", "text": plain("+"), "action_id": "more"}]}
    await opened(live, people, bot, modal(more))
    results = []
    for _ in range(3):
        await people.clicks_in_view("engineer", action_id="more")
        name = bot.last.payload["trigger_id"]
        results.append(live("views.push", trigger_id=name, view=modal(more)).get("error", "ok"))

    assert results == ["ok", "ok", "push_limit_reached"]
    assert len(slack.workspace.stacks["U0ENGINEER"]) == 3


async def test_a_push_needs_a_trigger_from_inside_a_view(live: Call, people: People, bot: Bot) -> None:
    await opened(live, people, bot)

    assert live("views.push", trigger_id=await trigger(people, bot), view=modal())["error"] == "not_found"


async def test_what_was_typed_stays_when_the_view_is_updated(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    options = [{"text": plain(one), "value": one} for one in ("a", "b")]
    choice = {"type": "static_select", "action_id": "pick", "options": options}
    chosen = {"type": "section", "block_id": "s", "text": plain("x"), "accessory": choice}
    view = await opened(live, people, bot, modal(chosen))
    await people.clicks_in_view("engineer", action_id="pick", selected="b")

    live("views.update", view_id=view["id"], view=modal(chosen, field("reason")))
    await people.submits("engineer", {"reason": {"a": "because"}})

    values = bot.last.payload["view"]["state"]["values"]
    assert values["s"]["pick"] == {"type": "static_select", "selected_option": options[1]}
    assert values["reason"]["a"] == {"type": "plain_text_input", "value": "because"}


def test_a_home_tab_is_published_for_one_person(call: Call) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}

    first = call("views.publish", user_id="U0LEAD", view=home)
    stale = call("views.publish", user_id="U0LEAD", view=home, hash="1.0")

    assert first["ok"]
    assert stale["error"] == "hash_conflict"
    shown = call.slack.home_for("lead")
    assert shown is not None
    assert shown["blocks"][0]["type"] == "divider"
    assert call.slack.home_for("engineer") is None
    assert call("views.publish", user_id="U0LEAD", view=modal())["error"] == "invalid_arguments"


async def test_a_submission_says_everything_that_is_in_the_form(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    offered = [{"text": plain(one), "value": one} for one in ("a", "b", "c")]
    elements: dict[str, tuple[Json, Any, Json]] = {
        "text": ({"type": "plain_text_input"}, "hello", {"value": "hello"}),
        "number": ({"type": "number_input", "is_decimal_allowed": False}, "8", {"value": "8"}),
        "one": ({"type": "static_select", "options": offered}, "a", {"selected_option": offered[0]}),
        "radio": ({"type": "radio_buttons", "options": offered}, "b", {"selected_option": offered[1]}),
        "ticks": ({"type": "checkboxes", "options": offered}, ["a", "c"], {"selected_options": offered[::2]}),
        "many": (
            {"type": "multi_static_select", "options": offered},
            ["b"],
            {"selected_options": offered[1:2]},
        ),
        "date": ({"type": "datepicker"}, "2026-11-25", {"selected_date": "2026-11-25"}),
        "time": ({"type": "timepicker"}, "09:30", {"selected_time": "09:30"}),
        "moment": ({"type": "datetimepicker"}, 1795510800, {"selected_date_time": 1795510800}),
        "user": ({"type": "users_select"}, "U0LEAD", {"selected_user": "U0LEAD"}),
    }
    blocks = [field(name, {**element, "action_id": "a"}) for name, (element, _, _) in elements.items()]
    await opened(live, people, bot, modal(*blocks, private_metadata="kept"))

    outcome = await people.submits("engineer", {name: {"a": raw} for name, (_, raw, _) in elements.items()})

    said = bot.last.payload
    assert outcome.ok
    assert (said["type"], said["view"]["private_metadata"], said["response_urls"]) == (
        "view_submission",
        "kept",
        [],
    )
    assert said["view"]["state"]["values"] == {
        name: {"a": {"type": element["type"], **state}} for name, (element, _, state) in elements.items()
    }
    assert slack.view_for("engineer") is None


async def test_slack_sends_no_form_that_is_not_filled_in(live: Call, people: People, bot: Bot) -> None:
    short = {"type": "plain_text_input", "action_id": "a", "min_length": 3, "max_length": 5}
    hours = {"type": "number_input", "action_id": "a", "is_decimal_allowed": False, "max_value": "72"}
    fields = (field("empty"), field("long", short), field("hours", hours), field("free", optional=True))
    await opened(live, people, bot, modal(*fields))
    heard = len(bot.heard)

    outcome = await people.submits("engineer", {"long": {"a": "123456"}, "hours": {"a": "73"}})

    assert outcome.errors == {
        "empty": "Please complete this required field.",
        "long": "Must be 5 characters or fewer.",
        "hours": "Must be 72 or less.",
    }
    assert len(bot.heard) == heard


async def test_the_bot_can_refuse_a_field(live: Call, slack: SlackEmulator, people: People, bot: Bot) -> None:
    await opened(live, people, bot)
    bot.says(response_action="errors", errors={"reason": "Too short."})

    outcome = await people.submits("engineer", {"reason": {"a": "x"}})

    front = slack.view_for("engineer")
    assert (outcome.ok, outcome.errors) == (False, {"reason": "Too short."})
    assert front is not None
    assert front["errors"] == {"reason": "Too short."}


async def test_an_error_for_a_block_that_is_no_input_is_not_taken(
    live: Call, people: People, bot: Bot
) -> None:
    await opened(live, people, bot)
    bot.says(response_action="errors", errors={"elsewhere": "x"})

    outcome = await people.submits("engineer", {"reason": {"a": "x"}})

    assert outcome.error == "invalid_errors"


async def test_an_answer_can_show_another_view_push_one_or_clear_them_all(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    view = await opened(live, people, bot)
    filled = {"reason": {"a": "x"}}

    bot.says(response_action="update", view=modal(title=plain("Two")))
    await people.submits("engineer", filled)
    updated = slack.view_for("engineer")
    bot.says(response_action="push", view=modal(title=plain("Three")))
    await people.submits("engineer", filled)
    pushed = slack.view_for("engineer")
    bot.says(response_action="clear")
    await people.submits("engineer", filled)

    assert updated is not None
    assert pushed is not None
    assert (updated["id"], updated["title"]) == (view["id"], plain("Two"))
    assert pushed["title"] == plain("Three")
    assert slack.view_for("engineer") is None


async def test_an_invalid_view_in_an_answer_leaves_the_form_open(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    await opened(live, people, bot)
    bot.says(response_action="update", view=modal(title=plain("x" * 25)))

    outcome = await people.submits("engineer", {"reason": {"a": "x"}})

    assert outcome.error == "invalid_arguments"
    assert slack.view_for("engineer") is not None


async def test_closing_is_told_when_the_view_asks_for_it(
    live: Call, slack: SlackEmulator, people: People, bot: Bot
) -> None:
    await opened(live, people, bot, modal(notify_on_close=True))
    await people.closes("engineer")
    told = bot.last.payload
    heard = len(bot.heard)
    await opened(live, people, bot)
    await people.closes("engineer")

    assert (told["type"], told["is_cleared"]) == ("view_closed", False)
    assert len(bot.heard) == heard + 1  # the command that opened the second form, and nothing else
    assert slack.view_for("engineer") is None


async def test_a_click_in_a_view_carries_the_view_and_no_response_url(
    live: Call, people: People, bot: Bot
) -> None:
    silent, spoken = (
        {"type": "plain_text_input", "action_id": "a"},
        {"type": "plain_text_input", "action_id": "b"},
    )
    view = await opened(
        live, people, bot, modal(field("x", silent), field("y", spoken, dispatch_action=True))
    )

    ignored = await people.clicks_in_view("engineer", action_id="a", selected="text")
    await people.clicks_in_view("engineer", action_id="b", selected="text")

    said = bot.last.payload
    assert ignored.error == "action_not_dispatched"
    assert said["container"] == {"type": "view", "view_id": view["id"]}
    assert said["actions"][0]["value"] == "text"
    assert said["view"]["state"]["values"]["y"]["b"]["value"] == "text"
    assert "response_url" not in said
    assert json.dumps(said).count(view["hash"]) == 1


async def test_an_external_id_is_one_views_alone(live: Call, people: People, bot: Bot) -> None:
    # views.*: duplicate_external_id; also for the modal that would be replaced (public tracker).
    await opened(live, people, bot, modal(external_id="ask-1"))
    mine = {"view": modal(external_id="ask-1")}
    unused = await trigger(people, bot)

    again = live("views.open", trigger_id=unused, **mine)
    published = live("views.publish", user_id="U0LEAD", view={**HOME, "external_id": "ask-1"})
    itself = live("views.update", external_id="ask-1", **mine)
    other = live("views.open", trigger_id=unused, view=modal(external_id="ask-2"))

    assert (again["error"], published["error"]) == ("duplicate_external_id", "duplicate_external_id")
    assert (itself["ok"], other["ok"]) == (True, True)


async def test_a_closed_view_gives_its_external_id_back(live: Call, people: People, bot: Bot) -> None:
    await opened(live, people, bot, modal(external_id="ask-1"))
    await people.closes("engineer")

    assert await opened(live, people, bot, modal(external_id="ask-1"))
