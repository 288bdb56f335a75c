"""Environments with a production database that the policy names, one that it does not, and a strict rule."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import start_environment
from tests.flow.actions import heroku_emulator
from tests.flow.targets.directory import POLICY, Directory


@pytest.fixture
async def directory(database_url: str) -> AsyncIterator[Directory]:
    """``billing`` in production, ``ledger`` in no entry."""
    heroku = heroku_emulator(databases=2)
    async with start_environment(database_url, heroku, policy=POLICY) as environment:
        acts = Directory(environment)
        await acts.settle()
        yield acts
