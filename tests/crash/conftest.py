"""The supervisor, once for all tests of this folder."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.crash.children import ProcessSupervisor, supervisor

Recording = Callable[[str, object], None]
"""Keeps a line for whoever reads the run."""

SOAK = os.environ.get("PGACCESS_SOAK") == "1"
"""Whether every kill point is walked through, which takes half an hour, or a dozen, which takes seconds."""

soak = pytest.mark.skipif(not SOAK, reason="'make soak' walks through every kill point")


@pytest.fixture(scope="session")
def born() -> Iterator[ProcessSupervisor]:
    """Starts processes."""
    with supervisor() as started:
        yield started
