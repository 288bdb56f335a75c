"""Reading client certificates: rarely, in quiet runs, and never at the cost of a run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import mtls_observation
from bot.heroku.schemas.platform import read_moment
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, Dates, TransitionTimes
from sandbox.heroku.fixtures import DATABASE, default_world
from storage.tables import reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import MtlsHarness
from tests.unit.factories import emulated_database

READ = r"GET .*/certificates$"


@pytest.fixture
def dates() -> Dates:
    return "offset"


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine, dates: Dates) -> AsyncIterator[MtlsHarness]:
    behavior = Behavior(dates=dates)
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=behavior)
    async with heroku_client(heroku) as client:
        yield MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)


async def seen(harness: MtlsHarness) -> MtlsObservation:
    observation = mtls_observation(await harness.observation())
    assert observation is not None
    return observation


@pytest.mark.parametrize("dates", ["rfc3339", "offset", "utc"])
async def test_an_end_is_read_in_every_form_that_heroku_writes(harness: MtlsHarness) -> None:
    end = datetime(2027, 1, 1, 10, tzinfo=UTC)
    harness.heroku.add_certificate_externally(DATABASE, expires_at=end, now=datetime.now(UTC))
    assert (await harness.client.certificates(emulated_database()))[-1].expires_at == end


@pytest.mark.parametrize("odd", ["", "soon", "2027-01-01", "2027-01-01 10:00:00", "01.01.2027 10:00 UTC"])
def test_an_end_in_an_unknown_form_is_unknown(odd: str) -> None:
    assert read_moment(odd) is None


async def test_certificates_are_read_once_in_ten_minutes(harness: MtlsHarness) -> None:
    await harness.begin()
    await harness.reconcile()
    assert len(harness.calls(READ)) == 1
    assert [c.status for c in (await seen(harness)).certificates] == ["ready"]
    await harness.age_certificates(timedelta(minutes=10))
    await harness.reconcile()
    await harness.reconcile()
    assert len(harness.calls(READ)) == 2


async def test_a_failed_reading_keeps_what_was_known_and_spoils_nothing(harness: MtlsHarness) -> None:
    await harness.begin()
    await harness.age_certificates(timedelta(minutes=10))
    before = await seen(harness)
    harness.heroku.fault(fault_injection.status(500), on=READ)
    await harness.reconcile()
    after = await seen(harness)
    assert len(harness.calls(READ)) == 2
    assert (after.certificates, after.certificates_at) == (before.certificates, before.certificates_at)
    assert await database.row(
        harness.engine, reconcile_queue, "failures", "lease", due_at=database.PRESENT
    ) == (
        0,
        None,
    )
    assert await harness.findings() == []


async def test_while_something_is_under_way_they_are_not_read(harness: MtlsHarness) -> None:
    await harness.begin()
    await harness.age_certificates(timedelta(minutes=10))
    await harness.open()
    assert len(harness.calls(READ)) == 1
    await harness.reconcile()
    assert len(harness.calls(READ)) == 2
