"""One database for all tests of the store, emptied before each."""

from collections.abc import Callable

import pytest


@pytest.fixture
def database_url(emptied_database: Callable[[], str]) -> str:
    """The address of a migrated database without a row."""
    return emptied_database()
