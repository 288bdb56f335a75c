"""A certificate's files in a real browser: the secret leaves the address bar, the button brings the zip."""

import contextlib
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT, PATIENCE_MS, PHONE, PICTURES, WIDE

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def link(session: Session) -> str:
    """The newest download link in the engineer's direct messages."""
    session.engineer.types("/pgaccess mtls certificate new on billing because nightly export")
    session.lead.sees("certificate", place="approvals")
    number = int(session.engineer.is_told(re.compile(r"Request #(\d+) submitted")))
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    session.engineer.sees(f"#{number}", "is ready", place=DIRECT)
    session.engineer.presses("Get the files", on=f"#{number}")
    told = session.engineer.page.get_by_test_id("message").filter(has_text=f"certificate {number} for")
    anchor = told.locator("a[href*='/c/']")
    anchor.wait_for(timeout=PATIENCE_MS)
    found: str = anchor.get_attribute("href")
    return found


@contextlib.contextmanager
def window(chromium: Any, **more: Any) -> Iterator[Any]:
    """A browser window that fails on any error of its page."""
    context = chromium.new_context(viewport=WIDE, **more)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
        # A page that says no has a status that says so too, which Chromium notes as an error.
        assert [text for text in said if "the server responded with a status of" not in text] == []
    finally:
        context.close()


def test_the_button_downloads_the_files_and_the_address_bar_keeps_no_secret(
    link: str, chromium: Any, tmp_path: Path
) -> None:
    with window(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(link)
        assert page.url == link.partition("#")[0]
        assert page.get_by_role("heading").inner_text() == "Your certificate files"
        assert not page.get_by_label("The part of the link after #").is_visible()
        assert not page.get_by_label("Password of postgresql.p12").is_visible()
        pictured(page, "files-page")
        with page.expect_download() as coming:
            page.get_by_role("button", name="Download").click()
        coming.value.save_as(tmp_path / "files.zip")
        assert page.get_by_role("status").is_visible()
        assert page.get_by_role("button", name="Download").is_disabled()
        pictured(page, "files-under-way")
        shown = page.get_by_label("Password of postgresql.p12").input_value()
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == shown
        page.get_by_role("button", name="Copy", exact=True).wait_for()
        assert history(page) == [page.url]
    with zipfile.ZipFile(tmp_path / "files.zip") as archive:
        names = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in archive.infolist()}
        store = archive.read("postgresql.p12")
    assert names["postgresql.key"] == "-rw-------"
    assert pkcs12.load_pkcs12(store, shown.encode()).key is not None
    with window(chromium) as page:
        page.goto(link)
        page.get_by_role("button", name="Download").click()
        page.get_by_role("heading", name="This link has already been used").wait_for()
        pictured(page, "files-used")


def test_without_scripts_the_secret_is_pasted(link: str, chromium: Any) -> None:
    address, _, secret = link.partition("#")
    with window(chromium, java_script_enabled=False) as page:
        page.goto(address)
        page.get_by_label("The part of the link after #").fill(secret)
        with page.expect_download() as coming:
            page.get_by_role("button", name="Download").click()
        assert coming.value.suggested_filename.startswith("pgaccess-billing-")
        # Without a script, the page shows all that it has from the beginning.
        assert page.get_by_label("Password of postgresql.p12").is_visible()
        assert not page.get_by_role("button", name="Copy").is_visible()


def test_a_link_without_its_secret_explains_what_to_do(link: str, chromium: Any) -> None:
    with window(chromium) as page:
        page.goto(link.partition("#")[0])
        assert page.get_by_label("The part of the link after #").is_visible()
        assert page.get_by_text("The secret part of the link is missing").is_visible()
        pictured(page, "files-by-hand")


def test_the_page_and_its_refusals_are_read_in_japanese(link: str, chromium: Any) -> None:
    with window(chromium, locale="ja-JP") as page:
        page.goto(link.partition("#")[0] + "#" + "A" * 43)
        assert page.get_by_role("heading").inner_text() == "証明書のファイル"
        pictured(page, "files-page-ja")
        page.get_by_role("button", name="ダウンロード").click()
        page.get_by_role("heading", name="リンクが正しくありません").wait_for()
        pictured(page, "files-wrong-ja")
    with window(chromium, locale="ja-JP") as page:
        page.goto(link)
        with page.expect_download():
            page.get_by_role("button", name="ダウンロード").click()
        assert page.get_by_label("postgresql.p12 のパスワード").is_visible()
        pictured(page, "files-under-way-ja")


def history(page: Any) -> list[str]:
    """Return the history of the tab, as Chromium keeps it."""
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getNavigationHistory")["entries"]
    return [entry["url"] for entry in found if entry["url"] != "about:blank"]


def pictured(page: Any, name: str) -> None:
    """Take screenshots, wide and as on a phone, light and dark; the page never overflows the window."""
    PICTURES.mkdir(exist_ok=True)
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=PICTURES / f"{name}-{size['width']}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
