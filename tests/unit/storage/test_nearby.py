"""What is shown of a request includes what else may allow the same address: grants, ranges, certificates."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode, closed, closing
from bot.domain.method import Method
from bot.domain.reach import NOTHING_NEARBY, Nearby
from bot.domain.request import Request
from bot.domain.subject import Network, gathered
from bot.domain.target import Database, Space
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW
from tests.unit.services import certificates
from tests.unit.storage import store_helpers
from tests.unit.storage.store_helpers import BY_LEAD
from tests.unit.storage.test_indexes import listening, plans

SPACE = Space(id=UUID(int=21), name="acme-private", region="virginia", shield=False)
BY_ID = replace(factories.database(), space_id=SPACE.id, space="renamed-since")
RANGES = Ruleset(
    id=UUID(int=1), rules=(RulesetRule("allow", "203.0.113.0/24"),), applied=True, by="a@example.com"
)


async def discover(store: PostgresStore, *databases: Database, space: Space = SPACE) -> None:
    """Records a discovery with a space whose list was read, and whose data services support has opened."""
    async with store.transaction() as tx:
        await tx.targets.save_discovery(databases or (factories.database(),), [space])
        await tx.trusted_ranges.set_services(space.id, DataServices.CONFIRMED, doing=BY_LEAD)
        await tx.commit()
    while True:
        job = await store_helpers.take(store)
        if job.method is Method.TRUSTED:
            break
    async with store.transaction() as tx:
        found = RulesetObservation(at=NOW, ruleset=RANGES, ours=frozenset())
        await tx.reconcile_queue.save_observation(job, found)
        await tx.commit()


async def nearby(store: PostgresStore, request: Request) -> Nearby:
    async with store.transaction() as tx:
        details = await tx.requests.details(request.id)
    assert details is not None
    return details.nearby


@pytest.mark.parametrize("database", [factories.database(), BY_ID])
async def test_the_ranges_of_a_database_s_space_are_nearby(store: PostgresStore, database: Database) -> None:
    await discover(store, database)
    found = await nearby(store, await store_helpers.ask(store))
    assert (found.space, found.services) == (SPACE.name, DataServices.CONFIRMED)
    assert found.ranges is not None
    assert found.ranges.ruleset.rules == RANGES.rules


async def test_several_networks_have_the_same_nearby_as_one(store: PostgresStore) -> None:
    await discover(store)
    one = await store_helpers.ask(store)
    both = gathered([NETWORK, Network("192.0.2.0/24")])
    terms = replace(factories.request().terms, subject=both)
    several = await store_helpers.record(store, replace(factories.request(), terms=terms))
    assert await nearby(store, several) == await nearby(store, one) != NOTHING_NEARBY


@pytest.mark.parametrize(
    ("database", "space", "missing"),
    [
        (replace(factories.database(), space="another"), SPACE, True),
        (replace(factories.database(), space_id=UUID(int=22)), SPACE, True),
        (factories.database(shield=True), replace(SPACE, shield=True), False),
        (factories.database(shield=True), SPACE, False),
        (factories.database(), replace(SPACE, generation="fir"), False),
    ],
)
async def test_ranges_of_another_space_and_those_that_cannot_be_changed_are_not(
    store: PostgresStore, database: Database, space: Space, missing: bool
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery([database], [space])
        await tx.commit()
    found = await nearby(store, await store_helpers.ask(store))
    assert (found.space, found.ranges, found.missing) == (database.space if missing else "", None, missing)


@pytest.mark.parametrize("database", [factories.database(), replace(BY_ID, space=SPACE.name)])
async def test_a_space_that_a_discovery_missed_keeps_its_last_list_and_counts_as_unknown(
    store: PostgresStore, database: Database
) -> None:
    await discover(store, database)
    asked = await store_helpers.ask(store)
    before = await nearby(store, asked)
    async with store.transaction() as tx:
        await tx.targets.save_discovery([database], [])
        await tx.commit()
    assert await nearby(store, asked) == replace(before, missing=True)
    async with store.transaction() as tx:
        await tx.targets.save_discovery([database], [SPACE])
        await tx.commit()
    assert not (await nearby(store, asked)).missing


async def test_a_space_that_was_never_found_counts_as_unknown(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    found = await nearby(store, await store_helpers.ask(store))
    assert (found.space, found.ranges, found.missing) == (SPACE.name, None, True)


async def test_of_two_spaces_with_the_name_the_one_that_is_there_counts(store: PostgresStore) -> None:
    await discover(store)
    asked, another = await store_helpers.ask(store), replace(SPACE, id=UUID(int=2))
    async with store.transaction() as tx:
        await tx.targets.save_discovery([factories.database()], [another])
        await tx.commit()
    found = await nearby(store, asked)
    assert (found.ranges, found.missing) == (None, False)


async def test_grants_of_the_target_are_nearby_until_they_have_ended(store: PostgresStore) -> None:
    await store_helpers.discover(store, factories.database(), factories.database("crm", 2))
    other = await store_helpers.in_force(store)
    elsewhere = factories.request()
    elsewhere = replace(elsewhere, terms=replace(elsewhere.terms, target=UUID(int=2)))
    await store_helpers.approve(store, await store_helpers.record(store, elsewhere))
    asked = await store_helpers.ask(store)
    assert (await nearby(store, asked)).grants == (other,)
    ending = closing(other, ReasonCode.DONE)
    assert await store_helpers.change(store, other, ending)
    assert [each.state for each in (await nearby(store, asked)).grants] == [GrantState.ENDING]
    over = closed(ending, GrantState.ENDED, now=NOW, reason_code=None)
    assert await store_helpers.change(store, ending, over)
    assert (await nearby(store, asked)).grants == ()


async def test_an_adopted_rule_is_nearby_until_its_removal_is_requested(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    asked = await store_helpers.ask(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.bump_generation(asked.terms.target, Method.MTLS)
        await tx.commit()
    job, rule = await store_helpers.take(store), factories.rule(str(NETWORK))
    async with store.transaction() as tx:
        await tx.mtls_rules.adopt(job, [rule])
        await tx.commit()
    assert (await nearby(store, asked)).adopted == {(Method.MTLS, str(NETWORK))}
    async with store.transaction() as tx:
        await tx.mtls_rules.intend_removal(job, [rule.id])
        await tx.commit()
    assert (await nearby(store, asked)).adopted == frozenset()


async def test_only_the_requester_s_own_certificates_are_nearby(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    await certificates.own(store, owner="U0COLLEAGUE")
    mine = UUID("8d3c1daf-0000-4000-8000-000000000002")
    await certificates.own(store, mine)
    found = await nearby(store, await store_helpers.ask(store))
    assert [each.id for each in found.certificates] == [mine]
    found = await nearby(store, await store_helpers.ask(store, requester="U0NOBODY"))
    assert found.certificates == ()


async def test_who_decides_locks_nothing_for_what_is_only_shown(store: PostgresStore) -> None:
    await discover(store)
    asked = await store_helpers.ask(store)
    async with store.transaction() as tx:
        details = await tx.requests.lock_details(asked.id)
    assert details is not None
    assert details.nearby == NOTHING_NEARBY


async def test_what_is_nearby_is_found_without_reading_all_grants(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    asked = await store_helpers.ask(store)
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.requests.details(asked.id)
    found = await plans(engine, sent)
    assert "Seq Scan on grants" not in found
    assert "Seq Scan on certificates" not in found


async def test_a_request_for_a_range_knows_what_support_has_done_for_the_space(store: PostgresStore) -> None:
    await discover(store)
    asked = factories.request()
    terms = replace(asked.terms, method=Method.TRUSTED, target=SPACE.id)
    recorded = await store_helpers.record(store, replace(asked, terms=terms))
    assert await nearby(store, recorded) == Nearby(services=DataServices.CONFIRMED)
