"""The frame of the bot's own pages: what is escaped, and which script may run."""

import re
from importlib.resources import files

import pytest

from bot.i18n.translator import Translator
from handlers.web.page_template import asset, page, paragraph

HOSTILE = """</title><script>alert("it's")</script>"""


def test_a_title_and_a_paragraph_are_escaped() -> None:
    html = bytes(page(HOSTILE, paragraph(HOSTILE), t=Translator("en")).body).decode()

    assert "alert" in html
    assert "<script" not in html


def test_backquotes_become_code_and_their_content_is_escaped() -> None:
    assert paragraph("type `psql <url>` & wait") == "<p>type <code>psql &lt;url&gt;</code> &amp; wait</p>"


def test_only_the_pages_own_style_and_script_carry_the_nonce_of_its_policy() -> None:
    response = page("Files", paragraph("text"), t=Translator("ja"), script=asset("secret_form.js"))
    html, policy = bytes(response.body).decode(), response.headers["content-security-policy"]

    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert re.findall(r'<(style|script) nonce="([^"]+)">', html) == [("style", nonce), ("script", nonce)]
    assert html.count(nonce) == 2
    assert '<html lang="ja">' in html


def test_every_page_has_another_nonce() -> None:
    first, second = (
        page("Files", paragraph("text"), t=Translator("en")).headers["content-security-policy"] for _ in "ab"
    )

    assert first != second


@pytest.mark.parametrize(
    "name", ["page.html", "page.css", "secret_form.html", "secret_form.js", "key_store.html", "key_store.js"]
)
def test_the_files_of_a_page_are_part_of_the_package(name: str) -> None:
    assert (files("handlers.web") / "assets" / name).is_file()
