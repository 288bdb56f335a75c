"""Entries that pgaccess does not manage, in the store."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from bot.domain.method import Method
from bot.domain.unmanaged_entry import SeenEntry

FINGERPRINT: Final = 8
"""Hexadecimal digits of a fingerprint: it is no secret, and only tells entries of one number apart."""


@dataclass(frozen=True, slots=True)
class EntryKey:
    """An unmanaged entry as buttons and forms name it.

    Attributes:
        id: its number in the store, which in a store that was made or restored since may be another's.
        fingerprint: of where it is, what it is called, and when it was seen first.
    """

    id: int
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmanagedEntry:
    """An entry that pgaccess does not manage, for as long as observations show it.

    Attributes:
        entry: Heroku's id of an IP rule; an ARN; a range's source.
        subject: what it allows: a network, an ARN.
        description: as Heroku has it, cleaned.
        created_by: empty where Heroku does not tell.
        first_seen_at: business time.
        absent_at: business time of the observation that proved it; None while it is there.
        ignored_until: business time; None where it is not ignored.
    """

    id: int
    target: UUID
    method: Method
    entry: str
    subject: str
    description: str
    created_by: str
    first_seen_at: datetime
    absent_at: datetime | None = None
    ignored_until: datetime | None = None
    ignored_by: str | None = None
    ignored_because: str | None = None

    @property
    def key(self) -> EntryKey:
        """What names it in buttons and forms: the same for as long as it is there."""
        seen = self.first_seen_at.astimezone(UTC).isoformat()
        said = "\n".join((str(self.target), self.method, self.entry, seen))
        return EntryKey(self.id, hashlib.sha256(said.encode()).hexdigest()[:FINGERPRINT])


class UnmanagedEntries(Protocol):
    """Which unmanaged entries were seen at Heroku, and when."""

    async def record(self, target: UUID, method: Method, seen: Sequence[SeenEntry], *, at: datetime) -> None:
        """Records which entries an observation shows; those that it lacks are gone since then.

        Args:
            target: where.
            method: the access method whose list was read.
            seen: every unmanaged entry of that list.
            at: business time.
        """
        ...

    async def present(self, target: UUID) -> Sequence[UnmanagedEntry]:
        """Lists the entries that the last observations of a target show."""
        ...

    async def find(self, id: int) -> UnmanagedEntry | None:
        """Reads an entry by its number, one that is gone too."""
        ...

    async def decide_alone(self, id: int) -> None:
        """Has whoever else decides about an entry wait for the end of this transaction; locks no row."""
        ...

    async def ignore(
        self, entry: UnmanagedEntry, *, until: datetime, by: str, because: str, at: datetime
    ) -> bool:
        """Records that an entry is ignored, with its audit line.

        Args:
            entry: as it was read.
            until: business time.
            by: Slack id of who has it ignored.
            because: why.
            at: business time at which it was decided.

        Returns:
            Whether the entry is still there; else nothing is recorded.
        """
        ...

    async def ignored_past(self, now: datetime, *, limit: int) -> Sequence[UnmanagedEntry]:
        """Lists entries that are there and no longer ignored, locked, but for those that others hold."""
        ...

    async def end_ignoring(self, entry: UnmanagedEntry, *, at: datetime) -> None:
        """Records that an entry, which this transaction has locked, is no longer ignored, with its line."""
        ...
