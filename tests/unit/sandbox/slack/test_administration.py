"""What an administrator does by hand: what changes, and what the bot hears of it.

Facts: Slack developer documentation, user object, and the events named in each test, 2026-11.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Outcome, People, SlackEmulator
from sandbox.slack.model.fixtures import Person, UserGroup
from sandbox.slack.users.administration import Administration
from sandbox.slack.web_api.errors import Refused
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import NOW, Call

LATER = int(NOW.timestamp())


@pytest.fixture
def admin(slack: SlackEmulator, people: People) -> Administration:
    return Administration(slack, people, clock=lambda: NOW)


def events(bot: Bot) -> list[dict[str, Any]]:
    return [one.payload["event"] for one in bot.heard]


def user(call: Call, name: str) -> dict[str, Any]:
    told = call("users.info", user=name, include_locale=True)["user"]
    assert isinstance(told, dict)
    return told


# --- people ----------------------------------------------------------------------------------------------


async def test_a_deactivated_account_can_be_activated_again_and_is_in_no_group(
    admin: Administration, call: Call, bot: Bot
) -> None:
    await admin.deactivates("lead")
    gone = user(call, "U0LEAD")
    await admin.reactivates("lead")

    assert (gone["deleted"], user(call, "U0LEAD")["deleted"]) == (True, False)
    assert [(one["type"], one["user"]["deleted"]) for one in events(bot)] == [
        ("user_change", True),
        ("user_change", False),
    ]
    assert call("usergroups.users.list", usergroup="S0LEADS")["users"] == ["U0LEAD2"]


@pytest.mark.parametrize("single", [False, True])
async def test_a_guest_is_told_by_two_flags_and_can_become_a_member(
    admin: Administration, call: Call, bot: Bot, single: bool
) -> None:
    # User object: is_restricted is any guest, together with is_ultra_restricted one of a single channel.
    await admin.makes_guest("lead", single_channel=single)
    guest = user(call, "U0LEAD")
    await admin.makes_member("lead")
    member = user(call, "U0LEAD")

    assert (guest["is_restricted"], guest["is_ultra_restricted"], guest["updated"]) == (True, single, LATER)
    assert (member["is_restricted"], member["is_ultra_restricted"]) == (False, False)
    assert [one["user"]["is_restricted"] for one in events(bot)] == [True, False]


async def test_another_name_zone_and_language_are_told(admin: Administration, call: Call, bot: Bot) -> None:
    await admin.renames("lead", "Team lead")
    await admin.moves("lead", tz="Asia/Tokyo", locale="ja-JP")

    told = user(call, "U0LEAD")
    assert (told["real_name"], told["tz"], told["tz_offset"], told["locale"]) == (
        "Team lead",
        "Asia/Tokyo",
        9 * 3600,
        "ja-JP",
    )
    assert events(bot)[-1]["user"] == told


async def test_somebody_new_is_told_to_whoever_has_subscribed(
    admin: Administration, call: Call, bot: Bot, slack: SlackEmulator
) -> None:
    # team_join; people from elsewhere have the id of their own workspace (Slack Connect, external members).
    slack.world.events |= {"team_join"}
    stranger = Person(id="U0ELSE", name="elsewhere", real_name="Else", is_stranger=True, team="T0ELSE")

    await admin.welcomes(stranger)

    (told,) = events(bot)
    assert (told["type"], told["user"]["id"]) == ("team_join", "U0ELSE")
    assert (user(call, "U0ELSE")["is_stranger"], user(call, "U0ELSE")["team_id"]) == (True, "T0ELSE")


async def test_the_bot_hears_nothing_that_its_manifest_does_not_name(admin: Administration, bot: Bot) -> None:
    outcome = await admin.welcomes(Person(id="U0NEW", name="new", real_name="New"))

    assert (outcome.ok, bot.heard) == (True, [])


# --- user groups -----------------------------------------------------------------------------------------


async def test_a_change_of_members_is_told_as_a_difference_and_as_a_whole(
    admin: Administration, call: Call, bot: Bot
) -> None:
    # subteam_members_changed "only shows the delta"; subteam_updated has the list and the count.
    await admin.sets_members("leads", ["lead", "engineer"])

    changed, updated = events(bot)
    assert changed["type"] == "subteam_members_changed"
    assert (changed["subteam_id"], changed["date_update"]) == ("S0LEADS", LATER)
    assert (changed["added_users"], changed["removed_users"]) == (["U0ENGINEER"], ["U0LEAD2"])
    assert (changed["added_users_count"], changed["removed_users_count"]) == (1, 1)
    assert updated["type"] == "subteam_updated"
    assert (updated["subteam"]["users"], updated["subteam"]["user_count"]) == (["U0LEAD", "U0ENGINEER"], 2)
    assert call("usergroups.users.list", usergroup="S0LEADS")["users"] == ["U0LEAD", "U0ENGINEER"]


async def test_a_large_group_is_listed_up_to_500_and_counted_whole(
    admin: Administration, bot: Bot, slack: SlackEmulator
) -> None:
    # "The users field is truncated at 500, however the user_count field will still show the actual count."
    many = tuple(f"U{number:09}" for number in range(501))
    slack.world.groups["S0MANY"] = UserGroup(id="S0MANY", handle="many", name="Many", users=many)

    await admin.enables("many")

    (told,) = events(bot)
    assert (len(told["subteam"]["users"]), told["subteam"]["user_count"]) == (500, 501)


async def test_a_disabled_group_is_told_and_can_be_enabled_again(
    admin: Administration, call: Call, bot: Bot
) -> None:
    # "This event type may also arise when a subteam has been disabled."
    await admin.disables("@leads")
    disabled = call("usergroups.list")["usergroups"], call("usergroups.users.list", usergroup="S0LEADS")
    await admin.enables("@leads")

    assert disabled[0] == []
    assert disabled[1]["error"] == "no_such_subteam"
    assert [one["subteam"]["date_delete"] for one in events(bot)] == [LATER, 0]
    assert call("usergroups.users.list", usergroup="S0LEADS")["ok"]


# --- channels and messages -------------------------------------------------------------------------------


async def test_channels_are_archived_and_the_bot_is_taken_out_and_put_back(
    admin: Administration, call: Call
) -> None:
    def post() -> object:
        return call("chat.postMessage", channel="C0GENERAL", text="x").get("error")

    await admin.archives("#general")
    archived = post()
    await admin.unarchives("#general")
    await admin.removes_bot("#general")
    outside = post()
    await admin.invites_bot("#general")

    assert (archived, outside, post()) == ("is_archived", "not_in_channel", None)


@pytest.mark.parametrize(("private", "kind"), [(False, "channel_unarchive"), (True, "group_unarchive")])
async def test_the_bot_hears_when_a_channel_is_unarchived(
    admin: Administration, slack: SlackEmulator, bot: Bot, private: bool, kind: str
) -> None:
    channels = slack.world.channels
    channels["C0GENERAL"] = replace(channels["C0GENERAL"], is_private=private)

    await admin.archives("C0GENERAL")
    await admin.unarchives("C0GENERAL")

    assert [(one["type"], one["channel"]) for one in events(bot)] == [(kind, "C0GENERAL")]


async def test_the_bot_hears_nothing_of_a_private_channel_that_it_is_not_in(
    admin: Administration, slack: SlackEmulator, bot: Bot
) -> None:
    channels = slack.world.channels
    channels["C0GENERAL"] = replace(channels["C0GENERAL"], is_private=True)

    await admin.removes_bot("C0GENERAL")
    await admin.unarchives("C0GENERAL")

    assert events(bot) == []


async def test_the_bot_hears_that_it_was_added_to_a_channel(admin: Administration, bot: Bot) -> None:
    await admin.removes_bot("#general")
    await admin.invites_bot("#general")

    (heard,) = events(bot)
    assert (heard["type"], heard["user"], heard["channel"]) == (
        "member_joined_channel",
        "U0PGACCESS",
        "C0GENERAL",
    )


async def test_a_message_that_somebody_deleted_cannot_be_edited(admin: Administration, call: Call) -> None:
    ts = str(call("chat.postMessage", channel="C0GENERAL", text="x")["ts"])

    await admin.deletes("#general", ts)

    assert call("chat.update", channel="C0GENERAL", ts=ts, text="y")["error"] == "message_not_found"


# --- the app itself --------------------------------------------------------------------------------------


async def test_a_revoked_token_opens_nothing_any_more(
    admin: Administration, web: AsyncWebClient, bot: Bot
) -> None:
    # account_inactive: "for a deleted user or workspace when using a bot token".
    await admin.revokes_token()

    with pytest.raises(SlackApiError) as refused:
        await web.auth_test()

    assert refused.value.response["error"] == "account_inactive"
    assert [(one["type"], one["tokens"]["bot"]) for one in events(bot)] == [
        ("tokens_revoked", ["U0PGACCESS"])
    ]


async def test_an_uninstalled_app_hears_its_last_words_and_is_found_by_nobody(
    admin: Administration, people: People, call: Call, bot: Bot
) -> None:
    await admin.uninstalls()
    last_words = [one["type"] for one in events(bot)]
    bot.heard.clear()
    typed = await people.types("engineer", "/pgaccess list")
    home = await people.opens_home("engineer")
    unheard = list(bot.heard)
    await admin.installs()

    assert last_words == ["tokens_revoked", "app_uninstalled"]
    assert (typed.ok, typed.error, home.ok, unheard) == (False, "app_not_installed", True, [])
    assert call("auth.test")["ok"]
    assert (await people.types("engineer", "/pgaccess list")).ok


# --- what is not there -----------------------------------------------------------------------------------

ABSENT: dict[str, tuple[Callable[[Administration], Awaitable[Outcome]], str]] = {
    "a person": (lambda admin: admin.makes_guest("nobody"), "user_not_found"),
    "a member": (lambda admin: admin.sets_members("leads", ["nobody"]), "user_not_found"),
    "a group": (lambda admin: admin.disables("nobodies"), "no_such_subteam"),
    "a channel": (lambda admin: admin.archives("#nowhere"), "channel_not_found"),
    "a message": (lambda admin: admin.deletes("#general", "1.000000"), "message_not_found"),
}


@pytest.mark.parametrize(("act", "error"), ABSENT.values(), ids=ABSENT.keys())
async def test_nothing_is_done_to_what_is_not_there(
    admin: Administration, bot: Bot, act: Callable[[Administration], Awaitable[Outcome]], error: str
) -> None:
    with pytest.raises(Refused, match=error):
        await act(admin)

    assert bot.heard == []


async def test_what_a_bot_does_not_take_is_brought_to_it_again(admin: Administration, bot: Bot) -> None:
    bot.status = 500

    outcome = await admin.disables("leads")

    assert (outcome.ok, len(bot.heard)) == (False, 4)
