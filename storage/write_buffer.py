"""Rows that nobody reads before the commit, written together: one statement instead of one for each table.

Audit lines, cards and notices are read by others, after the commit. Each statement costs a round trip, and a
command needs few other ones.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, Table, bindparam, select, union_all
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import audit, idempotency_keys, outbox

LINES, TOLD = 3, 3
"""How many audit lines and posts go into one statement at most; with more, each table has one of its own."""

Row = Mapping[str, Any]

_LINE: Final = ("at", "actor", "subject", "request_id", "target_id", "before", "after", "details")
_POST: Final = ("kind", "recipient", "key", "request_id", "params")

_LINES: Final = insert(audit)
_POSTS: Final = insert(outbox).on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.id)
"""With what it returns, SQLAlchemy writes several rows in one statement."""

_KEY: Final = insert(idempotency_keys).on_conflict_do_nothing()


class WriteBuffer:
    """What one transaction has yet to write.

    Args:
        connection: of the transaction.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._lines: list[Row] = []
        self._posts: list[Row] = []

    def lines(self, rows: Sequence[Row]) -> None:
        """Has lines written to the audit trail, with the columns of ``audit.line_of``."""
        self._lines += rows

    def posts(self, rows: Sequence[Row]) -> None:
        """Has cards and notices recorded; a key is told once."""
        self._posts += rows

    async def write(self) -> None:
        """Writes what waits: before the commit, and before the trail is read."""
        if self._lines and self._posts and self._is_small:
            await self._together(None)
            return
        await self._apart()

    async def write_posts(self) -> None:
        """Writes what waits if a card or notice is among it: before anything is done to posts."""
        if self._posts:
            await self.write()

    async def write_with(self, key: str, request: int) -> bool:
        """Writes what waits, and the key of a command or click; False when it was acted on before."""
        if not self._is_small:
            await self._apart()
        return await self._together({"key": key, "request_id": request}) > 0

    @property
    def _is_small(self) -> bool:
        return len(self._lines) <= LINES and len(self._posts) <= TOLD

    async def _together(self, key: Row | None) -> int:
        """Writes everything in one statement; how many rows of its last table it wrote."""
        lines, told = self._take()
        statement = _statement(len(lines), len(told), keyed=key is not None)
        values = dict(key or {})
        for letter, rows in (("a", lines), ("p", told)):
            for number, row in enumerate(rows):
                values.update({f"{letter}{number}_{name}": value for name, value in row.items()})
        return (await self._connection.execute(statement, values)).rowcount

    async def _apart(self) -> None:
        lines, told = self._take()
        for statement, rows in ((_LINES, lines), (_POSTS, told)):
            if rows:
                await self._connection.execute(statement, rows if len(rows) > 1 else rows[0])

    def _take(self) -> tuple[list[Row], list[Row]]:
        lines, self._lines = self._lines, []
        told, self._posts = self._posts, []
        return lines, told


@lru_cache(maxsize=64)
def _statement(lines: int, told: int, *, keyed: bool) -> Insert:
    """One statement for so many rows of each table; those before the last are written on its way.

    Fact: PostgreSQL manual, "Data-Modifying Statements in WITH": they are run to their end, whether the main
    query reads of them or not.
    """
    parts = []
    if lines:
        parts.append(_insert(audit, "a", _LINE, lines))
    if told:
        parts.append(_insert(outbox, "p", _POST, told).on_conflict_do_nothing(index_elements=["key"]))
    if keyed:
        parts.append(
            _KEY.values({name: _place(idempotency_keys, name, name) for name in ("key", "request_id")})
        )
    *before, last = parts
    whole = last.add_cte(*(part.cte(f"also_{number}") for number, part in enumerate(before)))
    return whole.execution_options(preserve_rowcount=True)


def _insert(table: Table, letter: str, names: Sequence[str], count: int) -> Insert:
    """Inserts so many rows in their order.

    From a query: SQLAlchemy compiles an insert of several rows of values anew each time, which takes longer
    than everything that is saved here (2.1, "SQL Compilation Caching").
    """
    rows = [
        select(*(_place(table, name, f"{letter}{number}_{name}") for name in names))
        for number in range(count)
    ]
    return insert(table).from_select(names, rows[0] if count == 1 else union_all(*rows))


def _place(table: Table, name: str, called: str) -> BindParameter[Any]:
    return bindparam(called, type_=table.c[name].type)
