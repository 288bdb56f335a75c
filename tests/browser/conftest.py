"""A Chromium and the demo, as a newcomer starts it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REQUIRE = "PGACCESS_REQUIRE_BROWSER"
"""Set to 1 where a missing browser is a failure and no reason to skip: in CI."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
PICTURES = Path(__file__).parents[2] / "pictures"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser, or a reason why there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _without("playwright is not installed: make test-browser installs it")
    found = os.environ.get("PGACCESS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        _without("no Chromium on this machine: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def demo(chromium: Any) -> Iterator[str]:
    """The demo's address."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert demo.stdout is not None
    try:
        yield _address(demo)
    finally:
        demo.terminate()
        demo.wait(timeout=20)
        demo.stdout.close()


@pytest.fixture
def page(chromium: Any, demo: str) -> Iterator[Any]:
    """The demo's page, which must not have complained by the end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(15_000)
    page.goto(f"{demo}/?as=U0ENGINEER")
    yield page
    context.close()
    assert complaints == []


def picture(page: Any, name: str) -> None:
    """Keeps what the page shows, to be looked at."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def _address(demo: subprocess.Popen[bytes]) -> str:
    assert demo.stdout is not None
    deadline, printed = time.monotonic() + 30, ""
    while time.monotonic() < deadline:
        printed += demo.stdout.readline().decode()
        if found := re.search(r"Open (http\S+)", printed):
            return found.group(1)
        assert demo.poll() is None, printed
    raise AssertionError(f"the demo never said its address: {printed}")


def _without(reason: str) -> None:
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)
