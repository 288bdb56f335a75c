"""An empty database, a clock that stands still, and the services."""

from collections.abc import Callable

import pytest

from bot.services import Services
from storage.transaction import PostgresStore
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.storage import store_helpers


@pytest.fixture
def database_url(emptied_database: Callable[[], str]) -> str:
    return emptied_database()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    """The services under the policy ``APP``, with one database and everybody known."""
    await store_helpers.discover(store)
    await actions.know_everybody(store)
    return actions.under(actions.APP, store, clock)
