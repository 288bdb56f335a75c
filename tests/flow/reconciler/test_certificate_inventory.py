"""How the keeper comes to know client certificates: rarely, in quiet passes, and never at a pass's cost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import mtls_observation
from bot.heroku.client import HerokuClient
from bot.heroku.schemas.platform import read_moment
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, Dates, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.mtls_harness import Passes

TOKEN = "HRKU-played"
READ = r"GET .*/certificates$"


@pytest.fixture
def dates() -> Dates:
    return "offset"


@pytest.fixture
async def passes(store: PostgresStore, engine: AsyncEngine, dates: Dates) -> AsyncIterator[Passes]:
    behavior = Behavior(dates=dates)
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=behavior)
    base = "http://heroku.test"
    transport = httpx.ASGITransport(heroku_server(heroku))
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=transport)
    yield Passes(store=store, engine=engine, heroku=heroku, client=client)
    await client.close()


async def seen(passes: Passes) -> MtlsObservation:
    async with passes.store.transaction() as tx:
        observation = mtls_observation(await tx.reconcile_queue.observation(passes.database.id, Method.MTLS))
    assert observation is not None
    return observation


async def ten_minutes(passes: Passes) -> None:
    """What is known of certificates is ten minutes older."""
    await passes.query(
        "UPDATE reconcile_queue SET look = jsonb_set(observation::jsonb, '{certificates_at}', "
        "to_jsonb((observation->>'certificates_at')::timestamptz - interval '10 minutes'))"
    )


@pytest.mark.parametrize("dates", ["rfc3339", "offset", "utc"])
async def test_an_end_is_read_in_every_form_that_heroku_writes(passes: Passes) -> None:
    end = datetime(2027, 1, 1, 10, tzinfo=UTC)
    passes.heroku.add_certificate_externally(DATABASE, expires_at=end, now=datetime.now(UTC))
    assert (await passes.client.certificates(DATABASE))[-1].expires_at == end


@pytest.mark.parametrize("odd", ["", "soon", "2027-01-01", "2027-01-01 10:00:00", "01.01.2027 10:00 UTC"])
def test_an_end_in_an_unknown_form_is_unknown(odd: str) -> None:
    assert read_moment(odd) is None


async def test_certificates_are_read_once_in_ten_minutes(passes: Passes) -> None:
    await passes.begin()
    await passes.look()
    assert len(passes.calls(READ)) == 1
    assert [c.status for c in (await seen(passes)).certificates] == ["ready"]
    await ten_minutes(passes)
    await passes.look()
    await passes.look()
    assert len(passes.calls(READ)) == 2


async def test_a_failed_reading_keeps_what_was_known_and_spoils_nothing(passes: Passes) -> None:
    await passes.begin()
    await ten_minutes(passes)
    before = await seen(passes)
    passes.heroku.fault(fault_injection.status(500), on=READ)
    await passes.look()
    after = await seen(passes)
    assert len(passes.calls(READ)) == 2
    assert (after.certificates, after.certificates_at) == (before.certificates, before.certificates_at)
    assert await passes.query(
        "SELECT failures, lease IS NULL FROM reconcile_queue WHERE due_at IS NOT NULL"
    ) == [(0, True)]
    assert await passes.operations() == []


async def test_while_something_is_under_way_they_are_not_read(passes: Passes) -> None:
    await passes.begin()
    await ten_minutes(passes)
    await passes.in_force()
    assert len(passes.calls(READ)) == 1
    await passes.look()
    assert len(passes.calls(READ)) == 2
