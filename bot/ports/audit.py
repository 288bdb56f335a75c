"""The audit trail in the store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.ports.values import AuditLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The newest line of the chain of digests, and what is not in it yet; all times are Postgres' own.

    Attributes:
        number: its place in the chain, counted from 1; 0 while the chain is empty.
        digest: its SHA-256, in hexadecimal.
        at: when it was written; None while the chain is empty.
        unsealed: how many lines are not in the chain yet.
        oldest_unsealed: when the first of them was written; None when there is none.
        now: time of this reading.
    """

    number: int
    digest: str
    at: datetime | None
    unsealed: int
    oldest_unsealed: datetime | None
    now: datetime


class Audit(Protocol):
    """The audit trail."""

    async def of_request(self, request: int) -> tuple[AuditLine, ...]:
        """Reads the lines about a request, and those about requests for its grant, in their order."""
        ...

    async def seal(self, *, limit: int) -> int:
        """Links unsealed lines into the chain of digests, in the order of their ids; returns how many."""
        ...

    async def head(self) -> Head:
        """Reads the newest line of the chain, and how many lines are not in it yet."""
        ...
