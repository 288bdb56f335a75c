"""One database for all tests that want an empty store, emptied for each."""

from collections.abc import Callable, Iterator

import pytest

from sandbox.postgres import PrivatePostgres
from tests.unit.storage import store_helpers


@pytest.fixture(scope="session")
def emptied_database(postgres: PrivatePostgres) -> Iterator[Callable[[], str]]:
    """Empties the database, and returns its address."""
    with store_helpers.emptied_database(postgres) as empty:
        yield empty
