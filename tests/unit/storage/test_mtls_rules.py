"""Owned rules and the intents before them, as the next reconcile run finds them."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import RecentRemovals
from bot.domain.grant import GrantState
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import OwnedRule, PendingCreation, StoredRules
from bot.domain.owned_entry import DesiredGrant, Removal
from bot.ports import ReconcileJob
from storage.tables import grants, mtls_rule_intents
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, rule
from tests.unit.storage import store_helpers

OURS = rule(str(NETWORK))


@pytest.fixture
async def job(store: PostgresStore) -> ReconcileJob:
    """A claimed job of a database that nothing is known of."""
    await store_helpers.discover(store)
    return await store_helpers.take(store)


async def next_turn(store: PostgresStore, job: ReconcileJob) -> ReconcileJob:
    await store_helpers.release(store, job)
    return await store_helpers.take(store)


async def known_of(store: PostgresStore, job: ReconcileJob, *, now: datetime = NOW) -> StoredRules:
    """What the next run begins with."""
    job = await next_turn(store, job)
    async with store.transaction() as tx:
        return await tx.mtls_rules.load(job, now)


async def intend(store: PostgresStore, job: ReconcileJob) -> tuple[UUID, str]:
    async with store.transaction() as tx:
        intent = await tx.mtls_rules.intend_creation(job, NETWORK)
        await tx.commit()
        return intent


async def make(store: PostgresStore, job: ReconcileJob, found: IpRule = OURS) -> UUID:
    """An intent whose answer was this rule."""
    intent, _ = await intend(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.created(job, intent, found)
        await tx.commit()
    return intent


async def ask_to_remove(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        await tx.mtls_rules.intend_removal(job, [OURS.id])
        await tx.commit()


async def back(engine: AsyncEngine, column: str, by: timedelta) -> None:
    """Lets time pass for a column of intents or of entries."""
    table, name = column.split(".")
    await store_helpers.query(
        engine, f"UPDATE {table} SET {name} = {name} - make_interval(secs => :s)", s=by.seconds
    )


async def test_an_intent_carries_the_mark_of_this_installation(
    store: PostgresStore, job: ReconcileJob
) -> None:
    intent, marker = await intend(store, job)
    assert marker == f"pgaccess/{job.installation} {intent}"


async def test_an_intent_without_an_answer_is_waited_for(store: PostgresStore, job: ReconcileJob) -> None:
    intent, marker = await intend(store, job)
    known = await known_of(store, job)
    assert known.pending_creations == (
        PendingCreation(intent=intent, network=NETWORK, marker=marker, ambiguous=True),
    )
    assert known.entries == ()


@pytest.mark.parametrize(("passed_s", "waiting"), [(75, True), (80, False)])
async def test_an_intent_waits_for_a_call_and_its_quarantine(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob, passed_s: int, waiting: bool
) -> None:
    await intend(store, job)
    await back(engine, "mtls_rule_intents.ambiguous_until", timedelta(seconds=passed_s))
    (attempt,) = (await known_of(store, job)).pending_creations
    assert attempt.ambiguous is waiting


@pytest.mark.parametrize(("passed_s", "waiting"), [(55, True), (60, False)])
async def test_a_lost_answer_is_waited_for_a_minute_from_when_it_was_lost(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob, passed_s: int, waiting: bool
) -> None:
    intent, _ = await intend(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.ambiguous(intent, error="Heroku answered 503")
        await tx.commit()
    await back(engine, "mtls_rule_intents.ambiguous_until", timedelta(seconds=passed_s))
    (attempt,) = (await known_of(store, job)).pending_creations
    assert attempt.ambiguous is waiting


async def test_an_intent_that_made_a_rule_is_settled_and_the_rule_is_ours(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job)
    known = await known_of(store, job)
    assert known.pending_creations == ()
    assert known.entries == (OwnedRule(key=OURS.id, network=NETWORK, observed=False, removal=Removal.NONE),)
    async with store.transaction() as tx:
        assert await tx.mtls_rules.owned(job.database.id) == {OURS.id}


async def test_a_rule_recorded_twice_is_one(store: PostgresStore, job: ReconcileJob) -> None:
    intent = await make(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.created(job, intent, OURS)
        await tx.commit()
    assert len((await known_of(store, job)).entries) == 1


async def test_an_intent_that_made_nothing_is_settled(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    intent, _ = await intend(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.rejected(intent, error="Heroku answered 422")
        await tx.commit()
    known = await known_of(store, job)
    assert (known.pending_creations, known.entries) == ((), ())
    assert await database.value(engine, mtls_rule_intents, "error") == "Heroku answered 422"


@pytest.mark.parametrize(("passed", "expected"), [(timedelta(minutes=59), 1), (timedelta(minutes=60), 0)])
async def test_a_late_rule_is_expected_for_an_hour(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob, passed: timedelta, expected: int
) -> None:
    intent, _ = await intend(store, job)
    await back(engine, "mtls_rule_intents.at", passed)
    async with store.transaction() as tx:
        await tx.mtls_rules.abandon([intent])
        await tx.commit()
    assert len((await known_of(store, job)).pending_creations) == expected


async def test_a_rule_that_a_list_showed_is_known_to_have_been_there(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.observed(job, [OURS.id, uuid4()])
        await tx.commit()
    (entry,) = (await known_of(store, job)).entries
    assert entry.observed


async def test_a_rule_that_is_gone_is_not_ours_any_more(store: PostgresStore, job: ReconcileJob) -> None:
    await make(store, job)
    async with store.transaction() as tx:
        await tx.mtls_rules.absent(job, [OURS.id])
        await tx.commit()
    assert (await known_of(store, job)).entries == ()
    async with store.transaction() as tx:
        assert await tx.mtls_rules.owned(job.database.id) == frozenset()


async def test_a_rule_that_was_thought_gone_is_ours_again_and_never_asked_to_go(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job)
    await ask_to_remove(store, job)
    back = OwnedRule(key=OURS.id, network=NETWORK, observed=True, removal=Removal.NONE)
    async with store.transaction() as tx:
        await tx.mtls_rules.absent(job, [OURS.id])
        assert await tx.mtls_rules.restore(job, [uuid4(), OURS.id]) == (back,)
        await tx.commit()
    assert (await known_of(store, job)).entries == (back,)


async def test_what_is_there_and_what_another_database_lists_does_not_come_back(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job)
    other = replace(job, target=factories.database("crm", 2))
    async with store.transaction() as tx:
        assert await tx.mtls_rules.restore(job, [OURS.id]) == ()
        await tx.mtls_rules.absent(job, [OURS.id])
        assert await tx.mtls_rules.restore(other, [OURS.id]) == ()


async def test_a_rule_is_for_the_network_that_was_asked_for_however_heroku_writes_it(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job, replace(OURS, network="::ffff:203.0.113.4"))
    (entry,) = (await known_of(store, job)).entries
    assert entry.network == NETWORK


@pytest.mark.parametrize(
    ("passed_s", "removal"), [(0, Removal.REQUESTED), (55, Removal.REQUESTED), (61, Removal.OVERDUE)]
)
async def test_a_removal_is_overdue_after_a_minute(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob, passed_s: int, removal: Removal
) -> None:
    await make(store, job)
    await ask_to_remove(store, job)
    await back(engine, "mtls_rules.removal_requested_at", timedelta(seconds=passed_s))
    (entry,) = (await known_of(store, job)).entries
    assert entry.removal is removal


async def test_a_removal_asked_for_again_has_another_minute(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    await make(store, job)
    await ask_to_remove(store, job)
    await back(engine, "mtls_rules.removal_requested_at", timedelta(seconds=61))
    await ask_to_remove(store, job)
    (entry,) = (await known_of(store, job)).entries
    assert entry.removal is Removal.REQUESTED


async def test_every_open_grant_is_wanted_in_its_state(store: PostgresStore, job: ReconcileJob) -> None:
    waiting = await store_helpers.approve(store, await store_helpers.ask(store))
    running = await store_helpers.in_force(store)
    known = await known_of(store, job)
    assert set(known.grants) == {
        DesiredGrant(
            grant=waiting.id,
            request=waiting.request,
            owner="U0ENGINEER",
            addresses=frozenset([NETWORK]),
            state=GrantState.APPLYING,
        ),
        DesiredGrant(
            grant=running.id,
            request=running.request,
            owner="U0ENGINEER",
            addresses=frozenset([NETWORK]),
            state=GrantState.IN_FORCE,
        ),
    }


@pytest.mark.parametrize(
    ("passed", "overdue"), [(timedelta(minutes=19), False), (timedelta(minutes=20), True)]
)
async def test_a_grant_is_overdue_when_its_opening_deadline_has_passed(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob, passed: timedelta, overdue: bool
) -> None:
    await store_helpers.approve(store, await store_helpers.ask(store))
    await database.make_older(engine, grants, "deadline_at", by=passed)
    (want,) = (await known_of(store, job)).grants
    assert want.overdue is overdue


@pytest.mark.parametrize(("passed", "over"), [(timedelta(hours=8), False), (timedelta(hours=9), True)])
async def test_a_grant_is_over_when_its_end_has_passed_by_business_time(
    store: PostgresStore, job: ReconcileJob, passed: timedelta, over: bool
) -> None:
    grant = await store_helpers.approve(store, await store_helpers.ask(store))
    assert grant.ends_at == NOW + timedelta(hours=8, minutes=20)
    (want,) = (await known_of(store, job, now=NOW + passed)).grants
    assert want.over is over


async def test_a_grant_without_an_end_is_never_over(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    await store_helpers.approve(store, await store_helpers.ask(store))
    await database.update_rows(engine, grants, {"ends_at": None})
    (want,) = (await known_of(store, job, now=NOW + timedelta(days=3650))).grants
    assert not want.over


async def test_what_is_known_of_one_database_is_not_known_of_another(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await make(store, job)
    await store_helpers.release(store, job, again=timedelta(hours=1))
    async with store.transaction() as tx:
        await tx.targets.save_discovery([job.database, factories.database("crm", 2)])
        await tx.commit()
    other = await store_helpers.take(store)
    async with store.transaction() as tx:
        known = await tx.mtls_rules.load(other, NOW)
    assert (other.database.app, known.entries, known.pending_creations) == ("crm", (), ())


# --- rules that others made -------------------------------------------------------------------------


async def adopt(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        await tx.mtls_rules.adopt(job, [OURS])
        await tx.commit()


async def lost(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        await tx.mtls_rules.absent(job, [OURS.id])
        await tx.commit()


async def recently_removed(store: PostgresStore, job: ReconcileJob) -> RecentRemovals:
    async with store.transaction() as tx:
        return await tx.mtls_rules.recent_removals(job.target.id)


async def test_an_adopted_rule_is_ours_without_an_intent_and_is_adopted_once(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await adopt(store, job)
    await adopt(store, job)
    (entry,) = (await known_of(store, job)).entries
    assert entry == OwnedRule(key=OURS.id, network=NETWORK, observed=True, removal=Removal.NONE, adopted=True)


async def test_what_was_adopted_and_went_by_itself_was_lost_and_what_we_asked_for_was_removed(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await adopt(store, job)
    assert await recently_removed(store, job) == RecentRemovals()
    await lost(store, job)
    assert await recently_removed(store, job) == RecentRemovals(lost=frozenset({str(NETWORK)}))
    await adopt(store, job)
    await ask_to_remove(store, job)
    await lost(store, job)
    assert await recently_removed(store, job) == RecentRemovals(removed=frozenset({str(NETWORK)}))


async def test_an_adopted_rule_that_is_back_stays_unless_its_removal_was_approved(
    store: PostgresStore, job: ReconcileJob
) -> None:
    for asked in (False, True):
        await adopt(store, job)
        if asked:
            await ask_to_remove(store, job)
        await lost(store, job)
        async with store.transaction() as tx:
            (entry,) = await tx.mtls_rules.restore(job, [OURS.id])
            await tx.commit()
        assert entry.adopted is not asked
