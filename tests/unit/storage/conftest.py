"""One database for all tests of the store, emptied before each."""

import pytest

from sandbox.postgres import PrivatePostgres
from tests.unit.storage import store_helpers


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> str:
    """The address of a migrated database without a row."""
    return store_helpers.emptied_database(postgres)
