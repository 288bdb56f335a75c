"""What a person sees on the stage, as plain lines, and the buttons and fields that they find there."""

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


class Eyes:
    """Looks at the emulated Slack as one person after the other.

    Args:
        slack: the workspace.
    """

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack

    def said(self, person: str, place: str) -> list[str]:
        """What stands in a place, oldest first; in a form also what is wrong at its fields."""
        if place in (FORM, HOME):
            view = self.view(person, place)
            return [*_words(view.get("blocks")), *(view.get("errors") or {}).values()] if view else []
        return [
            "\n".join(_words([message["text"], message["blocks"]]))
            for message in self.messages(person, place)
        ]

    def messages(self, person: str, place: str) -> list[_Json]:
        """The messages of a place, oldest first; none where the person is not."""
        if place == PRIVATELY:
            return self._slack.ephemerals(person)
        try:
            return self._slack.messages("@pgaccess" if place == DIRECT else place, person)
        except Refused:
            return []

    def view(self, person: str, place: str) -> _Json | None:
        """The form in front of a person, or their home tab."""
        return self._slack.home_for(person) if place == HOME else self._slack.view_for(person)

    def channel_of(self, person: str, message: _Json) -> str:
        """The channel in which a person sees a message."""
        who = self._slack.acts.who(person)
        for channel in self._slack.workspace.channels_of(who.id):
            if any(one["ts"] == message["ts"] for one in self._slack.messages(channel.id, person)):
                return channel.id
        raise LookupError(message["ts"])


def button(blocks: list[_Json], label: str) -> tuple[str, str] | None:
    """The block_id and action_id of the first button with a label, if there is one."""
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory") or {}]:
            if element.get("type") == "button" and element["text"]["text"] == label:
                return block["block_id"], element["action_id"]
    return None


def field(view: _Json, label: str) -> tuple[str, _Json]:
    """The block_id and the element of the field with a label; raises `LookupError` when there is none."""
    inputs = {block["label"]["text"]: block for block in view["blocks"] if block["type"] == "input"}
    if label not in inputs:
        raise LookupError(f"the form has no field “{label}” but {', '.join(inputs) or 'none'}")
    return inputs[label]["block_id"], inputs[label]["element"]


def value(element: _Json, text: str) -> str:
    """What a field takes for the words that somebody writes or chooses."""
    options = [
        *element.get("options", ()),
        *(o for g in element.get("option_groups", ()) for o in g["options"]),
    ]
    chosen = next((one["value"] for one in options if one["text"]["text"] == text), text)
    return str(chosen)


def _words(part: Any) -> list[str]:
    return [html.unescape(text) for text in _texts(part)]


def _texts(part: Any) -> Iterator[str]:
    match part:
        case str():
            yield part
        case {"text": str(text)}:
            yield text
        case dict():
            for one in part.values():
                yield from _texts(one) if isinstance(one, dict | list) else ()
        case list():
            for one in part:
                yield from _texts(one)
