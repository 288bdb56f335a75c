"""Starts a Chromium of this machine with Playwright."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any, Final

SETTING: Final = "PGACCESS_CHROMIUM"
"""Environment variable: path of the browser to use."""

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip


class NoBrowserError(RuntimeError):
    """There is no Playwright or no Chromium; the message says how to install it."""


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Run a browser for the length of the ``with`` block; raises `NoBrowserError`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowserError("playwright is not installed: make test-browser installs it") from error
    path = os.environ.get(SETTING) or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise NoBrowserError("no Chromium on this machine: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
