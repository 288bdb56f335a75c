"""A Chromium and the demo, as a newcomer starts it."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.environment import POLICY
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.postgres import PrivatePostgres
from tests.browser.page_driver import Session, open_session
from tests.conftest import own_database
from tests.flow.actions import heroku_emulator

REQUIRE = "PGACCESS_REQUIRE_BROWSER"
"""Set to 1 where a missing browser is a failure and no reason to skip: in CI."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser, or a reason why there is none.

    It goes when the tests of other folders begin: a thread in which Playwright is at home runs no other loop.
    """
    try:
        from playwright.sync_api import sync_sessionwright
    except ImportError:
        _without("playwright is not installed: make test-browser installs it")
    found = os.environ.get("PGACCESS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        _without("no Chromium on this machine: on Debian, apt-get install chromium")
    with sync_sessionwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def opens(chromium: Any, database_url: str) -> Iterator[Callable[..., Session]]:
    """Puts up a stage of the test's own, with another policy or another Heroku."""
    with contextlib.ExitStack() as stack:

        def opening(
            *, policy: str = POLICY, heroku: HerokuEmulator | None = None, probes: bool = False
        ) -> Session:
            emulated = heroku or heroku_emulator()
            return stack.enter_context(open_session(chromium, database_url, emulated, policy, probes=probes))

        yield opening


@pytest.fixture(scope="module")
def shared(chromium: Any, postgres: PrivatePostgres) -> Iterator[Session]:
    """One stage for a module: putting one up takes longer than most of what is played on it."""
    with own_database(postgres) as url, open_session(chromium, url, heroku_emulator(), POLICY) as session:
        yield session


@pytest.fixture
def session(shared: Session) -> Session:
    """The demo's stage, where others have played before; each test has addresses of its own."""
    shared.starts_afresh()
    return shared


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
