"""The reconcile queue: who may reconcile a target, for how long, and when it is due next."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import ReasonCode, closing
from bot.domain.method import Method
from bot.domain.rate_budget import CallPriority
from bot.domain.target import Database
from bot.errors import LeaseLostError
from bot.ports import ReconcileJob
from storage.tables import installation, reconcile_queue, targets
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.storage import store_helpers

BILLING = factories.database()
CRM = factories.database("crm", 2)


async def claim(store: PostgresStore) -> ReconcileJob | None:
    async with store.transaction() as tx:
        job = await tx.reconcile_queue.claim()
        await tx.commit()
        return job


async def claim_all(store: PostgresStore) -> list[ReconcileJob]:
    """One worker that takes what it can get."""
    jobs = []
    while (job := await claim(store)) is not None:
        jobs.append(job)
    return jobs


async def want(store: PostgresStore, database: Database = BILLING) -> None:
    async with store.transaction() as tx:
        await tx.reconcile_queue.bump_generation(database.id, Method.MTLS)
        await tx.commit()


async def renew(store: PostgresStore, job: ReconcileJob) -> bool:
    async with store.transaction() as tx:
        unchanged = await tx.reconcile_queue.renew(job)
        await tx.commit()
        return unchanged


async def next_due(store: PostgresStore) -> timedelta | None:
    async with store.transaction() as tx:
        return await tx.reconcile_queue.next_due()


async def run_out(engine: AsyncEngine) -> None:
    """Lets a minute pass for every lease."""
    await database.make_older(engine, reconcile_queue, "lease_until", by=timedelta(seconds=61))


async def test_nothing_is_due_where_nothing_was_discovered(store: PostgresStore) -> None:
    assert await claim(store) is None
    assert await next_due(store) is None


async def test_a_new_database_is_due_at_once(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    assert await next_due(store) == timedelta()
    job = await store_helpers.take(store)
    assert (job.database, job.version, job.attempts) == (BILLING, 0, 0)


async def test_every_job_names_this_installation(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    assert job.installation == await database.value(engine, installation, "marker")


async def test_what_is_held_is_not_given_to_another(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    await store_helpers.take(store)
    assert await claim(store) is None


async def test_what_has_been_due_the_longest_comes_first(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    await database.make_older(engine, reconcile_queue, "due_at", by=timedelta(hours=1), target_id=CRM.id)
    assert (await store_helpers.take(store)).database == CRM
    assert (await store_helpers.take(store)).database == BILLING


async def test_what_has_changed_comes_before_what_is_only_observed_again(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    others = [factories.database(f"app{n}", n) for n in (1, 2, 4, 5)]
    await store_helpers.discover(store, *others, factories.database("app3", 3))
    await database.make_older(
        engine, reconcile_queue, "due_at", by=timedelta(hours=1), target_id={each.id for each in others}
    )
    await want(store, factories.database("app3", 3))
    assert (await store_helpers.take(store)).database.app == "app3"


async def test_what_waits_for_its_turn_keeps_its_place_when_everything_becomes_due(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    await database.make_older(engine, reconcile_queue, "due_at", by=timedelta(hours=1), target_id=CRM.id)
    async with store.transaction() as tx:
        await tx.reconcile_queue.refresh_all()
        await tx.commit()
    assert (await store_helpers.take(store)).database == CRM


@pytest.mark.parametrize("ask", ["refresh_all", "request_refresh"])
async def test_a_look_that_is_asked_for_during_a_pass_comes_right_after_it(
    store: PostgresStore, ask: str
) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await (
            tx.reconcile_queue.refresh_all()
            if ask == "refresh_all"
            else tx.reconcile_queue.request_refresh(BILLING.id)
        )
        await tx.commit()
    await store_helpers.release(store, job, again=timedelta(minutes=10))
    assert await next_due(store) == timedelta()


async def test_failures_are_counted_apart_from_looks(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.release(job, again=timedelta(), attempts=3, kept=False, failures=2)
        await tx.commit()
    await want(store)
    again = await store_helpers.take(store)
    assert (again.attempts, again.failures) == (0, 2)


async def test_what_heroku_does_not_have_any_more_is_observed_once_more_and_then_left_alone(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await database.update_rows(engine, targets, {"absent_at": func.now()})
    await store_helpers.release(store, await store_helpers.take(store), again=timedelta(hours=1))
    assert await next_due(store) is None
    async with store.transaction() as tx:
        await tx.reconcile_queue.refresh_all()
        await tx.commit()
    assert await claim(store) is None


async def test_what_is_gone_is_observed_while_a_grant_there_is_open(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await store_helpers.in_force(store)
    await database.update_rows(engine, targets, {"absent_at": func.now()})
    await store_helpers.release(store, await store_helpers.take(store), again=timedelta(hours=1))
    assert await next_due(store) is not None


async def test_what_is_gone_is_observed_while_something_of_ours_may_be_there(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await database.update_rows(engine, targets, {"absent_at": func.now()})
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        intent, _ = await tx.mtls_rules.intend_creation(job, factories.NETWORK)
        await tx.commit()
    await store_helpers.release(store, job)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.mtls_rules.created(job, intent, factories.rule())
        await tx.commit()
    await store_helpers.release(store, job)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.mtls_rules.absent(job, [factories.rule().id])
        await tx.commit()
    await store_helpers.release(store, job)
    assert await claim(store) is None


async def test_two_that_claim_at_the_same_time_get_different_databases(store: PostgresStore) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    async with store.transaction() as one, store.transaction() as other:
        first, second = await one.reconcile_queue.claim(), await other.reconcile_queue.claim()
    assert first is not None
    assert second is not None
    assert {first.database, second.database} == {BILLING, CRM}


async def test_many_that_claim_at_once_never_get_the_same_database(store: PostgresStore) -> None:
    await store_helpers.discover(store, *(factories.database(f"app{n}", n) for n in range(1, 17)))
    workers = await asyncio.gather(*(claim_all(store) for _ in range(8)))
    taken = [job.database.app for jobs in workers for job in jobs]
    assert sorted(taken) == sorted(f"app{n}" for n in range(1, 17))


async def test_a_claim_that_is_rolled_back_leaves_it_due(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        assert await tx.reconcile_queue.claim() is not None
    assert await claim(store) is not None


async def test_what_a_dead_worker_held_is_taken_by_another(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    dead = await store_helpers.take(store)
    await run_out(engine)
    alive = await store_helpers.take(store)
    assert alive.database == dead.database
    assert alive.lease != dead.lease


@pytest.mark.parametrize("taken_by_another", [False, True])
async def test_a_worker_whose_lease_ran_out_writes_nothing_more(
    store: PostgresStore, engine: AsyncEngine, taken_by_another: bool
) -> None:
    await store_helpers.discover(store)
    late = await store_helpers.take(store)
    await run_out(engine)
    if taken_by_another:
        await store_helpers.take(store)
    before = await database.rows(engine, reconcile_queue)
    with pytest.raises(LeaseLostError):
        await renew(store, late)
    with pytest.raises(LeaseLostError):
        async with store.transaction() as tx:
            await tx.reconcile_queue.save_observation(late, factories.look())
    with pytest.raises(LeaseLostError):
        await store_helpers.release(store, late)
    assert await database.rows(engine, reconcile_queue) == before


async def test_a_lost_lease_takes_the_whole_unit_of_work_with_it(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    grant = await store_helpers.in_force(store)
    late = await store_helpers.take(store)
    await run_out(engine)

    async def intend() -> None:
        async with store.transaction() as tx:
            await tx.mtls_rules.intend_creation(late, *grant.networks)
            await tx.reconcile_queue.renew(late)
            await tx.commit()

    with pytest.raises(LeaseLostError):
        await intend()
    assert (await store_helpers.counts(engine))["mtls_rule_intents"] == 0


async def test_renewing_prolongs_the_lease(store: PostgresStore, engine: AsyncEngine) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    await database.make_older(engine, reconcile_queue, "lease_until", by=timedelta(seconds=40))
    assert await renew(store, job)
    assert await database.time_left(engine, reconcile_queue, "lease_until") > timedelta(seconds=55)


async def test_renewing_tells_that_the_grants_have_changed(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    assert await renew(store, job)
    await want(store)
    assert not await renew(store, job)


async def test_wanting_raises_the_version_and_makes_due(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    await store_helpers.release(store, await store_helpers.take(store), again=timedelta(hours=1))
    assert await claim(store) is None
    await want(store)
    assert (await store_helpers.take(store)).version == 1


async def test_a_released_database_comes_again_after_its_time(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    await store_helpers.release(store, await store_helpers.take(store), again=timedelta(minutes=10))
    due = await next_due(store)
    assert due is not None
    assert timedelta(minutes=9) < due <= timedelta(minutes=10)
    assert await claim(store) is None
    await database.make_older(engine, reconcile_queue, "due_at", by=timedelta(minutes=10))
    assert await claim(store) is not None


async def test_a_released_database_whose_grants_changed_meanwhile_comes_again_at_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    job = await store_helpers.take(store)
    await want(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.release(job, again=timedelta(hours=1), attempts=3, kept=True)
        await tx.commit()
    assert await next_due(store) == timedelta()
    again = await store_helpers.take(store)
    assert (again.version, again.attempts) == (1, 0)
    assert await database.value(engine, reconcile_queue, "reconciled_generation") == 0


@pytest.mark.parametrize(("carried_out", "version"), [(True, 1), (False, 0)])
async def test_only_a_plan_that_was_carried_out_satisfies_its_version(
    store: PostgresStore, engine: AsyncEngine, carried_out: bool, version: int
) -> None:
    await store_helpers.discover(store)
    await want(store)
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.release(job, again=timedelta(), attempts=3, kept=carried_out)
        await tx.commit()
    assert await database.value(engine, reconcile_queue, "reconciled_generation") == version
    assert (await store_helpers.take(store)).attempts == 3


async def test_what_is_held_is_due_when_its_lease_ends(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    await store_helpers.take(store)
    due = await next_due(store)
    assert due is not None
    assert timedelta(seconds=50) < due <= timedelta(seconds=60)


async def test_a_jump_of_time_makes_every_database_due(store: PostgresStore) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    for _ in range(2):
        await store_helpers.release(store, await store_helpers.take(store), again=timedelta(hours=1))
    async with store.transaction() as tx:
        await tx.reconcile_queue.refresh_all()
        await tx.commit()
    assert {(await store_helpers.take(store)).database, (await store_helpers.take(store)).database} == {
        BILLING,
        CRM,
    }


async def test_a_database_with_something_to_close_goes_before_one_that_was_due_longer(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store, BILLING, CRM)
    hour_ago = func.now() - timedelta(hours=1)
    await database.update_rows(engine, reconcile_queue, {"due_at": hour_ago, "generation": 9})
    grant = await store_helpers.in_force(store)
    assert await store_helpers.change(store, grant, closing(grant, ReasonCode.DONE))
    await database.update_rows(
        engine, reconcile_queue, {"due_at": func.now(), "generation": 0}, target_id=grant.target
    )
    first, second = await store_helpers.take(store), await store_helpers.take(store)
    assert (first.target.id, first.purpose) == (grant.target, CallPriority.REMOVE)
    assert (second.target.id != grant.target, second.purpose) == (True, CallPriority.ADD)


async def test_a_run_without_changes_has_the_lowest_priority(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    assert (await store_helpers.take(store)).purpose is CallPriority.OBSERVE
