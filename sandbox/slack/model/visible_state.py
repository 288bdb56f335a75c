"""Visible state of a person, as JSON for the page and for tests."""

from sandbox.slack.model.fixtures import Person
from sandbox.slack.model.workspace import Message, View, Workspace
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused


def state(workspace: Workspace, me: Person) -> Json:
    """Return what a person sees: people, channels, messages, open modal, home tab, commands."""
    world = workspace.world
    if me.deleted:
        raise Refused("account_inactive")
    channels = workspace.channels_of(me.id)
    top, home, bot = workspace.top(me.id), workspace.homes.get(me.id), world.people[world.bot]
    return {
        "me": me.id,
        "people": [_person(one) for one in world.people.values() if is_actor(one)],
        "channels": [
            {"id": one.id, "name": bot.name if one.is_im else one.name, "is_im": one.is_im}
            for one in channels
        ],
        "messages": {
            one.id: [message_shape(message) for message in workspace.seen_by(one.id, me.id)]
            for one in channels
        },
        "view": view_shape(top) if top else None,
        "home": home_shape(home) if home else None,
        "commands": [{"command": one.command, "hint": one.hint} for one in world.commands],
        "shortcuts": [{"callback_id": one.callback_id, "name": one.name} for one in world.shortcuts],
        "groups": [{"id": one.id, "handle": one.handle} for one in world.groups.values() if not one.disabled],
        "bot": {"name": bot.name, "user_id": bot.id},
    }


def is_actor(person: Person) -> bool:
    """Return whether an account belongs to an active person: no bot, not Slackbot, not deactivated."""
    return not (person.is_bot or person.deleted or person.id == "USLACKBOT")


def message_shape(message: Message) -> Json:
    """Return one message."""
    return {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited_ts is not None,
        "ephemeral": message.to is not None,
        "thread_ts": message.thread_ts,
        "deleted": False,
    }


def view_shape(view: View) -> Json:
    """Return one modal, with the errors that stand at its fields."""
    content = view.content
    return {
        "id": view.id,
        "hash": view.hash,
        "type": content["type"],
        "title": content["title"],
        "submit": content.get("submit"),
        "close": content.get("close"),
        "blocks": content["blocks"],
        "callback_id": content.get("callback_id", ""),
        "private_metadata": content.get("private_metadata", ""),
        "errors": view.errors,
    }


def home_shape(view: View) -> Json:
    """Return one home tab."""
    return {"id": view.id, "hash": view.hash, "blocks": view.content["blocks"]}


def _person(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "locale": person.locale,
        "tz": person.tz,
    }
