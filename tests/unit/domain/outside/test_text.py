"""Names and descriptions of others are made harmless to show."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.outside.text import DESCRIPTION, NAME, clean, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("billing", "billing"),
        ("請求チームの DB", "請求チームの DB"),
        ("bil\r\nling", "bil ling"),
        ("a\nb\tc\u2028d\x85e", "a b c d e"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x9b1mname", "name"),
        ("\u202egnillib\u202c", "gnillib"),
        ("\u2066a\u2069\u200e\u200f", "a"),
        ("bil\u200bl\u200ding\ufeff", "billing"),
        ("a\x00b\x07c", "abc"),
        ("a\ud800b", "ab"),
        ("  a  b  ", "a b"),
        ("\U000e0041a", "a"),
        ("\u3164", ""),
    ],
)
def test_what_controls_reorders_or_hides_is_left_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters(codec=None), max_size=300), st.sampled_from([NAME, DESCRIPTION, 5]))
@example("\x1b" * 100 + "[", 5)
@example("a" * 101, NAME)
def test_a_clean_text_is_one_visible_line_that_stays_as_it_is(text: str, limit: int) -> None:
    line = clean(text, limit=limit)
    assert len(line) <= limit
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [char for char in line if char in "\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff"]
    assert clean(line, limit=limit) == line
    line.encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_the_lines_of_a_text_stay() -> None:
    assert visible("a\nb\u202e\nc") == "a\nb\nc"
