"""User actions, built as the requests that Slack would send to the bot.

Every action checks what Slack's client makes impossible: people click only what they see, and a deactivated
account can do nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.slack import delivery as deliveries
from sandbox.slack.delivery import Delivery
from sandbox.slack.model import form_state, json_shapes
from sandbox.slack.model.fixtures import Channel, Person
from sandbox.slack.model.triggers import Rights
from sandbox.slack.model.workspace import Message, View, Workspace
from sandbox.slack.users import text_entry
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Behavior, Refused

QUERY_LEAST = 3  # letters before an external_select asks the bot, where the bot does not say


class Acts:
    """Builds deliveries. Every method takes the moment; `Refused` means that the action is impossible."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        rights: Rights,
        behavior: Behavior,
        secret: str,
        base_url: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._rights = rights
        self.behavior = behavior
        self._secret = secret
        self._base_url = base_url

    def command(self, person: str, text: str, channel: str, *, now: datetime) -> Delivery:
        """Return a slash command; `text` is the whole line, with the command's name."""
        who, where = self.place(person, channel)
        word, _, rest = text.strip().partition(" ")
        known = {one.command: one for one in self._workspace.world.commands}
        if word not in known:
            raise Refused("unknown_command")
        fields = json_shapes.command(
            self._workspace,
            who,
            where,
            word=word,
            text=text_entry.sent(
                rest, self._workspace.world, self.behavior, should_escape=known[word].should_escape
            ),
            trigger=self._rights.trigger(who.id, now=now),
            url=self._response_url(who, where, None, now),
        )
        return deliveries.form("command", fields, self._secret, now=now, person=who.id, channel=where.id)

    def click(
        self,
        person: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None,
        selected: Any,
        now: datetime,
    ) -> Delivery:
        """Return a click on a message's element; `selected` is the raw choice where there is one."""
        who, where = self.place(person, channel)
        message = self._workspace.find(where.id, ts, viewer=who.id)
        block, element = form_state.find_shown(message.screens, action_id, block_id)
        action = form_state.action(block, element, selected, action_ts=self._workspace.next_ts(now))
        trigger = self._rights.trigger(who.id, now=now)
        payload = {
            **json_shapes.interaction(self._workspace, "block_actions", who, trigger=trigger),
            **json_shapes.in_message(
                self._workspace,
                message,
                where,
                state=self._picked(who, message, block, element, selected),
                url=self._response_url(who, where, message.ts, now),
            ),
            "actions": [action],
        }
        return deliveries.interaction(payload, self._secret, now=now)

    def click_in_view(
        self,
        person: str,
        view_id: str | None,
        action_id: str,
        *,
        block_id: str | None,
        selected: Any,
        now: datetime,
    ) -> Delivery:
        """Return a click or a choice in the modal in front of a person, or on their home tab."""
        who = self.who(person)
        view = self._view(who, view_id)
        block, element = form_state.find_shown(view.screens, action_id, block_id)
        if block["type"] == "input" and not block.get("dispatch_action"):
            raise Refused("action_not_dispatched")
        found = view.offers(block, element)
        action = form_state.action(
            block, element, selected, action_ts=self._workspace.next_ts(now), suggested=found
        )
        if element["action_id"] in view.values.get(block["block_id"], {}):
            picked = form_state.picked(element, selected, suggested=found)
            view.values[block["block_id"]][element["action_id"]] = picked
        trigger = self._rights.trigger(who.id, now=now, view=view.id)
        shape = json_shapes.view(self._workspace, view)
        payload = {
            **json_shapes.interaction(self._workspace, "block_actions", who, trigger=trigger),
            "container": {"type": "view", "view_id": view.id},
            "view": shape,
            "actions": [action],
        }
        return deliveries.interaction(payload, self._secret, now=now)

    def search(
        self,
        person: str,
        view_id: str | None,
        action_id: str,
        *,
        block_id: str | None,
        value: str,
        now: datetime,
    ) -> Delivery:
        """Return what a person types into an ``external_select``, as Slack asks the bot for options.

        It has no trigger: a list of options opens nothing. Slack's client asks from ``min_query_length``
        letters on, 3 where the bot says nothing (Block Kit reference, 2026-11).
        """
        who = self.who(person)
        view = self._view(who, view_id)
        block, element = form_state.find(view.content["blocks"], action_id, block_id)
        if element["type"] != "external_select":
            raise Refused("action_not_searchable")
        if len(value) < element.get("min_query_length", QUERY_LEAST):
            raise Refused("query_too_short")
        payload = {
            **json_shapes.interaction(self._workspace, "block_suggestion", who, trigger=None),
            "container": {"type": "view", "view_id": view.id},
            "view": json_shapes.view(self._workspace, view),
            "block_id": block["block_id"],
            "action_id": action_id,
            "value": value,
        }
        return deliveries.interaction(payload, self._secret, now=now)

    def submission(
        self, person: str, view_id: str | None, values: Mapping[str, Mapping[str, Any]], *, now: datetime
    ) -> Delivery:
        """Return the modal's submission with raw `values` by block_id and action_id filled in.

        Raises `Refused` ``form_incomplete`` with ``errors`` by block_id where Slack's client sends nothing.
        """
        who = self.who(person)
        view = self._view(who, view_id)
        if not view.content.get("submit"):
            raise Refused("no_submit")
        for block_id, actions in values.items():
            for action_id, raw in actions.items():
                block, element = form_state.find(view.content["blocks"], action_id, block_id)
                picked = form_state.picked(element, raw, suggested=view.offers(block, element))
                view.values[block["block_id"]][action_id] = picked
        view.errors = form_state.complaints(view.content["blocks"], view.values) or None
        self._workspace.touch()
        if view.errors:
            raise Refused("form_incomplete", errors=view.errors)
        trigger = self._rights.trigger(who.id, now=now, view=view.id)
        payload = json_shapes.interaction(self._workspace, "view_submission", who, trigger=trigger)
        told = {**payload, "view": json_shapes.view(self._workspace, view), "response_urls": []}
        return deliveries.interaction(told, self._secret, now=now)

    def closing(self, person: str, *, everything: bool, now: datetime) -> list[Delivery]:
        """Close the modal in front, or every one, and return what the bot is told (notify_on_close)."""
        who = self.who(person)
        front = self._view(who, None)
        stack = self._workspace.stacks[who.id]
        gone = list(stack) if everything or front.content.get("clear_on_close") else [front]
        self._workspace.stacks[who.id] = [one for one in stack if one not in gone]
        self._workspace.touch()
        return [self._closed(who, one, everything, now) for one in gone if one.content.get("notify_on_close")]

    def shortcut(self, person: str, callback_id: str, *, now: datetime) -> Delivery:
        """Return a global shortcut; raises `Refused` when the app has none of that id."""
        who = self.who(person)
        if callback_id not in {one.callback_id for one in self._workspace.world.shortcuts}:
            raise Refused("unknown_shortcut")
        trigger = self._rights.trigger(who.id, now=now)
        payload = json_shapes.interaction(self._workspace, "shortcut", who, trigger=trigger)
        action_ts = self._workspace.next_ts(now)
        told = {**payload, "callback_id": callback_id, "action_ts": action_ts}
        return deliveries.interaction(told, self._secret, now=now)

    def home_opened(self, person: str, *, now: datetime) -> Delivery:
        """Return the event that a person opened the home tab."""
        who = self.who(person)
        inner: Json = {"type": "app_home_opened", "user": who.id, "tab": "home"}
        inner |= {"channel": self._workspace.direct(who.id).id, "event_ts": self._workspace.next_ts(now)}
        if home := self._workspace.homes.get(who.id):
            inner["view"] = json_shapes.view(self._workspace, home)
        return self.event(inner, now=now)

    def user_changed(self, person: Person, *, now: datetime) -> Delivery:
        """Return the event that an account changed."""
        user = person.user(now=now, with_locale=True)
        inner = {"type": "user_change", "user": user, "cache_ts": int(now.timestamp())}
        return self.event({**inner, "event_ts": self._workspace.next_ts(now)}, now=now)

    def event(self, inner: Json, *, now: datetime) -> Delivery:
        """Return any event in its envelope."""
        return deliveries.event(
            json_shapes.event(self._workspace.world, inner, now=now), self._secret, now=now
        )

    def challenge(self, word: str, *, now: datetime) -> Delivery:
        """Return the request that verifies a request URL; the response must repeat `word`."""
        payload = {"type": "url_verification", "token": json_shapes.LEGACY, "challenge": word}
        return deliveries.event(payload, self._secret, now=now)

    def again(self, delivery: Delivery, *, number: int, reason: str, now: datetime) -> Delivery:
        """Return an event's redelivery."""
        return deliveries.again(delivery, self._secret, number=number, reason=reason, now=now)

    def who(self, ref: str) -> Person:
        """Return the acting person, by id or name."""
        try:
            person = self._workspace.world.person(ref)
        except KeyError as error:
            raise Refused("user_not_found") from error
        if person.deleted:
            raise Refused("account_inactive")
        return person

    def place(self, person: str, channel: str) -> tuple[Person, Channel]:
        """Return the person and a channel they are in: an id, ``#name``, or ``@pgaccess`` for the DM."""
        who = self.who(person)
        bot = self._workspace.world.people[self._workspace.world.bot]
        if channel in (f"@{bot.name}", bot.id):
            return who, self._workspace.direct(who.id)
        where = self._workspace.channel(channel)
        if who.id not in where.members:
            raise Refused("channel_not_found")
        return who, where

    def _view(self, who: Person, view_id: str | None) -> View:
        front, home = self._workspace.top(who.id), self._workspace.homes.get(who.id)
        for view in (front, home):
            if view is not None and view_id in (None, view.id):
                return view
        raise Refused("not_found")

    def _closed(self, who: Person, view: View, cleared: bool, now: datetime) -> Delivery:
        payload = json_shapes.interaction(self._workspace, "view_closed", who, trigger=None)
        told = {**payload, "view": json_shapes.view(self._workspace, view), "is_cleared": cleared}
        return deliveries.interaction(told, self._secret, now=now)

    def _response_url(self, who: Person, where: Channel, ts: str | None, now: datetime) -> str:
        secret = self._rights.url(who.id, where.id, ts, now=now)
        return f"{self._base_url().rstrip('/')}/respond/{secret}"

    def _picked(
        self, who: Person, message: Message, block: Json, element: Json, selected: Any
    ) -> form_state.Values:
        """Return the message's ``state.values`` as this person has set them, this choice included."""
        key = (who.id, message.channel, message.ts)
        fresh = form_state.initial_values(message.blocks)
        values = {
            **fresh,
            **{one: at for one, at in self._workspace.picks.get(key, {}).items() if one in fresh},
        }
        if element["action_id"] in values.get(block["block_id"], {}):
            values[block["block_id"]][element["action_id"]] = form_state.picked(element, selected)
        self._workspace.picks[key] = values
        return values
