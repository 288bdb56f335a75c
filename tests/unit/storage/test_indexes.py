"""The questions that are asked all the time are answered from their partial indexes, not from history."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.transaction import PostgresStore, PostgresTransaction
from tests.unit.samples import NOW

Question = Callable[[PostgresTransaction], Awaitable[object]]

QUESTIONS: Final[dict[str, Question]] = {
    "ix_targets_due": lambda tx: tx.targets.claim(),
    "ix_posts_due": lambda tx: tx.posts.claim(),
    "ix_grants_ends": lambda tx: tx.grants.past_end(NOW, limit=100),
    "ix_grants_warn": lambda tx: tx.grants.to_warn(NOW, limit=100),
    "ix_audit_unsealed": lambda tx: tx.audit.seal(limit=500),
    "ix_people_asked_for": lambda tx: tx.people.asked_for(),
}


@contextlib.contextmanager
def listening(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement, with its values, that the store sends meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_1: object, _2: object, statement: str, values: Any, _3: object, _4: bool) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def plans(engine: AsyncEngine, statements: list[tuple[str, Any]]) -> str:
    """How Postgres answers the statements when it may not read whole tables."""
    lines: list[str] = []
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements:
            lines.extend((await connection.exec_driver_sql(f"EXPLAIN {statement}", values)).scalars())
    return "\n".join(lines)


@pytest.mark.parametrize("index", QUESTIONS)
async def test_a_question_is_answered_from_its_index(
    store: PostgresStore, engine: AsyncEngine, index: str
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await QUESTIONS[index](tx)
    assert f" {index} " in await plans(engine, sent)


async def test_the_next_moment_is_read_off_both_indexes(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.grants.next_moment()
    found = await plans(engine, sent)
    assert " ix_grants_ends " in found
    assert " ix_grants_warn " in found
