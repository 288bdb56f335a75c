"""Grants and one-time operations in the store."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.grant import Grant
from bot.domain.method import OPENING_DEADLINE, Method
from bot.domain.operation import Operation
from bot.domain.subject import Subject
from bot.ports.values import AuditContext


class Grants(Protocol):
    """Grants: what is to be in force. Every change of state writes its audit line."""

    async def open(self, grant: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE) -> None:
        """Records a new grant with its opening deadline, counted by Postgres' clock."""
        ...

    async def lock(self, id: UUID) -> Grant:
        """Reads a grant and locks it until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Grant | None:
        """Reads the grant that a request opened, and locks it until the transaction ends."""
        ...

    async def live(self, target: UUID, method: Method, subject: Subject) -> tuple[Grant, ...]:
        """Lists grants of any entry of a subject that can still be ended, locked in this transaction."""
        ...

    async def running(self, target: UUID, method: Method) -> tuple[Grant, ...]:
        """Lists grants of a target's method that can still be ended, locked until the transaction ends."""
        ...

    async def is_closing(self, target: UUID, method: Method, subject: Subject) -> bool:
        """Tells whether a grant of any entry of a subject is being closed."""
        ...

    async def next_to_end(self, target: UUID, method: Method) -> Grant | None:
        """Finds the grant of a target's method that ends first; None when none of them has an end."""
        ...

    async def update(
        self, before: Grant, after: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE
    ) -> bool:
        """Writes the changed fields, if the grant still has the state that ``before`` has.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line.
            within: the new opening deadline, where ``after`` is to be applied (again).

        Returns:
            Whether it was written.
        """
        ...

    async def lock_all(self, ids: Collection[UUID]) -> tuple[Grant, ...]:
        """Reads grants by id and locks them until the transaction ends, in the order of ids as everywhere."""
        ...

    async def lock_moving(self, target: UUID, method: Method, *, also: Collection[UUID] = ()) -> None:
        """Locks what is being opened or closed of a target's method, in the order of ids as everywhere.

        Args:
            target: the target.
            method: the access method.
            also: further grants that the transaction is about to lock: all at once, for the order's sake.
        """
        ...

    async def update_all(self, changes: Sequence[tuple[Grant, Grant, AuditContext]]) -> None:
        """Writes many grants that this transaction has locked: before, after and audit context of each.

        None of them may be applied (again) by this: ``change`` sets the deadline that this takes.
        """
        ...

    async def postpone(self, opening: Sequence[Grant], *, within: timedelta) -> None:
        """Gives grants that this transaction has locked more time to be opened.

        Args:
            opening: with the end that each is to have; their state stays.
            within: the opening deadline from now; one that is later stays.
        """
        ...

    async def past_end(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Lists running grants whose end has passed, locked: most overdue first, each target's together."""
        ...

    async def to_warn(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Lists grants in force whose warning of the end is due, locked."""
        ...

    async def warned(self, grant: Grant) -> None:
        """Records that the warning is in the outbox."""
        ...

    async def next_moment(self) -> datetime | None:
        """Business time of the next end or warning."""
        ...


class Operations(Protocol):
    """One-time operations, such as enabling mTLS; every change of state writes its audit line."""

    async def start(self, operation: Operation, *, within: timedelta, doing: AuditContext) -> None:
        """Records a new operation with its deadline, counted by Postgres' clock."""
        ...

    async def lock(self, id: UUID) -> Operation:
        """Reads an operation and locks it until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Operation | None:
        """Reads the operation that a request started, and locks it until the transaction ends."""
        ...

    async def unfinished(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Lists operations of a target's method that are not finished, oldest first."""
        ...

    async def adoptions(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Lists finished adoptions of unmanaged entries, newest first."""
        ...

    async def to_check(self, now: datetime, *, limit: int) -> tuple[Operation, ...]:
        """Lists operations that wait for a person and are due for a check by the scheduler, locked."""
        ...

    async def next_moment(self) -> datetime | None:
        """Business time of the scheduler's next check."""
        ...

    async def postpone(self, ids: Collection[UUID], *, within: timedelta) -> None:
        """Gives operations that are under way until then, counted from now; a later deadline stays."""
        ...

    async def update(
        self, before: Operation, after: Operation, *, doing: AuditContext, within: timedelta | None = None
    ) -> bool:
        """Writes the changed fields, if the operation still has the state that ``before`` has.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line, where the state changes.
            within: a new deadline, counted from now; needed where the operation starts again.

        Returns:
            Whether it was written.

        Raises:
            ValueError: the operation starts again without a deadline.
        """
        ...
