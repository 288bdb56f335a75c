"""What is to be in force, and what is to happen once, as it is kept."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.operation import Operation
from bot.domain.schedule import OPENING_DEADLINE
from bot.domain.subject import Subject
from bot.ports.values import AuditContext


class Grants(Protocol):
    """Grants; every change of state writes its audit line."""

    async def open(self, grant: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE) -> None:
        """Records a grant that is to be applied ``within`` a time, by Postgres' clock."""
        ...

    async def get(self, id: UUID) -> Grant:
        """One grant, locked until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Grant | None:
        """The grant that a request opened, locked until the transaction ends."""
        ...

    async def live(self, target: UUID, method: Method, subject: Subject) -> tuple[Grant, ...]:
        """Grants of exactly a subject that somebody may end, locked until the transaction ends."""
        ...

    async def running(self, target: UUID, method: Method) -> tuple[Grant, ...]:
        """Grants of a target and method that somebody may end, locked until the transaction ends."""
        ...

    async def is_closing(self, target: UUID, method: Method, subject: Subject) -> bool:
        """Whether a grant of exactly a subject is being closed."""
        ...

    async def next_to_end(self, target: UUID, method: Method) -> Grant | None:
        """The grant of a target and method that ends first; None when none has an end to come."""
        ...

    async def change(
        self, before: Grant, after: Grant, *, doing: AuditContext, within: timedelta = OPENING_DEADLINE
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line.
            within: until when it has to be applied, where that begins anew.
        """
        ...

    async def get_all(self, ids: Collection[UUID]) -> tuple[Grant, ...]:
        """These grants, locked until the transaction ends."""
        ...

    async def change_all(self, changes: Sequence[tuple[Grant, Grant, AuditContext]]) -> None:
        """Writes many grants that this transaction has locked: as it was, as it is to be, and who does it.

        None of them may be applied (again) by this: that sets a deadline, which ``operation`` does.
        """
        ...

    async def past_end(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Grants to close whose end has come, locked: the most overdue first, a target's together."""
        ...

    async def to_warn(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Grants in force whose warning is due, locked."""
        ...

    async def warned(self, grant: Grant) -> None:
        """Notes that the warning is recorded to be sent."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next end or warning."""
        ...


class Operations(Protocol):
    """Changes that happen once; every change of state writes its audit line."""

    async def start(self, operation: Operation, *, within: timedelta, doing: AuditContext) -> None:
        """Records a change that is to be made, with a deadline that runs by Postgres' clock."""
        ...

    async def get(self, id: UUID) -> Operation:
        """One change, locked until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Operation | None:
        """The change that a request brought about, locked until the transaction ends."""
        ...

    async def under_way(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Changes of a target and method that are to be made, oldest first."""
        ...

    async def taken_over(self, target: UUID, method: Method) -> tuple[Operation, ...]:
        """Changes by which entries of others were taken over, the newest first."""
        ...

    async def to_wake(self, now: datetime, *, limit: int) -> tuple[Operation, ...]:
        """Changes that wait for a person and that the clock is to look at, locked."""
        ...

    async def next_moment(self) -> datetime | None:
        """When the clock is to look at one next."""
        ...

    async def move(
        self, before: Operation, after: Operation, *, doing: AuditContext, within: timedelta | None = None
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line, where the state changes.
            within: a new deadline, where one begins.
        """
        ...
