"""Which channels there are and who is in them.

Facts: Slack developer documentation, conversations.list, .members and .open, and pagination, 2026-11.
"""

from dataclasses import replace

import pytest

from tests.unit.sandbox.slack.conftest import Call


def ids(answer: dict[str, object], key: str = "channels") -> list[str]:
    found = answer[key]
    assert isinstance(found, list)
    return [one if isinstance(one, str) else one["id"] for one in found]


def cursor(answer: dict[str, object]) -> str:
    more = answer["response_metadata"]
    assert isinstance(more, dict)
    return str(more["next_cursor"])


def hide(call: Call, *, with_bot: bool) -> None:
    """Put a private channel into the workspace."""
    world = call.slack.world
    members = frozenset({"U0LEAD", *([world.bot] if with_bot else [])})
    hidden = replace(world.channels["C0GENERAL"], id="C0HIDDEN", name="hidden", members=members)
    world.channels["C0HIDDEN"] = replace(hidden, is_private=True)


def test_public_channels_are_listed_unless_other_types_are_asked_for(call: Call) -> None:
    hide(call, with_bot=True)

    assert ids(call("conversations.list")) == ["C0APPROVALS", "C0GENERAL", "C0OPERATIONS"]
    assert ids(call("conversations.list", types="private_channel")) == ["C0HIDDEN"]


def test_a_private_channel_without_the_bot_is_in_no_list(call: Call) -> None:
    hide(call, with_bot=False)

    assert ids(call("conversations.list", types="public_channel,private_channel")) == [
        "C0APPROVALS",
        "C0GENERAL",
        "C0OPERATIONS",
    ]
    assert call("conversations.members", channel="C0HIDDEN")["error"] == "channel_not_found"


def test_each_type_needs_its_own_scope(call: Call) -> None:
    call.slack.scopes = frozenset({"channels:read"})

    refused = call("conversations.list", types="public_channel,im")

    assert (refused["error"], refused["needed"]) == ("missing_scope", "im:read")
    assert call("conversations.list", types="mpim,other")["error"] == "invalid_types"


def test_archived_channels_can_be_left_out(call: Call) -> None:
    general = call.slack.world.channels["C0GENERAL"]
    call.slack.world.channels["C0GENERAL"] = replace(general, is_archived=True)

    assert "C0GENERAL" in ids(call("conversations.list"))
    assert "C0GENERAL" not in ids(call("conversations.list", exclude_archived=True))


def test_lists_come_in_pages_and_the_last_one_has_an_empty_cursor(call: Call) -> None:
    first = call("conversations.list", limit=2)
    second = call("conversations.list", limit=2, cursor=cursor(first))

    assert ids(first) + ids(second) == ["C0APPROVALS", "C0GENERAL", "C0OPERATIONS"]
    assert cursor(second) == ""
    assert call("conversations.list", cursor="nonsense")["error"] == "invalid_cursor"
    assert call("conversations.list", limit=1001)["error"] == "invalid_limit"


def test_members_come_in_pages_the_bot_among_them(call: Call) -> None:
    first = call("conversations.members", channel="C0OPERATIONS", limit=2)
    second = call("conversations.members", channel="C0OPERATIONS", limit=2, cursor=cursor(first))

    assert ids(first, "members") + ids(second, "members") == ["U0LEAD", "U0LEAD2", "U0PGACCESS"]


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U0NOBODY", "user_not_found"),
        ("USLACKBOT,U0LEAD", "invalid_arguments"),
        ("U0PGACCESS", "cannot_dm_bot"),
        ("U0LEAD2", "user_disabled"),
    ],
)
def test_direct_messages_are_opened_with_one_active_person(call: Call, users: str, error: str) -> None:
    call.slack.world.deactivate("lead-2")

    assert call("conversations.open", users=users)["error"] == error


def test_direct_messages_that_are_open_already_say_so_and_who_has_left(call: Call) -> None:
    first = call("conversations.open", users="U0LEAD")
    call.slack.world.deactivate("lead")
    call.slack.scopes |= {"im:read"}

    told = call("conversations.info", channel="D0LEAD")["channel"]

    assert "already_open" not in first
    assert isinstance(told, dict)
    assert (told["user"], told["is_user_deleted"]) == ("U0LEAD", True)
