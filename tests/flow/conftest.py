"""Environment of a flow test: the whole bot on a real Postgres, with the emulated Slack and Heroku."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import start_environment
from tests.flow.actions import Acts, heroku_emulator


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """User actions in a new environment."""
    async with start_environment(database_url, heroku_emulator()) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts
