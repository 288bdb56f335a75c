"""Known secrets are removed in every form in which an answer may repeat them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outside.redaction import REDACTED, Redactor

SECRET = "pa/ss+wörd Xy9_q7"
TOKEN = "HRKU-01234567-89ab-cdef"
REDACTOR = Redactor((SECRET, TOKEN))


@pytest.mark.parametrize("secret", [SECRET, TOKEN])
@pytest.mark.parametrize(
    "form",
    [
        str,
        quote,
        quote_plus,
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
        lambda text: text.encode().hex(),
    ],
)
def test_each_form_is_replaced_and_what_stands_around_it_stays(secret: str, form: object) -> None:
    assert callable(form)
    assert REDACTOR.text(f"before {form(secret)} after") == f"before {REDACTED} after"


@given(st.binary(max_size=9), st.binary(max_size=9), st.sampled_from([SECRET, TOKEN]), st.booleans())
def test_nothing_readable_is_left_of_base64_wherever_it_begins(
    before: bytes, after: bytes, secret: str, url: bool
) -> None:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    text = encode(before + secret.encode() + after).decode()
    redacted = REDACTOR.text(text)
    assert REDACTED in redacted
    assert len(redacted) <= len(text) - len(secret) + len(REDACTED)


def test_basic_authentication_with_a_token_is_replaced() -> None:
    header = base64.b64encode(f":{TOKEN}".encode()).decode()
    redacted = REDACTOR.text(f"Authorization: Basic {header}")
    assert REDACTED in redacted
    # What is left is two characters in front, which are those of the colon, and up to three behind.
    assert len(redacted) <= len(f"Authorization: Basic {REDACTED}") + 5


def test_a_secret_that_is_a_part_of_another_leaves_nothing_of_it() -> None:
    assert Redactor(("secret-12", "secret-123456")).text("a secret-123456 b") == f"a {REDACTED} b"


@pytest.mark.parametrize("secret", ["", "abc", "postgres", "password"])
def test_a_word_or_a_short_password_is_not_looked_for(secret: str) -> None:
    text = "heroku-postgresql: postgres abc password"
    assert Redactor((secret,)).text(text) == text


def test_a_value_is_redacted_in_each_of_its_texts() -> None:
    value = {f"key {TOKEN}": [TOKEN, 1, None, (True, {"a": f"x{TOKEN}x"})]}
    assert REDACTOR.value(value) == {f"key {REDACTED}": [REDACTED, 1, None, [True, {"a": f"x{REDACTED}x"}]]}
    assert Redactor().value(value) is value


@given(st.text(max_size=200))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert REDACTOR.text(text) == text
