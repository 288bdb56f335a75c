"""What is kept of a list of ranges: sources of ours, writes not looked around yet, what support has done."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.owned_entry import OwnedEntry, Removal
from bot.domain.target import Space
from bot.domain.trusted_ips.merge import Written
from bot.domain.trusted_ips.plan import Edit
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.ports import AuditContext, ReconcileJob
from storage.tables import data_service_access, trusted_ranges
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

SPACE = Space(id=UUID(int=21), name="acme-private", region="virginia", shield=False)
MINE, OTHER = "203.0.113.4/32", "203.0.113.5/32"
BEFORE = (RulesetRule("deny", "198.51.100.7/32"), RulesetRule("allow", "198.51.100.0/24"))
WRITE = Written(
    id=UUID(int=31),
    base=UUID(int=32),
    before=BEFORE,
    edit=Edit(add=(MINE,), remove=()),
    rules=(*BEFORE, RulesetRule("allow", MINE)),
    ruleset=None,
)


@pytest.fixture
async def job(store: PostgresStore) -> ReconcileJob:
    """The claimed job of the space."""
    async with store.transaction() as tx:
        await tx.targets.save_discovery([], [SPACE])
        await tx.commit()
    return await store_helpers.take(store)


async def test_a_space_has_one_queue_entry_for_its_ranges(job: ReconcileJob) -> None:
    assert (job.target, job.method) == (SPACE, Method.TRUSTED)


async def test_a_look_at_a_list_is_kept_as_it_was(store: PostgresStore, job: ReconcileJob) -> None:
    seen = Ruleset(id=UUID(int=32), rules=BEFORE, applied=None, by="somebody@example.com", at=NOW)
    async with store.transaction() as tx:
        await tx.reconcile_queue.save_observation(
            job, RulesetObservation(at=NOW, ruleset=seen, ours=frozenset({MINE}))
        )
        observation = await tx.reconcile_queue.observation(SPACE.id, Method.TRUSTED)
    assert isinstance(observation, RulesetObservation)
    assert (observation.ruleset.rules, observation.ruleset.applied, observation.ours) == (
        BEFORE,
        None,
        frozenset({MINE}),
    )


async def test_a_write_stands_until_somebody_has_looked_around_it(
    store: PostgresStore, job: ReconcileJob
) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, WRITE)
        assert await tx.trusted_ranges.writes(SPACE.id) == (WRITE,)
        assert (await tx.trusted_ranges.load(job, NOW)).ambiguous
        await tx.trusted_ranges.created(job, WRITE.id, UUID(int=33))
        assert await tx.trusted_ranges.writes(SPACE.id) == (replace(WRITE, ruleset=UUID(int=33)),)
        assert not (await tx.trusted_ranges.load(job, NOW)).ambiguous
        await tx.trusted_ranges.settle_writes(job, theirs=())
        assert await tx.trusted_ranges.writes(SPACE.id) == ()
        assert await tx.trusted_ranges.owned(SPACE.id) == {MINE}


async def test_several_writes_come_in_their_order(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        for number in (45, 44, 46):
            await tx.trusted_ranges.intend_write(job, replace(WRITE, id=UUID(int=number)))
        assert [each.id.int for each in await tx.trusted_ranges.writes(SPACE.id)] == [45, 44, 46]


async def test_what_heroku_refused_is_not_ours_and_does_not_wait(
    store: PostgresStore, job: ReconcileJob
) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, WRITE)
        await tx.trusted_ranges.rejected(job, WRITE)
        assert await tx.trusted_ranges.owned(SPACE.id) == frozenset()
        assert await tx.trusted_ranges.writes(SPACE.id) == ()
        assert not (await tx.trusted_ranges.load(job, NOW)).ambiguous


async def test_a_refused_removal_is_not_on_its_way(store: PostgresStore, job: ReconcileJob) -> None:
    removal = replace(WRITE, id=UUID(int=34), edit=Edit(remove=(MINE,)))
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, WRITE)
        await tx.trusted_ranges.observed(job, [MINE])
        await tx.trusted_ranges.intend_write(job, removal)
        assert (await tx.trusted_ranges.load(job, NOW)).entries == (
            OwnedEntry(key=MINE, observed=True, removal=Removal.REQUESTED),
        )
        await tx.trusted_ranges.rejected(job, removal)
        assert (await tx.trusted_ranges.load(job, NOW)).entries == (OwnedEntry(key=MINE, observed=True),)


async def test_what_somebody_else_added_first_is_theirs(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, replace(WRITE, edit=Edit(add=(MINE, OTHER))))
        await tx.trusted_ranges.settle_writes(job, theirs=[MINE])
        assert await tx.trusted_ranges.owned(SPACE.id) == {OTHER}


async def test_a_source_of_ours_that_is_gone_as_asked_is_remembered_for_a_day(
    store: PostgresStore, job: ReconcileJob, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, WRITE)
        await tx.trusted_ranges.intend_write(job, replace(WRITE, id=UUID(int=34), edit=Edit(remove=(MINE,))))
        await tx.trusted_ranges.absent(job, [MINE])
        assert (await tx.trusted_ranges.load(job, NOW)).recently_removed == {MINE}
        await tx.commit()
    await database.make_older(engine, trusted_ranges, "absent_at", by=timedelta(hours=25))
    async with store.transaction() as tx:
        assert (await tx.trusted_ranges.load(job, NOW)).recently_removed == frozenset()


async def test_a_source_that_is_adopted_is_ours_and_stays(store: PostgresStore, job: ReconcileJob) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.adopt(job, [MINE])
        await tx.trusted_ranges.adopt(job, [MINE])
        assert (await tx.trusted_ranges.load(job, NOW)).entries == (
            OwnedEntry(key=MINE, observed=True, adopted=True),
        )


async def test_a_lost_answer_is_waited_for_about_a_minute(
    store: PostgresStore, job: ReconcileJob, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        await tx.trusted_ranges.intend_write(job, WRITE)
        await tx.trusted_ranges.ambiguous(job)
        await tx.commit()
    left = await database.time_left(engine, data_service_access, "ambiguous_until")
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)


async def test_what_support_has_done_is_kept_for_the_space_with_its_audit_line(
    store: PostgresStore, job: ReconcileJob, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        assert await tx.trusted_ranges.services(SPACE.id) is DataServices.UNKNOWN
        await tx.trusted_ranges.set_services(
            SPACE.id, DataServices.WAITING, doing=AuditContext(actor="U0LEAD", at=NOW)
        )
        await tx.trusted_ranges.set_services(
            SPACE.id, DataServices.CONFIRMED, doing=AuditContext(actor="U0ADMIN", at=NOW)
        )
        await tx.commit()
    async with store.transaction() as tx:
        assert await tx.trusted_ranges.services(SPACE.id) is DataServices.CONFIRMED
    lines = await database.audit_lines(engine, "actor", "before", "after", subject="data_services")
    assert lines == [("U0LEAD", "unknown", "waiting"), ("U0ADMIN", "waiting", "confirmed")]
