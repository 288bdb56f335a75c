"""The stage of a flow test: the whole bot on a real Postgres, between an emulated Slack and an emulated Heroku."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import start_environment
from tests.flow.actions import Acts, heroku_emulator


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """The stage, and what people do on it."""
    async with start_environment(database_url, heroku_emulator()) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts
