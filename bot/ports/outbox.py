"""The outbox: every message that Slack is to show, and what Slack is known to show."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.ports.messages import MessageKind, Notification, OutboxMessage
from bot.ports.slack import MessageRef


class Outbox(Protocol):
    """Messages for Slack: each is shown, and edited once what it says is no longer so.

    Whoever changes a request, its grant, its operation or its certificate writes an audit line: with that
    line, in the same commit, every message about the request is marked to be rendered again.
    """

    async def add(
        self,
        kind: MessageKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
        asserts: str | None = None,
        about: Sequence[str] = (),
    ) -> None:
        """Adds a message; a key that is there already adds nothing.

        Args:
            kind: what it shows.
            to: Slack id of a person or a channel.
            key: what makes it unique.
            request: number of the request that it is about.
            params: what it says beyond its request.
            asserts: what has to stay as it is for the message to stay true.
            about: what it is about besides its request, as for ``Notification``.
        """
        ...

    async def add_all(self, notifications: Sequence[Notification]) -> None:
        """Adds many messages in one statement; keys that are there already add nothing."""
        ...

    async def add_cards(self, request: int, *, approvals: str, requester: str) -> None:
        """Adds the two cards of a new request: the approval channel's, and the requester's."""
        ...

    async def reserve(self, kind: MessageKind, *, to: str, key: str, request: int, again: timedelta) -> int:
        """Adds a message that a web process posts itself, because the store must not know what it says.

        From here on it may be in Slack: a notifier that has to replace it finds it by its number.

        Args:
            kind: what a notifier shows in its place later.
            to: Slack id of a person.
            key: what makes it unique.
            request: number of the request that it is about.
            again: how long until a notifier replaces it.

        Returns:
            The message's number, for its metadata in Slack.
        """
        ...

    async def confirm(self, number: int, place: MessageRef) -> None:
        """Records where a message is that a web process posted, unless a notifier has found it already."""
        ...

    async def cancel(self, number: int) -> None:
        """Deletes a message that a web process could not post."""
        ...

    async def refresh_cards(self, request: int) -> None:
        """Marks a request's cards to be rendered and edited at once, whatever had postponed them."""
        ...

    async def refresh_cards_of(self, requests: Collection[int]) -> None:
        """Marks the cards of many requests to be rendered and edited at once."""
        ...

    async def requests_changed(self, requests: Collection[int]) -> None:
        """Marks every message about requests to be rendered again, for a change without an audit line."""
        ...

    async def settle(self, ended: Collection[str], *, at: datetime) -> None:
        """Marks messages about findings that are over to be rendered for the last time.

        Args:
            ended: as ``bot.domain.reports.findings`` names them; one about several ends with the last.
            at: business time.
        """
        ...

    async def attach(self, findings: Collection[str], request: int) -> None:
        """Records that a request is about findings: their messages show it, and follow it from now on.

        Args:
            findings: as ``bot.domain.reports.findings`` names them.
            request: number of the request.
        """
        ...

    async def refresh_findings(self, findings: Collection[str]) -> None:
        """Marks messages about findings to be rendered again."""
        ...

    async def supersede(self, finding: str, *, at: datetime) -> None:
        """Marks messages about a finding to be rendered for the last time: a new one asks about it again.

        One about several findings goes on without it. That the finding was superseded is among the params.

        Args:
            finding: as ``bot.domain.reports.findings`` names it.
            at: business time.
        """
        ...

    async def refresh(self, key: str, *, params: Mapping[str, str] | None = None) -> bool:
        """Marks one message to be rendered and edited, perhaps with new parameters.

        Returns:
            Whether there is a message with this key.
        """
        ...

    async def refresh_all(self, keys: Collection[str]) -> None:
        """Marks messages to be rendered and edited, at the commit and in the order of their numbers."""
        ...

    async def refresh_number(self, number: int) -> None:
        """Marks one message to be rendered again, by its number."""
        ...

    async def lock(self, *, recipient: str, keys: Collection[str]) -> None:
        """Locks what a recipient is still to be shown, and messages by their keys, in the order of numbers.

        Before a transaction changes them one after another: two that do so in two orders would deadlock.
        """
        ...

    async def hurry(self, recipient: str, *, but: int | None = None) -> None:
        """Makes due at once what a recipient is to be shown, whatever had postponed it.

        Args:
            recipient: Slack id.
            but: number of a message that the same transaction records as sent.
        """
        ...

    async def undeliverable(self, message: OutboxMessage, *, place: MessageRef | None = None) -> None:
        """Records that a claimed message cannot be shown as it should be: it rests until it changes again.

        Args:
            message: whose recipient has left, that somebody deleted, or that cannot be edited any more.
            place: where it is, or was; None if that is not known.

        Raises:
            LeaseLostError: another process may hold the lease by now.
        """
        ...

    async def message_ref(self, key: str) -> MessageRef | None:
        """Reads where a message is in Slack; None while it was not posted."""
        ...

    async def is_message_of(self, request: int, place: MessageRef) -> bool:
        """Tells whether a message in Slack is one of a request's that this outbox has posted."""
        ...

    async def claim(self) -> OutboxMessage | None:
        """Claims the message that has been due the longest, with a lease; None when none is due."""
        ...

    async def renew(self, message: OutboxMessage) -> None:
        """Prolongs the lease before a call.

        Raises:
            LeaseLostError: the message is not held by this lease any more.
        """
        ...

    async def begin_post(self, message: OutboxMessage, *, channel: str) -> None:
        """Records that a message is about to be posted to a channel, and prolongs the lease.

        From here on it may be in Slack, whatever becomes of the process.

        Raises:
            LeaseLostError: the message is not held by this lease any more.
        """
        ...

    async def sent(self, message: OutboxMessage, place: MessageRef, *, shown: str | None = None) -> None:
        """Records where a message is and which version it shows, and ends the lease.

        Args:
            message: what was claimed.
            place: where it is.
            shown: digest of what it shows: what renders alike is not sent again.
        """
        ...

    async def not_sent(self, message: OutboxMessage, *, gone: bool) -> None:
        """Records that Slack shows nothing, so that the next attempt need not search.

        Args:
            message: what was to be posted.
            gone: it was posted once and deleted by somebody; it is posted again.
        """
        ...

    async def postpone(self, message: OutboxMessage, *, by: timedelta) -> None:
        """Ends the lease without success; the next attempt is later, or at once for a newer version."""
        ...

    async def resend(self, message: OutboxMessage) -> None:
        """Marks a message to be edited again that a notifier may have edited after its lease was lost.

        What it rendered may be older than what another notifier rendered meanwhile, and the store cannot
        tell which of the two Slack shows.
        """
        ...

    async def next_due(self) -> timedelta | None:
        """Time until a message is due, zero when one is; None when Slack shows everything."""
        ...
