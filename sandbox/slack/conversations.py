"""The ``conversations.*`` methods.

Facts: Slack developer documentation, conversations.open, .info, .history and .replies, 2026-11: newest first,
``oldest`` and ``latest`` excluded unless ``inclusive``, replies not in the history but under their parent.
"""

import re

from sandbox.slack import shapes
from sandbox.slack.calls import Call, page
from sandbox.slack.checks import Json
from sandbox.slack.rules import Refused
from sandbox.slack.state import Message
from sandbox.slack.world import Channel

HISTORY_PAGE = 100  # messages a page unless asked otherwise
HISTORY_PAGE_MOST = 999


def open_direct(call: Call) -> Json:
    """Answer conversations.open for the direct messages with one person."""
    call.needs("im:write")
    users = (call.optional("users") or "").split(",")
    if users == [""]:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        raise Refused.arguments("group messages exist in Slack but this stand-in does not play them", "users")
    person = call.workspace.world.people.get(users[0])
    if person is None:
        raise Refused("user_not_found")
    if person.deleted:
        raise Refused("user_disabled")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    before = set(call.workspace.world.channels)
    channel = call.workspace.direct(person.id)
    known: Json = {"no_op": True, "already_open": True} if channel.id in before else {}
    full = _shape(call, channel) if call.flag("return_im") else {"id": channel.id}
    return {**known, "channel": full}


def info(call: Call) -> Json:
    """Answer conversations.info."""
    channel = call.channel()
    call.needs("im:read" if channel.is_im else "groups:read" if channel.is_private else "channels:read")
    if not call.is_member(channel) and (channel.is_private or channel.is_im):
        raise Refused("channel_not_found")
    shape = _shape(call, channel)
    if call.flag("include_num_members"):
        shape["num_members"] = len(channel.members)
    return {"channel": shape}


def history(call: Call) -> Json:
    """Answer conversations.history."""
    channel = _readable(call)
    messages = [
        one for one in call.workspace.messages.get(channel.id, []) if not one.to and not one.thread_ts
    ]
    return _page(call, [*reversed(_within(call, messages))])


def replies(call: Call) -> Json:
    """Answer conversations.replies: the parent, then its replies, oldest first."""
    channel, ts = _readable(call), call.required("ts")
    kept = [one for one in call.workspace.messages.get(channel.id, []) if not one.to]
    thread = [one for one in kept if ts in (one.ts, one.thread_ts)]
    if not thread:
        raise Refused("thread_not_found")
    return _page(call, _within(call, thread))


def _readable(call: Call) -> Channel:
    channel = call.channel()
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    call.needs(f"{kind}:history")
    if not call.is_member(channel):
        raise Refused("channel_not_found" if channel.is_private or channel.is_im else "not_in_channel")
    return channel


def _within(call: Call, messages: list[Message]) -> list[Message]:
    """Return the messages between ``oldest`` and ``latest``."""
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    ordered = sorted(messages, key=lambda one: one.ts)
    if call.flag("inclusive"):
        return [one for one in ordered if (oldest or "") <= one.ts <= (latest or "~")]
    return [one for one in ordered if (oldest or "") < one.ts < (latest or "~")]


def _bound(call: Call, name: str) -> str | None:
    """Return a bound as a full timestamp, so that it compares as text; ``0`` and absence bound nothing."""
    given = call.given.get(name)
    if given in (None, "", 0, "0"):
        return None
    found = re.fullmatch(r"(\d{1,10})(?:\.(\d{1,6}))?", str(given))
    if found is None:
        raise Refused(f"invalid_ts_{name}")
    return f"{int(found[1]):010d}.{(found[2] or '').ljust(6, '0')}"


def _page(call: Call, messages: list[Message]) -> Json:
    limit = call.number("limit", HISTORY_PAGE)
    if not 1 <= limit <= HISTORY_PAGE_MOST:
        raise Refused("invalid_limit")
    told = [
        shapes.message(call.workspace, one, with_metadata=call.flag("include_all_metadata"))
        for one in messages
    ]
    part, following = page(told, call, key="ts", limit=limit)
    more: Json = {"response_metadata": {"next_cursor": following}} if following else {}
    return {"messages": part, "has_more": bool(following), "pin_count": 0, **more}


def _shape(call: Call, channel: Channel) -> Json:
    """Return Slack's conversation object."""
    shape: Json = {"id": channel.id, "is_im": channel.is_im, "is_archived": channel.is_archived}
    if channel.is_im:
        person = next(one for one in channel.members if one != call.workspace.world.bot)
        return {**shape, "user": person, "is_open": True, "is_org_shared": False}
    named = {"name": channel.name, "name_normalized": channel.name, "is_channel": not channel.is_private}
    flags = {"is_group": channel.is_private, "is_private": channel.is_private, "is_mpim": False}
    return {**shape, **named, **flags, "is_general": False, "is_member": call.is_member(channel)}
