"""What the store keeps to tell who could reach what, and when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.access_history import AdoptedEntry, ObservedList, RecordedGrant, SightedEntry, TargetName
from bot.domain.method import Method
from bot.ports.values import RequestDetails


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPage:
    """A part of a list of what was.

    Attributes:
        requests: in the order of the list.
        following: the number that the next part begins behind; None on the last one.
    """

    requests: tuple[RequestDetails, ...]
    following: int | None = None


class AccessHistory(Protocol):
    """Names, grants, entries and observations of targets, as they were at a moment."""

    async def note_gap(
        self, target: UUID, method: Method, *, since: datetime | None, until: datetime
    ) -> None:
        """Records that a list was not read between two moments of business time; None for never before."""
        ...

    async def names(self) -> Sequence[TargetName]:
        """Lists every name of every target, in the order in which they were recorded."""
        ...

    async def grants(
        self, targets: Collection[UUID], at: datetime, *, limit: int | None = None
    ) -> Sequence[RecordedGrant]:
        """Lists grants that may have been open at a moment, by request.

        Args:
            targets: where.
            at: business time.
            limit: how many at most; None for all.
        """
        ...

    async def adopted(self, targets: Collection[UUID], at: datetime) -> Sequence[AdoptedEntry]:
        """Lists entries that were adopted by a moment, and not proven to be gone by then."""
        ...

    async def unmanaged(self, targets: Collection[UUID], at: datetime) -> Sequence[SightedEntry]:
        """Lists unmanaged entries that observations showed at a moment."""
        ...

    async def observed_lists(self, targets: Collection[UUID]) -> Sequence[ObservedList]:
        """Lists what is recorded of the observations of each list of some targets."""
        ...

    async def ended(
        self, targets: Collection[UUID] | None, *, owner: str, before: int | None, limit: int
    ) -> Sequence[int]:
        """Lists the numbers of requests whose grants have ended or failed, the last to end first.

        Args:
            targets: where; None for everywhere.
            owner: Slack id of a person whose grants are listed wherever they are.
            before: only those that follow this one in the list; None for the first ones.
            limit: how many at most.
        """
        ...

    async def of_person(
        self, person: str, targets: Collection[UUID] | None, *, before: int | None, limit: int
    ) -> Sequence[int]:
        """Lists the numbers of a person's requests, newest first; see ``ended`` for the arguments."""
        ...

    async def of_networks(
        self,
        networks: Collection[str],
        targets: Collection[UUID] | None,
        *,
        owner: str,
        before: int | None,
        limit: int,
    ) -> Sequence[int]:
        """Lists the numbers of requests about any of some networks, newest first; see ``ended``."""
        ...
