"""The cache of people: what is too old decides nothing, and who is unknown is asked for."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.person import Person
from storage.transaction import PostgresStore
from tests.unit import samples
from tests.unit.storage import kept

ENGINEER = samples.person()


async def keep(store: PostgresStore, *people: Person) -> None:
    async with store.transaction() as tx:
        await tx.people.keep(people)
        await tx.commit()


async def find(store: PostgresStore, id: str = ENGINEER.id) -> Person | None:
    async with store.transaction() as tx:
        return await tx.people.find(id)


async def ask_for(store: PostgresStore, id: str = ENGINEER.id) -> None:
    async with store.transaction() as tx:
        await tx.people.ask_for(id)
        await tx.commit()


async def asked_for(store: PostgresStore) -> tuple[str, ...]:
    async with store.transaction() as tx:
        return await tx.people.asked_for()


async def age(engine: AsyncEngine, by: str) -> None:
    await kept.query(engine, f"UPDATE people SET known_at = known_at - interval '{by}'")


async def test_somebody_never_seen_is_unknown(store: PostgresStore) -> None:
    assert await find(store) is None


async def test_somebody_is_found_word_for_word(store: PostgresStore) -> None:
    guest = samples.person("U0GUEST", zone="Asia/Tokyo", guest=True, external=True)
    await keep(store, ENGINEER, guest)
    assert await find(store) == ENGINEER
    assert await find(store, "U0GUEST") == guest


async def test_knowledge_of_nine_minutes_decides(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, "9 minutes 30 seconds")
    assert await find(store) == ENGINEER


async def test_knowledge_of_ten_minutes_decides_nothing(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, "10 minutes")
    assert await find(store) is None


async def test_a_locale_is_known_however_old(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, "10 days")
    async with store.transaction() as tx:
        assert await tx.people.locale(ENGINEER.id) == "en-US"


async def test_keeping_again_refreshes_what_is_known(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store, ENGINEER)
    await age(engine, "10 days")
    left = replace(ENGINEER, deactivated=True)
    await keep(store, left)
    assert await find(store) == left


async def test_asking_for_somebody_makes_them_unknown(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    await ask_for(store)
    assert await find(store) is None
    assert await asked_for(store) == (ENGINEER.id,)


async def test_somebody_is_asked_for_until_they_are_kept(store: PostgresStore) -> None:
    await ask_for(store)
    assert await asked_for(store) == (ENGINEER.id,)
    await keep(store, ENGINEER)
    assert await asked_for(store) == ()
    assert await find(store) == ENGINEER


async def test_somebody_whom_slack_does_not_know_is_forgotten(store: PostgresStore) -> None:
    await ask_for(store, "U0NOBODY")
    async with store.transaction() as tx:
        await tx.people.forget("U0NOBODY")
        await tx.commit()
    assert await asked_for(store) == ()


async def test_somebody_known_meanwhile_is_not_forgotten(store: PostgresStore) -> None:
    await keep(store, ENGINEER)
    async with store.transaction() as tx:
        await tx.people.forget(ENGINEER.id)
        await tx.commit()
    assert await find(store) == ENGINEER


async def test_nobody_at_all_can_be_kept(store: PostgresStore, engine: AsyncEngine) -> None:
    await keep(store)
    assert (await kept.counts(engine))["people"] == 0
