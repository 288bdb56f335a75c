"""Write buffer of a transaction: rows that are not read before the commit, written in one statement.

Audit lines and messages are read by others, after the commit. Each statement costs a round trip, and a
command needs few other ones. A line's terms are what its request has become by then.

Every change of state has an audit line, and so its request is known here: what earlier messages say about
that request may have stopped being true with it, and they are marked with the same statement.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, BindParameter, Label, Table, Update, Uuid, bindparam, select, union_all
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.outdated_messages import MARK, values_of
from storage.repositories.evidence.terms import terms_of
from storage.tables import audit, idempotency_keys, outbox

AT_ONCE: Final = 3
"""The most audit lines, and messages, that go into one statement; with more, each table gets its own."""

Row = Mapping[str, Any]

_LINE: Final = ("at", "actor", "subject", "request_id", "target_id", "before", "after", "details")
_ABOUT: Final = {"request": "request_id", "target": "target_id", "details": "details"}
"""Columns that a line's terms are found by."""

_MESSAGE: Final = ("kind", "recipient", "key", "request_id", "params", "asserts", "about")

# No parameter is named like a column: SQLAlchemy would take it for the column's own.
_LINES: Final = insert(audit).values(
    terms=terms_of(
        bindparam("terms_request", type_=BigInteger),
        bindparam("terms_target", type_=Uuid),
        bindparam("terms_details", type_=JSONB),
    )
)
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
        self._changed: set[int] = set()
        self._concerned: set[int] = set()
        self._refreshed: set[int] = set()
        self._keys: set[str] = set()

    def add_lines(self, rows: Sequence[Row]) -> None:
        """Adds audit lines, as ``audit.line_of`` makes them, and marks what was told about their requests."""
        self._lines += rows
        concerned = {row["request_id"] for row in rows if row["request_id"] is not None}
        self._changed |= concerned
        self._concerned |= concerned

    @property
    def concerned(self) -> frozenset[int]:
        """Requests that audit lines of the transaction are about, also after they are written."""
        return frozenset(self._concerned)

    def mark_changed(self, requests: Collection[int]) -> None:
        """Marks what was told about requests that have changed without an audit line."""
        self._changed.update(requests)

    def mark_cards(self, requests: Collection[int]) -> None:
        """Marks the cards of requests to be edited even if they render as they are shown."""
        self._refreshed.update(requests)

    def mark_keys(self, keys: Collection[str]) -> None:
        """Marks messages by their keys to be edited even if they render as they are shown."""
        self._keys.update(keys)

    def add_messages(self, rows: Sequence[Row]) -> None:
        """Adds outbox messages; a key that is there already adds nothing."""
        self._messages += rows

    async def flush(self) -> None:
        """Writes everything: before the commit, and before the audit trail is read."""
        parts = (self._lines, self._messages, self._marks)
        if self._is_small and sum(map(bool, parts)) > 1:
            await self._together(None)
            return
        await self._mark()
        await self._write_rows()

    async def flush_messages(self) -> None:
        """Writes all rows if a message is among them: before outbox rows are read or changed."""
        if self._messages:
            # Marks wait for the end: made twice, a message would be rendered twice.
            await self._write_rows()

    async def flush_with_key(self, key: str, request: int) -> bool:
        """Writes everything with an idempotency key, in one statement.

        Returns:
            False when the key was recorded before; a second transaction with it waits for the first.
        """
        if not self._is_small:
            await self._mark()
            await self._write_rows()
        # If the key is not new, the caller rolls back, and the lines and messages with it.
        return await self._together({"key_key": key, "key_request_id": request}) > 0

    @property
    def _is_small(self) -> bool:
        return len(self._lines) <= AT_ONCE and len(self._messages) <= AT_ONCE

    @property
    def _marks(self) -> bool:
        return bool(self._changed or self._refreshed or self._keys)

    async def _together(self, key: Row | None) -> int:
        """Writes everything in one statement; returns how many rows of its last table were written."""
        marked = self._take_marks()
        lines, messages = self._take()
        statement = _statement(len(lines), len(messages), marked=bool(marked), keyed=key is not None)
        values = {**(key or {}), **marked}
        for letter, rows in (("a", lines), ("m", messages)):
            for number, row in enumerate(rows):
                values.update({f"{letter}{number}_{name}": value for name, value in row.items()})
        return (await self._connection.execute(statement, values)).rowcount

    async def _mark(self) -> None:
        """Marks earlier messages; before new ones are written, which are rendered after the commit anyway."""
        marked = self._take_marks()
        if marked:
            await self._connection.execute(MARK, marked)

    async def _write_rows(self) -> None:
        lines, messages = self._take()
        about = [{**row, **{f"terms_{name}": row[key] for name, key in _ABOUT.items()}} for row in lines]
        for statement, rows in ((_LINES, about), (_MESSAGES, messages)):
            if rows:
                await self._connection.execute(statement, rows if len(rows) > 1 else rows[0])

    def _take_marks(self) -> Row:
        changed, self._changed = self._changed, set()
        refreshed, self._refreshed = self._refreshed, set()
        keys, self._keys = self._keys, set()
        return values_of(changed, refreshed, keys) if changed or refreshed or keys else {}

    def _take(self) -> tuple[list[Row], list[Row]]:
        lines, self._lines = self._lines, []
        messages, self._messages = self._messages, []
        return lines, messages


@lru_cache(maxsize=128)
def _statement(lines: int, messages: int, *, marked: bool, keyed: bool) -> Insert | Update:
    """One statement for a number of rows of each table; those before the last are CTEs of it.

    Fact: PostgreSQL manual, "Data-Modifying Statements in WITH": they always run to completion,
    whether the main query reads from them or not. All see the same snapshot, so that messages of this
    statement are not among those that it marks.
    """
    # No parameter is named like a column: SQLAlchemy would take it for a value that the UPDATE sets.
    parts: list[Insert | Update] = [MARK] if marked else []
    if lines:
        parts.append(_insert(audit, "a", _LINE, lines, _terms))
    if messages:
        parts.append(_insert(outbox, "m", _MESSAGE, messages).on_conflict_do_nothing(index_elements=["key"]))
    if keyed:
        parts.append(
            _KEY.values(
                {name: _param(idempotency_keys, name, f"key_{name}") for name in ("key", "request_id")}
            )
        )
    # The key comes last: a statement's row count is that of its main query, and tells whether it is new.
    *before, last = parts
    whole = last.add_cte(*(part.cte(f"also_{number}") for number, part in enumerate(before)))
    # SQLAlchemy keeps the row count of an INSERT only where it is asked to.
    return whole.execution_options(preserve_rowcount=True)


def _insert(
    table: Table,
    letter: str,
    names: Sequence[str],
    count: int,
    more: Callable[[str], Sequence[Label[Any]]] = lambda _: (),
) -> Insert:
    """Inserts a number of rows in their order, with further columns that a row's parameters make.

    From a SELECT: SQLAlchemy compiles an INSERT with several VALUES anew each time, which takes longer than
    everything that is saved here (2.1, "SQL Compilation Caching").
    """
    prefixes = [f"{letter}{number}" for number in range(count)]
    rows = [
        select(*(_param(table, name, f"{prefix}_{name}") for name in names), *more(prefix))
        for prefix in prefixes
    ]
    added = [each.name for each in more(prefixes[0])]
    return insert(table).from_select([*names, *added], rows[0] if count == 1 else union_all(*rows))


def _terms(prefix: str) -> Sequence[Label[Any]]:
    """The terms of a line, from what it is about."""
    request, target, details = (_param(audit, name, f"{prefix}_{name}") for name in _ABOUT.values())
    return (terms_of(request, target, details),)


def _param(table: Table, column: str, name: str) -> BindParameter[Any]:
    return bindparam(name, type_=table.c[column].type)
