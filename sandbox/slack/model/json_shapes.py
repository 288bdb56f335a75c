"""JSON of messages, views, payloads and events, in Slack's form.

Facts: Slack developer documentation, 2026-11, and the vendor's published payload samples for Java (every
field name); what a field holds is said there or, where it is not, in the function that fills it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sandbox.slack.model.fixtures import Channel, Person, UserGroup, World
from sandbox.slack.model.workspace import Message, View, Workspace
from sandbox.slack.validation.checks import Json

LEGACY = "emulated-verification"  # the deprecated verification token: sent by Slack, checked by nobody


def message(workspace: Workspace, one: Message, *, with_metadata: bool) -> Json:
    """Return a message as the Web API and interaction payloads show it."""
    world = workspace.world
    shape: Json = {"type": "message", "user": one.user, "ts": one.ts, "text": one.text, "team": world.team_id}
    if one.user == world.bot:
        shape |= {"bot_id": world.bot_id, "app_id": world.app_id, "bot_profile": _bot_profile(world)}
    if one.blocks:
        shape["blocks"] = one.blocks
    if one.edited_ts:
        shape["edited"] = {"user": one.user, "ts": one.edited_ts}
    if one.metadata and with_metadata:
        shape["metadata"] = one.metadata
    return shape | _thread(workspace, one)


def view(workspace: Workspace, one: View) -> Json:
    """Return a view with everything Slack adds to its definition."""
    world, content = workspace.world, one.content
    words = {"private_metadata": "", "callback_id": "", "external_id": ""}
    modal = {"title": None, "submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
    return {
        **words,
        **(modal if content["type"] == "modal" else {}),
        **content,
        "id": one.id,
        "team_id": world.team_id,
        "app_id": world.app_id,
        "app_installed_team_id": world.team_id,
        "bot_id": world.bot_id,
        "hash": one.hash,
        "state": {"values": one.values},
        "root_view_id": one.root,
        "previous_view_id": one.previous,
    }


def command(
    workspace: Workspace, person: Person, channel: Channel, *, word: str, text: str, trigger: str, url: str
) -> Json:
    """Return the form fields of a slash command; `url` is its response_url."""
    world = workspace.world
    return {
        "token": LEGACY,
        "team_id": world.team_id,
        "team_domain": world.team_domain,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": word,
        "text": text,
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger,
    }


def interaction(workspace: Workspace, kind: str, person: Person, *, trigger: str | None) -> Json:
    """Return the common part of interaction payloads."""
    world = workspace.world
    user = {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team}
    shape: Json = {
        "type": kind,
        "team": {"id": world.team_id, "domain": world.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": user,
        "api_app_id": world.app_id,
        "token": LEGACY,
    }
    return shape | ({"trigger_id": trigger} if trigger else {})


def in_message(workspace: Workspace, one: Message, channel: Channel, *, state: Json, url: str) -> Json:
    """Return the part of a block_actions payload about its message.

    An ephemeral message is not repeated: Slack does not keep it, so the payload has the container only.
    """
    ephemeral = one.to is not None
    container = {"type": "message", "message_ts": one.ts, "channel_id": channel.id, "is_ephemeral": ephemeral}
    if one.thread_ts:
        container["thread_ts"] = one.thread_ts
    told: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        "state": {"values": state},
        "response_url": url,
    }
    return told if ephemeral else told | {"message": message(workspace, one, with_metadata=True)}


def user_group(world: World, group: UserGroup, *, users: bool, count: bool) -> Json:
    """Return a user group, with its members and their number where they are asked for."""
    updated = int(group.updated.timestamp())
    shape: Json = {
        "id": group.id,
        "team_id": world.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": int(group.created.timestamp()),
        "date_update": updated,
        "date_delete": updated if group.disabled else 0,
        "auto_type": None,
        "auto_provision": False,
        "prefs": {"channels": [], "groups": []},
    }
    shape |= {"users": list(group.users)} if users else {}
    return shape | ({"user_count": len(group.users)} if count else {})


def event(world: World, inner: Json, *, now: datetime) -> Json:
    """Return the envelope of the Events API around one event."""
    authorization = {
        "enterprise_id": None,
        "team_id": world.team_id,
        "user_id": world.bot,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": LEGACY,
        "team_id": world.team_id,
        "api_app_id": world.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": "Ev0" + secrets.token_hex(5).upper(),
        "event_time": int(now.timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(12),
    }


def _bot_profile(world: World) -> Json:
    return {
        "id": world.bot_id,
        "app_id": world.app_id,
        "name": world.people[world.bot].name,
        "deleted": False,
        "team_id": world.team_id,
    }


def _thread(workspace: Workspace, one: Message) -> Json:
    """A reply names its parent; a parent counts its replies."""
    if one.thread_ts:
        return {"thread_ts": one.thread_ts} | ({"subtype": "thread_broadcast"} if one.broadcast else {})
    replies: Sequence[Message] = [
        reply
        for reply in workspace.messages.get(one.channel, [])
        if reply.thread_ts == one.ts and not reply.to
    ]
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    counted = {"reply_count": len(replies), "reply_users": users, "reply_users_count": len(users)}
    return {"thread_ts": one.ts, "latest_reply": replies[-1].ts, **counted}
