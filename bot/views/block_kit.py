"""Builders for every block, message and view that we send; each keeps Slack's limits.

Text that is too long is shortened (`text.shorten`), blocks that are too many are left out with an ellipsis.
What only code decides, an id or a number of buttons, raises ``ValueError`` instead: no data can cause it.

Facts: Slack developer documentation, Block Kit and views reference, 2026-11. The limit on all blocks of a
posted message is not documented; it was measured by users (public tracker of Bolt for JavaScript, 2026).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from bot.ports import Block, Message
from bot.views.text import ELLIPSIS, NOTHING, length, shorten

SECTION_TEXT: Final = 3000
FIELD_TEXT: Final = 2000
CONTEXT_TEXT: Final = 3000
HEADER_TEXT: Final = 150
LABEL_TEXT: Final = 2000
HINT_TEXT: Final = 2000
PLACEHOLDER_TEXT: Final = 150
INITIAL_TEXT: Final = 3000
BUTTON_TEXT: Final = 75
OPTION_TEXT: Final = 75
CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30
MODAL_TITLE: Final = 24
MODAL_BUTTON: Final = 24
FIELD_ERROR: Final = 2000
"""Characters of each kind of text."""

MESSAGE_TEXT: Final = 4000
"""Characters of a message's text; Slack takes 40,000 in a new message, and 4,000 in an edited one."""

ID: Final = 255
BUTTON_VALUE: Final = 2000
OPTION_VALUE: Final = 150
PRIVATE_METADATA: Final = 3000
"""Characters of what is not shown and comes back to us."""

FIELDS: Final = 10
CONTEXT_ELEMENTS: Final = 10
ACTIONS: Final = 25
SELECT_OPTIONS: Final = 100
RADIO_OPTIONS: Final = 10
MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
"""How many of each kind one container takes."""

POSTED_CHARACTERS: Final = 12_000
"""Characters of a posted message's blocks as JSON: rejected from about 13,200 (``msg_blocks_too_long``)."""

VIEW_BYTES: Final = 250_000
"""Bytes of a view as JSON (``view_too_large``)."""


def message(text: str, blocks: Iterable[Block]) -> Message:
    """A message; ``text`` is what notifications and screen readers use."""
    shown = _fit(list(blocks), lambda fitting: len(fitting) <= MESSAGE_BLOCKS)
    return Message(text=_shown(text, MESSAGE_TEXT), blocks=_require_unique_ids(shown))


def paragraphs(text: str, *more: str) -> Message:
    """A message of one or several paragraphs; the first is its text too."""
    return message(text, [section(each) for each in (text, *more)])


def posted(answer: Message) -> Message:
    """A message as ``chat.postMessage`` and ``chat.update`` take it; answers to commands may be longer."""
    blocks = _fit(list(answer.blocks), lambda fitting: len(_as_json(fitting)) <= POSTED_CHARACTERS)
    return Message(text=answer.text, blocks=blocks)


def modal(
    form: str,
    *,
    title: str,
    close: str,
    blocks: Sequence[Block],
    submit: str | None = None,
    metadata: str | None = None,
) -> Block:
    """A modal.

    Args:
        form: its ``callback_id``.
        title: cut at 24 characters, as are the two buttons.
        close: the button that closes it.
        blocks: at most 100.
        submit: the button that sends it; None where there is nothing to send.
        metadata: comes back with the form.

    Raises:
        ValueError: an id is too long or used twice, there are too many blocks, or inputs without ``submit``.
    """
    if not 0 < len(blocks) <= VIEW_BLOCKS:
        raise ValueError(f"a modal has 1 to {VIEW_BLOCKS} blocks, {form} has {len(blocks)}")
    # Slack rejects inputs in a modal without a submit button.
    if submit is None and any(block["type"] == "input" for block in blocks):
        raise ValueError(f"{form} has inputs and nothing that sends them")
    view: Block = {
        "type": "modal",
        "callback_id": _id(form),
        "title": plain(title, MODAL_TITLE),
        "close": plain(close, MODAL_BUTTON),
        "blocks": _require_unique_ids(blocks),
    }
    if submit is not None:
        view["submit"] = plain(submit, MODAL_BUTTON)
    if metadata is not None:
        view["private_metadata"] = _require(metadata, PRIVATE_METADATA, "private_metadata", least=0)
    return view


def home(blocks: Iterable[Block]) -> Block:
    """The App Home, as ``views.publish`` takes it."""
    shown = _fit(
        list(blocks),
        # The margin is for the view around its blocks, which counts too.
        lambda fitting: len(fitting) <= VIEW_BLOCKS and len(_as_json(fitting).encode()) < VIEW_BYTES - 100,
    )
    return {"type": "home", "blocks": _require_unique_ids(shown)}


def section(text: str) -> Block:
    """A paragraph."""
    return {"type": "section", "text": _mrkdwn(text, SECTION_TEXT)}


def sections(parts: Iterable[str], *, by: str) -> list[Block]:
    """As few paragraphs as hold some parts; none of these is divided.

    Args:
        parts: each short enough for one paragraph.
        by: what stands between two parts of one paragraph.
    """
    texts: list[str] = []
    for part in parts:
        joined = by.join([*texts[-1:], part])
        if texts and length(joined) <= SECTION_TEXT:
            texts[-1] = joined
        else:
            texts.append(part)
    return [section(text) for text in texts]


def fields(*pairs: tuple[str, str]) -> Block:
    """Short facts in two columns, each below its name."""
    shown = [_mrkdwn(f"*{name}*\n{value}", FIELD_TEXT) for name, value in pairs]
    return {"type": "section", "fields": _require_count(shown, FIELDS, "fields")}


def context(*texts: str) -> Block:
    """Small grey text: what is true, rather than what to do."""
    shown = [_mrkdwn(text, CONTEXT_TEXT) for text in texts]
    return {"type": "context", "elements": _require_count(shown, CONTEXT_ELEMENTS, "context elements")}


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    """A row of buttons, each with an ``action_id`` of its own."""
    _require_unique(button["action_id"] for button in buttons)
    return {"type": "actions", "elements": _require_count(list(buttons), ACTIONS, "buttons")}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def confirm(title: str, text: str, *, yes: str, no: str) -> Block:
    """The question that a button asks before it does something that cannot be undone."""
    return {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain(no, CONFIRM_BUTTON),
        "style": "danger",
    }


def button(
    text: str, *, action: str, value: str, style: str | None = None, confirmation: Block | None = None
) -> Block:
    """A button.

    Args:
        text: on it.
        action: its ``action_id``.
        value: comes back when it is pressed.
        style: ``primary`` (green), ``danger`` (red) or None.
        confirmation: what it asks first, as `confirm` makes it.
    """
    block: Block = {
        "type": "button",
        "text": plain(text, BUTTON_TEXT),
        "action_id": _id(action),
        "value": _require(value, BUTTON_VALUE, "value of a button"),
    }
    # The usual style has no value of its own: the key is left out.
    if style is not None:
        block["style"] = style
    return block if confirmation is None else {**block, "confirm": confirmation}


def plain(text: str, limit: int) -> Block:
    """Text without markup, as titles, labels and buttons want it."""
    return {"type": "plain_text", "text": _shown(text, limit, mrkdwn=False), "emoji": True}


def text_input(
    block: str,
    label: str,
    *,
    initial: str | None,
    hint: str,
    optional: bool = False,
    long: bool = False,
    most: int | None = None,
) -> Block:
    """A field to type in, at most ``most`` characters; its value is at ``state.values[block][block]``."""
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": _id(block), "multiline": long}
    if most is not None:
        element["max_length"] = most
    if initial:
        # Not shown but edited: no entities, so every character counts as one.
        element["initial_value"] = initial[:INITIAL_TEXT]
    return _input(block, label, element, hint=hint, optional=optional)


def select_input(
    block: str, label: str, *, options: Iterable[Block], initial: str | None, hint: str
) -> Block:
    """A choice from a menu of 1 to 100 options; ``initial`` is the value of the one chosen already."""
    element = _choice("static_select", block, options, initial, most=SELECT_OPTIONS)
    return _input(block, label, element, hint=hint, optional=False)


def radio_input(
    block: str,
    label: str,
    *,
    options: Iterable[Block],
    initial: str | None,
    hint: str,
    optional: bool = False,
) -> Block:
    """A choice from 1 to 10 options that are all visible; ``initial`` as in `select_input`."""
    element = _choice("radio_buttons", block, options, initial, most=RADIO_OPTIONS)
    return _input(block, label, element, hint=hint, optional=optional)


def search_input(block: str, label: str, *, placeholder: str, initial: Block | None, hint: str) -> Block:
    """A choice from any number of options: Slack asks for those that fit what is typed, from 0 letters on.

    Args:
        block: its ``block_id`` and ``action_id``.
        label: above it.
        placeholder: in it while nothing is chosen.
        initial: the option that is chosen already, as `option` makes it.
        hint: below it.
    """
    element: dict[str, Any] = {
        "type": "external_select",
        "action_id": _id(block),
        "placeholder": plain(placeholder, PLACEHOLDER_TEXT),
        "min_query_length": 0,
    }
    if initial is not None:
        element["initial_option"] = initial
    return _input(block, label, element, hint=hint, optional=False)


def person_input(
    block: str, label: str, *, hint: str, optional: bool = False, initial: str | None = None
) -> Block:
    """A choice from the workspace's people, which Slack itself offers; ``initial`` is the id of one."""
    element: Block = {"type": "users_select", "action_id": _id(block)}
    if initial:
        element["initial_user"] = initial
    return _input(block, label, element, hint=hint, optional=optional)


def option(value: str, text: str) -> Block:
    """One option: its value comes back to us, its text is read."""
    return {"text": plain(text, OPTION_TEXT), "value": _require(value, OPTION_VALUE, "value of an option")}


def _choice(kind: str, block: str, options: Iterable[Block], initial: str | None, *, most: int) -> Block:
    by_value = {option["value"]: option for option in options}
    element: Block = {
        "type": kind,
        "action_id": _id(block),
        "options": _require_count(list(by_value.values()), most, "options"),
    }
    # Slack takes an initial option only if it is exactly one of the options.
    if initial in by_value:
        element["initial_option"] = by_value[initial]
    return element


def _input(block: str, label: str, element: Block, *, hint: str, optional: bool) -> Block:
    return {
        "type": "input",
        "block_id": _id(block),
        "label": plain(label, LABEL_TEXT),
        "element": element,
        "hint": plain(hint, HINT_TEXT),
        "optional": optional,
    }


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": _shown(text, limit)}


def _shown(text: str, limit: int, *, mrkdwn: bool = True) -> str:
    return shorten(text, limit, mrkdwn=mrkdwn) if text.strip() else NOTHING


def _fit(blocks: list[Block], fits: Callable[[Sequence[Block]], bool]) -> list[Block]:
    """Leaves out blocks until the rest fits; a last row of buttons stays, with an ellipsis before it.

    Where that row alone does not fit, it loses its last buttons, of which the least depends on.
    """
    if fits(blocks):
        return blocks
    # Dropped from the end, where the least important stands; but without its buttons a card could not be
    # decided.
    last = blocks[-1:] if blocks[-1]["type"] == "actions" else []
    kept = blocks[: len(blocks) - len(last)]
    while kept and not fits([*kept, context(ELLIPSIS), *last]):
        kept.pop()
    while last and len(last[0]["elements"]) > 1 and not fits([*kept, context(ELLIPSIS), *last]):
        last = [{**last[0], "elements": last[0]["elements"][:-1]}]
    return [*kept, context(ELLIPSIS), *last]


def _as_json(blocks: Sequence[Block]) -> str:
    return json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))


def _id(text: str) -> str:
    return _require(text, ID, "id")


def _require(text: str, limit: int, what: str, *, least: int = 1) -> str:
    if not least <= len(text) <= limit:
        raise ValueError(f"{what}: {len(text)} characters, not {least} to {limit}")
    return text


def _require_count(items: list[Block], limit: int, what: str) -> list[Block]:
    if not 0 < len(items) <= limit:
        raise ValueError(f"{what}: {len(items)}, not 1 to {limit}")
    return items


def _require_unique_ids(blocks: Sequence[Block]) -> list[Block]:
    _require_unique(block["block_id"] for block in blocks if "block_id" in block)
    return list(blocks)


def _require_unique(ids: Iterable[str]) -> None:
    """Slack rejects an id that stands twice in one message, view or block."""
    if twice := [id for id, count in Counter(ids).items() if count > 1]:
        raise ValueError(f"used twice: {twice}")
