"""The cache of people: what is too old decides nothing, and who is unknown is asked for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.person import Person
from bot.ports import LOOKUPS, UserLookup
from storage.tables import periodic_tasks, slack_users
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.storage import store_helpers

ENGINEER = factories.person()
LEFT = replace(ENGINEER, deactivated=True)
LEASE = timedelta(seconds=15)


async def keep(store: PostgresStore, *people: Person, read: datetime | None = None) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.save(people, read=read)
        await tx.commit()


async def keep_group(store: PostgresStore, members: Iterable[str], *, read: datetime | None = None) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.save_group("S0LEADS", members, read=read)
        await tx.commit()


async def reading(store: PostgresStore) -> datetime:
    async with store.transaction() as tx:
        return await tx.slack_users.current_time()


async def question(store: PostgresStore, id: str = ENGINEER.id) -> UserLookup:
    async with store.transaction() as tx:
        found = await tx.slack_users.requested_lookup(id)
    assert found is not None
    return found


async def answer(store: PostgresStore, asked: UserLookup, person: Person | None) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.save_lookup(asked, person)
        await tx.commit()


async def find(store: PostgresStore, id: str = ENGINEER.id) -> Person | None:
    async with store.transaction() as tx:
        return await tx.slack_users.find(id)


async def request_lookup(store: PostgresStore, id: str = ENGINEER.id) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.request_lookup(id)
        await tx.commit()


async def doubt(store: PostgresStore, id: str = ENGINEER.id) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.doubt(id)
        await tx.commit()


async def claim(store: PostgresStore) -> str | None:
    async with store.transaction() as tx:
        found = await tx.slack_users.claim_lookup(lease=LEASE)
        await tx.commit()
        return None if found is None else found.id


async def asked_for(store: PostgresStore) -> tuple[str, ...]:
    async with store.transaction() as tx:
        return await tx.slack_users.requested_lookups()


async def age(engine: AsyncEngine, by: timedelta) -> None:
    await database.make_older(engine, slack_users, "fetched_at", by=by)


async def test_somebody_never_seen_is_unknown(store: PostgresStore) -> None:
    assert await find(store) is None


async def test_somebody_is_found_word_for_word(store: PostgresStore) -> None:
    guest = factories.person("U0GUEST", zone="Asia/Tokyo", guest=True, external=True)
    await keep(store, ENGINEER, guest)
    assert await find(store) == ENGINEER
    assert await find(store, "U0GUEST") == guest


async def test_knowledge_of_nine_minutes_decides(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, timedelta(minutes=9, seconds=30))
    assert await find(store) == ENGINEER


async def test_knowledge_of_ten_minutes_decides_nothing(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, timedelta(minutes=10))
    assert await find(store) is None


async def test_a_locale_is_known_however_old(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, timedelta(days=10))
    async with store.transaction() as tx:
        assert await tx.slack_users.locale(ENGINEER.id) == "en-US"


async def test_keeping_again_refreshes_what_is_known(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, timedelta(days=10))
    await keep(store, LEFT)
    assert await find(store) == LEFT


async def test_what_was_read_earlier_does_not_replace_what_was_learnt_later(store: PostgresStore) -> None:
    began = await reading(store)
    await keep(store, LEFT)
    await keep(store, ENGINEER, factories.person("U0NEW"), read=began)
    assert await find(store) == LEFT
    assert await find(store, "U0NEW") is not None


async def test_what_was_read_slowly_is_as_old_as_the_beginning_of_its_reading(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    began = await reading(store)
    await keep(store, ENGINEER, read=began)
    assert await database.value(engine, slack_users, "fetched_at") == began


async def test_a_page_read_after_a_doubt_settles_it(store: PostgresStore) -> None:
    await doubt(store)
    await keep(store, ENGINEER, read=await reading(store))
    assert await find(store) == ENGINEER
    assert await asked_for(store) == ()


async def test_a_page_read_before_a_doubt_settles_nothing(store: PostgresStore) -> None:
    began = await reading(store)
    await doubt(store)
    await keep(store, ENGINEER, read=began)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


async def test_somebody_listed_twice_on_a_page_is_kept_once(store: PostgresStore) -> None:
    await keep(store, ENGINEER, LEFT)
    assert await find(store) == LEFT


async def test_members_read_earlier_do_not_replace_members_learnt_later(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    began = await reading(store)
    await keep_group(store, [])
    await keep_group(store, [ENGINEER.id], read=began)
    found = await find(store)
    assert found is not None
    assert found.groups == frozenset()


async def test_groups_are_found_with_their_members(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    await keep_group(store, [ENGINEER.id], read=await reading(store))
    found = await find(store)
    assert found is not None
    assert found.ids == {ENGINEER.id, "S0LEADS"}


async def test_somebody_in_doubt_is_unknown_and_still_serves_to_close(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    await doubt(store)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)
    async with store.transaction() as tx:
        assert await tx.slack_users.find(ENGINEER.id, however_old=True) == ENGINEER


async def test_asking_for_somebody_who_is_known_asks_for_nothing(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    await request_lookup(store)
    assert await find(store) == ENGINEER
    assert await asked_for(store) == ()


async def test_asking_for_somebody_whose_entry_is_too_old_asks_slack(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await keep(store, ENGINEER)
    await age(engine, timedelta(minutes=10))
    await request_lookup(store)
    assert await asked_for(store) == (ENGINEER.id,)


async def test_somebody_is_asked_for_until_there_is_an_answer(store: PostgresStore) -> None:
    await request_lookup(store)
    assert await asked_for(store) == (ENGINEER.id,)
    await answer(store, await question(store), ENGINEER)
    assert await asked_for(store) == ()
    assert await find(store) == ENGINEER
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookup(ENGINEER.id) is None


async def test_an_answer_from_before_a_change_is_none(store: PostgresStore) -> None:
    await request_lookup(store)
    asked = await question(store)
    await doubt(store)
    await answer(store, asked, ENGINEER)
    await answer(store, asked, None)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


async def test_asking_again_does_not_make_an_answer_under_way_worthless(store: PostgresStore) -> None:
    await request_lookup(store)
    asked = await question(store)
    await request_lookup(store)
    await answer(store, asked, ENGINEER)
    assert await find(store) == ENGINEER


async def test_who_waits_goes_before_whom_an_event_named(store: PostgresStore) -> None:
    await doubt(store, "U0EVENT")
    await request_lookup(store, "U0WAITS")
    assert [await claim(store), await claim(store), await claim(store)] == ["U0WAITS", "U0EVENT", None]


async def test_who_waits_can_be_claimed_alone(store: PostgresStore) -> None:
    await doubt(store, "U0EVENT")
    async with store.transaction() as tx:
        assert await tx.slack_users.claim_lookup(lease=LEASE, waited_for=True) is None
        assert await tx.slack_users.next_lookup(waited_for=True) is None
        assert await tx.slack_users.next_lookup() == timedelta()


async def test_a_claimed_lookup_comes_back_when_its_worker_died(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await request_lookup(store)
    assert await claim(store) == ENGINEER.id
    assert await claim(store) is None
    await database.make_older(engine, slack_users, "lookup_at", by=LEASE)
    assert await claim(store) == ENGINEER.id


async def test_a_lookup_that_failed_holds_up_no_other(store: PostgresStore) -> None:
    await request_lookup(store, "U0FAILS")
    await request_lookup(store, "U0OTHER")
    assert await claim(store) == "U0FAILS"
    async with store.transaction() as tx:
        await tx.slack_users.postpone_lookup("U0FAILS", by=timedelta(seconds=5))
        await tx.commit()
    assert await claim(store) == "U0OTHER"


async def test_a_rate_limit_holds_up_every_lookup(store: PostgresStore, engine: AsyncEngine) -> None:
    await request_lookup(store)
    async with store.transaction() as tx:
        await tx.periodic_tasks.hold(LOOKUPS, wait=timedelta(seconds=20))
        await tx.commit()
    assert await claim(store) is None
    async with store.transaction() as tx:
        wait = await tx.slack_users.next_lookup()
    assert wait is not None
    assert timedelta(seconds=19) < wait <= timedelta(seconds=20)
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(seconds=20))
    assert await claim(store) == ENGINEER.id


async def test_only_those_who_were_never_read_are_asked_for(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    async with store.transaction() as tx:
        await tx.slack_users.request_unread([ENGINEER.id, "U0LEAD"])
        await tx.commit()
    assert await asked_for(store) == ("U0LEAD",)


async def test_without_a_lookup_none_is_due(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        await tx.periodic_tasks.hold(LOOKUPS, wait=timedelta(seconds=20))
        assert await tx.slack_users.next_lookup() is None
        assert await tx.slack_users.next_doubtful_group() is None


async def test_a_count_that_began_before_an_answer_does_not_replace_it(store: PostgresStore) -> None:
    began = await reading(store)
    await request_lookup(store)
    await answer(store, await question(store), LEFT)
    await keep(store, ENGINEER, read=began)
    assert await find(store) == LEFT


async def test_somebody_whom_slack_does_not_know_is_forgotten(store: PostgresStore) -> None:
    await request_lookup(store, "U0NOBODY")
    await answer(store, await question(store, "U0NOBODY"), None)
    assert await asked_for(store) == ()


async def test_somebody_known_meanwhile_is_not_forgotten(store: PostgresStore) -> None:
    await request_lookup(store)
    asked = await question(store)
    await answer(store, asked, ENGINEER)
    await answer(store, asked, None)
    assert await find(store) == ENGINEER


async def test_nobody_at_all_can_be_kept(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store)
    assert (await store_helpers.counts(engine))["slack_users"] == 0
