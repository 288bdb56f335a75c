"""What Slack is to show, as it is kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from bot.ports.services import MessageRef
from bot.ports.values import MessageKind, Notification, OutboxMessage


class Outbox(Protocol):
    """Cards and notices: what Slack is to show."""

    async def tell(
        self,
        kind: MessageKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """Records a card or notice; a key is told once."""
        ...

    async def tell_all(self, notices: Sequence[Notification]) -> None:
        """Records many notices at once; a key is told once."""
        ...

    async def tell_cards(self, request: int, *, approvals: str, requester: str) -> None:
        """Records the two cards of a new request: the channel's where it is decided, and the requester's."""
        ...

    async def announce(self, kind: MessageKind, *, to: str, key: str, request: int, again: timedelta) -> int:
        """Records what is about to be posted by hand, because the store must not know what it says.

        Args:
            kind: what the courier draws in its place later.
            to: a person's Slack id.
            key: what is told once.
            request: its number.
            again: how long until it is shown afresh.

        Returns:
            The post's number, for the message's metadata.
        """
        ...

    async def stands(self, number: int, place: MessageRef) -> None:
        """Notes where a post stands that was made by hand."""
        ...

    async def take_back(self, number: int) -> None:
        """Forgets an announced post that Slack did not take."""
        ...

    async def refresh_cards(self, request: int) -> None:
        """Every card of the request has to be shown afresh."""
        ...

    async def refresh_cards_of(self, requests: Collection[int]) -> None:
        """Every card of all these requests has to be shown afresh."""
        ...

    async def refresh(self, key: str, *, params: Mapping[str, str] | None = None) -> bool:
        """Has one post shown afresh, perhaps saying something else; False when there is none of that key."""
        ...

    async def place(self, key: str) -> MessageRef | None:
        """Where a post stands in Slack; None when it does not stand yet."""
        ...

    async def claim(self) -> OutboxMessage | None:
        """Takes the post that has been due the longest, with a lease; None when none is due."""
        ...

    async def renew(self, post: OutboxMessage) -> None:
        """Prolongs the lease before a call; raises ``LeaseLostError``."""
        ...

    async def posting(self, post: OutboxMessage, *, channel: str) -> None:
        """Notes that a post is about to be made in a channel; prolongs the lease as ``renew`` does."""
        ...

    async def shown(self, post: OutboxMessage, place: MessageRef) -> None:
        """Records that a post stands, and which version it shows."""
        ...

    async def not_posted(self, post: OutboxMessage, *, gone: bool) -> None:
        """Records that Slack took nothing; ``gone``: what stood there was deleted, to be posted afresh."""
        ...

    async def postpone(self, post: OutboxMessage, *, by: timedelta) -> None:
        """Gives a post back, to be tried again later."""
        ...

    async def overtaken(self, post: OutboxMessage) -> None:
        """Has a post shown afresh that a courier may have shown after it had lost the lease."""
        ...

    async def next_due(self) -> timedelta | None:
        """How long until a post is due (zero when one is); None when all is told."""
        ...
