"""What an installation is called: its earlier names stay its own."""

from storage.transaction import PostgresStore


async def called(store: PostgresStore, *names: str) -> tuple[str, ...]:
    """Every name of the installation, the present one first, after it was called so one after the other.

    Rolled back: these tests share their database, and its installation, with others.
    """
    async with store.transaction() as tx:
        for name in names:
            await tx.installations.rename(name)
        return (await tx.installations.current()).names


async def test_the_first_name_is_random_and_stays_its_own(store: PostgresStore) -> None:
    (first,) = await called(store)
    assert len(first) == 8
    assert await called(store, "production") == ("production", first)


async def test_each_name_is_known_once_however_often_it_is_recorded(store: PostgresStore) -> None:
    (first,) = await called(store)
    assert await called(store, "a", "a", "b", "a", "b") == ("b", first, "a")
