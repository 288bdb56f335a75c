"""Validation of messages and views, with Slack's error messages.

Facts: Slack developer documentation, Block Kit and views reference, 2026-11; for what is not documented,
answers quoted in the public tracker of Bolt for JavaScript (2025 to 2026). `validate_message` and
`validate_view` are also for the project's own tests: what they find, Slack would refuse.
"""

import json
from collections.abc import Iterator
from typing import Any

from sandbox.slack.validation.checks import (
    Check,
    Json,
    Problem,
    array,
    at_least_one,
    boolean,
    one_of,
    record,
    string,
    text,
    variant,
)
from sandbox.slack.validation.elements import ACCESSORY, ACTION, ID_MOST, IMAGE, INPUT, URL_MOST

MESSAGE_BLOCKS_MOST = 50
VIEW_BLOCKS_MOST = 100
BLOCKS_TOGETHER_MOST = 13_200  # characters, serialised; undocumented; measured by users, public tracker
VIEW_BYTES_MOST = 250_000  # bytes, serialised: "view_too_large: greater than 250kb"
PRIVATE_METADATA_MOST = 3000  # characters
MODAL_WORD_MOST = 24  # characters of a modal's title, submit and close

_BLOCK_ID = {"block_id": string(ID_MOST)}
_ANY_TEXT = ("plain_text", "mrkdwn")
_IMAGE_TEXT = variant({"image": IMAGE, **{kind: text(kind, most=3000) for kind in _ANY_TEXT}})
_BLOCK: Check = variant(
    {
        "section": record(
            {},
            {
                **_BLOCK_ID,
                "text": text(*_ANY_TEXT, most=3000),
                "fields": array(text(*_ANY_TEXT, most=2000), most=10),
                "accessory": ACCESSORY,
                "expand": boolean,
            },
            at_least_one("text", "fields"),
        ),
        "header": record({"text": text("plain_text", most=150)}, _BLOCK_ID),
        "divider": record({}, _BLOCK_ID),
        "context": record({"elements": array(_IMAGE_TEXT, most=10)}, _BLOCK_ID),
        "actions": record({"elements": array(ACTION, most=25)}, _BLOCK_ID),
        "input": record(
            {"label": text("plain_text", most=2000), "element": INPUT},
            {
                **_BLOCK_ID,
                "hint": text("plain_text", most=2000),
                "optional": boolean,
                "dispatch_action": boolean,
            },
        ),
        "image": record(
            {"image_url": string(URL_MOST), "alt_text": string(2000)},
            {**_BLOCK_ID, "title": text("plain_text", most=2000)},
        ),
    },
    not_emulated=frozenset(
        {"rich_text", "markdown", "table", "data_table", "video", "file", "call", "context_actions", "plan"}
    ),
)
_SHARED_BY_VIEWS = {
    "private_metadata": string(PRIVATE_METADATA_MOST, least=0),
    "callback_id": string(ID_MOST, least=0),
    "external_id": string(ID_MOST, least=0),
}
_VIEW = variant(
    {
        "modal": record(
            {
                "title": text("plain_text", most=MODAL_WORD_MOST),
                "blocks": array(_BLOCK, most=VIEW_BLOCKS_MOST),
            },
            {
                **_SHARED_BY_VIEWS,
                "submit": text("plain_text", most=MODAL_WORD_MOST),
                "close": text("plain_text", most=MODAL_WORD_MOST),
                "clear_on_close": boolean,
                "notify_on_close": boolean,
            },
        ),
        "home": record({"blocks": array(_BLOCK, most=VIEW_BLOCKS_MOST, least=0)}, _SHARED_BY_VIEWS),
    }
)
_RESPONSE_TYPE = one_of("ephemeral", "in_channel")


def validate_message(blocks: Any, text: str | None, *, together: int = BLOCKS_TOGETHER_MOST) -> list[Problem]:
    """Return the problems of a message with `blocks` (a list or None) and `text`.

    `together` is the most characters of all blocks, serialised.
    """
    if not blocks:
        return [] if text else [Problem("/text", "no text and no blocks", "no_text")]
    problems = [
        *array(_BLOCK, most=MESSAGE_BLOCKS_MOST)(blocks, "/blocks"),
        *_repeated_ids(blocks, "/blocks"),
    ]
    if not problems and len(serialised(blocks)) > together:
        problems.append(Problem("/blocks", f"more than {together} characters", "msg_blocks_too_long"))
    return problems


def validate_view(view: Any) -> list[Problem]:
    """Return the problems of a modal or home tab."""
    if len(serialised(view).encode()) > VIEW_BYTES_MOST:
        return [Problem("/view", f"more than {VIEW_BYTES_MOST} bytes", "view_too_large")]
    found = list(_VIEW(view, "/view"))
    if isinstance(view, dict):
        blocks = view.get("blocks")
        found += [*_repeated_ids(blocks, "/view/blocks"), *_input_without_submit(view), *_two_focused(blocks)]
    # Views are refused with invalid_arguments where messages are refused with invalid_blocks.
    return [Problem(problem.pointer, problem.message, "invalid_arguments") for problem in found]


def validate_response(body: Json) -> list[Problem]:
    """Return the problems of a response to a command or a post to a ``response_url``.

    The limit on all blocks together does not hold here (public tracker, 2026: "response_url not affected").
    """
    problems = [
        problem
        for problem in validate_message(body.get("blocks"), body.get("text"))
        if problem.code != "msg_blocks_too_long"
    ]
    if "response_type" in body:
        problems += _RESPONSE_TYPE(body["response_type"], "/response_type")
    return problems


def serialised(value: Any) -> str:
    """Return `value` as the compact JSON text whose length Slack's limits are about."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def elements_of(block: Json) -> list[Json]:
    """Return the interactive elements of one valid block, in order of appearance."""
    standing = [block[key] for key in ("accessory", "element") if key in block]
    return [e for e in [*standing, *block.get("elements", [])] if e["type"] not in ("image", *_ANY_TEXT)]


def _repeated_ids(blocks: Any, pointer: str) -> Iterator[Problem]:
    """block_id is unique in a message or view, action_id in its block."""
    seen: set[str] = set()
    for position, block in enumerate(blocks if isinstance(blocks, list) else []):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if isinstance(name, str) and name in seen:
            yield Problem(f"{pointer}/{position}/block_id", f"block_id {name} already exists")
        seen.update([name] if isinstance(name, str) else [])
        yield from _repeated_actions(block.get("elements"), f"{pointer}/{position}/elements")


def _repeated_actions(elements: Any, pointer: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, element in enumerate(elements if isinstance(elements, list) else []):
        name = element.get("action_id") if isinstance(element, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield Problem(f"{pointer}/{position}/action_id", f"action_id {name} already exists")
            seen.add(name)


def _input_without_submit(view: Json) -> Iterator[Problem]:
    """Slack developer documentation, views: submit is required when blocks hold an input."""
    blocks = view.get("blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )
    if has_input and view.get("type") == "modal" and "submit" not in view:
        yield Problem("/view", "missing required field: submit")


def _two_focused(blocks: Any) -> Iterator[Problem]:
    """Only one element of a view can be focused when it opens."""
    found = 0
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            continue
        inside = [block.get("accessory"), block.get("element")]
        inside += block["elements"] if isinstance(block.get("elements"), list) else []
        found += sum(isinstance(e, dict) and e.get("focus_on_load") is True for e in inside)
    if found > 1:
        yield Problem("/view/blocks", "only one element can set focus_on_load")
