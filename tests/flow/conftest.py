"""The stage of a flow test: the whole bot on a real Postgres, between a played Slack and a played Heroku."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import staged
from tests.flow.actions import Acts, played_heroku


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """The stage, and what people do on it."""
    async with staged(database_url, played_heroku()) as stage:
        acts = Acts(stage)
        await acts.settle()
        yield acts
