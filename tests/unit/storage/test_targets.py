"""Databases as discoveries find them, and what the last look at each saw."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.mtls.reach import listing
from bot.domain.observation import mtls_observation
from bot.domain.target import Database, KnownAs
from storage.tables import audit, reconcile_queue, targets
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.storage import store_helpers

BILLING = factories.database()
CRM = factories.database("crm", 2, shield=True)


async def all_of(store: PostgresStore) -> tuple[Database, ...]:
    async with store.transaction() as tx:
        return await tx.targets.databases()


async def look_at(store: PostgresStore, database: UUID = BILLING.id) -> MtlsObservation | None:
    async with store.transaction() as tx:
        return mtls_observation(await tx.reconcile_queue.observation(database, Method.MTLS))


async def test_what_is_discovered_appears_by_app(store: PostgresStore) -> None:
    await store_helpers.discover(store, CRM, BILLING)
    assert await all_of(store) == (BILLING, CRM)


async def test_a_new_name_follows(store: PostgresStore) -> None:
    renamed = replace(
        BILLING, name="postgresql-round-54321", app="invoices", plan="heroku-postgresql:private-5"
    )
    await store_helpers.discover(store, BILLING)
    await store_helpers.discover(store, renamed)
    assert await all_of(store) == (renamed,)


async def test_a_new_name_is_recorded(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        await tx.targets.rename(BILLING.id, "postgresql-round-54321")
        await tx.commit()
    assert await all_of(store) == (replace(BILLING, name="postgresql-round-54321"),)


async def test_what_is_missing_is_hidden_but_not_forgotten(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    await store_helpers.discover(store, CRM)
    assert await all_of(store) == (CRM,)
    assert await database.value(engine, targets, "app", absent_at=database.PRESENT) == "billing"


async def test_what_went_first_keeps_the_time_it_went(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    await store_helpers.discover(store, CRM)
    first = await database.value(engine, targets, "absent_at", app="billing")
    await store_helpers.discover(store, CRM)
    assert await database.value(engine, targets, "absent_at", app="billing") == first


async def test_what_comes_back_is_there_again(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    await store_helpers.discover(store, CRM)
    await store_helpers.discover(store, BILLING, CRM)
    assert await all_of(store) == (BILLING, CRM)


async def test_an_empty_discovery_hides_everything(store: PostgresStore) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    async with store.transaction() as tx:
        await tx.targets.save_discovery([])
        await tx.commit()
    assert await all_of(store) == ()


async def test_a_discovery_that_finds_nothing_new_writes_nothing(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    versions = "SELECT id, xmin::text FROM targets"
    await store_helpers.discover(store, CRM, BILLING)
    before = await store_helpers.query(engine, versions)
    await store_helpers.discover(store, BILLING, CRM)
    assert await store_helpers.query(engine, versions) == before


async def test_what_comes_back_is_due_at_once_though_nobody_observed_at_it_any_more(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await database.update_rows(engine, targets, {"absent_at": func.now()})
    await database.update_rows(engine, reconcile_queue, {"due_at": None})
    await store_helpers.discover(store)
    assert (await store_helpers.take(store)).database == BILLING


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
    await store_helpers.discover(store, BILLING, CRM)
    async with store.transaction() as tx:
        await tx.reconcile_queue.bump_generation(BILLING.id, Method.MTLS)
        discovering = asyncio.create_task(store_helpers.discover(store, *found))
        await store_helpers.until_somebody_waits(engine)
        await tx.reconcile_queue.bump_generation(CRM.id, Method.MTLS)
        await tx.commit()
    await discovering
    assert set(await all_of(store)) == set(found)


async def test_a_look_at_everything_and_a_change_of_grants_never_wait_for_each_other(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    # From here on billing stands behind crm in Postgres' file.
    await database.update_rows(engine, reconcile_queue, {"attempts": 0}, target_id=BILLING.id)

    async def refresh_all() -> None:
        async with store.transaction() as tx:
            await tx.reconcile_queue.refresh_all()
            await tx.commit()

    async with store.transaction() as tx:
        await tx.reconcile_queue.bump_generation(BILLING.id, Method.MTLS)
        looking = asyncio.create_task(refresh_all())
        await store_helpers.until_somebody_waits(engine)
        await tx.reconcile_queue.bump_generation(CRM.id, Method.MTLS)
        await tx.commit()
    await looking


async def test_a_rule_whose_network_nobody_can_read_is_kept_as_it_is_written(store: PostgresStore) -> None:
    odd = replace(factories.rule(), network="2001:db8::/64")
    await store_helpers.discover(store)
    await store_helpers.see(store, factories.look(odd, factories.rule(number=8)))
    found = await look_at(store)
    assert found is not None
    assert found.rules[0] == odd
    assert listing(found, factories.NETWORK).entries == ()


async def test_what_was_never_observed_at_has_no_look(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    assert await look_at(store) is None


async def test_a_look_comes_back_with_every_rule(store: PostgresStore) -> None:
    office, ours = factories.rule(), factories.rule("203.0.113.4/32", 8, "Authorizing")
    seen = factories.look(office, ours, ours=frozenset({ours.id}))
    await store_helpers.discover(store)
    await store_helpers.see(store, seen)
    found = await look_at(store)
    assert found is not None
    assert replace(found, at=seen.at) == seen


async def test_the_time_of_a_look_is_of_postgres_clock(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    before = await database.now(engine)
    await store_helpers.see(store, factories.look(enabled=False))
    found = await look_at(store)
    assert found is not None
    assert before < found.at < await database.now(engine)
    assert not found.enabled


async def test_a_database_on_postgres_advanced_has_nothing_to_be_kept_in_step(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    advanced = replace(factories.database(), plan="heroku-postgresql:advanced-private-1")
    async with store.transaction() as tx:
        await tx.targets.save_discovery([advanced])
        await tx.commit()
    assert await database.count(engine, reconcile_queue) == 0


async def test_a_name_that_the_reconciler_finds_keeps_the_one_of_the_last_discovery(
    store: PostgresStore,
) -> None:
    await store_helpers.discover(store)
    for name in ("postgresql-round-54321", "postgresql-flat-11111"):
        async with store.transaction() as tx:
            await tx.targets.rename(BILLING.id, name)
            await tx.commit()
    (found,) = await all_of(store)
    assert (found.name, found.known.listed_as) == ("postgresql-flat-11111", BILLING.name)


async def test_what_a_target_is_known_by_comes_back_and_a_discovery_leaves_it_alone(
    store: PostgresStore,
) -> None:
    known = KnownAs(
        entries={"money=postgresql-curved-12345": factories.NOW},
        contested=frozenset({"a=b"}),
        dismissed=frozenset({"c=d"}),
        listed_as="before",
        name="postgresql-curved-12345",
        app="billing",
        space="acme-private",
    )
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        await tx.targets.bind({BILLING.id: known})
        await tx.commit()
    await store_helpers.discover(store, replace(BILLING, app="invoices"))
    await store_helpers.discover(store, CRM)
    async with store.transaction() as tx:
        everything = await tx.targets.all(lock=True)
    assert [each.known for each in everything if each.id == BILLING.id] == [known]


async def test_an_answer_is_recorded_with_its_audit_line(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        (found,) = await tx.targets.databases()
        known = replace(found.known, entries={"money=x": factories.NOW})
        await tx.targets.answer(found, known, doing=store_helpers.BY_LEAD)
        await tx.commit()
    assert (await all_of(store))[0].known == known
    assert await database.value(engine, audit, "after", target_id=BILLING.id) == "money=x"


@pytest.mark.parametrize("word", ["billing", "BILLING::pink", "postgresql-curved-12345"])
async def test_a_database_is_found_by_each_of_its_names(store: PostgresStore, word: str) -> None:
    pink = replace(BILLING, config_var="PINK_URL")
    other = replace(CRM, app="billing", name="postgresql-other-1")
    await store_helpers.discover(store, pink, other)
    async with store.transaction() as tx:
        found = [each.id for each, _ in await tx.targets.named(word, Method.MTLS)]
    assert BILLING.id in found
    assert (other.id in found) is (word == "billing")
