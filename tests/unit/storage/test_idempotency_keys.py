"""Commands and clicks that come twice: the second one finds what the first one did."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from storage.transaction import PostgresStore
from tests.unit.storage import store_helpers


async def take(store: PostgresStore, key: str, *, request: int = 18) -> tuple[bool, int | None]:
    """Takes a key for a request; tells whether it was the first to, and where the key has led."""
    async with store.transaction() as tx:
        first = await tx.idempotency_keys.claim(key, request=request)
        await tx.commit()
        return first, await tx.idempotency_keys.request(key)


async def test_the_same_key_is_first_once(store: PostgresStore) -> None:
    assert (await take(store, "click:1"))[0]
    assert not (await take(store, "click:1"))[0]


async def test_another_key_is_another_click(store: PostgresStore) -> None:
    assert (await take(store, "click:1"))[0]
    assert (await take(store, "click:2"))[0]


async def test_a_key_nobody_took_leads_nowhere(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        assert await tx.idempotency_keys.request("click:1") is None


async def test_a_key_leads_to_the_request_it_made(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        await tx.idempotency_keys.claim("click:1", request=17)
        await tx.commit()
    assert await take(store, "click:1") == (False, 17)


async def test_the_second_waits_for_the_first_and_finds_its_outcome(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        assert await tx.idempotency_keys.claim("click:1", request=17)
        second = asyncio.create_task(take(store, "click:1"))
        await store_helpers.until_somebody_waits(engine)
        assert not second.done()
        await tx.commit()
    assert await second == (False, 17)


async def test_the_second_may_act_when_the_first_was_rolled_back(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        assert await tx.idempotency_keys.claim("click:1", request=17)
        second = asyncio.create_task(take(store, "click:1"))
        await store_helpers.until_somebody_waits(engine)
    assert await second == (True, 18)


async def test_of_many_at_once_exactly_one_is_first(store: PostgresStore) -> None:
    taken = await asyncio.gather(*(take(store, "click:1") for _ in range(10)))
    assert [first for first, _ in taken].count(True) == 1
