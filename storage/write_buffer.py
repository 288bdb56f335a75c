"""Write buffer of a transaction: rows that are not read before the commit, written in one statement.

Audit lines and messages are read by others, after the commit. Each statement costs a round trip, and a
command needs few other ones.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, Table, bindparam, select, union_all
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import audit, idempotency_keys, outbox

AT_ONCE: Final = 3
"""The most audit lines, and messages, that go into one statement; with more, each table gets its own."""

Row = Mapping[str, Any]

_LINE: Final = ("at", "actor", "subject", "request_id", "target_id", "before", "after", "details")
_MESSAGE: Final = ("kind", "recipient", "key", "request_id", "params")

_LINES: Final = insert(audit)
_MESSAGES: Final = insert(outbox).on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.id)
"""RETURNING makes SQLAlchemy write several rows in one statement."""

_KEY: Final = insert(idempotency_keys).on_conflict_do_nothing()


class WriteBuffer:
    """Rows that one transaction has yet to write.

    Args:
        connection: of the transaction.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._lines: list[Row] = []
        self._messages: list[Row] = []

    def add_lines(self, rows: Sequence[Row]) -> None:
        """Adds audit lines, as ``audit.line_of`` makes them."""
        self._lines += rows

    def add_messages(self, rows: Sequence[Row]) -> None:
        """Adds outbox messages; a key that is there already adds nothing."""
        self._messages += rows

    async def flush(self) -> None:
        """Writes everything: before the commit, and before the audit trail is read."""
        if self._lines and self._messages and self._is_small:
            await self._together(None)
            return
        await self._apart()

    async def flush_messages(self) -> None:
        """Writes everything if a message is among it: before outbox rows are read or changed."""
        if self._messages:
            await self.flush()

    async def flush_with_key(self, key: str, request: int) -> bool:
        """Writes everything with an idempotency key, in one statement.

        Returns:
            False when the key was recorded before; a second transaction with it waits for the first.
        """
        if not self._is_small:
            await self._apart()
        # If the key is not new, the caller rolls back, and the lines and messages with it.
        return await self._together({"key": key, "request_id": request}) > 0

    @property
    def _is_small(self) -> bool:
        return len(self._lines) <= AT_ONCE and len(self._messages) <= AT_ONCE

    async def _together(self, key: Row | None) -> int:
        """Writes everything in one statement; returns how many rows of its last table were written."""
        lines, messages = self._take()
        statement = _statement(len(lines), len(messages), keyed=key is not None)
        values = dict(key or {})
        for letter, rows in (("a", lines), ("m", messages)):
            for number, row in enumerate(rows):
                values.update({f"{letter}{number}_{name}": value for name, value in row.items()})
        return (await self._connection.execute(statement, values)).rowcount

    async def _apart(self) -> None:
        lines, messages = self._take()
        for statement, rows in ((_LINES, lines), (_MESSAGES, messages)):
            if rows:
                await self._connection.execute(statement, rows if len(rows) > 1 else rows[0])

    def _take(self) -> tuple[list[Row], list[Row]]:
        lines, self._lines = self._lines, []
        messages, self._messages = self._messages, []
        return lines, messages


@lru_cache(maxsize=64)
def _statement(lines: int, messages: int, *, keyed: bool) -> Insert:
    """One statement for a number of rows of each table; those before the last are CTEs of it.

    Fact: PostgreSQL manual, "Data-Modifying Statements in WITH": they always run to completion,
    whether the main query reads from them or not.
    """
    parts = []
    if lines:
        parts.append(_insert(audit, "a", _LINE, lines))
    if messages:
        parts.append(_insert(outbox, "m", _MESSAGE, messages).on_conflict_do_nothing(index_elements=["key"]))
    if keyed:
        parts.append(
            _KEY.values({name: _param(idempotency_keys, name, name) for name in ("key", "request_id")})
        )
    # The key comes last: a statement's row count is that of its main query, and tells whether it is new.
    *before, last = parts
    whole = last.add_cte(*(part.cte(f"also_{number}") for number, part in enumerate(before)))
    # SQLAlchemy keeps the row count of an INSERT only where it is asked to.
    return whole.execution_options(preserve_rowcount=True)


def _insert(table: Table, letter: str, names: Sequence[str], count: int) -> Insert:
    """Inserts a number of rows in their order.

    From a SELECT: SQLAlchemy compiles an INSERT with several VALUES anew each time, which takes longer than
    everything that is saved here (2.1, "SQL Compilation Caching").
    """
    rows = [
        select(*(_param(table, name, f"{letter}{number}_{name}") for name in names))
        for number in range(count)
    ]
    return insert(table).from_select(names, rows[0] if count == 1 else union_all(*rows))


def _param(table: Table, column: str, name: str) -> BindParameter[Any]:
    return bindparam(name, type_=table.c[column].type)
