"""The people's door: JSON under /_emulator, and the page."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.environment import PAGE
from sandbox.slack import People, SlackEmulator
from sandbox.slack.server import POLICY, app
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import Call, served

INPUT = {"type": "plain_text_input", "action_id": "a"}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Ask"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"}, "element": INPUT}
    ],
}
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
CARD = [{"type": "actions", "block_id": "b", "elements": [BUTTON]}]


class Clock:
    """A key of the state that changes by itself, and says so."""

    version = 0

    def __call__(self) -> dict[str, int]:
        return {"offset_s": self.version * 3600}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def page(
    slack: SlackEmulator, people: People, clock: Clock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's view of the door, over HTTP, with a page and with extras."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Slack, emulated</title>")
    (tmp_path / "app.js").write_text("'use strict';")

    async def move(given: dict[str, Any]) -> dict[str, Any]:
        clock.version += given["add_s"] // 3600
        return {"ok": True}

    server = app(slack, people, extras={"clock": clock}, actions={"clock": move}, page=tmp_path)
    async with served(server) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        slack.base_url = address
        yield client


async def act(page: httpx.AsyncClient, name: str, **body: object) -> dict[str, Any]:
    """Post one act and return its answer."""
    answer: dict[str, Any] = (await page.post(f"/_emulator/{name}", json=body)).json()
    return answer


async def look(page: httpx.AsyncClient, who: str = "U0LEAD") -> dict[str, Any]:
    """Return what somebody sees."""
    seen: dict[str, Any] = (await page.get("/_emulator/state", params={"as": who})).json()
    return seen


async def test_a_look_shows_people_channels_messages_and_extras(page: httpx.AsyncClient, call: Call) -> None:
    ts = call("chat.postMessage", channel="C0APPROVALS", text="card", blocks=CARD)["ts"]
    call("chat.postMessage", channel="U0LEAD", text="you")

    seen = await look(page)

    assert seen["me"] == "U0LEAD"
    assert {one["name"] for one in seen["people"]} == {"engineer", "engineer-2", "lead", "lead-2", "guest"}
    assert [(one["name"], one["is_im"]) for one in seen["channels"]] == [
        ("approvals", False),
        ("general", False),
        ("operations", False),
        ("pgaccess", True),
    ]
    assert seen["messages"]["C0APPROVALS"] == [
        {
            "ts": ts,
            "user": "U0PGACCESS",
            "text": "card",
            "blocks": CARD,
            "edited": False,
            "ephemeral": False,
            "thread_ts": None,
            "deleted": False,
        }
    ]
    assert (seen["view"], seen["home"], seen["clock"]) == (None, None, {"offset_s": 0})
    assert seen["bot"] == {"name": "pgaccess", "user_id": "U0PGACCESS"}
    assert seen["commands"][0]["command"] == "/pgaccess"


async def test_people_see_only_their_channels(page: httpx.AsyncClient) -> None:
    assert [one["id"] for one in (await look(page, "U0GUEST"))["channels"]] == ["C0GENERAL"]


async def test_nothing_new_is_a_204_and_waits_as_long_as_asked(page: httpx.AsyncClient) -> None:
    version = (await look(page))["version"]
    started = time.monotonic()

    answer = await page.get("/_emulator/state", params={"as": "U0LEAD", "since": version, "wait": 0.3})

    assert answer.status_code == 204
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("what", ["message", "clock"])
async def test_a_look_that_waits_is_woken_by_a_change(page: httpx.AsyncClient, call: Call, what: str) -> None:
    version = (await look(page))["version"]
    waiting = asyncio.create_task(
        page.get("/_emulator/state", params={"as": "U0LEAD", "since": version, "wait": 20})
    )
    await asyncio.sleep(0.1)

    if what == "clock":
        assert (await act(page, "clock", add_s=3600))["ok"]
    else:
        call("chat.postMessage", channel="C0GENERAL", text="news")
    seen = (await asyncio.wait_for(waiting, 5)).json()

    assert seen["version"] > version
    assert seen["clock"]["offset_s"] == (3600 if what == "clock" else 0)


async def test_a_command_a_form_and_a_click_go_the_whole_way(
    page: httpx.AsyncClient, live: Call, bot: Bot
) -> None:
    bot.body = "Recorded."
    typed = await act(page, "command", **{"as": "U0LEAD", "channel": "C0GENERAL", "text": "/pgaccess list"})
    live("views.open", trigger_id=bot.last.fields["trigger_id"], view=MODAL)
    bot.body = ""
    view = (await look(page))["view"]
    empty = await act(page, "submit", **{"as": "U0LEAD", "view_id": view["id"], "values": {}})
    filled = {"why": {"a": "because"}}
    sent = await act(page, "submit", **{"as": "U0LEAD", "view_id": view["id"], "values": filled})
    ts = live("chat.postMessage", channel="C0GENERAL", text="card", blocks=CARD)["ts"]
    place = {"channel": "C0GENERAL", "ts": ts, "block_id": "b", "action_id": "go"}
    clicked = await act(page, "click", **{"as": "U0LEAD", **place})

    assert typed["ok"]
    assert typed["ms"] >= 0
    assert empty == {"ok": False, "errors": {"why": "Please complete this required field."}}
    assert (sent["ok"], clicked["ok"]) == (True, True)
    assert bot.last.payload["actions"][0]["action_id"] == "go"
    assert (await look(page))["view"] is None


async def test_a_view_is_clicked_in_and_closed(page: httpx.AsyncClient, live: Call, bot: Bot) -> None:
    await act(page, "command", **{"as": "U0LEAD", "channel": "C0GENERAL", "text": "/pgaccess"})
    view = {**MODAL, "blocks": CARD}
    live("views.open", trigger_id=bot.last.fields["trigger_id"], view=view)
    name = (await look(page))["view"]["id"]

    clicked = await act(
        page, "click", **{"as": "U0LEAD", "view_id": name, "block_id": "b", "action_id": "go"}
    )
    other = await act(page, "close", **{"as": "U0LEAD", "view_id": "V0OTHER"})
    closed = await act(page, "close", **{"as": "U0LEAD", "view_id": name})

    assert (clicked["ok"], other["error"], closed["ok"]) == (True, "not_found", True)
    assert (await look(page))["view"] is None


async def test_an_ordinary_message_is_said(page: httpx.AsyncClient) -> None:
    await act(page, "say", **{"as": "U0LEAD", "channel": "C0GENERAL", "text": "hello"})

    assert [one["text"] for one in (await look(page))["messages"]["C0GENERAL"]] == ["hello"]


async def test_a_failure_of_the_bot_is_a_200_that_says_so(page: httpx.AsyncClient, bot: Bot) -> None:
    bot.status = 500
    body = {"as": "U0LEAD", "channel": "C0GENERAL", "text": "/pgaccess list"}

    answer = await page.post("/_emulator/command", json=body)

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, "dispatch_failed")


async def test_an_administrator_acts_by_the_door(page: httpx.AsyncClient, bot: Bot) -> None:
    await act(page, "admin", do="rename", person="lead", real_name="Another lead")
    await act(page, "admin", do="deactivate", person="engineer-2")
    left = (await look(page))["people"]

    assert [one["real_name"] for one in left] == ["Engineer", "Another lead", "リード", "Guest"]
    assert [one.payload["event"]["type"] for one in bot.heard] == ["user_change", "user_change"]


BROKEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "no text": ("command", {"json": {"as": "U0LEAD", "channel": "C0GENERAL"}}, "invalid_arguments"),
    "nobody": ("say", {"json": {"as": "U0X", "channel": "C0GENERAL", "text": "x"}}, "user_not_found"),
    "elsewhere": (
        "say",
        {"json": {"as": "U0GUEST", "channel": "C0OPERATIONS", "text": "x"}},
        "channel_not_found",
    ),
    "an unknown act": ("admin", {"json": {"do": "promote", "person": "lead"}}, "invalid_arguments"),
    "an act upon nobody": ("admin", {"json": {"do": "rename"}}, "invalid_arguments"),
    "no such group": ("admin", {"json": {"do": "disable_group", "group": "x"}}, "no_such_subteam"),
    "no JSON": ("say", {"content": "{", "headers": {"Content-Type": "application/json"}}, "invalid_json"),
    "a list": ("say", {"json": []}, "json_not_object"),
    "a form, as another site could send": ("say", {"data": {"as": "U0LEAD"}}, "invalid_post_type"),
}


@pytest.mark.parametrize(("name", "request_", "error"), BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_impossible_is_a_400(
    page: httpx.AsyncClient, name: str, request_: dict[str, Any], error: str
) -> None:
    answer = await page.post(f"/_emulator/{name}", **request_)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("query", [{"as": "U0X"}, {"as": "U0LEAD", "since": "x"}, {}])
async def test_a_look_that_makes_no_sense_is_a_400(page: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await page.get("/_emulator/state", params=query)).status_code == 400


async def test_the_page_asks_nobody_else_for_anything(page: httpx.AsyncClient) -> None:
    index, script = await page.get("/"), await page.get("/page/app.js")

    assert "Slack, emulated" in index.text
    assert index.headers["content-type"].startswith("text/html")
    assert "javascript" in script.headers["content-type"]
    assert {index.headers["content-security-policy"], script.headers["content-security-policy"]} == {POLICY}
    assert (await page.get("/page/..%2f..%2fetc/passwd")).status_code == 404


def test_the_page_names_every_script_up_front_so_that_all_arrive_at_once() -> None:
    index = (PAGE / "index.html").read_text()
    for script in PAGE.glob("*.js"):
        assert f'"/page/{script.name}"' in index


async def test_without_a_page_there_is_none(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/")).status_code == 404
