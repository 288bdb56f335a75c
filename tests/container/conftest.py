"""Fixtures: what builds containers here, and the image of this working copy."""

import os
import re
import sys
import uuid
from collections.abc import Iterator
from typing import Final

import pytest

from tests.container.engine import BASE, ROOT, Engine, NotHereError, find_engine

ASK: Final = "PGACCESS_TEST_CONTAINERS"
"""Set to 1 by ``make test-container``: a build takes a minute, and writes to the machine's images."""

REVISION: Final = "0123456"
"""What the image is told it was made of."""


@pytest.fixture(scope="session")
def engine() -> Engine:
    """What this machine has."""
    if os.environ.get(ASK) != "1":
        pytest.skip("builds images: make test-container")
    try:
        return find_engine()
    except NotHereError as error:
        pytest.skip(f"no container is built: {error}")


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """The base image, which is on this machine then."""
    default: str
    (default,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    name = os.environ.get(BASE, default)
    try:
        engine.need_image(name)
    except NotHereError as error:
        pytest.skip(f"no container is built: {error}")
    return name


@pytest.fixture(scope="session")
def image(engine: Engine, base: str) -> Iterator[str]:
    """The image of this working copy, gone afterwards."""
    tag = f"pgaccess-test-{uuid.uuid4().hex[:8]}"
    try:
        engine.build(str(ROOT), tag=tag, arguments={"BASE": base, "REVISION": REVISION})
    except NotHereError as error:
        pytest.skip(f"no container is built: {error}")
    yield tag
    engine.run("rmi", "--force", tag)


@pytest.fixture(scope="session")
def started(engine: Engine, base: str) -> None:
    """Skips what starts containers where none can be started, whatever the image is."""
    if sys.platform != "linux":
        pytest.skip("no container is started: only on Linux is the network of a container the machine's")
    try:
        engine.need_start(base)
    except NotHereError as error:
        pytest.skip(f"no container is started: {error}")
