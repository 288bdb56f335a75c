"""Fixtures: a Chromium, and the demo in this process or in one of its own."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from sandbox.environment import POLICY
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.postgres import PrivatePostgres
from tests.browser.chromium import NoBrowserError, launched
from tests.browser.page_driver import Session, open_session
from tests.conftest import own_database
from tests.flow.actions import heroku_emulator

REQUIRE = "PGACCESS_REQUIRE_BROWSER"
"""Set to 1 where a missing browser is a failure instead of a reason to skip: in CI."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser; without one the tests are skipped, or fail where `REQUIRE` is set.

    It ends with this package: a thread in which Playwright runs cannot run another event loop.
    """
    with contextlib.ExitStack() as stack:
        try:
            browser = stack.enter_context(launched())
        except NoBrowserError as error:
            _without(str(error))
        yield browser


@pytest.fixture
def opens(chromium: Any, database_url: str) -> Iterator[Callable[..., Session]]:
    """Starts an environment of the test's own, with another policy or another Heroku."""
    with contextlib.ExitStack() as stack:

        def opening(
            *, policy: str = POLICY, heroku: HerokuEmulator | None = None, probes: bool = False
        ) -> Session:
            emulated = heroku or heroku_emulator()
            return stack.enter_context(open_session(chromium, database_url, emulated, policy, probes=probes))

        yield opening


@pytest.fixture(scope="module")
def shared(chromium: Any, postgres: PrivatePostgres) -> Iterator[Session]:
    """One environment for a module: starting one takes longer than most tests."""
    with own_database(postgres) as url, open_session(chromium, url, heroku_emulator(), POLICY) as session:
        yield session


@pytest.fixture
def session(shared: Session) -> Session:
    """The module's environment, which other tests have used before; each test has addresses of its own."""
    shared.resets()
    return shared


@pytest.fixture
def demo(chromium: Any) -> Iterator[str]:
    """The URL of a demo that was started like a newcomer does."""
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
    raise AssertionError(f"the demo did not print its URL: {printed}")


def _without(reason: str) -> NoReturn:
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)
