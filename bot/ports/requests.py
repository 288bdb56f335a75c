"""Idempotency keys and access requests in the store."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.domain.method import Method
from bot.domain.overlap import Held
from bot.domain.policy.rules import Rule
from bot.domain.request import Decision, Kind, Request, RequestState, Terms, Withdrawal
from bot.domain.subject import Subject
from bot.ports.values import AuditContext, NewRequest, RequestDetails


class IdempotencyKeys(Protocol):
    """Keys of commands and clicks that were executed: the same one delivered again is not executed again."""

    async def claim(self, key: str, *, request: int) -> bool:
        """Records a key with the request that it led to; False when it was recorded before.

        A transaction with the same key waits for the commit of the first. What waits in the transaction's
        write buffer is written by the same statement.
        """
        ...

    async def request(self, key: str) -> int | None:
        """Reads which request a key led to."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a request of a person would stand.

    Attributes:
        waiting: their pending requests.
        missing: how many more people would have to be able to approve; 0 if enough can.
        certain: whether every user group of the rule was read: one that was not has unknown approvers.
    """

    waiting: int
    missing: int
    certain: bool


class Requests(Protocol):
    """Access requests and the decisions on them; every change of state writes its audit line."""

    async def add(self, wanted: NewRequest, *, doing: AuditContext) -> Request:
        """Records a pending request."""
        ...

    async def add_rebuilt(self, wanted: NewRequest, *, number: int, doing: AuditContext) -> Request:
        """Records an approved request again that the store no longer knows.

        Args:
            wanted: what was approved.
            number: what it was called; where another request has that by now, it gets a new one. Later
                requests get higher ones.
            doing: for the audit line.
        """
        ...

    async def lock(self, id: int) -> Request | None:
        """Reads a request and locks it until the transaction ends: decisions serialise on this row."""
        ...

    async def nonce(self, id: int) -> str | None:
        """Reads a request's nonce, empty for one from before nonces; None if there is no such request."""
        ...

    async def lock_details(self, id: int) -> RequestDetails | None:
        """Does the same with everything that is shown of it; no row but the request's is locked."""
        ...

    async def decisions(self, id: int) -> tuple[Decision, ...]:
        """Lists the approvers' decisions on a request, oldest first."""
        ...

    async def record_decision(self, id: int, decision: Decision) -> None:
        """Records an approver's decision; the primary key admits one of each person."""
        ...

    async def decide(self, request: Request, state: RequestState, *, doing: AuditContext) -> None:
        """Moves a pending request, which this transaction has locked, to its final state."""
        ...

    async def withdraw(self, request: Request, why: Withdrawal, *, doing: AuditContext) -> None:
        """Moves a pending request, which this transaction has locked, to ``withdrawn``."""
        ...

    async def recount(self, id: int, votes: Iterable[Decision]) -> None:
        """Records which earlier votes count now."""
        ...

    async def rejudge(
        self,
        request: Request,
        *,
        rule: str,
        needed: int,
        by_admins: bool | None = None,
        undecidable_at: datetime | None = None,
    ) -> Request:
        """Records what today's policy asks of a pending request, which this transaction has locked.

        Args:
            request: as it was.
            rule: name of the rule that allows it now.
            needed: approvals that decide it.
            by_admins: whether admins decide as well; None leaves that as it is.
            undecidable_at: since when too few people could approve it; None if enough can.
        """
        ...

    async def change_terms(self, request: Request, terms: Terms) -> Request:
        """Writes new terms; buttons that show the old ones decide nothing from here on."""
        ...

    async def note_approval(self, request: Request, votes: int, *, doing: AuditContext) -> None:
        """Writes the audit line of an approval that is not the last one needed."""
        ...

    async def expired(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Lists pending requests whose time to decide is over, or whose own end has passed, locked."""
        ...

    async def to_remind(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Lists pending requests whose approvers are to be reminded, locked."""
        ...

    async def reminded(self, request: Request, *, given: int, next_at: datetime | None) -> None:
        """Records that approvers were reminded, how often by now, and when they are to be reminded again."""
        ...

    async def next_moment(self) -> datetime | None:
        """Business time of the next lapse or reminder."""
        ...

    async def lock_requester(self, person: str) -> None:
        """Makes a person's requests wait for each other until the transaction ends."""
        ...

    async def held(self, target: UUID, method: Method) -> tuple[Held, ...]:
        """Lists who waits for access to a target by a method, and who has it or is about to get it."""
        ...

    async def pending(self, *, limit: int) -> tuple[RequestDetails, ...]:
        """Lists requests that wait for a decision, newest first."""
        ...

    async def standing(self, rule: Rule, *, but: str, asker: str = "") -> Standing:
        """Counts a person's pending requests, and the approvers who are missing for a request of theirs.

        Whoever is known to be deactivated, a guest, external or a bot cannot approve; somebody who was never
        read from Slack may yet turn out to.

        Args:
            rule: that allows the request.
            but: Slack id of the requester, who cannot approve it.
            asker: Slack id of who asks for them, who cannot either, and whose pending requests count instead.

        """
        ...

    async def reopening(self, grant: UUID) -> Request | None:
        """Reads the pending request to open a grant again."""
        ...

    async def all(self, ids: Collection[int]) -> tuple[Request, ...]:
        """Reads requests by number, without locking them."""
        ...

    async def pending_ids(self) -> tuple[int, ...]:
        """Lists the numbers of all requests that wait for a decision, oldest first."""
        ...

    async def able(
        self,
        people: Collection[str],
        *,
        but: str,
        asker: str = "",
        limit: int,
        first: Collection[str] = (),
        mixed_by: str = "",
    ) -> tuple[str, ...]:
        """Lists those of some people, and of the members of some user groups, who may decide.

        Args:
            people: Slack ids of people and user groups.
            but: Slack id of the requester, who cannot.
            asker: Slack id of who asked for them, who cannot either.
            limit: how many at most.
            first: Slack ids of those who come first, if they may decide.
            mixed_by: what decides on the order of the others, which is the same for the same text.
        """
        ...

    async def tell_directly(self, id: int, people: Collection[str]) -> None:
        """Records who has a pending request's card as a direct message; nobody, once the channel has it."""
        ...

    async def told_directly(self) -> tuple[int, ...]:
        """Lists the numbers of pending requests whose card somebody has as a direct message."""
        ...

    async def under_way(self, target: UUID, method: Method) -> tuple[int, ...]:
        """Lists the numbers of requests of which something is being opened, closed or done at Heroku."""
        ...

    async def details(self, id: int) -> RequestDetails | None:
        """Reads a request with everything that is shown of it."""
        ...

    async def details_of(self, ids: Collection[int]) -> tuple[RequestDetails, ...]:
        """Reads some requests with everything that is shown of them, newest first."""
        ...

    async def open_details(
        self, *, requester: str | None, limit: int, target: UUID | None = None
    ) -> tuple[RequestDetails, ...]:
        """Lists pending requests and those with an open grant or an unfinished operation, newest first.

        Args:
            requester: whose; None for everybody's.
            limit: the most that are read.
            target: where; None for all targets.
        """
        ...

    async def newest_open(self, target: UUID, subject: Subject, kinds: Collection[Kind]) -> Request | None:
        """Reads the newest request about a subject that is pending, or whose operation is unfinished.

        Args:
            target: where.
            subject: exactly what the request is about.
            kinds: other kinds of requests are left out.
        """
        ...
