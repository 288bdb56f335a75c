"""What becomes of a message: threads, links to it, previews, edits, and where it may not go.

Facts: Slack developer documentation, chat.* methods, threading and unfurling, 2026-11.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sandbox.slack import Behavior, SlackEmulator
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN, Call

WHERE = {"channel": "C0GENERAL"}


def switched(**chosen: Any) -> Call:
    """Return the way to a workspace where something uncertain, or a setting, is otherwise."""
    return Call(SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, behavior=Behavior(**chosen)))


def posted(call: Call, **more: object) -> str:
    answer = call("chat.postMessage", **{**WHERE, "text": "x", **more})
    assert answer["ok"], answer
    return str(answer["ts"])


def texts(call: Call, method: str, **arguments: object) -> list[str]:
    messages = call(method, **WHERE, **arguments)["messages"]
    assert isinstance(messages, list)
    return [one["text"] for one in messages]


# --- threads -------------------------------------------------------------------------------------------


def test_a_reply_that_is_broadcast_stands_in_its_thread_and_in_the_channel(call: Call) -> None:
    # "reply_broadcast … indicates whether reply should be made visible to everyone in the channel".
    parent = posted(call, text="parent")
    posted(call, text="quiet", thread_ts=parent)
    posted(call, text="loud", thread_ts=parent, reply_broadcast=True)

    assert texts(call, "conversations.history") == ["loud", "parent"]
    assert texts(call, "conversations.replies", ts=parent) == ["parent", "quiet", "loud"]
    newest = call("conversations.history", **WHERE, limit=1)["messages"]
    assert isinstance(newest, list)
    assert (newest[0]["subtype"], newest[0]["thread_ts"]) == ("thread_broadcast", parent)


def test_a_message_that_is_no_reply_is_not_broadcast(call: Call) -> None:
    posted(call, reply_broadcast=True)

    assert call.slack.workspace.messages["C0GENERAL"][0].broadcast is False


def test_a_reply_to_a_reply_goes_to_the_parent(call: Call) -> None:
    # "Avoid using a reply's ts value; use its parent instead."
    parent = posted(call, text="parent")
    reply = posted(call, text="reply", thread_ts=parent)
    posted(call, text="deeper", thread_ts=reply)

    assert texts(call, "conversations.replies", ts=parent) == ["parent", "reply", "deeper"]


def test_nobody_replies_to_what_is_not_there(call: Call) -> None:
    refused = call("chat.postMessage", **WHERE, text="x", thread_ts="1700000000.000000")

    assert refused["error"] == "thread_not_found"


# --- links and previews --------------------------------------------------------------------------------


def test_a_permalink_leads_to_the_message_and_for_a_reply_into_its_thread(call: Call) -> None:
    # The method's two examples: archives/<channel>/p<ts without its dot>, and the thread beside it.
    parent = posted(call)
    reply = posted(call, thread_ts=parent)

    links = [call("chat.getPermalink", **WHERE, message_ts=ts)["permalink"] for ts in (parent, reply)]

    base = "https://acme.slack.com/archives/C0GENERAL/p"
    assert links == [
        base + parent.replace(".", ""),
        f"{base}{reply.replace('.', '')}?thread_ts={parent}&cid=C0GENERAL",
    ]


def test_there_is_no_permalink_to_what_the_bot_does_not_see(call: Call) -> None:
    world = call.slack.world
    hidden = replace(world.channels["C0GENERAL"], members=frozenset({"U0LEAD"}), is_private=True)
    world.channels["C0HIDDEN"] = replace(hidden, id="C0HIDDEN", name="hidden")

    assert call("chat.getPermalink", **WHERE, message_ts="1.000000")["error"] == "message_not_found"
    assert call("chat.getPermalink", channel="C0HIDDEN", message_ts="1.000000")["error"] == (
        "channel_not_found"
    )


@pytest.mark.parametrize(
    ("said", "links", "media"),
    [
        ({}, False, True),
        ({"unfurl_links": True, "unfurl_media": False}, True, False),
        ({"unfurl_links": False, "unfurl_media": False}, False, False),
    ],
)
def test_whether_slack_looks_up_the_links_in_a_message_is_kept_with_it(
    call: Call, said: dict[str, bool], links: bool, media: bool
) -> None:
    # Posted by the API, links are not unfurled and media are, unless the call says otherwise.
    posted(call, text="https://example.com", **said)

    kept = call.slack.workspace.messages["C0GENERAL"][0]
    assert (kept.unfurl_links, kept.unfurl_media) == (links, media)


# --- where it may not go -------------------------------------------------------------------------------


def test_a_name_is_good_for_posting_only(call: Call) -> None:
    # chat.postMessage: "Can be an encoded ID, or a name"; chat.update and conversations.*: an ID.
    ts = posted(call, channel="#general")

    for method in ("chat.update", "chat.delete", "conversations.history", "conversations.info"):
        assert call(method, channel="#general", ts=ts, text="y")["error"] == "channel_not_found", method


def test_an_archived_channel_takes_no_message_and_no_edit(call: Call) -> None:
    # chat.postMessage: is_archived; chat.update: is_inactive, "within a frozen, archived or deleted channel".
    ts = posted(call)
    general = call.slack.world.channels["C0GENERAL"]
    call.slack.world.channels["C0GENERAL"] = replace(general, is_archived=True)

    assert call("chat.postMessage", **WHERE, text="x")["error"] == "is_archived"
    assert call("chat.update", **WHERE, ts=ts, text="y")["error"] == "is_inactive"


@pytest.mark.parametrize("chosen", ["channel_not_found", "is_archived", None])
def test_what_a_deactivated_accounts_direct_messages_answer_is_a_switch(chosen: str | None) -> None:
    call = switched(deactivated_dm=chosen)
    call("conversations.open", users="U0LEAD")
    call.slack.world.deactivate("lead")

    answer = call("chat.postMessage", channel="D0LEAD", text="x")

    assert answer.get("error") == chosen


# --- edits ---------------------------------------------------------------------------------------------


def test_a_workspace_may_close_the_window_for_edits() -> None:
    # chat.update: edit_window_closed, "cannot be edited due to the team message edit settings".
    call = switched(edit_seconds=60.0)
    ts = posted(call)

    call.now += timedelta(seconds=60)
    in_time = call("chat.update", **WHERE, ts=ts, text="y")
    call.now += timedelta(seconds=1)
    late = call("chat.update", **WHERE, ts=ts, text="z")

    assert (in_time["ok"], late["error"]) == (True, "edit_window_closed")


def test_without_such_a_setting_an_old_message_can_be_edited(call: Call) -> None:
    ts = posted(call)
    call.now += timedelta(days=400)

    assert call("chat.update", **WHERE, ts=ts, text="y")["ok"]


def test_broadcasting_an_old_reply_is_rejected_because_it_is_not_emulated(call: Call) -> None:
    refused = call("chat.update", **WHERE, ts=posted(call), text="y", reply_broadcast=True)

    assert refused["error"] == "invalid_arguments"
    assert "not emulated" in str(refused["response_metadata"])


# --- size ----------------------------------------------------------------------------------------------


def blocks(characters: int) -> list[dict[str, Any]]:
    """Return sections with about so many characters in all."""
    text = {"type": "plain_text", "text": "x" * 2500}
    return [{"type": "section", "text": text} for _ in range(characters // 2500)]


@pytest.mark.parametrize(("most", "characters"), [(13_200, 15_000), (9_000, 10_000)])
def test_how_long_all_blocks_together_may_be_is_a_switch(most: int, characters: int) -> None:
    # Undocumented; reports in the public tracker of Bolt for JavaScript (2509, 2867) name different sizes.
    call = switched(blocks_together_most=most)

    fits = call("chat.postMessage", **WHERE, text="x", blocks=blocks(most - 2500))
    refused = call("chat.postMessage", **WHERE, text="x", blocks=blocks(characters))

    assert (fits["ok"], refused["error"]) == (True, "msg_blocks_too_long")
