"""Validation of Block Kit's interactive elements, and where each is allowed.

Facts: Slack developer documentation, Block Kit reference, 2026-11, and the vendor's published type
definitions (@slack/types 3.2): which element belongs into which block, and every length and count below.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.validation.checks import (
    Check,
    Problem,
    array,
    boolean,
    exactly_one,
    integer,
    matching,
    one_of,
    record,
    string,
    text,
    variant,
)

ID_MOST = 255  # characters of action_id, block_id, callback_id and external_id
INPUT_TEXT_MOST = 3000  # characters a plain_text_input may ask for
MENU_OPTIONS_MOST = 100  # options of a select menu, and option groups of one
LIST_OPTIONS_MOST = 10  # options of radio buttons and checkboxes
OVERFLOW_OPTIONS_MOST = 5
OPTION_VALUE_MOST = 150  # characters
BUTTON_VALUE_MOST = 2000  # characters
URL_MOST = 3000  # characters

_USER = matching(r"[UW][A-Z0-9]{2,}", "a user id")
_ACTION_ID = {"action_id": string(ID_MOST)}
_CONFIRM = record(
    {
        "title": text("plain_text", most=100),
        "text": text("plain_text", "mrkdwn", most=300),
        "confirm": text("plain_text", most=30),
        "deny": text("plain_text", most=30),
    },
    {"style": one_of("primary", "danger")},
)
_CONFIRMED = {**_ACTION_ID, "confirm": _CONFIRM}
_FOCUSED = {**_CONFIRMED, "focus_on_load": boolean}
_MENU = {**_FOCUSED, "placeholder": text("plain_text", most=150)}


def _option(*kinds: str, url: bool = False) -> Check:
    optional = {"description": text(*kinds, most=75)} | ({"url": string(URL_MOST)} if url else {})
    return record({"text": text(*kinds, most=75), "value": string(OPTION_VALUE_MOST)}, optional)


_PLAIN_OPTION = _option("plain_text")
_RICH_OPTION = _option("plain_text", "mrkdwn")
_GROUP = record(
    {"label": text("plain_text", most=75), "options": array(_PLAIN_OPTION, most=MENU_OPTIONS_MOST)}
)
_MENU_OPTIONS = {
    "options": array(_PLAIN_OPTION, most=MENU_OPTIONS_MOST),
    "option_groups": array(_GROUP, most=MENU_OPTIONS_MOST),
}


def offered(element: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every option an element offers, those inside groups included."""
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]


def _initial_is_offered(value: Any, pointer: str) -> Iterator[Problem]:
    """Slack matches an initial option by the whole object, not by its value alone."""
    initial = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    try:
        options = offered(value)
    except (TypeError, KeyError):
        return  # the options are malformed, which has been said already
    if isinstance(initial, list) and any(option not in options for option in initial):
        yield Problem(pointer, "initial option must be one of the options")


def _min_not_above_max(value: Any, pointer: str) -> Iterator[Problem]:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Problem(pointer, "min_length must not be greater than max_length")


_NUMBER = matching(r"-?\d+(\.\d+)?", "a number written as a string")
_DISPATCH = record({"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), most=2)})
_SEVERAL = {"max_selected_items": integer(1, MENU_OPTIONS_MOST)}
_SLACK_TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time HH:mm")
_SLACK_DATE = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date YYYY-MM-DD")

IMAGE: Check = record({"image_url": string(URL_MOST), "alt_text": string(2000)})
"""An image inside a section or a context."""

_BUTTON = record(
    {"text": text("plain_text", most=75)},
    {
        **_CONFIRMED,
        "url": string(URL_MOST),
        "value": string(BUTTON_VALUE_MOST),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
_OVERFLOW = record(
    {"options": array(_option("plain_text", url=True), most=OVERFLOW_OPTIONS_MOST)}, _CONFIRMED
)
_STATIC_SELECT = record(
    {},
    {**_MENU, **_MENU_OPTIONS, "initial_option": _PLAIN_OPTION},
    exactly_one("options", "option_groups"),
    _initial_is_offered,
)
_MULTI_STATIC_SELECT = record(
    {},
    {**_MENU, **_MENU_OPTIONS, **_SEVERAL, "initial_options": array(_PLAIN_OPTION, most=MENU_OPTIONS_MOST)},
    exactly_one("options", "option_groups"),
    _initial_is_offered,
)
_EXTERNAL_SELECT = record(
    {}, {**_MENU, "min_query_length": integer(0, 10**6), "initial_option": _PLAIN_OPTION}
)
SUGGESTED: Check = record({"options": array(_PLAIN_OPTION, most=MENU_OPTIONS_MOST, least=0)})
"""Options of a search; Slack also accepts groups, which the bot does not use."""

_LIST_OPTIONS = {"options": array(_RICH_OPTION, most=LIST_OPTIONS_MOST)}
_CHECKBOXES = record(
    _LIST_OPTIONS,
    {**_FOCUSED, "initial_options": array(_RICH_OPTION, most=LIST_OPTIONS_MOST)},
    _initial_is_offered,
)

CHOICES: dict[str, Check] = {
    "static_select": _STATIC_SELECT,
    "multi_static_select": _MULTI_STATIC_SELECT,
    "external_select": _EXTERNAL_SELECT,
    "users_select": record({}, {**_MENU, "initial_user": _USER}),
    "datepicker": record({}, {**_MENU, "initial_date": _SLACK_DATE}),
    "timepicker": record({}, {**_MENU, "initial_time": _SLACK_TIME, "timezone": string(100)}),
    "radio_buttons": record(_LIST_OPTIONS, {**_FOCUSED, "initial_option": _RICH_OPTION}, _initial_is_offered),
    "checkboxes": _CHECKBOXES,
}
"""Elements that are allowed in sections, actions and inputs."""

DATETIMEPICKER: dict[str, Check] = {
    # Ten digits: Slack developer documentation, "a UNIX timestamp in seconds … 10 digits".
    "datetimepicker": record({}, {**_FOCUSED, "initial_date_time": integer(10**9, 10**10 - 1)})
}
_TYPED: dict[str, Check] = {
    "plain_text_input": record(
        {},
        {
            **_ACTION_ID,
            "placeholder": text("plain_text", most=150),
            "initial_value": string(INPUT_TEXT_MOST, least=0),
            "multiline": boolean,
            "min_length": integer(0, INPUT_TEXT_MOST),
            "max_length": integer(1, INPUT_TEXT_MOST),
            "dispatch_action_config": _DISPATCH,
            "focus_on_load": boolean,
        },
        _min_not_above_max,
    ),
    "number_input": record(
        {"is_decimal_allowed": boolean},
        {
            **_ACTION_ID,
            "placeholder": text("plain_text", most=150),
            "initial_value": _NUMBER,
            "min_value": _NUMBER,
            "max_value": _NUMBER,
            "dispatch_action_config": _DISPATCH,
            "focus_on_load": boolean,
        },
    ),
}
_PRESSED: dict[str, Check] = {"button": _BUTTON, "overflow": _OVERFLOW}
_UNPLAYED = frozenset(
    {
        "channels_select",
        "conversations_select",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_users_select",
        "email_text_input",
        "url_text_input",
        "file_input",
        "rich_text_input",
        "workflow_button",
        "icon_button",
        "feedback_buttons",
    }
)

ACCESSORY: Check = variant({**CHOICES, **_PRESSED, "image": IMAGE}, not_emulated=_UNPLAYED)
ACTION: Check = variant({**CHOICES, **DATETIMEPICKER, **_PRESSED}, not_emulated=_UNPLAYED)
INPUT: Check = variant({**CHOICES, **DATETIMEPICKER, **_TYPED}, not_emulated=_UNPLAYED)
