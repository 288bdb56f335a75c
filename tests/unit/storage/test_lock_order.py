"""Messages are locked in the order of their numbers, whoever changes several in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports import MessageKind, Transaction
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW

Change = Callable[[Transaction], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "settled": lambda tx: tx.outbox.settle(["a"], at=NOW),
    "made due": lambda tx: tx.outbox.hurry("C0APPROVALS"),
    "refreshed": lambda tx: tx.outbox.refresh_all(["second", "first"]),
    "locked": lambda tx: tx.outbox.lock(recipient="U0NOBODY", keys=["second", "first"]),
}
"""What changes several messages."""


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_several_messages_waits_at_the_first_and_holds_no_later_one(
    store: PostgresStore, engine: AsyncEngine, change: str
) -> None:
    for key in ("first", "second"):
        async with store.transaction() as tx:
            await tx.outbox.add(MessageKind.ORPHAN, to="C0APPROVALS", key=key, about=["a"])
            await tx.commit()
    # The later one comes first in the table: rows read as they lie there would be locked in that order.
    await database.update_rows(engine, outbox, {"attempts": 1}, key="first")

    async def changing() -> None:
        async with store.transaction() as tx:
            await CHANGES[change](tx)
            await tx.commit()

    async with engine.connect() as holder, engine.connect() as other:
        await holder.execute(text("SELECT 1 FROM outbox WHERE key = 'first' FOR UPDATE"))
        waiting = asyncio.create_task(changing())
        await _until_somebody_waits(engine)
        # It would fail at once if the change held it.
        await other.execute(text("SELECT 1 FROM outbox WHERE key = 'second' FOR UPDATE NOWAIT"))
        await other.rollback()
        await holder.rollback()
        await waiting


async def _until_somebody_waits(engine: AsyncEngine) -> None:
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(5):
        while True:
            async with engine.connect() as connection:
                if (await connection.execute(waits)).scalar_one():
                    return
            await asyncio.sleep(0.01)
