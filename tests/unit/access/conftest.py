"""An emptied database, a clock that stands still, and the use cases between them."""

import pytest

from bot.access import Access
from sandbox.postgres import PrivatePostgres
from storage.transaction import PostgresStore
from tests.unit.access import acts
from tests.unit.samples import SetClock
from tests.unit.storage import kept


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> str:
    return kept.emptied_database(postgres)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def access(store: PostgresStore, clock: SetClock) -> Access:
    """The use cases under the house rules, with one database and everybody known."""
    await kept.discover(store)
    await acts.know_everybody(store)
    return acts.under(acts.HOUSE, store, clock)
