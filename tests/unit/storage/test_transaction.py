"""One unit of work: all of it or nothing, bounded waits, and only good values in and out."""

import time
from ipaddress import IPv4Network
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StoreUnavailableError
from bot.ports import AuditContext, MessageKind
from storage.engine import engine_for
from storage.tables import mtls_rule_intents, requests
from storage.transaction import PostgresStore, PostgresTransaction
from storage.wakeups import PostgresWakeups
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

TOKYO = ZoneInfo("Asia/Tokyo")
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND state = 'idle in transaction'"
)


async def tell(tx: PostgresTransaction) -> None:
    await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="orphan")


async def be_cut_off(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.request_lookup("U0ENGINEER")
        await tell(tx)
        await store_helpers.query(engine, CUT)
        await tx.commit()


async def test_what_is_not_committed_is_not_kept(store: PostgresStore, engine: AsyncEngine) -> None:
    before = await store_helpers.counts(engine)
    async with store.transaction() as tx:
        await tell(tx)
        await tx.slack_users.request_lookup("U0ENGINEER")
    assert await store_helpers.counts(engine) == before


async def test_an_exception_undoes_everything_and_goes_on(store: PostgresStore, engine: AsyncEngine) -> None:
    before = await store_helpers.counts(engine)

    async def fail() -> None:
        async with store.transaction() as tx:
            await tell(tx)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await store_helpers.counts(engine) == before


async def test_everything_in_a_commit_is_kept_at_once(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        await tell(tx)
        await tx.slack_users.request_lookup("U0ENGINEER")
        assert (await store_helpers.counts(engine))["outbox"] == 0
        await tx.commit()
        after = await store_helpers.counts(engine)
    assert (after["outbox"], after["slack_users"]) == (1, 1)


async def test_a_lock_that_somebody_holds_is_waited_for_less_than_two_seconds(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    request = await store_helpers.ask(store)
    async with store.transaction() as holder:
        await holder.requests.lock(request.id)
        since = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            async with store.transaction() as other:
                await other.requests.lock(request.id)
    assert time.monotonic() - since < 2


async def test_a_connection_that_is_cut_in_the_middle_is_said_to_be_unavailable(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    with pytest.raises(StoreUnavailableError):
        await be_cut_off(store, engine)
    assert (await store_helpers.counts(engine))["outbox"] == 0


async def test_the_next_unit_of_work_after_a_cut_connection_goes_through(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    with pytest.raises(StoreUnavailableError):
        await be_cut_off(store, engine)
    async with store.transaction() as tx:
        await tell(tx)
        await tx.commit()
    assert (await store_helpers.counts(engine))["outbox"] == 1


async def test_a_server_that_is_not_there_is_said_to_be_unavailable() -> None:
    nowhere = "postgresql://pgaccess@127.0.0.1:1/none"
    engine = engine_for(nowhere)
    with pytest.raises(StoreUnavailableError):
        async with PostgresStore(engine, PostgresWakeups(url=nowhere)).transaction() as tx:
            await tx.targets.databases()
    await engine.dispose()


async def test_a_mistake_of_ours_is_not_disguised_as_an_outage(store: PostgresStore) -> None:
    with pytest.raises(IntegrityError):
        await store_helpers.ask(store)


async def test_a_time_without_a_zone_cannot_be_stored(store: PostgresStore) -> None:
    naive = AuditContext(actor="U0ENGINEER", at=NOW.replace(tzinfo=None))
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        await tx.requests.add(store_helpers.wanted(factories.request()), doing=naive)
        with pytest.raises(StatementError, match="without a zone"):
            await tx.commit()


async def test_a_time_without_a_zone_cannot_be_asked_for(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        with pytest.raises(StatementError, match="without a zone"):
            await tx.grants.past_end(NOW.replace(tzinfo=None), limit=1)


async def test_a_time_of_any_zone_is_kept_as_its_moment(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        doing = AuditContext(actor="U0ENGINEER", at=NOW.astimezone(TOKYO))
        request = await tx.requests.add(store_helpers.wanted(factories.request()), doing=doing)
    assert request.asked_at.isoformat() == NOW.isoformat()


async def test_times_come_back_in_utc_whatever_the_sessions_zone(
    store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    await store_helpers.discover(store)
    asked = await store_helpers.ask(store)
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        request = await PostgresTransaction(connection, PostgresWakeups(url=database_url)).requests.lock(
            asked.id
        )
    assert request is not None
    assert request.asked_at.isoformat() == NOW.isoformat()


async def test_host_bits_cannot_be_stored(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.mtls_rules.intend_creation(job, factories.NETWORK)
        await tx.commit()
    with pytest.raises(DBAPIError, match="invalid cidr value"):
        await database.update_rows(engine, mtls_rule_intents, {"network": "203.0.113.4/24"})


async def test_a_network_comes_back_as_it_was_given(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    asked = await store_helpers.ask(store, network=IPv4Network("203.0.112.0/23"))
    async with store.transaction() as tx:
        request = await tx.requests.lock(asked.id)
    assert request is not None
    assert request.terms.networks == (IPv4Network("203.0.112.0/23"),)


async def test_a_word_that_is_not_on_the_list_cannot_be_written(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(StatementError, match="'asleep' is not a valid RequestState"):
            await connection.execute(select(requests.c.id).where(requests.c.state == "asleep"))


async def test_a_word_that_is_not_on_the_list_cannot_be_read(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    request = await store_helpers.ask(store)
    await store_helpers.query(engine, "UPDATE requests SET state = 'asleep'")
    async with store.transaction() as tx:
        with pytest.raises(ValueError, match="'asleep' is not a valid RequestState"):
            await tx.requests.lock(request.id)
