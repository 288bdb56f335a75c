"""The catalogue is whole in both languages, and what people type stays harmless and fits."""

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.messages.words import CATALOGUE, Words, cut, escape


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_language_has_the_same_keys() -> None:
    assert CATALOGUE["en"].keys() == CATALOGUE["ja"].keys()


@pytest.mark.parametrize("key", CATALOGUE["en"])
def test_every_sentence_has_the_same_placeholders_in_every_language(key: str) -> None:
    assert placeholders(CATALOGUE["en"][key]) == placeholders(CATALOGUE["ja"][key])


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_sentence_with_an_example(reason: Refusal) -> None:
    for language in CATALOGUE:
        assert "`" in CATALOGUE[language][f"refused.{reason}"]


def test_every_sentence_that_code_names_is_there() -> None:
    import bot.messages as package

    named = set()
    for path in package.__path__:
        for file in __import__("pathlib").Path(path).glob("*.py"):
            named |= set(re.findall(r'words\(\s*"([a-z_.]+)"', file.read_text()))
    assert named
    assert named <= CATALOGUE["en"].keys()


@given(st.text(max_size=300), st.integers(min_value=1, max_value=120))
def test_cut_text_fits_and_never_ends_inside_an_entity(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert "<" not in shown
    assert ">" not in shown


@given(st.text(max_size=100))
def test_text_that_fits_is_shown_whole(text: str) -> None:
    assert cut(text, 600) == escape(text)


def test_what_a_person_typed_cannot_mention_a_channel() -> None:
    said = Words("en")("state.denied.why", id=1, person="<!channel>", at="", reason="<!here> & <@U1>")
    assert "<" not in said


def test_a_date_is_a_token_in_the_readers_zone_with_a_fallback_that_names_its_own() -> None:
    shown = Words("en").date(datetime(2026, 11, 24, 18, 0, tzinfo=UTC))
    assert shown == "<!date^1795543200^{date_short_pretty} {time}|2026-11-24 18:00 UTC>"


def test_durations_are_said_in_the_readers_language() -> None:
    length = timedelta(days=1, hours=12)
    assert Words("en").duration(length) == "1d12h"
    assert Words("ja").duration(length) == "1日12時間"


@pytest.mark.parametrize(("locale", "language"), [("ja-JP", "ja"), ("en-GB", "en"), ("", "en"), (None, "en")])
def test_the_language_follows_the_readers_locale(locale: str | None, language: str) -> None:
    assert Words.of(locale).language == language
