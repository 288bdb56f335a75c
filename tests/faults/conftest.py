"""The model's world, in which nothing waits, with one database and somebody who asks for an address."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from sandbox.heroku.behavior import Behavior
from sandbox.postgres import PrivatePostgres
from tests.model.clocks import movable_database
from tests.model.world import World

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because it is needed"


@pytest.fixture
async def world(postgres: PrivatePostgres) -> AsyncIterator[World]:
    """A bot that is at rest, and the world around it."""
    with movable_database(postgres) as url:
        made = World(url=url, behavior=Behavior(provisioning_errors=0), databases=1)
        await made.open()
        yield made
        await made.close()
