"""Keeps Slack in step with the store: cards that are behind are shown afresh, notices are sent once."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.policy import Policy
from bot.domain.schedule import gap
from bot.domain.timings import DEFAULT, Timings
from bot.errors import LeaseLostError, SlackError
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, MessageRef, OutboxMessage, Slack, Store
from bot.services import Services
from bot.views.app_home import home
from bot.views.render import render

SEARCH_BACK: Final = timedelta(minutes=5)
"""How far before a lost answer its message is searched for: the two clocks may differ."""

GONE: Final = frozenset({"message_not_found", "cant_update_message"})
"""Slack's words for a message that somebody deleted: it is posted afresh."""

CARD_GONE: Final = "thread_not_found"
"""Slack's word for a thread whose first message was deleted."""

UNSEARCHABLE: Final = frozenset({"missing_scope", CARD_GONE})
"""Slack's words for a search that cannot be made: no right to read there, or the card above was deleted."""

HOME: Final = "home"
"""Stands where a message has its timestamp: a home is published whole, and never searched for."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class ClaimedMessage:
    """A claimed post, for as long as its lease holds.

    Attributes:
        since: monotonic seconds, taken before the lease was.
        called: Slack may have been told to show something.
    """

    post: OutboxMessage
    since: float
    called: bool = False

    def begin_call(self, timings: Timings) -> None:
        """Lets a call start only if its total deadline fits into the lease.

        Measured on a clock that goes on while the process is stopped.

        Raises:
            LeaseLostError: too little is left.
        """
        left = timings.lease - timedelta(seconds=time.monotonic() - self.since)
        if left < timings.slack_call + timings.margin:
            raise LeaseLostError("too little is left of the lease to begin a call")
        self.called = True


class Notifier:
    """Takes one post at a time."""

    def __init__(
        self, *, store: Store, slack: Slack, policy: Policy, services: Services, timings: Timings = DEFAULT
    ) -> None:
        self._timings = timings
        self._store = store
        self._slack = slack
        self._policy = policy
        self._services = services

    async def claim(self) -> ClaimedMessage | None:
        """Takes the post that has been due the longest; None when all is told."""
        since = time.monotonic()
        async with self._store.transaction() as tx:
            post = await tx.outbox.claim()
            await tx.commit()
            return None if post is None else ClaimedMessage(post=post, since=since)

    async def next_due(self) -> timedelta | None:
        """How long until there is something to claim."""
        async with self._store.transaction() as tx:
            return await tx.outbox.next_due()

    async def work(self, held: ClaimedMessage) -> None:
        """Shows one post. What Slack does not take is tried again later, for as long as it takes."""
        post = held.post
        try:
            if post.kind is MessageKind.HOME:
                place = await self._show_home(held)
            else:
                place = await self._show(held, await self._render(post))
            async with self._store.transaction() as tx:
                await tx.outbox.shown(post, place)
                await tx.commit()
        except LeaseLostError:
            await self._overtaken(held)
        except SlackError as error:
            await self._postpone(held, error)

    async def _render(self, post: OutboxMessage) -> Message:
        async with self._store.transaction() as tx:
            case = None if post.request is None else await tx.requests.case(post.request)
            locale = await tx.slack_users.locale(post.recipient)
        t = Translator.of(locale if locale else self._policy.language)
        return render(post, case, t=t, policy=self._policy)

    async def _show_home(self, held: ClaimedMessage) -> MessageRef:
        """Publishes a person's App Home, which stands in no channel."""
        person = held.post.recipient
        overview = await self._services.queries.home_summary(person)
        t = Translator.of(await self._services.members.locale(person))
        view = home(overview, t=t, policy=self._policy)
        await self._begin_call(held)
        await self._slack.publish_home(person, view)
        return MessageRef(channel=person, ts=HOME)

    async def _show(self, held: ClaimedMessage, message: Message) -> MessageRef:
        """Edits what stands, or posts what does not; a try whose answer was lost is searched for first."""
        post = held.post
        if post.place is not None:
            return await self._edit(held, post.place, message)
        channel = post.channel or await self._channel(post)
        thread = await self._thread(post)
        if post.posting_since is not None:
            standing = await self._search(post, channel, thread, since=post.posting_since - SEARCH_BACK)
            if standing is not None:
                return await self._edit(held, standing, message)
        return await self._post(held, channel, thread, message)

    async def _edit(self, held: ClaimedMessage, place: MessageRef, message: Message) -> MessageRef:
        """Shows a message afresh where it stands; one that somebody deleted is noted as gone."""
        await self._begin_call(held)
        try:
            await self._slack.update(place, message)
        except SlackError as error:
            if error.code in GONE:
                await self._note_nothing_stands(held.post, gone=True)
            raise
        return place

    async def _search(
        self, post: OutboxMessage, channel: str, thread: str | None, *, since: datetime
    ) -> MessageRef | None:
        """Looks for what a lost answer may have left.

        A search that is only held up is made again before anything is posted; one that our token may not make
        at all is none: a message twice is better than none.
        """
        try:
            return await self._slack.find(channel, post=post.id, since=since, thread=thread)
        except SlackError as error:
            if error.code not in UNSEARCHABLE:
                raise
            log.warning("notifier.unsearchable", post=post.id, code=error.code)
            return None

    async def _post(
        self, held: ClaimedMessage, channel: str, thread: str | None, message: Message
    ) -> MessageRef:
        """Posts. A refusal takes the note back that something may stand, unless an earlier try left it."""
        await self._begin_call(held, posting_to=channel)
        try:
            return await self._slack.post(channel, message, post=held.post.id, thread=thread)
        except SlackError as error:
            if not error.unclear and held.post.posting_since is None:
                await self._note_nothing_stands(held.post, gone=False)
            if error.code == CARD_GONE:
                await self._show_card_again(held.post)
            raise

    async def _begin_call(self, held: ClaimedMessage, *, posting_to: str | None = None) -> None:
        """Makes sure that the post is still ours: a late edit would hide a newer one for ever.

        Args:
            held: the post; its lease is prolonged.
            posting_to: the channel that is about to have it; from here on it may stand there.
        """
        since = time.monotonic()
        async with self._store.transaction() as tx:
            if posting_to is None:
                await tx.outbox.renew(held.post)
            else:
                await tx.outbox.posting(held.post, channel=posting_to)
            await tx.commit()
        held.since = since
        held.begin_call(self._timings)

    async def _thread(self, post: OutboxMessage) -> str | None:
        """What belongs into the thread of its request's card waits while that does not stand yet."""
        if not post.kind.is_reply:
            return None
        async with self._store.transaction() as tx:
            card = await tx.outbox.place(f"approval:{post.request}")
        if card is None:
            raise SlackError("no_card_yet", retry_after_s=self._timings.card_wait.total_seconds())
        return card.ts

    async def _show_card_again(self, post: OutboxMessage) -> None:
        """Has the card made anew that somebody deleted, so that its thread can be answered in."""
        async with self._store.transaction() as tx:
            await tx.outbox.refresh(f"approval:{post.request}")
            await tx.commit()

    async def _channel(self, post: OutboxMessage) -> str:
        """A person is written to in their direct conversation; everything else is a channel's id."""
        if post.recipient.startswith(("U", "W")):
            return await self._slack.direct_channel(post.recipient)
        return post.recipient

    async def _note_nothing_stands(self, post: OutboxMessage, *, gone: bool) -> None:
        async with self._store.transaction() as tx:
            await tx.outbox.not_posted(post, gone=gone)
            await tx.commit()

    async def _postpone(self, held: ClaimedMessage, error: SlackError) -> None:
        post = held.post
        log.warning(
            "notifier.postponed", post=post.id, kind=post.kind, code=error.code, attempts=post.attempts
        )
        by = gap(self._timings.retry, post.attempts)
        if error.retry_after_s is not None:
            by = timedelta(seconds=error.retry_after_s)
        try:
            async with self._store.transaction() as tx:
                await tx.outbox.postpone(post, by=timedelta() if error.code in GONE else by)
                await tx.commit()
        except LeaseLostError:
            await self._overtaken(held)

    async def _overtaken(self, held: ClaimedMessage) -> None:
        """Ends a turn that lost its lease; if Slack may have been told something, it is told the latest."""
        log.warning("notifier.lease_lost", post=held.post.id, called=held.called)
        if held.called:
            async with self._store.transaction() as tx:
                await tx.outbox.overtaken(held.post)
                await tx.commit()
