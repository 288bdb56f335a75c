"""Slack users and user groups in the store: what was read, what is in doubt, and what is to be read next."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.domain.person import Person

LOOKUPS: Final = "users.info"
GROUP_READINGS: Final = "usergroups.users.list"
"""Periodic tasks that are held for as long as Slack's ``Retry-After`` says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserLookup:
    """A requested lookup of a Slack user.

    Attributes:
        since: Postgres' time of the request; an answer to an earlier question does not settle it.
        read: Postgres' time before Slack is asked.
    """

    id: str
    since: datetime
    read: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DueGroups:
    """User groups that one worker reads now; no other does until its lease is over.

    Attributes:
        ids: Slack's, the longest due first.
        read: Postgres' time before Slack is asked.
    """

    ids: tuple[str, ...]
    read: datetime


class SlackUsers(Protocol):
    """Cache of Slack users and user groups.

    Somebody or a group *in doubt* decides nothing until they were read again, whatever was known before; what
    was known still serves to close and to read.
    """

    # --- what is known ---------------------------------------------------------------------------

    async def find(
        self, id: str, *, groups: Collection[str] = (), however_old: bool = False
    ) -> Person | None:
        """Reads a user; None when nothing is cached, or nothing fresher than 10 minutes.

        Args:
            id: Slack's.
            groups: user groups whose members matter; those not known are the person's ``unknown_groups``.
            however_old: by the last that was known: for closing and reading, never for opening.
        """
        ...

    async def is_known(self, id: str) -> bool:
        """Tells whether a user or a user group is known well enough to decide."""
        ...

    async def locale(self, id: str) -> str | None:
        """Reads a user's Slack locale, however old."""
        ...

    async def current_time(self) -> datetime:
        """Postgres' time, taken before Slack is asked: what Slack answers is as old as this."""
        ...

    # --- people ----------------------------------------------------------------------------------

    async def save(self, found: Iterable[Person], *, read: datetime | None = None) -> None:
        """Refreshes cached users, except for what was learnt later or put in doubt later.

        Args:
            found: in any order; rows are written by id, so that two syncs cannot deadlock.
            read: ``current_time`` from before Slack was asked; None when the answer is from this moment.
        """
        ...

    async def doubt(self, id: str) -> None:
        """Puts a user in doubt, because Slack reports a change, and asks a worker to look them up."""
        ...

    async def request_lookup(self, id: str) -> None:
        """Asks a worker to look a user up, before all whom nobody waits for.

        Whoever is known well enough stays so, and a lookup that was requested before stays as it is: an
        impatient click must not make an answer under way worthless.
        """
        ...

    async def request_unread(self, ids: Collection[str]) -> None:
        """Asks a worker to look up those of some users who were never read."""
        ...

    async def requested_lookups(self) -> tuple[str, ...]:
        """Lists users to look up, 100 at most."""
        ...

    async def requested_lookup(self, id: str) -> UserLookup | None:
        """Reads the open lookup of a user; None when there is none."""
        ...

    async def claim_lookup(self, *, lease: timedelta, waited_for: bool = False) -> UserLookup | None:
        """Claims the next lookup, those that somebody waits for first; None when none is due.

        Args:
            lease: how long no other worker gets it.
            waited_for: leaves out those that nobody waits for.
        """
        ...

    async def save_lookup(self, lookup: UserLookup, person: Person | None) -> None:
        """Caches the result of a lookup, unless the user was put in doubt after Slack was asked.

        Args:
            lookup: as it was before Slack was asked.
            person: None when Slack does not know the user.
        """
        ...

    async def postpone_lookup(self, id: str, *, by: timedelta) -> None:
        """Leaves a lookup alone for a while; others go on."""
        ...

    async def next_lookup(self, *, waited_for: bool = False) -> timedelta | None:
        """Time until a lookup is due, zero when one is; None when none will be; ``waited_for`` as above."""
        ...

    # --- user groups -----------------------------------------------------------------------------

    async def save_group(self, id: str, members: Iterable[str], *, read: datetime | None = None) -> None:
        """Refreshes the members of a user group, unless they were learnt or put in doubt later."""
        ...

    async def group_failed(self, id: str, error: str, *, wait: timedelta) -> None:
        """Records that a user group cannot be read: it is unknown from now on, its last members are kept.

        Args:
            id: Slack's.
            error: Slack's code.
            wait: until the next attempt.
        """
        ...

    async def postpone_groups(self, ids: Collection[str], *, by: timedelta) -> None:
        """Gives up the lease of groups that were not read, for no fault of theirs."""
        ...

    async def doubt_group(self, id: str) -> None:
        """Puts a user group in doubt, because Slack reports a change, and asks a worker to read it."""
        ...

    async def request_group(self, id: str) -> bool:
        """Asks a worker to read a user group at once that is not known, because somebody waits for it.

        Returns:
            False when that is in vain: Slack refuses to tell of it, or no policy names it.
        """
        ...

    async def claim_groups(self, ids: Collection[str], *, lease: timedelta) -> DueGroups:
        """Claims those of the policy's user groups that are due to be read; new ones are due at once.

        Args:
            ids: every user group that the policy names.
            lease: how long no other worker gets them.
        """
        ...

    async def claim_doubtful_group(self, *, lease: timedelta) -> DueGroups:
        """Claims one user group that an event put in doubt; none when there is none."""
        ...

    async def next_doubtful_group(self) -> timedelta | None:
        """Time until a user group in doubt is due; None when none will be."""
        ...

    async def untold(self, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Returns groups whose error has changed since operations were told, by error, and marks them told.

        Groups that can be read again are under the empty error.
        """
        ...
