"""The default workspace, with the bot in it and everybody known."""

from collections.abc import AsyncIterator

import pytest

from tests.flow.people.workspace import Workspace, workspace


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Workspace]:
    async with workspace(database_url) as acts:
        await acts.settle()
        yield acts
