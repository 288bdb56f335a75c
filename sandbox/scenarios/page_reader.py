"""Reads what a person sees in the emulated Slack: texts as plain lines, buttons and form fields."""

import html
from collections.abc import Iterator
from typing import Any

from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.web_api.errors import Refused

_Json = dict[str, Any]

PRIVATELY = "privately"
FORM = "the form"
HOME = "at home"
DIRECT = "direct messages"


class PageReader:
    """Reads the emulated Slack from the view of a person.

    Args:
        slack: The workspace.
    """

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack

    def texts(self, person: str, place: str) -> list[str]:
        """Return the texts in a place, oldest first; of a form also the errors at its fields."""
        if place in (FORM, HOME):
            view = self.view(person, place)
            return [*_lines(view.get("blocks")), *(view.get("errors") or {}).values()] if view else []
        return [
            "\n".join(_lines([message["text"], message["blocks"]]))
            for message in self.messages(person, place)
        ]

    def messages(self, person: str, place: str) -> list[_Json]:
        """Return the messages of a place, oldest first; none where the person is not a member."""
        if place == PRIVATELY:
            return self._slack.ephemerals(person)
        try:
            return self._slack.messages("@pgaccess" if place == DIRECT else place, person)
        except Refused:
            return []

    def view(self, person: str, place: str) -> _Json | None:
        """Return the person's open form, or their home tab."""
        return self._slack.home_for(person) if place == HOME else self._slack.view_for(person)

    def channel_of(self, person: str, message: _Json) -> str:
        """Return the channel in which a person sees a message."""
        who = self._slack.acts.who(person)
        for channel in self._slack.workspace.channels_of(who.id):
            if any(
                candidate["ts"] == message["ts"] for candidate in self._slack.messages(channel.id, person)
            ):
                return channel.id
        raise LookupError(message["ts"])


def button(blocks: list[_Json], label: str) -> tuple[str, str] | None:
    """Return the block_id and action_id of the first button with a label; None if there is none."""
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory") or {}]:
            if element.get("type") == "button" and element["text"]["text"] == label:
                return block["block_id"], element["action_id"]
    return None


def field(view: _Json, label: str) -> tuple[str, _Json]:
    """Return the block_id and element of the field with a label; raises `LookupError` if there is none."""
    inputs = {block["label"]["text"]: block for block in view["blocks"] if block["type"] == "input"}
    if label not in inputs:
        raise LookupError(f"the form has no field “{label}” but {', '.join(inputs) or 'none'}")
    return inputs[label]["block_id"], inputs[label]["element"]


def value(element: _Json, text: str) -> str:
    """Return a field's value for what a person writes, or for the label of the option they choose."""
    options = [
        *element.get("options", ()),
        *(option for group in element.get("option_groups", ()) for option in group["options"]),
    ]
    chosen = next((option["value"] for option in options if option["text"]["text"] == text), text)
    return str(chosen)


def _lines(part: Any) -> list[str]:
    return [html.unescape(text) for text in _texts(part)]


def _texts(part: Any) -> Iterator[str]:
    match part:
        case str():
            yield part
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from _texts(value) if isinstance(value, dict | list) else ()
        case list():
            for item in part:
                yield from _texts(item)
