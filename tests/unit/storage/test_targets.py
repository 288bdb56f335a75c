"""Databases as discoveries find them, and what the last look at each saw."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.looks import rules_look
from bot.domain.methods import Method
from bot.domain.target import Database, Look
from storage.transaction import PostgresStore
from tests.unit import samples
from tests.unit.storage import kept

BILLING = samples.database()
CRM = samples.database("crm", 2, shield=True)


async def all_of(store: PostgresStore) -> tuple[Database, ...]:
    async with store.transaction() as tx:
        return await tx.targets.all()


async def look_at(store: PostgresStore, database: UUID = BILLING.id) -> Look | None:
    async with store.transaction() as tx:
        return rules_look(await tx.lanes.look(database, Method.MTLS))


async def test_what_is_discovered_appears_by_app(store: PostgresStore) -> None:
    await kept.discover(store, CRM, BILLING)
    assert await all_of(store) == (BILLING, CRM)


async def test_a_new_name_follows(store: PostgresStore) -> None:
    renamed = replace(
        BILLING, name="postgresql-round-54321", app="invoices", plan="heroku-postgresql:private-5"
    )
    await kept.discover(store, BILLING)
    await kept.discover(store, renamed)
    assert await all_of(store) == (renamed,)


async def test_a_name_that_a_keeper_learnt_follows(store: PostgresStore) -> None:
    await kept.discover(store)
    async with store.transaction() as tx:
        await tx.targets.renamed(BILLING.id, "postgresql-round-54321")
        await tx.commit()
    assert await all_of(store) == (replace(BILLING, name="postgresql-round-54321"),)


async def test_what_is_missing_is_hidden_but_not_forgotten(store: PostgresStore, engine: AsyncEngine) -> None:
    await kept.discover(store, BILLING, CRM)
    await kept.discover(store, CRM)
    assert await all_of(store) == (CRM,)
    assert await kept.value(engine, "SELECT app FROM targets WHERE gone_at IS NOT NULL") == "billing"


async def test_what_went_first_keeps_the_time_it_went(store: PostgresStore, engine: AsyncEngine) -> None:
    gone = "SELECT gone_at FROM targets WHERE app = 'billing'"
    await kept.discover(store, BILLING, CRM)
    await kept.discover(store, CRM)
    first = await kept.value(engine, gone)
    await kept.discover(store, CRM)
    assert await kept.value(engine, gone) == first


async def test_what_comes_back_is_there_again(store: PostgresStore, engine: AsyncEngine) -> None:
    await kept.discover(store, BILLING, CRM)
    await kept.discover(store, CRM)
    await kept.discover(store, BILLING, CRM)
    assert await all_of(store) == (BILLING, CRM)


async def test_an_empty_discovery_hides_everything(store: PostgresStore) -> None:
    await kept.discover(store, BILLING, CRM)
    async with store.transaction() as tx:
        await tx.targets.discovered([])
        await tx.commit()
    assert await all_of(store) == ()


async def test_a_discovery_that_finds_nothing_new_writes_nothing(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    versions = "SELECT id, xmin::text FROM targets"
    await kept.discover(store, CRM, BILLING)
    before = await kept.query(engine, versions)
    await kept.discover(store, BILLING, CRM)
    assert await kept.query(engine, versions) == before


async def test_what_comes_back_is_due_at_once_though_nobody_looked_at_it_any_more(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await kept.discover(store)
    await kept.query(engine, "UPDATE targets SET gone_at = now()")
    await kept.query(engine, "UPDATE lanes SET due_at = NULL")
    await kept.discover(store)
    assert (await kept.take(store)).database == BILLING


@pytest.mark.parametrize(
    "found",
    [
        (replace(CRM, name="postgresql-new-2"), replace(BILLING, name="postgresql-new-1")),
        (replace(BILLING, name="postgresql-new-1"),),
    ],
    ids=["both renamed", "one renamed, one gone"],
)
async def test_a_discovery_and_a_change_of_grants_never_wait_for_each_other(
    store: PostgresStore, engine: AsyncEngine, found: tuple[Database, ...]
) -> None:
    await kept.discover(store, BILLING, CRM)
    async with store.transaction() as tx:
        await tx.lanes.want(BILLING.id, Method.MTLS)
        discovering = asyncio.create_task(kept.discover(store, *found))
        await kept.until_somebody_waits(engine)
        await tx.lanes.want(CRM.id, Method.MTLS)
        await tx.commit()
    await discovering
    assert set(await all_of(store)) == set(found)


async def test_a_look_at_everything_and_a_change_of_grants_never_wait_for_each_other(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await kept.discover(store, BILLING, CRM)
    # From here on billing stands behind crm in Postgres' file.
    await kept.query(engine, "UPDATE lanes SET tries = 0 WHERE target_id = :id", id=BILLING.id)

    async def look_at_all() -> None:
        async with store.transaction() as tx:
            await tx.lanes.look_at_all()
            await tx.commit()

    async with store.transaction() as tx:
        await tx.lanes.want(BILLING.id, Method.MTLS)
        looking = asyncio.create_task(look_at_all())
        await kept.until_somebody_waits(engine)
        await tx.lanes.want(CRM.id, Method.MTLS)
        await tx.commit()
    await looking


async def test_a_rule_whose_network_nobody_can_read_is_kept_as_it_is_written(store: PostgresStore) -> None:
    odd = replace(samples.rule(), network="2001:db8::/64")
    await kept.discover(store)
    await kept.see(store, samples.look(odd, samples.rule(number=8)))
    found = await look_at(store)
    assert found is not None
    assert found.rules[0] == odd
    assert found.covering(samples.NETWORK) == ()


async def test_what_was_never_looked_at_has_no_look(store: PostgresStore) -> None:
    await kept.discover(store)
    assert await look_at(store) is None


async def test_a_look_comes_back_with_every_rule(store: PostgresStore) -> None:
    office, ours = samples.rule(), samples.rule("203.0.113.4/32", 8, "Authorizing")
    seen = samples.look(office, ours, ours=frozenset({ours.id}))
    await kept.discover(store)
    await kept.see(store, seen)
    found = await look_at(store)
    assert found is not None
    assert replace(found, at=seen.at) == seen


async def test_the_time_of_a_look_is_of_postgres_clock(store: PostgresStore, engine: AsyncEngine) -> None:
    await kept.discover(store)
    before = await kept.value(engine, "SELECT now()")
    await kept.see(store, samples.look(enabled=False))
    found = await look_at(store)
    assert found is not None
    assert before < found.at < await kept.value(engine, "SELECT now()")
    assert not found.enabled


async def test_a_database_on_postgres_advanced_has_nothing_to_be_kept_in_step(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    advanced = replace(samples.database(), plan="heroku-postgresql:advanced-private-1")
    async with store.transaction() as tx:
        await tx.targets.discovered([advanced])
        await tx.commit()
    assert await kept.value(engine, "SELECT count(*) FROM lanes") == 0
