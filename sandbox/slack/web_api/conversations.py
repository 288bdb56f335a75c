"""The ``conversations.*`` methods.

Facts: Slack developer documentation, conversations.open, .info, .list, .members, .history and .replies,
2026-11: newest first, ``oldest`` and ``latest`` excluded unless ``inclusive``, replies not in the history but
under their parent, unless they were broadcast.
"""

import re

from sandbox.slack.model import json_shapes
from sandbox.slack.model.fixtures import Channel
from sandbox.slack.model.workspace import Message
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.call import Call, page
from sandbox.slack.web_api.errors import Refused

HISTORY_PAGE = 100  # messages a page unless asked otherwise
HISTORY_PAGE_MOST = 999
LIST_PAGE = 100  # channels or members a page unless asked otherwise
LIST_PAGE_MOST = 1000
_KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im"}
"""Which family of scopes reads which type of channel; group messages are not emulated."""


def open_direct(call: Call) -> Json:
    """Answer conversations.open for the direct messages with one person."""
    call.needs("im:write")
    users = (call.optional("users") or "").split(",")
    if users == [""]:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        raise Refused.arguments("group messages exist in Slack but are not emulated", "users")
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
    call.needs(f"{_kind(channel)}:read")
    if not call.is_member(channel) and (channel.is_private or channel.is_im):
        raise Refused("channel_not_found")
    shape = _shape(call, channel)
    if call.flag("include_num_members"):
        shape["num_members"] = len(channel.members)
    return {"channel": shape}


def history(call: Call) -> Json:
    """Answer conversations.history."""
    channel = _readable(call)
    kept = [one for one in call.workspace.messages.get(channel.id, []) if not one.to]
    messages = [one for one in kept if not one.thread_ts or one.broadcast]
    return _page(call, [*reversed(_within(call, messages))])


def replies(call: Call) -> Json:
    """Answer conversations.replies: the parent, then its replies, oldest first."""
    channel, ts = _readable(call), call.required("ts")
    kept = [one for one in call.workspace.messages.get(channel.id, []) if not one.to]
    thread = [one for one in kept if ts in (one.ts, one.thread_ts)]
    if not thread:
        raise Refused("thread_not_found")
    return _page(call, _within(call, thread))


def listing(call: Call) -> Json:
    """Answer conversations.list: public channels unless other ``types`` are asked for, others if a member."""
    types = (call.optional("types") or "public_channel").split(",")
    if not set(types) <= _KINDS.keys():
        raise Refused("invalid_types")
    kinds = {_KINDS[one] for one in types}
    for kind in sorted(kinds):
        call.needs(f"{kind}:read")
    every = [one for one in call.workspace.world.channels.values() if _kind(one) in kinds]
    seen = [one for one in every if _is_open(one) or call.is_member(one)]
    told = [_shape(call, one) for one in seen if not (one.is_archived and call.flag("exclude_archived"))]
    part, following = page(told, call, key=lambda one: str(one["id"]), limit=_list_limit(call))
    return {"channels": part, "response_metadata": {"next_cursor": following}}


def members(call: Call) -> Json:
    """Answer conversations.members: ids of everybody in a channel, the bot among them."""
    channel = call.channel()
    call.needs(f"{_kind(channel)}:read")
    if not (_is_open(channel) or call.is_member(channel)):
        raise Refused("channel_not_found")
    told = [{"id": one} for one in sorted(channel.members)]
    part, following = page(told, call, key=lambda one: str(one["id"]), limit=_list_limit(call))
    return {"members": [one["id"] for one in part], "response_metadata": {"next_cursor": following}}


def _list_limit(call: Call) -> int:
    limit = call.number("limit", LIST_PAGE)
    if not 1 <= limit <= LIST_PAGE_MOST:
        raise Refused("invalid_limit")
    return limit


def _is_open(channel: Channel) -> bool:
    return not (channel.is_private or channel.is_im)


def _kind(channel: Channel) -> str:
    """Return the family of scopes that a channel needs."""
    return "im" if channel.is_im else "groups" if channel.is_private else "channels"


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.needs(f"{_kind(channel)}:history")
    if not call.is_member(channel):
        raise Refused("channel_not_found" if channel.is_private or channel.is_im else "not_in_channel")
    return channel


def _within(call: Call, messages: list[Message]) -> list[Message]:
    """Return the messages between ``oldest`` and ``latest``."""
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    ordered = sorted(messages, key=lambda one: one.ts)
    if call.flag("inclusive"):
        # ``~`` sorts behind every digit.
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
        json_shapes.message(call.workspace, one, with_metadata=call.flag("include_all_metadata"))
        for one in messages
    ]
    part, following = page(told, call, key=lambda one: str(one["ts"]), limit=limit)
    more: Json = {"response_metadata": {"next_cursor": following}} if following else {}
    return {"messages": part, "has_more": bool(following), "pin_count": 0, **more}


def _shape(call: Call, channel: Channel) -> Json:
    """Return Slack's conversation object."""
    shape: Json = {"id": channel.id, "is_im": channel.is_im, "is_archived": channel.is_archived}
    if channel.is_im:
        person = next(one for one in channel.members if one != call.workspace.world.bot)
        gone = call.workspace.world.people[person].deleted
        return {**shape, "user": person, "is_user_deleted": gone, "is_open": True, "is_org_shared": False}
    named = {"name": channel.name, "name_normalized": channel.name, "is_channel": not channel.is_private}
    flags = {"is_group": channel.is_private, "is_private": channel.is_private, "is_mpim": False}
    return {**shape, **named, **flags, "is_general": False, "is_member": call.is_member(channel)}
