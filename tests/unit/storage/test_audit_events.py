"""Audit lines as events: each at least once, in the order of the seals, whatever is cut off."""

from collections.abc import Mapping

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.ports.telemetry import EventName, NoTelemetry
from storage.tables import audit
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests import database
from tests.unit.storage import store_helpers


class Told(NoTelemetry):
    """Keeps what is told of audit lines."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, object]] = []

    @override
    def event(self, name: EventName, fields: Mapping[str, object]) -> None:
        assert name is EventName.AUDIT_LINE
        self.lines.append(fields)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def sealing(engine: AsyncEngine, database_url: str, store: PostgresStore, told: Told) -> PostgresStore:
    """A store that tells what it seals, beside the one that writes."""
    await store_helpers.discover(store)
    await store_helpers.in_force(store)
    return PostgresStore(engine, PostgresWakeups(url=database_url), telemetry=told)


async def seal(store: PostgresStore, *, commit: bool = True, limit: int = 500) -> int:
    async with store.transaction() as tx:
        sealed = await tx.audit.seal(limit=limit)
        if commit:
            await tx.commit()
        return sealed


async def test_each_line_is_told_once_with_the_seal_that_the_store_keeps(
    sealing: PostgresStore, engine: AsyncEngine, told: Told
) -> None:
    while await seal(sealing, limit=2):
        pass
    kept = await database.rows(engine, audit, "seal", "digest", "id", "before", "after", order_by="seal")
    names = ("seal", "digest", "line", "before", "after")
    assert [tuple(line[name] for name in names) for line in told.lines] == kept
    assert len(kept) == 4
    assert await seal(sealing) == 0
    assert len(told.lines) == 4


async def test_a_line_whose_seal_was_not_committed_is_told_again(
    sealing: PostgresStore, engine: AsyncEngine, told: Told
) -> None:
    assert await seal(sealing, commit=False) == 4
    first = list(told.lines)
    assert await database.values(engine, audit, "id", seal=database.PRESENT) == []
    assert await seal(sealing) == 4
    again = told.lines[4:]
    assert [line["line"] for line in again] == [line["line"] for line in first]
    # The last one is what the store keeps; here nothing else was sealed in between.
    assert again == first
