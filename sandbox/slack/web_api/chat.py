"""The ``chat.*`` methods.

Facts: Slack developer documentation, these methods, message metadata and unfurling, 2026-11. That an edit
takes 4,000 bytes of text after escaping is measured by users (public trackers).
"""

import re

from sandbox.slack.model import json_shapes
from sandbox.slack.model.fixtures import Channel
from sandbox.slack.model.workspace import Message
from sandbox.slack.validation.blocks import serialised, validate_message
from sandbox.slack.validation.checks import Json, escaped
from sandbox.slack.web_api.call import Call
from sandbox.slack.web_api.errors import Refused

TEXT_MOST = 40_000  # characters of a new message; what is longer is cut off, silently
EDITED_TEXT_MOST = 4_000  # bytes of an edited message's text, escaped
METADATA_BYTES_MOST = 16_000  # "metadata_too_large"


def post_message(call: Call) -> Json:
    """Answer chat.postMessage: into a channel, or into the direct messages with a person named by id."""
    channel = _target(call)
    text, blocks = _content(call)
    thread = _thread(call, channel)
    posted = call.workspace.post(
        Message(
            channel=channel.id,
            ts=call.workspace.next_ts(call.now),
            user=call.workspace.world.bot,
            text=text[:TEXT_MOST],
            blocks=blocks or [],
            metadata=_metadata(call),
            thread_ts=thread,
            broadcast=thread is not None and call.flag("reply_broadcast"),
            unfurl_links=call.flag("unfurl_links"),
            unfurl_media=call.flag("unfurl_media", otherwise=True),
        )
    )
    told = json_shapes.message(call.workspace, posted, with_metadata=True)
    return {"channel": channel.id, "ts": posted.ts, "message": told}


def post_ephemeral(call: Call) -> Json:
    """Answer chat.postEphemeral: visible to one member of the channel, and not stored."""
    channel, person = _target(call), call.person("user")
    if person.id not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = _content(call)
    posted = call.workspace.post(
        Message(
            channel=channel.id,
            ts=call.workspace.next_ts(call.now),
            user=call.workspace.world.bot,
            text=text[:TEXT_MOST],
            blocks=blocks or [],
            thread_ts=_thread(call, channel),
            to=person.id,
        )
    )
    return {"message_ts": posted.ts}


def update(call: Call) -> Json:
    """Answer chat.update: text and blocks change, ``ts`` stays, and so do blocks and metadata not given."""
    workspace = call.workspace
    channel, found = _own_message(call, otherwise="cant_update_message")
    if channel.is_archived:
        raise Refused("is_inactive")
    if call.flag("reply_broadcast"):
        raise Refused.arguments("exists in Slack but is not emulated", "reply_broadcast")
    _still_editable(call, found)
    text, blocks = _content(call)
    if len(escaped(text, mrkdwn=True).encode()) > EDITED_TEXT_MOST:
        raise Refused("msg_too_long")
    metadata = _metadata(call)
    found.text = text
    if blocks is not None:
        found.redraw(workspace.with_ids(blocks))
    found.metadata = found.metadata if metadata is None else metadata or None
    found.edited_ts = workspace.next_ts(call.now)
    workspace.touch()
    told = json_shapes.message(workspace, found, with_metadata=True)
    return {"channel": channel.id, "ts": found.ts, "text": text, "message": told}


def delete(call: Call) -> Json:
    """Answer chat.delete for a message of the bot's own."""
    channel, found = _own_message(call, otherwise="cant_delete_message")
    call.workspace.remove(found)
    return {"channel": channel.id, "ts": found.ts}


def get_permalink(call: Call) -> Json:
    """Answer chat.getPermalink: where a person finds the message, in its thread if it is a reply."""
    channel = call.channel()
    if not call.is_member(channel) and (channel.is_private or channel.is_im):
        raise Refused("channel_not_found")
    found = call.workspace.find(channel.id, call.required("message_ts"))
    address = f"https://{call.workspace.world.team_domain}.slack.com/archives/{channel.id}/p"
    thread = f"?thread_ts={found.thread_ts}&cid={channel.id}" if found.thread_ts else ""
    return {"channel": channel.id, "permalink": f"{address}{found.ts.replace('.', '')}{thread}"}


def _still_editable(call: Call, message: Message) -> None:
    """Raise `Refused` ``edit_window_closed`` when the workspace's edit window is over."""
    seconds = call.behavior.edit_seconds
    if seconds is not None and call.now.timestamp() - float(message.ts) > seconds:
        raise Refused("edit_window_closed")


def _target(call: Call) -> Channel:
    """Return where a new message goes; raises `Refused` when the bot may not post there."""
    ref = call.required("channel")
    person = call.workspace.world.people.get(ref)
    if person is not None:
        if person.deleted or person.is_bot:
            raise Refused("channel_not_found")
        return call.workspace.direct(person.id)
    channel = call.workspace.channel(ref)
    if call.behavior.deactivated_dm and _is_with_deactivated(call, channel):
        raise Refused(call.behavior.deactivated_dm)
    if channel.is_archived:
        raise Refused("is_archived")
    if not call.is_member(channel) and (channel.is_private or "chat:write.public" not in call.scopes):
        raise Refused("channel_not_found" if channel.is_private else "not_in_channel")
    return channel


def _is_with_deactivated(call: Call, channel: Channel) -> bool:
    """Return whether a channel is the direct messages with a deactivated account."""
    return channel.is_im and any(call.workspace.world.people[one].deleted for one in channel.members)


def _own_message(call: Call, *, otherwise: str) -> tuple[Channel, Message]:
    """Return the message the call names; raises `Refused` `otherwise` when the bot did not post it."""
    channel = call.channel()
    found = call.workspace.find(channel.id, call.required("ts"))
    if found.user != call.workspace.world.bot:
        raise Refused(otherwise)
    return channel, found


def _content(call: Call) -> tuple[str, list[Json] | None]:
    """Return text and blocks as given; raises `Refused` for what Slack refuses."""
    if call.given.get("attachments"):
        raise Refused.arguments("attachments exist in Slack but are not emulated", "attachments")
    text = call.optional("text") or ""
    blocks = call.structure("blocks", broken="invalid_blocks_format")
    if problems := validate_message(blocks, text, together=call.behavior.blocks_together_most):
        raise Refused.because(problems)
    return text, blocks


def _metadata(call: Call) -> Json | None:
    """Return the message metadata, {} when it is to be removed, None when it is not mentioned."""
    given: Json | None = call.structure("metadata", broken="invalid_metadata_format")
    if not given:
        return given
    event_type = given.get("event_type") if isinstance(given, dict) else None
    if not isinstance(event_type, str) or not re.fullmatch(r"[A-Za-z0-9_.:-]{1,255}", event_type):
        raise Refused("invalid_metadata_format")
    if set(given) != {"event_type", "event_payload"} or not isinstance(given["event_payload"], dict):
        raise Refused("invalid_metadata_format")
    if len(serialised(given).encode()) > METADATA_BYTES_MOST:
        raise Refused("metadata_too_large")
    return given


def _thread(call: Call, channel: Channel) -> str | None:
    """Return the parent's timestamp; raises `Refused` when there is none."""
    ts = call.optional("thread_ts")
    if ts is None:
        return None
    for one in call.workspace.messages.get(channel.id, []):
        if one.ts == ts and one.to is None:
            return one.thread_ts or one.ts
    raise Refused("thread_not_found")
