"""Entries that pgaccess does not manage, in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

from bot.domain.method import Method
from bot.domain.unmanaged_entry import SeenEntry

FINGERPRINT: Final = 8
"""Hexadecimal digits of a fingerprint: it is no secret, and only has to differ among a store's entries and
those that had their numbers in a store that was lost."""


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
    def fingerprint(self) -> str:
        """What tells the entry from another that had its number in a store that was lost or restored."""
        said = f"{self.target} {self.method} {self.entry}"
        return sha256(said.encode()).hexdigest()[:FINGERPRINT]


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
