"""The audit trail: one line for each change of state, and a chain that shows what was tampered with."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, GrantState, ReasonCode, closed, closing
from bot.ports import AuditContext
from storage.repositories.evidence.verification import Verification
from storage.tables import audit, grants
from storage.transaction import PostgresStore, PostgresTransaction
from tests import database
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


async def note(tx: PostgresTransaction, word: str) -> None:
    """Writes a line that is told from others by its word."""
    doing = AuditContext(actor="pgaccess", at=NOW, details={"late_s": "3", "app": "請求"})
    await tx.audit.write(doing, subject="grant", before="", after=word)


async def write(store: PostgresStore, *words: str) -> None:
    for word in words:
        async with store.transaction() as tx:
            await note(tx, word)
            await tx.commit()


async def seal(store: PostgresStore, *, limit: int = 500) -> int:
    async with store.transaction() as tx:
        sealed = await tx.audit.seal(limit=limit)
        await tx.commit()
        return sealed


async def verify(store: PostgresStore) -> Verification:
    async with store.transaction() as tx:
        return await tx.audit.verify()


async def ids(engine: AsyncEngine) -> list[int]:
    return [id for (id,) in await database.audit_lines(engine, "id")]


async def chain(engine: AsyncEngine) -> list[str]:
    """The words of the sealed lines, in the order of sealing."""
    return await database.values(engine, audit, "after", order_by="seal", seal=database.PRESENT)


async def tamper(engine: AsyncEngine, sql: str) -> None:
    """Changes the trail as somebody who owns the database could."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        await connection.exec_driver_sql(sql)
        await connection.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER audit_append_only")


async def live(store: PostgresStore) -> Grant:
    """A whole life, from the request to the proven end."""
    grant = await store_helpers.in_force(store)
    ending = closing(grant, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, grant, ending)
    ended = closed(ending, GrantState.ENDED, now=NOW + timedelta(hours=8), reason_code=None)
    assert await store_helpers.change(store, ending, ended)
    return ended


async def test_a_whole_life_has_one_line_for_each_change_of_state(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    ended = await live(store)
    lines = await database.audit_lines(engine, "subject", "before", "after", "request_id", "target_id")
    about = (ended.request, ended.target)
    assert lines == [
        ("request", "", "pending", *about),
        ("request", "pending", "approved", *about),
        ("grant", "", "applying", *about),
        ("grant", "applying", "in_force", *about),
        ("grant", "in_force", "ending", *about),
        ("grant", "ending", "ended", *about),
    ]


async def test_a_line_says_who_when_and_what_more(store: PostgresStore, engine: AsyncEngine) -> None:
    grant = await store_helpers.in_force(store)
    doing = AuditContext(actor="pgaccess", at=NOW + timedelta(hours=9), details={"late_s": "3600"})
    async with store.transaction() as tx:
        await tx.grants.update(grant, closing(grant, ReasonCode.EXPIRED), doing=doing)
        await tx.commit()
    lines = await database.rows(engine, audit, "actor", "at", "details", after="ending")
    assert grant.ends_at is not None
    said = {"late_s": "3600", "ends": grant.ends_at.isoformat(), "why": "expired", "detail": ""}
    assert lines == [("pgaccess", NOW + timedelta(hours=9), said)]


async def test_a_change_that_is_rolled_back_leaves_no_line(store: PostgresStore, engine: AsyncEngine) -> None:
    grant = await store_helpers.in_force(store)
    before = await store_helpers.counts(engine)
    async with store.transaction() as tx:
        assert await tx.grants.update(grant, closing(grant, ReasonCode.EXPIRED), doing=store_helpers.BY_LEAD)
    assert await store_helpers.counts(engine) == before
    assert await database.value(engine, grants, "state") == "in_force"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET actor = 'U0SOMEBODY'",
        "UPDATE audit SET seal = 7, digest = 'x', after = 'ended'",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
async def test_lines_are_neither_changed_nor_deleted(
    store: PostgresStore, engine: AsyncEngine, sql: str, sealed: bool
) -> None:
    await write(store, "one")
    if sealed:
        await seal(store)
    with pytest.raises(DBAPIError, match="neither changed nor deleted"):
        await store_helpers.query(engine, sql)


async def test_a_seal_is_not_changed(store: PostgresStore, engine: AsyncEngine) -> None:
    await write(store, "one")
    await seal(store)
    with pytest.raises(DBAPIError, match="neither changed nor deleted"):
        await database.update_rows(engine, audit, {"seal": None, "digest": None})


async def test_an_empty_trail_holds(store: PostgresStore) -> None:
    assert await seal(store) == 0
    assert await verify(store) == Verification(sealed=0, broken=None, unsealed=())


async def test_sealed_lines_hold_and_unsealed_ones_are_named(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await write(store, "one", "two", "three")
    assert await seal(store) == 3
    await write(store, "four", "five")
    *_, four, five = await ids(engine)
    assert await verify(store) == Verification(sealed=3, broken=None, unsealed=(four, five))


async def test_a_long_trail_is_sealed_piece_by_piece(store: PostgresStore, engine: AsyncEngine) -> None:
    await write(store, "one", "two", "three")
    assert [await seal(store, limit=2) for _ in range(3)] == [2, 1, 0]
    assert await chain(engine) == ["one", "two", "three"]
    assert (await verify(store)).sealed == 3


async def test_a_lower_number_that_is_committed_later_is_sealed_later(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as slow:
        await note(slow, "begun first")
        await write(store, "committed first")
        assert await seal(store) == 1
        await slow.commit()
    assert await seal(store) == 1
    assert await chain(engine) == ["committed first", "begun first"]
    assert await verify(store) == Verification(sealed=2, broken=None, unsealed=())


async def test_a_second_sealer_leaves_the_chain_to_the_first(store: PostgresStore) -> None:
    await write(store, "one", "two")
    async with store.transaction() as first:
        assert await first.audit.seal(limit=500) == 2
        assert await seal(store) == 0
        await first.commit()
    assert await verify(store) == Verification(sealed=2, broken=None, unsealed=())


async def test_sealers_and_writers_all_at_once_make_one_chain(store: PostgresStore) -> None:
    words = [f"line {number}" for number in range(24)]
    writers = (write(store, *words[start::4]) for start in range(4))
    sealers = (seal(store, limit=3) for _ in range(12))
    await asyncio.gather(*writers, *sealers)
    await seal(store)
    assert await verify(store) == Verification(sealed=24, broken=None, unsealed=())


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'U0SOMEBODY'",
        "at = at + interval '1 second'",
        "written_at = written_at - interval '1 microsecond'",
        "before = 'pending'",
        "after = 'denied'",
        "request_id = 4",
        "target_id = gen_random_uuid()",
        "details = '{}'",
        "digest = decode(repeat('00', 32), 'hex')",
    ],
)
async def test_the_first_line_that_was_changed_is_named(
    store: PostgresStore, engine: AsyncEngine, change: str
) -> None:
    await write(store, "one", "two", "three", "four")
    await seal(store)
    _, second, *_ = await ids(engine)
    await tamper(engine, f"UPDATE audit SET {change} WHERE id = {second}")
    assert await verify(store) == Verification(sealed=1, broken=second, unsealed=())


async def test_a_line_that_is_missing_in_the_middle_is_noticed(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await write(store, "one", "two", "three")
    await seal(store)
    _, second, third = await ids(engine)
    await tamper(engine, f"DELETE FROM audit WHERE id = {second}")
    assert await verify(store) == Verification(sealed=1, broken=third, unsealed=())


async def test_a_last_line_that_makes_room_for_others_is_noticed(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await write(store, "one", "two", "three")
    await seal(store)
    *_, last = await ids(engine)
    await tamper(engine, f"UPDATE audit SET seal = seal + 1 WHERE id = {last}")
    assert await verify(store) == Verification(sealed=2, broken=last, unsealed=())


async def test_two_lines_that_changed_places_are_noticed(store: PostgresStore, engine: AsyncEngine) -> None:
    await write(store, "one", "two", "three")
    await seal(store)
    first, second, _ = await ids(engine)
    await tamper(engine, f"UPDATE audit SET seal = seal + 10 WHERE id IN ({first}, {second})")
    await tamper(
        engine,
        f"UPDATE audit SET seal = CASE id WHEN {first} THEN 2 ELSE 1 END WHERE id IN ({first}, {second})",
    )
    assert (await verify(store)).broken == second


async def test_a_line_that_lost_its_seal_is_named_and_so_is_the_break(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await write(store, "one", "two", "three")
    await seal(store)
    _, second, third = await ids(engine)
    await tamper(engine, f"UPDATE audit SET seal = NULL, digest = NULL WHERE id = {second}")
    assert await verify(store) == Verification(sealed=1, broken=third, unsealed=(second,))
