"""What waits for the commit: audit lines, cards and notices, written together."""

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports import AuditContext, MessageKind, Notification
from storage.tables import outbox
from storage.transaction import PostgresStore, PostgresTransaction
from tests import database
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

DOING = AuditContext(actor="U0ENGINEER", at=NOW, details={"by": "hand"})


async def write(tx: PostgresTransaction, *, lines: int, told: int) -> None:
    """Has so many lines and notices wait."""
    for number in range(lines):
        await tx.audit.write(DOING, subject="request", before=str(number), after="pending", request=17)
    for number in range(told):
        await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key=f"stray:{number}", params={"n": "1"})


@pytest.mark.parametrize(("lines", "told"), [(0, 0), (1, 0), (0, 1), (1, 2), (3, 3), (4, 1), (1, 9)])
@pytest.mark.parametrize("keyed", [False, True])
async def test_everything_that_waits_is_there_after_the_commit(
    store: PostgresStore, engine: AsyncEngine, lines: int, told: int, keyed: bool
) -> None:
    async with store.transaction() as tx:
        await write(tx, lines=lines, told=told)
        if keyed:
            assert await tx.idempotency_keys.claim("command:1", request=17)
        await tx.commit()
    found = await store_helpers.counts(engine)
    assert (found["audit"], found["outbox"], found["idempotency_keys"]) == (lines, told, int(keyed))
    rows = await database.audit_lines(engine, "before", "request_id", "details")
    assert rows == [(str(number), 17, {"by": "hand"}) for number in range(lines)]
    said = await database.outbox_messages(engine, "key", "params")
    assert said == [(f"stray:{number}", {"n": "1"}) for number in range(told)]


async def test_a_key_that_was_acted_on_is_told_apart_whatever_waits(store: PostgresStore) -> None:
    for first in (True, False):
        async with store.transaction() as tx:
            await write(tx, lines=1, told=2)
            assert await tx.idempotency_keys.claim("command:1", request=17) is first
            await tx.commit()


async def test_what_is_told_twice_stands_once(store: PostgresStore, engine: AsyncEngine) -> None:
    for _ in range(2):
        async with store.transaction() as tx:
            await write(tx, lines=1, told=1)
            await tx.commit()
    found = await store_helpers.counts(engine)
    assert (found["audit"], found["outbox"]) == (2, 1)


async def test_a_post_that_waits_can_be_refreshed_at_once(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="stray")
        assert await tx.outbox.refresh("stray", params={"rule": "1"})
        await tx.commit()
    assert await database.rows(engine, outbox, "version", "params") == [(2, {"rule": "1"})]


async def test_the_cards_of_a_request_are_refreshed_though_they_wait(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    request = await store_helpers.ask(store)
    async with store.transaction() as tx:
        await tx.outbox.add_cards(request.id, approvals="C0APPROVALS", requester="U0ENGINEER")
        await tx.outbox.refresh_cards(request.id)
        await tx.commit()
    assert await database.values(engine, outbox, "version") == [2, 2]


async def test_what_waits_is_gone_with_its_transaction(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        await write(tx, lines=1, told=1)
    found = await store_helpers.counts(engine)
    assert (found["audit"], found["outbox"]) == (0, 0)


async def test_a_key_takes_lines_and_cards_with_it_in_one_statement(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    async with store.transaction() as tx:
        await tx.outbox.add_all(
            [Notification(kind=MessageKind.ORPHAN, to="C0OPERATIONS", key=key) for key in ("one", "two")]
        )
        await tx.outbox.refresh_cards_of([])
        await write(tx, lines=1, told=0)
        await tx.idempotency_keys.claim("command:1", request=17)
        await tx.commit()
    assert len(asked) == 1


async def test_many_lines_of_one_change_are_written_in_their_order(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        await write(tx, lines=2, told=1)
        await tx.audit.write(DOING, subject="grant", before="", after="applying", request=17)
        await tx.commit()
    rows = await database.audit_lines(engine, "subject", "before")
    assert rows == [("request", "0"), ("request", "1"), ("grant", "")]
