"""Who people are and what they ask, as it is kept: the cache, clicks acted on, requests and votes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.person import Person
from bot.domain.request import Decision, Kind, Request, RequestState, Terms
from bot.domain.subject import Subject
from bot.ports.values import AuditContext, NewRequest, RequestDetails, UserLookup


class IdempotencyKeys(Protocol):
    """Commands and clicks that were acted on, so that the same one coming again is not acted on twice."""

    async def claim(self, key: str, *, request: int) -> bool:
        """Notes which request a key led to; False when it was acted on before."""
        ...

    async def request(self, key: str) -> int | None:
        """The request that a key led to."""
        ...


class SlackUsers(Protocol):
    """The cache of people."""

    async def find(self, id: str, *, groups: Collection[str] = ()) -> Person | None:
        """A person; None when unknown or when what is known is older than 10 minutes.

        Args:
            id: Slack's.
            groups: of these the members have to be known, and not too old, for ``groups_known``.
        """
        ...

    async def locale(self, id: str) -> str | None:
        """A person's Slack locale, however old."""
        ...

    async def reading(self) -> datetime:
        """Postgres' time before Slack is asked: what it then says is as old as this, come when it may."""
        ...

    async def keep(self, found: Iterable[Person], *, read: datetime | None = None) -> None:
        """Refreshes what is known, but for what was learnt later or is being asked for.

        Args:
            read: when Slack began to be asked, as ``reading`` said; None when it is known just now.
        """
        ...

    async def keep_group(self, id: str, members: Iterable[str], *, read: datetime | None = None) -> None:
        """Refreshes who is in a user group, unless that was learnt later; ``read`` as in ``keep``."""
        ...

    async def request_lookup(self, id: str) -> None:
        """Notes that somebody unknown turned up, for the worker to look them up."""
        ...

    async def asked_for(self) -> tuple[str, ...]:
        """Ids of people who turned up unknown."""
        ...

    async def question(self, id: str) -> UserLookup | None:
        """The open question about somebody, before Slack is asked; None when it is answered by now."""
        ...

    async def answer(self, question: UserLookup, person: Person | None) -> None:
        """Keeps what Slack said, unless it was asked anew meanwhile; None: Slack does not know them."""
        ...


class Requests(Protocol):
    """Requests and the votes on them; every change of state writes its audit line."""

    async def add(self, wanted: NewRequest, *, doing: AuditContext) -> Request:
        """Records a pending request."""
        ...

    async def lock(self, id: int) -> Request | None:
        """A request, locked until the transaction ends."""
        ...

    async def lock_case(self, id: int) -> RequestDetails | None:
        """The same with everything that is shown of it, its votes included."""
        ...

    async def votes(self, id: int) -> tuple[Decision, ...]:
        """The votes on a request, oldest first."""
        ...

    async def vote(self, id: int, decision: Decision) -> None:
        """Records a vote."""
        ...

    async def decide(self, request: Request, state: RequestState, *, doing: AuditContext) -> None:
        """Moves a pending request to its final state."""
        ...

    async def change_terms(self, request: Request, terms: Terms) -> Request:
        """Writes new terms; buttons that show the old ones decide nothing from here on."""
        ...

    async def note_vote(self, request: Request, votes: int, *, doing: AuditContext) -> None:
        """Writes the audit line of an approval that does not decide yet."""
        ...

    async def to_lapse(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose time is over, locked."""
        ...

    async def to_remind(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose approvers are to be reminded, locked."""
        ...

    async def reminded(self, request: Request, *, given: int, next_at: datetime | None) -> None:
        """Notes that the approvers were reminded, and when to do so again."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next lapse or reminder."""
        ...

    async def pending(self, *, limit: int) -> tuple[RequestDetails, ...]:
        """Requests that wait for a decision, newest first."""
        ...

    async def case(self, id: int) -> RequestDetails | None:
        """A request with everything that is shown of it."""
        ...

    async def open_cases(
        self, *, requester: str | None, limit: int, target: UUID | None = None
    ) -> tuple[RequestDetails, ...]:
        """Pending requests and those with an open grant, newest first."""
        ...

    async def newest_open(self, target: UUID, subject: Subject, kinds: Collection[Kind]) -> Request | None:
        """The newest request of some kinds about a subject that is pending or under way."""
        ...
