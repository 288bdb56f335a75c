"""The few kinds of blocks that our messages are made of, with Slack's limits kept by construction."""

from typing import Any, Final

from bot.ports import Block

SECTION_TEXT: Final = 3000
"""Characters that one section's text may have (Slack's Block Kit reference)."""

BUTTON_TEXT: Final = 75
"""Characters on a button (Slack's Block Kit reference)."""


def section(text: str) -> Block:
    """A paragraph."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def fields(*pairs: tuple[str, str]) -> Block:
    """Short facts in two columns, each under its name; at most ten."""
    return {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in pairs],
    }


def context(*texts: str) -> Block:
    """Grey lines: what is true, rather than what to do."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text)}


def confirm(title: str, text: str, *, yes: str, no: str) -> Block:
    """The question that a button asks before it does something that cannot be undone."""
    asked: Block = {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)}
    return {**asked, "style": "danger"}


def button(
    text: str, *, action: str, value: str, style: str | None = None, sure: Block | None = None
) -> Block:
    """A button: ``style`` is ``primary`` (green), ``danger`` (red) or None; ``sure`` asks back."""
    made: Block = {
        "type": "button",
        "text": plain(text),
        "action_id": action,
        "value": value,
    }
    if style is not None:
        made["style"] = style
    return made if sure is None else {**made, "confirm": sure}


def plain(text: str) -> Block:
    """Text without markup, as titles, labels and buttons want it."""
    return {"type": "plain_text", "text": text, "emoji": True}


def text_input(
    block: str, label: str, *, initial: str | None, hint: str, optional: bool = False, long: bool = False
) -> Block:
    """A field to type in; its value is at ``state.values[block][block]``."""
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": block, "multiline": long}
    if initial:
        element["initial_value"] = initial
    return _input(block, label, element, hint=hint, optional=optional)


def select_input(
    block: str, label: str, *, options: list[tuple[str, str]], initial: str | None, hint: str
) -> Block:
    """A choice of at most 100; an option is its value and its text."""
    shown = {value: option(value, text) for value, text in options}
    element: dict[str, Any] = {"type": "static_select", "action_id": block, "options": list(shown.values())}
    if initial in shown:
        element["initial_option"] = shown[initial]
    return _input(block, label, element, hint=hint, optional=False)


def choice_input(
    block: str, label: str, *, options: list[tuple[str, str]], initial: str | None, hint: str
) -> Block:
    """A choice of at most 10 that are all seen at once; an option is its value and its text."""
    shown = {value: option(value, text) for value, text in options}
    element: dict[str, Any] = {"type": "radio_buttons", "action_id": block, "options": list(shown.values())}
    if initial in shown:
        element["initial_option"] = shown[initial]
    return _input(block, label, element, hint=hint, optional=False)


def search_input(block: str, label: str, *, placeholder: str, initial: Block | None, hint: str) -> Block:
    """A choice of any number: Slack asks us for what fits while somebody types, and before (from 0 letters).

    Args:
        initial: the option that is chosen already, as `option` makes it.
    """
    element: dict[str, Any] = {
        "type": "external_select",
        "action_id": block,
        "placeholder": plain(placeholder),
        "min_query_length": 0,
    }
    if initial is not None:
        element["initial_option"] = initial
    return _input(block, label, element, hint=hint, optional=False)


def option(value: str, text: str) -> Block:
    """One thing to choose: its value comes back to us, its text is read."""
    return {"text": plain(text), "value": value}


def _input(block: str, label: str, element: Block, *, hint: str, optional: bool) -> Block:
    return {
        "type": "input",
        "block_id": block,
        "label": plain(label),
        "element": element,
        "hint": plain(hint),
        "optional": optional,
    }
