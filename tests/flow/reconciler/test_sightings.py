"""What reconcile runs record of entries that nobody here has approved, and of times without a look."""

from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import IPv4Network

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.access_history import AccessAt, Sight
from bot.domain.request import Kind
from bot.services.who import read_access
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from storage.tables import observation_gaps, reconcile_queue, unmanaged_entries
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import MtlsHarness
from tests.unit.factories import NOW

OTHER = IPv4Network("192.0.2.7/32")
HOUR = timedelta(hours=1)


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0))
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


async def access(harness: MtlsHarness, hours: float) -> AccessAt:
    async with harness.store.transaction() as tx:
        return await read_access(tx.access_history, {harness.target.id}, NOW + hours * HOUR)


async def look(harness: MtlsHarness, hours: float) -> None:
    """Makes a run at a moment."""
    harness.clock.present = NOW + hours * HOUR
    await harness.reconcile()


async def test_a_rule_of_somebody_else_is_there_from_its_first_sight_until_it_is_adopted(
    harness: MtlsHarness,
) -> None:
    harness.rule_externally(OTHER, "the ETL vendor")
    await look(harness, 0.2)
    await look(harness, 0.4)
    await harness.start(Kind.ADOPT, OTHER)
    await look(harness, 0.6)
    before, seen, adopted = [await access(harness, hours) for hours in (0.1, 0.3, 0.7)]
    found = [
        [entry for entry in each.unmanaged if entry.subject == str(OTHER)] for each in (before, seen, adopted)
    ]
    assert [len(each) for each in found] == [0, 1, 0]
    assert [len(each.adopted) for each in (before, seen, adopted)] == [0, 0, 1]
    (entry,) = found[1]
    assert (entry.subject, entry.description) == (str(OTHER), "the ETL vendor")
    assert entry.first_seen_at == NOW + 0.2 * HOUR
    (taken,) = adopted.adopted
    assert (taken.subject, taken.entry, taken.requester) == (str(OTHER), entry.entry, "U0ENGINEER")


async def test_what_is_back_after_it_was_gone_is_seen_anew(harness: MtlsHarness) -> None:
    harness.rule_externally(OTHER, "the ETL vendor")
    await look(harness, 0.2)
    harness.removed_externally(OTHER)
    await look(harness, 0.4)
    harness.rule_externally(OTHER, "the ETL vendor")
    await look(harness, 0.6)
    rows = await database.rows(
        harness.engine, unmanaged_entries, "first_seen_at", "absent_at", subject=str(OTHER), order_by="id"
    )
    assert rows == [(NOW + 0.2 * HOUR, NOW + 0.4 * HOUR), (NOW + 0.6 * HOUR, None)]


async def test_a_long_time_without_a_look_is_told_and_a_short_one_is_not(harness: MtlsHarness) -> None:
    await look(harness, 0.5)
    # The time of an observation is Postgres'.
    await database.make_older(harness.engine, reconcile_queue, "observed_at", by=4 * HOUR)
    await look(harness, 5)
    await look(harness, 5.1)
    gaps = await database.rows(
        harness.engine, observation_gaps, "since", "until", target_id=harness.target.id, order_by="id"
    )
    (_, first), (since, until) = gaps
    assert (gaps[0][0], first, until) == (None, NOW, NOW + 5 * HOUR)
    assert abs(since - (NOW + HOUR)) < timedelta(minutes=1)
    for hours, sight in ((-1, Sight.GAP), (0.1, Sight.OBSERVED), (3, Sight.GAP), (5, Sight.OBSERVED)):
        evidence = (await access(harness, hours)).evidence
        assert {each.sight for each in evidence if each.method is harness.method} == {sight}, hours


async def test_a_grant_is_named_with_the_rule_that_allowed_it(harness: MtlsHarness) -> None:
    await harness.open()
    async with harness.store.transaction() as tx:
        # The time of an intent is Postgres': long after the one of this test.
        found = await tx.access_history.grants([harness.target.id], harness.now + HOUR)
    (rule,) = [str(each.id) for each in harness.endpoint().rules.values() if each.cidr == harness.subject]
    assert [each.entries for each in found] == [(rule,)]
