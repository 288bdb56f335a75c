"""Block Kit's limits: whatever goes in, Slack accepts what comes out; a mistake in code raises."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import block_kit
from sandbox.slack.validation.blocks import validate_message, validate_response, validate_view
from tests.unit.views import samples

ROOT = Path(__file__).parents[3]
PIECES = (
    "<@U0LEAD>",
    "<https://example.com|x>",
    "&amp;",
    "&",
    "<",
    ">",
    "`code`",
    "```",
    "\n",
    " ",
    "あ",
    '"',
)
ANY = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
    st.builds(lambda piece, count: piece * count, st.sampled_from((*PIECES, "word ")), st.integers(0, 5000)),
)
IDS = st.text("abcdefghijklmnop._", min_size=1, max_size=255)


@st.composite
def buttons(draw: st.DrawFn) -> dict[str, Any]:
    ids = draw(st.lists(IDS, min_size=1, max_size=25, unique=True))
    sure = draw(st.none() | st.builds(block_kit.confirm, ANY, ANY, yes=ANY, no=ANY))
    return block_kit.actions(
        *(block_kit.button(draw(ANY), action=id, value="17.1", confirmation=sure) for id in ids)
    )


SHOWN = st.one_of(
    st.builds(block_kit.section, ANY),
    st.builds(block_kit.header, ANY),
    st.builds(block_kit.divider),
    st.lists(ANY, min_size=1, max_size=10).map(lambda texts: block_kit.context(*texts)),
    st.lists(st.tuples(ANY, ANY), min_size=1, max_size=10).map(lambda pairs: block_kit.fields(*pairs)),
    buttons(),
)
OPTIONS = st.lists(
    st.builds(block_kit.option, st.text(min_size=1, max_size=150), ANY), min_size=1, max_size=10
)


@st.composite
def inputs(draw: st.DrawFn) -> list[dict[str, Any]]:
    first, second, third, fourth = draw(st.lists(IDS, min_size=4, max_size=4, unique=True))
    options = draw(OPTIONS)
    initial = draw(st.none() | st.sampled_from(options))
    value = None if initial is None else initial["value"]
    return [
        block_kit.text_input(first, draw(ANY), initial=draw(st.none() | ANY), hint=draw(ANY)),
        block_kit.select_input(second, draw(ANY), options=options, initial=value, hint=draw(ANY)),
        block_kit.radio_input(third, draw(ANY), options=options, initial=value, hint=draw(ANY)),
        block_kit.search_input(fourth, draw(ANY), placeholder=draw(ANY), initial=initial, hint=draw(ANY)),
    ]


@settings(deadline=None)
@given(ANY, st.lists(SHOWN, min_size=1, max_size=8), st.integers(1, 12))
def test_any_message_is_accepted_as_an_answer_and_as_a_post(
    text: str, blocks: list[dict[str, Any]], times: int
) -> None:
    message = block_kit.message(text, blocks * times)
    assert validate_response({"text": message.text, "blocks": list(message.blocks)}) == []
    posted = block_kit.posted(message)
    samples.require_valid(posted)
    assert validate_message(list(posted.blocks), posted.text) == []


@settings(deadline=None)
@given(st.text(max_size=300), ANY, ANY, ANY, inputs(), st.lists(SHOWN, max_size=5))
def test_any_form_is_accepted(
    metadata: str,
    title: str,
    submit: str,
    close: str,
    fields: list[dict[str, Any]],
    shown: list[dict[str, Any]],
) -> None:
    view = block_kit.modal(
        "form.x", title=title, submit=submit, close=close, blocks=[*shown, *fields], metadata=metadata
    )
    assert validate_view(view) == []


@settings(deadline=None)
@given(st.lists(SHOWN, max_size=8), st.integers(1, 20))
def test_any_home_is_accepted(blocks: list[dict[str, Any]], times: int) -> None:
    assert validate_view(block_kit.home(blocks * times)) == []


@given(st.lists(ANY, max_size=30), st.sampled_from(("\n", "\n\n")))
def test_parts_are_packed_into_as_many_sections_as_they_need(parts: list[str], by: str) -> None:
    blocks = block_kit.sections(parts, by=by)
    assert len(blocks) <= len(parts)
    if blocks:
        assert validate_response({"text": "x", "blocks": blocks}) == []


@pytest.mark.parametrize("count", [49, 50, 51, 120])
def test_blocks_that_are_too_many_are_left_out_before_the_buttons(count: int) -> None:
    row = block_kit.actions(block_kit.button("Approve", action="a", value="1"))
    blocks = [*(block_kit.section(str(number)) for number in range(count - 1)), row]
    shown = block_kit.message("text", blocks).blocks
    assert len(shown) == min(count, 50)
    assert shown[-1] == row
    assert (shown[-2] == block_kit.context("…")) is (count > 50)


def button(action: str = "a", value: str = "1") -> dict[str, Any]:
    return block_kit.button("x", action=action, value=value)


MISTAKES: dict[str, Callable[[], object]] = {
    "26 buttons": lambda: block_kit.actions(*(button(str(number)) for number in range(26))),
    "no button": block_kit.actions,
    "one action twice": lambda: block_kit.actions(button(), button()),
    "11 fields": lambda: block_kit.fields(*[("name", "value")] * 11),
    "11 context elements": lambda: block_kit.context(*["x"] * 11),
    "a long action": lambda: button("a" * 256),
    "an empty action": lambda: button(""),
    "a long value": lambda: button(value="x" * 2001),
    "a long option value": lambda: block_kit.option("x" * 151, "text"),
    "no option": lambda: block_kit.select_input("b", "l", options=[], initial=None, hint="h"),
    "11 radio buttons": lambda: block_kit.radio_input(
        "b", "l", options=[block_kit.option(str(n), "x") for n in range(11)], initial=None, hint="h"
    ),
    "101 blocks": lambda: block_kit.modal("f", title="t", close="c", blocks=[block_kit.divider()] * 101),
    "an input twice": lambda: block_kit.modal(
        "f",
        title="t",
        close="c",
        submit="s",
        blocks=[block_kit.text_input("b", "l", initial=None, hint="h")] * 2,
    ),
    "an input that nothing sends": lambda: block_kit.modal(
        "f", title="t", close="c", blocks=[block_kit.text_input("b", "l", initial=None, hint="h")]
    ),
    "long metadata": lambda: block_kit.modal(
        "f", title="t", close="c", blocks=[block_kit.divider()], metadata="x" * 3001
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_code_raises(mistake: str) -> None:
    with pytest.raises(ValueError, match=r"not 1 to|not 0 to|1 to 100|twice|nothing that sends"):
        MISTAKES[mistake]()


def hand_made(tree: ast.AST) -> Iterator[int]:
    """Lines that make a block, a view or a message without the builders."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and any(
            isinstance(key, ast.Constant) and key.value == "type" for key in node.keys
        ):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
            yield node.lineno


def test_every_block_view_and_message_is_made_by_the_builders() -> None:
    files = [
        *(ROOT / "bot" / "views").rglob("*.py"),
        *(ROOT / "handlers").glob("*.py"),
        ROOT / "bot/notifier.py",
    ]
    found = {
        str(file.relative_to(ROOT)): list(hand_made(ast.parse(file.read_text())))
        for file in files
        if file.name != "block_kit.py"
    }
    assert {name: lines for name, lines in found.items() if lines} == {}
