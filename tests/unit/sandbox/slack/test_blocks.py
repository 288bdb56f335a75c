"""Block Kit's limits. Facts: Slack developer documentation, Block Kit reference and views, 2026-11."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack import validate_message, validate_view
from sandbox.slack.validation.checks import escaped

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str = "a", text: str = "A") -> Json:
    return {"text": plain(text), "value": value}


def section(**keys: Any) -> Json:
    return {"type": "section", "text": plain("x"), **keys}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**keys: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **keys}


def input_of(element: Json, **keys: Any) -> Json:
    return {"type": "input", "label": plain("Label"), "element": element, **keys}


def modal(*blocks: Json, **keys: Any) -> Json:
    return {"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": list(blocks), **keys}


def said(*blocks: Json) -> list[str]:
    return [str(problem) for problem in validate_message(list(blocks), "text")]


GROUP = {"label": plain("g"), "options": [option()]}
CONFIRM = {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")}

ACCEPTED = {
    "section text of 3000": {"type": "section", "text": plain("x" * 3000)},
    "ten fields of 2000": {"type": "section", "fields": [plain("x")] * 9 + [plain("x" * 2000)]},
    "header of 150": {"type": "header", "text": plain("x" * 150)},
    "divider": {"type": "divider"},
    "context of ten": {"type": "context", "elements": [plain("x")] * 10},
    "image": {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"},
    "image in a context": {
        "type": "context",
        "elements": [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}],
    },
    "25 buttons": actions(*(button(action_id=f"a{n}") for n in range(25))),
    "button value of 2000": actions(button(value="x" * 2000)),
    "button with confirm": actions(button(confirm=CONFIRM, style="danger", url="https://example.com")),
    "static select with groups": section(
        accessory={"type": "static_select", "option_groups": [{"label": plain("g"), "options": [option()]}]}
    ),
    "100 options": section(
        accessory={"type": "static_select", "options": [option(str(n)) for n in range(100)]}
    ),
    "multi select": section(accessory={"type": "multi_static_select", "options": [option()]}),
    "users select": actions({"type": "users_select", "initial_user": "U0LEAD"}),
    "external select": actions({"type": "external_select", "min_query_length": 0}),
    "overflow of five": section(
        accessory={"type": "overflow", "options": [option(str(n)) for n in range(5)]}
    ),
    "datetimepicker": actions({"type": "datetimepicker", "initial_date_time": 1795510800}),
    "datepicker": section(accessory={"type": "datepicker", "initial_date": "2026-11-24"}),
    "timepicker": section(accessory={"type": "timepicker", "initial_time": "09:30"}),
    "radio buttons": actions({"type": "radio_buttons", "options": [option()], "initial_option": option()}),
    "checkboxes": input_of({"type": "checkboxes", "options": [option()]}),
    "typed text": input_of({"type": "plain_text_input", "max_length": 3000, "multiline": True}),
    "number": input_of({"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}),
}

REFUSED = {
    "section text over 3000": (
        {"type": "section", "text": plain("x" * 3001)},
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty text": (
        {"type": "section", "text": plain("")},
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "section of nothing": (
        {"type": "section"},
        "[ERROR] must define either text or fields [json-pointer:/blocks/0]",
    ),
    "eleven fields": (
        {"type": "section", "fields": [plain("x")] * 11},
        "[ERROR] no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "field over 2000": (
        {"type": "section", "fields": [plain("x" * 2001)]},
        "[ERROR] must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "header in mrkdwn": (
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "[ERROR] must be a text object of type plain_text [json-pointer:/blocks/0/text]",
    ),
    "header over 150": (
        {"type": "header", "text": plain("x" * 151)},
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "unknown type": (
        {"type": "sektion"},
        "[ERROR] unsupported type: sektion [json-pointer:/blocks/0/type]",
    ),
    "a type that Slack has and this stand-in has not": (
        {"type": "rich_text", "elements": []},
        "[ERROR] rich_text exists in Slack but is not emulated [json-pointer:/blocks/0/type]",
    ),
    "unknown key": (
        section(colour="red"),
        "[ERROR] invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "a block that is no object": ("x", "[ERROR] unsupported type: None [json-pointer:/blocks/0/type]"),
    "missing text": (
        actions({"type": "button", "action_id": "go"}),
        "[ERROR] missing required field: text [json-pointer:/blocks/0/elements/0]",
    ),
    "plain string for a text object": (
        {"type": "section", "text": "x"},
        "[ERROR] must be a text object of type plain_text or mrkdwn [json-pointer:/blocks/0/text]",
    ),
    "verbatim on plain text": (
        {"type": "section", "text": {**plain("x"), "verbatim": True}},
        "[ERROR] invalid additional property: verbatim [json-pointer:/blocks/0/text]",
    ),
    "eleven in a context": (
        {"type": "context", "elements": [plain("x")] * 11},
        "[ERROR] no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "26 buttons": (
        actions(*(button(action_id=f"a{n}") for n in range(26))),
        "[ERROR] no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "no elements": (
        actions(),
        "[ERROR] no less than 1 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "button text over 75": (
        actions(button(text=plain("x" * 76))),
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "button value over 2000": (
        actions(button(value="x" * 2001)),
        "[ERROR] must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "button url over 3000": (
        actions(button(url="https://example.com/" + "x" * 3000)),
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    "button of another style": (
        actions(button(style="green")),
        "[ERROR] must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "confirm text over 300": (
        actions(button(confirm={**CONFIRM, "text": plain("x" * 301)})),
        "[ERROR] must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    "confirm button over 30": (
        actions(button(confirm={**CONFIRM, "deny": plain("x" * 31)})),
        "[ERROR] must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]",
    ),
    "action_id over 255": (
        actions(button(action_id="x" * 256)),
        "[ERROR] must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "action_id twice in one block": (
        actions(button(), button()),
        "[ERROR] action_id go already exists [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    "101 options": (
        section(accessory={"type": "static_select", "options": [option(str(n)) for n in range(101)]}),
        "[ERROR] no more than 100 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "option text over 75": (
        section(accessory={"type": "static_select", "options": [option(text="x" * 76)]}),
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/0/accessory/options/0/text/text]",
    ),
    "option value over 150": (
        section(accessory={"type": "static_select", "options": [option("x" * 151)]}),
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/accessory/options/0/value]",
    ),
    "options and groups": (
        section(accessory={"type": "static_select", "options": [option()], "option_groups": [GROUP]}),
        "[ERROR] must define exactly one of: options, option_groups [json-pointer:/blocks/0/accessory]",
    ),
    "initial option not offered": (
        section(accessory={"type": "static_select", "options": [option()], "initial_option": option("b")}),
        "[ERROR] initial option must be one of the options [json-pointer:/blocks/0/accessory]",
    ),
    "six in an overflow": (
        section(accessory={"type": "overflow", "options": [option(str(n)) for n in range(6)]}),
        "[ERROR] no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "eleven radio buttons": (
        actions({"type": "radio_buttons", "options": [option(str(n)) for n in range(11)]}),
        "[ERROR] no more than 10 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "placeholder over 150": (
        actions({"type": "users_select", "placeholder": plain("x" * 151)}),
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/elements/0/placeholder/text]",
    ),
    "typed text outside an input": (
        actions({"type": "plain_text_input"}),
        "[ERROR] unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "datetimepicker in a section": (
        section(accessory={"type": "datetimepicker"}),
        "[ERROR] unsupported type: datetimepicker [json-pointer:/blocks/0/accessory/type]",
    ),
    "input label over 2000": (
        {**input_of({"type": "plain_text_input"}), "label": plain("x" * 2001)},
        "[ERROR] must be less than 2001 characters [json-pointer:/blocks/0/label/text]",
    ),
    "max_length over 3000": (
        input_of({"type": "plain_text_input", "max_length": 3001}),
        "[ERROR] must be between 1 and 3000 [json-pointer:/blocks/0/element/max_length]",
    ),
    "min_length over max_length": (
        input_of({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
        "[ERROR] min_length must not be greater than max_length [json-pointer:/blocks/0/element]",
    ),
    "datetime in milliseconds": (
        actions({"type": "datetimepicker", "initial_date_time": 1795510800000}),
        "[ERROR] must be between 1000000000 and 9999999999 "
        "[json-pointer:/blocks/0/elements/0/initial_date_time]",
    ),
    "date in another order": (
        section(accessory={"type": "datepicker", "initial_date": "24.11.2026"}),
        "[ERROR] must be a date YYYY-MM-DD [json-pointer:/blocks/0/accessory/initial_date]",
    ),
    "image without alt text": (
        {"type": "image", "image_url": "https://example.com/a.png"},
        "[ERROR] missing required field: alt_text [json-pointer:/blocks/0]",
    ),
}


@pytest.mark.parametrize("block", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_block_within_its_limits_is_accepted(block: Json) -> None:
    assert said(block) == []


@pytest.mark.parametrize(("block", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_block_beyond_its_limits_is_refused_with_the_place_of_the_mistake(
    block: Json, message: str
) -> None:
    assert said(block) == [message]


def test_text_counts_as_it_is_escaped() -> None:
    # Text object reference: & < > travel as entities, so one ampersand takes five characters.
    assert said({"type": "section", "text": plain("&" * 600)}) == []
    assert said({"type": "section", "text": plain("&" * 601)}) != []


def test_mentions_and_links_are_not_escaped_in_mrkdwn_and_are_in_plain_text() -> None:
    assert escaped("<@U0LEAD> & <https://example.com|x> > &lt;", mrkdwn=True) == (
        "<@U0LEAD> &amp; <https://example.com|x> &gt; &lt;"
    )
    assert escaped("<@U0LEAD>", mrkdwn=False) == "&lt;@U0LEAD&gt;"


def test_a_message_has_at_most_50_blocks_and_a_view_100() -> None:
    assert said(*[{"type": "divider"}] * 50) == []
    assert said(*[{"type": "divider"}] * 51) == [
        "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"
    ]
    assert validate_view(modal(*[{"type": "divider"}] * 100)) == []
    assert validate_view(modal(*[{"type": "divider"}] * 101)) != []


def test_a_block_id_is_unique_in_its_message() -> None:
    assert said({"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}) == [
        "[ERROR] block_id a already exists [json-pointer:/blocks/1/block_id]"
    ]


def test_the_same_action_id_may_stand_in_two_blocks() -> None:
    assert said(actions(button()), actions(button())) == []


def test_all_blocks_together_are_too_long_beyond_13200_characters() -> None:
    # Undocumented; measured by users of chat.postMessage: msg_blocks_too_long at about 13.2 thousand.
    long = [{"type": "section", "text": plain("x" * 3000)}] * 5
    assert [problem.code for problem in validate_message(long, "text")] == ["msg_blocks_too_long"]
    assert validate_message(long[:4], "text") == []


def test_a_message_of_nothing_has_no_text() -> None:
    assert [problem.code for problem in validate_message([], "")] == ["no_text"]
    assert validate_message(None, "hello") == []


VIEWS_REFUSED = {
    "title over 24": (modal(section(), title=plain("x" * 25)), "/view/title/text"),
    "submit over 24": (modal(section(), submit=plain("x" * 25)), "/view/submit/text"),
    "close over 24": (modal(section(), close=plain("x" * 25)), "/view/close/text"),
    "no title": ({"type": "modal", "blocks": [section()]}, "/view"),
    "private_metadata over 3000": (modal(section(), private_metadata="x" * 3001), "/view/private_metadata"),
    "callback_id over 255": (modal(section(), callback_id="x" * 256), "/view/callback_id"),
    "input without submit": (
        {"type": "modal", "title": plain("T"), "blocks": [input_of({"type": "plain_text_input"})]},
        "/view",
    ),
    "a title on a home tab": ({"type": "home", "title": plain("T"), "blocks": []}, "/view"),
    "two in focus": (
        modal(*[input_of({"type": "plain_text_input", "focus_on_load": True})] * 2),
        "/view/blocks",
    ),
    "no blocks": (modal(), "/view/blocks"),
    "another type": ({"type": "workflow_step", "blocks": []}, "/view/type"),
    "no object": ("x", "/view/type"),
}


@pytest.mark.parametrize(("view", "pointer"), VIEWS_REFUSED.values(), ids=VIEWS_REFUSED.keys())
def test_a_view_beyond_its_limits_is_refused_with_invalid_arguments(view: Any, pointer: str) -> None:
    assert [(one.code, one.pointer) for one in validate_view(view)] == [("invalid_arguments", pointer)]


def test_a_view_within_its_limits_is_accepted() -> None:
    full = modal(
        input_of({"type": "plain_text_input"}),
        title=plain("x" * 24),
        close=plain("x" * 24),
        private_metadata="x" * 3000,
        callback_id="x" * 255,
        notify_on_close=True,
    )
    assert validate_view(full) == []
    assert validate_view({"type": "home", "blocks": []}) == []


def test_a_view_over_250_kilobytes_is_too_large() -> None:
    huge = modal(*[{"type": "section", "text": plain("x" * 2600)}] * 100)
    assert [one.code for one in validate_view(huge)] == ["view_too_large"]


KINDS = ("section", "actions", "input", "context", "static_select", "checkboxes", "modal", "plain_text")
KEYS = (
    "type",
    "text",
    "elements",
    "accessory",
    "element",
    "options",
    "option_groups",
    "initial_option",
    "blocks",
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_is_sent_is_judged_and_never_breaks_the_judge(anything: Any) -> None:
    validate_message([anything], "text")
    validate_view(anything)
