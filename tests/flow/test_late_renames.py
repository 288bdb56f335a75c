"""What the Data API does not know by a name is unknown, and neither closed nor ended."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fixtures import DATABASE, SECOND_DATABASE
from tests.flow.actions import Acts, heroku_emulator

LAG = 6.0
"""Seconds until the Data API knows a new name."""

RENAMED = "postgresql-renamed-22222"
CLOSED = "removed at Heroku"


@pytest.fixture(params=[False, True], ids=["by name", "by id"])
async def acts(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Acts]:
    """An environment whose Data API learns of new names late, and takes ids or does not."""
    behavior = Behavior(uuid_in_path=request.param, rename_lag=LAG)
    async with start_environment(database_url, heroku_emulator(behavior=behavior)) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def rename(acts: Acts, name: str = RENAMED) -> None:
    """Renames the database, and lets the bot hear of it."""
    acts.environment.heroku.rename_database(DATABASE, name)
    async with acts.environment.app.store.transaction() as tx:
        await tx.periodic_tasks.schedule("databases", wait=timedelta())
        await tx.commit()

    async def known() -> bool:
        return bool(await acts.query(f"SELECT 1 FROM targets WHERE name = '{name}'"))

    await acts.until(known)
    for _ in range(3):
        await acts.environment.refresh_twice()


async def test_what_is_open_stays_in_force_while_the_new_name_is_unknown(acts: Acts) -> None:
    await acts.ask_and_open()
    await rename(acts)
    await asyncio.sleep(LAG)
    await acts.environment.refresh_twice()
    assert await acts.states() == ["in_force"]
    assert acts.told("engineer", CLOSED) == []
    assert acts.ours(RENAMED) == ["203.0.113.4/32"]


async def test_an_end_is_told_only_when_it_is_proven(acts: Acts) -> None:
    await acts.ask_and_open()
    await rename(acts)
    await acts.type("engineer", "/pgaccess done 1")

    async def over() -> bool:
        # Whenever it is said to have ended, it has.
        told = acts.told("engineer", "#1 has ended")
        assert not told or acts.ours(RENAMED) == []
        return bool(told)

    acts.patience = 3 * LAG
    while not await over():
        await acts.environment.refresh_twice()
    assert acts.ours(RENAMED) == []


async def test_an_end_by_time_is_carried_out_under_the_new_name(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 for 1h")
    await rename(acts)
    await acts.environment.move_time(timedelta(hours=1, minutes=1))
    await asyncio.sleep(LAG)
    await acts.environment.refresh_twice()
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours(RENAMED) == []


async def test_a_swap_of_names_that_is_heard_of_late_closes_and_opens_nothing(database_url: str) -> None:
    for_both = heroku_emulator(behavior=Behavior(rename_lag=LAG), databases=2)
    async with start_environment(database_url, for_both) as environment:
        acts = Acts(environment)
        await acts.settle()
        await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 to billing")
        for_both.swap_names(DATABASE, SECOND_DATABASE)
        for _ in range(4):
            await environment.refresh_twice()
        await asyncio.sleep(LAG)
        await environment.refresh_twice()
        assert await acts.states() == ["in_force"]
        # The database that billing has is called as the other one was.
        assert acts.ours(SECOND_DATABASE) == ["203.0.113.4/32"]
        assert acts.ours(DATABASE) == []
