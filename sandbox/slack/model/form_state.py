"""Form state: what a person picks and types, as Slack reports it in actions and ``state.values``.

Facts: Slack developer documentation, block_actions and view_submission payloads, 2026-11: per element type
one key (``value``, ``selected_option`` …), null or an empty list when nothing was chosen.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sandbox.slack.validation.blocks import elements_of
from sandbox.slack.validation.checks import Json
from sandbox.slack.validation.elements import INPUT_TEXT_MOST, offered
from sandbox.slack.web_api.errors import Refused

Values = dict[str, dict[str, Json]]
"""``state.values``: by block_id, then by action_id."""

_KEY = {
    "plain_text_input": "value",
    "number_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "users_select": "selected_user",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_INITIAL = {
    "plain_text_input": "initial_value",
    "number_input": "initial_value",
    "static_select": "initial_option",
    "external_select": "initial_option",
    "radio_buttons": "initial_option",
    "users_select": "initial_user",
    "multi_static_select": "initial_options",
    "checkboxes": "initial_options",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
}
_SEVERAL = {"multi_static_select", "checkboxes"}
_WRITTEN = {
    "datepicker": r"\d{4}-\d{2}-\d{2}",
    "timepicker": r"\d{2}:\d{2}",
    "users_select": r"[UW][A-Z0-9]+",
}


def stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each block with each of its stateful elements: all but buttons and overflow menus."""
    for block in blocks:
        yield from ((block, element) for element in elements_of(block) if element["type"] in _INITIAL)


def initial_values(blocks: list[Json]) -> Values:
    """Return the initial ``state.values``."""
    values: Values = {}
    for block, element in stateful(blocks):
        initial = element.get(_INITIAL[element["type"]], [] if element["type"] in _SEVERAL else None)
        state = {"type": element["type"], _KEY[element["type"]]: initial}
        values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def find(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """Return an element and its block; raises `Refused` ``action_not_found``."""
    for block in blocks:
        for element in elements_of(block):
            if element["action_id"] == action_id and block_id in (None, block["block_id"]):
                return block, element
    raise Refused("action_not_found")


def find_shown(screens: list[list[Json]], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """Find an element on any version of a message that the person may still see.

    A click may arrive after the bot has updated the message; its payload names the element that was clicked
    (Slack developer documentation, block_actions payloads, 2026-11). Without a block_id only the present
    version is searched.

    Args:
        screens: Versions of the blocks that a person may see, newest first.
        action_id: Id of the element.
        block_id: Id of the block, if known.
    """
    for blocks in screens if block_id else screens[:1]:
        with contextlib.suppress(Refused):
            return find(blocks, action_id, block_id)
    raise Refused("action_not_found")


def picked(element: Json, raw: Any, *, suggested: Iterable[Json] = ()) -> Json:
    """Return Slack's shape of a raw choice: an option's value, a list of them, a text, a date or a number.

    `suggested` are options from the bot's responses to searches in this element. Raises `Refused`
    ``invalid_selection`` if the element does not offer the choice, as Slack's client would not either.
    """
    kind = element["type"]
    if kind == "external_select":
        initial = [element["initial_option"]] if "initial_option" in element else []
        element = {**element, "options": [*initial, *suggested]}
    return {"type": kind, _KEY[kind]: _chosen(kind, element, raw)}


def action(block: Json, element: Json, raw: Any, *, action_ts: str, suggested: Iterable[Json] = ()) -> Json:
    """Return one entry of ``actions`` in a block_actions payload."""
    common = {"action_id": element["action_id"], "block_id": block["block_id"], "action_ts": action_ts}
    if element["type"] != "button":
        return {**picked(element, raw, suggested=suggested), **common}
    shown: Json = {
        key: element[key] for key in ("text", "value", "style", "url", "confirm") if key in element
    }
    return {"type": "button", **shown, **common}


def complaints(blocks: list[Json], values: Values) -> dict[str, str]:
    """Return the client-side validation errors of a form, by block_id."""
    said: dict[str, str] = {}
    for block, element in stateful(blocks):
        state = values[block["block_id"]][element["action_id"]]
        content = state[_KEY[element["type"]]]
        if content in (None, "", []):
            if block["type"] == "input" and not block.get("optional"):
                said[block["block_id"]] = "Please complete this required field."
        elif complaint := _complaint(element, content):
            said[block["block_id"]] = complaint
    return said


def _chosen(kind: str, element: Json, raw: Any) -> Any:
    if kind in _SEVERAL:
        wanted = [raw] if isinstance(raw, str) else raw or []
        return [_option(element, one) for one in wanted]
    if raw is None or raw == "":
        return None
    if _KEY[kind] == "selected_option":
        return _option(element, raw)
    if kind == "datetimepicker":
        return _seconds(raw)
    written = str(raw)
    if not re.fullmatch(_WRITTEN.get(kind, r"(?s).*"), written):
        raise Refused("invalid_selection")
    return written


def _option(element: Json, raw: Any) -> Json:
    for option in offered(element):
        if option["value"] == raw:
            return option
    raise Refused("invalid_selection")


def _seconds(raw: Any) -> int:
    try:
        return int(raw)
    except (TypeError, ValueError) as error:
        raise Refused("invalid_selection") from error


def _complaint(element: Json, content: Any) -> str | None:
    if element["type"] == "plain_text_input":
        most = element.get("max_length", INPUT_TEXT_MOST)
        if len(content) > most:
            return f"Must be {most} characters or fewer."
        if len(content) < element.get("min_length", 0):
            return f"Must be at least {element['min_length']} characters."
    if element["type"] == "number_input":
        return _number_complaint(element, content)
    return None


def _number_complaint(element: Json, content: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", content):
        return "Please enter a number."
    number = Decimal(content)
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        return "Please enter a whole number."
    if number < Decimal(element.get("min_value", "-Infinity")):
        return f"Must be at least {element['min_value']}."
    if number > Decimal(element.get("max_value", "Infinity")):
        return f"Must be {element['max_value']} or less."
    return None
