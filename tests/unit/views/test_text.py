"""Shortening: within the limit as Slack counts, and never inside a token."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.translator import escape, join
from bot.views import text
from sandbox.slack.validation.checks import escaped

TOKENS = (
    "<@U0LEAD>",
    "<!date^1795543200^{date}|2026>",
    "&amp;",
    "&lt;",
    "`203.0.113.4/32`",
    "```",
    "&",
    "<",
    ">",
)
MARKUP = st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=20)), max_size=30).map("".join)


@given(MARKUP, st.booleans())
def test_a_length_is_the_one_that_slack_counts(markup: str, mrkdwn: bool) -> None:
    assert text.length(markup, mrkdwn=mrkdwn) == len(escaped(markup, mrkdwn=mrkdwn))


@given(MARKUP, st.integers(min_value=10, max_value=120), st.booleans())
def test_a_shortened_text_fits(markup: str, limit: int, mrkdwn: bool) -> None:
    assert text.length(text.shorten(markup, limit, mrkdwn=mrkdwn), mrkdwn=mrkdwn) <= limit


@given(MARKUP)
def test_a_text_that_fits_stays_as_it_is(markup: str) -> None:
    assert text.shorten(markup, text.length(markup)) == markup


@given(
    st.lists(st.sampled_from(("<@U0LEAD>", "&amp;", "&lt;", "`203.0.113.4/32`", " ", "word")), max_size=60),
    st.integers(min_value=1, max_value=200),
)
def test_no_token_entity_or_code_span_is_cut(parts: list[str], limit: int) -> None:
    shortened = text.shorten("".join(parts), limit)
    assert re.fullmatch(r"(?:<@U0LEAD>|&(?:amp|lt);|`203\.0\.113\.4/32`|[ word])*…?", shortened)


@given(st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=40), st.integers(80, 200))
def test_a_text_ends_behind_a_whole_word(words: list[str], limit: int) -> None:
    shortened = text.shorten(" ".join(words), limit)
    assert set(shortened.removesuffix("…").split()) <= set(words)


def test_a_code_block_that_is_cut_is_closed() -> None:
    shortened = text.shorten("Run this:\n```" + "psql --version\n" * 20 + "```", 100)
    assert shortened.endswith("…\n```")
    assert shortened.count("```") == 2


def test_a_text_without_blanks_is_cut_anywhere() -> None:
    assert text.shorten("あ" * 200, 100) == "あ" * 99 + "…"


@given(
    st.lists(st.text(min_size=1, max_size=30).map(escape), max_size=40),
    st.integers(0, 40),
    st.integers(40, 300),
)
def test_joined_parts_are_whole_and_the_rest_is_counted(parts: list[str], most: int, limit: int) -> None:
    joined = join(parts, more=lambda count: f"and {count} more", most=most, limit=limit, by="\n")
    assert text.length(joined) <= limit
    left_out = re.search(r"(?:^|\n)and (\d+) more$", joined)
    count = len(parts) - (0 if left_out is None else int(left_out[1]))
    assert count <= most
    assert joined.startswith("\n".join(parts[:count]))


def test_text_of_others_cannot_leave_its_code_span() -> None:
    assert text.as_code("a`b\n<c>", 20) == "a'b &lt;c&gt;"
