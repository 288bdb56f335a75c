"""Run-time state of a workspace: messages, direct message channels, open modals and home tabs."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.slack.model.fixtures import Channel, World
from sandbox.slack.model.form_state import Values, initial_values
from sandbox.slack.validation.blocks import elements_of
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused

VIEWS_STACKED_MOST = 3  # "push_limit_reached: currently the limit is 3"
SCREENS_KEPT = 20  # versions of a message or view that somebody may still have before them


@dataclass(slots=True, kw_only=True)
class Message:
    """One message.

    Attributes:
        to: The only person who sees it when it is ephemeral.
        broadcast: A reply that is shown in the channel too (``reply_broadcast``).
        unfurl_links, unfurl_media: Whether Slack looks up the links in it to show a preview.
        before: Its earlier blocks, newest first: what a screen may show that has not heard of the last edit.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    metadata: Json | None = None
    thread_ts: str | None = None
    edited_ts: str | None = None
    to: str | None = None
    broadcast: bool = False
    unfurl_links: bool = False
    unfurl_media: bool = True
    before: list[list[Json]] = field(default_factory=list)

    @property
    def screens(self) -> list[list[Json]]:
        """Everything that somebody may have before them, newest first."""
        return [self.blocks, *self.before]

    def redraw(self, blocks: list[Json]) -> None:
        """Show other blocks, every one with its ids."""
        self.before = self.screens[:SCREENS_KEPT]
        self.blocks = blocks


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or a home tab as `owner` sees it; `content` is its definition with every id filled in.

    `suggested` is what the bot has answered searches with: options by value, by block_id and action_id.
    `before` is its earlier blocks, newest first.
    """

    id: str
    owner: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    values: Values = field(default_factory=dict)
    errors: dict[str, str] | None = None
    suggested: dict[tuple[str, str], dict[str, Json]] = field(default_factory=dict)
    before: list[list[Json]] = field(default_factory=list)

    @property
    def screens(self) -> list[list[Json]]:
        """Everything that its owner may have before them, newest first."""
        return [self.content["blocks"], *self.before]

    def offers(self, block: Json, element: Json) -> list[Json]:
        """Return every option that a search in this element has found so far."""
        return list(self.suggested.get((block["block_id"], element["action_id"]), {}).values())

    def show(self, content: Json, *, now: datetime) -> None:
        """Show other content under the same id: what was typed stays where the same field is still there."""
        kept, self.before = self.values, self.screens[:SCREENS_KEPT]
        self.content, self.hash, self.errors = content, view_hash(now), None
        self.values = initial_values(content["blocks"])
        for block_id, actions in self.values.items():
            for action_id, fresh in actions.items():
                old = kept.get(block_id, {}).get(action_id)
                # A field of another type under the same ids cannot take what was typed.
                if old is not None and old["type"] == fresh["type"]:
                    actions[action_id] = old


class Workspace:
    """The mutable part of the emulated Slack. `version` rises with everything a person could see."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.version = 1
        self.messages: dict[str, list[Message]] = {}
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.picks: dict[tuple[str, str, str], Values] = {}
        self._last_ts = 0
        self._made = 0

    def touch(self) -> None:
        """Tell whoever is looking that something visible changed."""
        self.version += 1

    def next_ts(self, now: datetime) -> str:
        """Return a message timestamp of `now` in Slack's form, never given twice and never going back."""
        # A timestamp is a message's id in its channel: two in one microsecond must not share it.
        micro = max(int(now.timestamp() * 1_000_000), self._last_ts + 1)
        self._last_ts = micro
        return f"{micro // 1_000_000}.{micro % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """Return a fresh id such as ``V0000000007``."""
        self._made += 1
        return f"{prefix}{self._made:010d}"

    def channel(self, ref: str) -> Channel:
        """Return a channel by id or by ``#name``; raises `Refused` ``channel_not_found``."""
        channels = self.world.channels
        named = {one.name: one for one in channels.values() if not one.is_im}
        found = channels.get(ref) or named.get(ref.removeprefix("#"))
        if found is None:
            raise Refused("channel_not_found")
        return found

    def direct(self, person: str) -> Channel:
        """Return the direct messages between a person and the bot; they are opened when they are new."""
        name = "D" + person[1:]
        if name not in self.world.channels:
            members = frozenset({person, self.world.bot})
            self.world.channels[name] = Channel(id=name, name="directmessage", members=members, is_im=True)
            self.touch()
        return self.world.channels[name]

    def channels_of(self, person: str) -> list[Channel]:
        """Return the channels a person is in, direct messages last."""
        mine = [one for one in self.world.channels.values() if person in one.members]
        return sorted(mine, key=lambda one: (one.is_im, one.name))

    def post(self, message: Message) -> Message:
        """Keep a new message, every block and every element in it with an id."""
        message.blocks = self.with_ids(message.blocks)
        self.messages.setdefault(message.channel, []).append(message)
        self.touch()
        return message

    def find(self, channel: str, ts: str, *, viewer: str | None = None) -> Message:
        """Return one message that `viewer` sees, ephemeral ones only with `viewer`; raises `Refused`."""
        for message in self.messages.get(channel, []):
            if message.ts == ts and message.to in (None, viewer):
                return message
        raise Refused("message_not_found")

    def remove(self, message: Message) -> None:
        """Take a message away for good."""
        self.messages[message.channel].remove(message)
        self.touch()

    def seen_by(self, channel: str, viewer: str) -> list[Message]:
        """Return what a person sees in a channel, oldest first, their own ephemerals among it."""
        visible = [one for one in self.messages.get(channel, []) if one.to in (None, viewer)]
        return sorted(visible, key=lambda one: one.ts)

    def top(self, person: str) -> View | None:
        """Return a person's open modal, if any."""
        stack = self.stacks.get(person)
        return stack[-1] if stack else None

    def view(self, view_id: str) -> View:
        """Return a modal that is open now, or a home tab; raises `Refused` ``not_found``."""
        for view in self._views():
            if view_id in (view.id, view.content.get("external_id") or None):
                return view
        raise Refused("not_found")

    def require_unused(self, external_id: str | None, *, by: View | None = None) -> None:
        """Raise `Refused` ``duplicate_external_id`` when a view other than `by` has this external_id."""
        taken = (one.content.get("external_id") == external_id for one in self._views() if one is not by)
        if external_id and any(taken):
            raise Refused("duplicate_external_id")

    def _views(self) -> list[View]:
        """Return every view that somebody has open, or would see at home."""
        return [*(one for stack in self.stacks.values() for one in stack), *self.homes.values()]

    def new_view(self, owner: str, content: Json, *, now: datetime, below: View | None = None) -> View:
        """Return a new view of `content` for `owner`, on top of the view `below` when it is pushed."""
        name = self.next_id("V")
        content = {**content, "blocks": self.with_ids(content["blocks"])}
        return View(
            id=name,
            owner=owner,
            content=content,
            hash=view_hash(now),
            root=below.root if below else name,
            previous=below.id if below else None,
            values=initial_values(content["blocks"]),
        )

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """Return the blocks with a block_id each and an action_id on each element: Slack makes them up."""
        return [self._with_ids(block) for block in blocks]

    def _with_ids(self, block: Json) -> Json:
        named = {**block, "block_id": block.get("block_id") or self.next_id("b")}
        interactive = elements_of(block)
        for key in ("accessory", "element"):
            if block.get(key) in interactive:
                named[key] = self._with_action_id(block[key])
        if "elements" in block:
            named["elements"] = [
                self._with_action_id(one) if one in interactive else one for one in block["elements"]
            ]
        return named

    def _with_action_id(self, element: Json) -> Json:
        return {**element, "action_id": element.get("action_id") or self.next_id("a")}


def view_hash(now: datetime) -> str:
    """Return a fresh view hash in Slack's form, ``1569362015.55b5e41b``."""
    return f"{int(now.timestamp())}.{secrets.token_hex(4)}"
