"""The state of the last policy that could be read: one row, written only when something has changed."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from bot.domain.policy.rules import WhenOwnerLeaves
from bot.domain.policy.stand_in import PolicyState
from storage.transaction import PostgresStore
from tests.unit.factories import NOW

STATE = PolicyState(
    digest="one",
    approvals_channel="C0APPROVALS",
    operations_channel="C0OPERATIONS",
    language="ja",
    warn_before=timedelta(minutes=20),
    when_owner_leaves=WhenOwnerLeaves.END,
)


async def last(store: PostgresStore) -> PolicyState | None:
    async with store.transaction() as tx:
        return await tx.policy_states.last()


async def record(store: PostgresStore, state: PolicyState) -> bool:
    async with store.transaction() as tx:
        written = await tx.policy_states.record(state)
        await tx.commit()
        return written


async def note_unreadable(store: PostgresStore, *, minutes: int) -> None:
    async with store.transaction() as tx:
        await tx.policy_states.note_unreadable(NOW + timedelta(minutes=minutes))
        await tx.commit()


async def test_the_newest_policy_replaces_the_one_before(store: PostgresStore) -> None:
    assert await last(store) is None
    assert await record(store, STATE)
    assert await last(store) == STATE

    newer = replace(STATE, digest="two", operations_channel="C0OTHER", language="en")
    assert await record(store, newer)
    assert await last(store) == newer


async def test_the_same_policy_is_not_written_again(store: PostgresStore) -> None:
    await record(store, STATE)
    assert not await record(store, STATE)


async def test_the_earliest_moment_without_a_policy_is_kept_until_one_can_be_read(
    store: PostgresStore,
) -> None:
    await record(store, STATE)
    await note_unreadable(store, minutes=1)
    await note_unreadable(store, minutes=61)
    assert await last(store) == replace(STATE, unreadable_since=NOW + timedelta(minutes=1))

    assert await record(store, STATE)
    assert await last(store) == STATE


async def test_before_any_policy_there_is_nothing_to_note(store: PostgresStore) -> None:
    await note_unreadable(store, minutes=1)
    assert await last(store) is None


async def test_a_database_that_was_never_migrated_has_none(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        await tx._connection.execute(text("DROP TABLE policy_state"))
        assert await tx.policy_states.last() is None
