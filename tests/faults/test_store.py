"""What goes wrong with Postgres: a person is answered, nothing is half done, and work goes on by itself."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final

import psycopg

from sandbox.postgres import PrivatePostgres
from storage.engine import QUEUE, TRANSACTIONS
from tests.faults.conftest import LINE
from tests.flow.actions import words
from tests.model.invariants import AT_EACH_STEP, AT_REST, check
from tests.model.world import World

SORRY: Final = "pgaccess could not reach its database"


@contextlib.contextmanager
def outage(world: World, postgres: PrivatePostgres) -> Iterator[None]:
    """Postgres hangs up on everybody and lets nobody in, as while it is started anew."""
    name = world.rows("SELECT current_database()")[0][0]
    with psycopg.connect(postgres.url(), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            [name, world.store.info.backend_pid],
        )
        yield
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def heard(world: World, person: str = "engineer") -> str:
    return words(world.slack.ephemerals(person)[-1])


async def goes_on(world: World) -> None:
    """The same line goes through, once, and is carried out."""
    await world.types("engineer", LINE)
    await world.notify()
    card = next(each for each in world.buttons("lead") if each.action == "request.approve")
    await world.presses("lead", card)
    await world.rest()
    assert world.rows("SELECT r.state, g.state FROM requests r JOIN grants g ON g.request_id = r.id") == [
        ("approved", "in_force")
    ]
    check(world, (*AT_EACH_STEP, *AT_REST))


async def test_while_postgres_is_started_anew_a_person_is_told_so_and_afterwards_all_goes_on(
    world: World, postgres: PrivatePostgres
) -> None:
    with outage(world, postgres):
        before = time.monotonic()
        await world.types("engineer", LINE)
        assert time.monotonic() - before < 3
        assert SORRY in heard(world)
        await world.reconcile()
        await world.notify()
        await world.run_scheduler()
    assert world.counts() == (0, 0, 0, 0, 0)
    await goes_on(world)


async def test_connections_that_were_cut_while_idle_are_not_noticed_by_anybody(
    world: World, postgres: PrivatePostgres
) -> None:
    with outage(world, postgres):
        pass
    await goes_on(world)


async def test_a_full_disk_is_told_and_leaves_nothing_half_done(world: World) -> None:
    world.store.execute(
        "CREATE FUNCTION emulated.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$"
    )
    world.store.execute(
        "CREATE TRIGGER full_disk BEFORE INSERT ON audit EXECUTE FUNCTION emulated.full_disk()"
    )
    await world.types("engineer", LINE)
    assert SORRY in heard(world)
    assert world.counts() == (0, 0, 0, 0, 0)
    world.store.execute("DROP TRIGGER full_disk ON audit")
    await goes_on(world)


async def test_when_every_connection_is_in_use_a_person_is_still_answered_in_time(world: World) -> None:
    engine = world.app.store._engine
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(TRANSACTIONS):
            await stack.enter_async_context(engine.connect())
        before = time.monotonic()
        await asyncio.wait_for(world.types("engineer", LINE), timeout=15)
        assert world.answered[-1].outcome.ok
        assert time.monotonic() - before < 15
        assert SORRY in heard(world)
        # Until then the work waits for a connection, whatever the person was answered.
        await asyncio.sleep(QUEUE.total_seconds())
    assert world.counts() == (0, 0, 0, 0, 0)
    await goes_on(world)


async def test_what_waited_for_a_connection_in_a_burst_is_recorded_late_and_once(world: World) -> None:
    engine = world.app.store._engine
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(TRANSACTIONS):
            await stack.enter_async_context(engine.connect())
        await asyncio.wait_for(world.types("engineer", LINE), timeout=15)
        assert SORRY in heard(world)
    for _ in range(300):
        if world.rows("SELECT count(*) FROM requests") == [(1,)]:
            break
        await asyncio.sleep(0.05)
    assert [each.action for each in world.buttons("lead") if each.action == "request.approve"] == []
    await world.notify()
    assert len([each for each in world.buttons("lead") if each.action == "request.approve"]) == 1
