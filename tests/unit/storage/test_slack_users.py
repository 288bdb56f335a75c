"""The cache of people: what is too old decides nothing, and who is unknown is asked for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.person import Person
from bot.ports import UserLookup
from storage.tables import slack_users
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.storage import store_helpers

ENGINEER = factories.person()
LEFT = replace(ENGINEER, deactivated=True)


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


async def test_a_count_answers_no_question(store: PostgresStore) -> None:
    await request_lookup(store)
    await keep(store, ENGINEER, read=await reading(store))
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


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


async def test_asking_for_somebody_makes_them_unknown(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    await request_lookup(store)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


async def test_somebody_is_asked_for_until_there_is_an_answer(store: PostgresStore) -> None:
    await request_lookup(store)
    assert await asked_for(store) == (ENGINEER.id,)
    await answer(store, await question(store), ENGINEER)
    assert await asked_for(store) == ()
    assert await find(store) == ENGINEER
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookup(ENGINEER.id) is None


async def test_an_answer_from_before_somebody_was_asked_for_anew_is_none(store: PostgresStore) -> None:
    await request_lookup(store)
    asked = await question(store)
    await request_lookup(store)
    await answer(store, asked, ENGINEER)
    await answer(store, asked, None)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


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
