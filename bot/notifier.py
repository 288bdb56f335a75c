"""The notifier: sends the outbox's messages to Slack, and edits those whose shown version is behind."""

import hashlib
import json
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.access_review import ReviewPage
from bot.domain.policy.rules import Policy
from bot.domain.reports.lost_channel import LOST, REFUSED_IN_THREADS, Delivery, is_channel, is_lost
from bot.domain.schedule import gap
from bot.domain.signed_note import sign
from bot.domain.timings import DEFAULT, Timings
from bot.errors import LeaseLostError, SlackError
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, MessageRef, OutboxMessage, Slack, Store, Transaction
from bot.ports.assertions import TOPICS
from bot.ports.findings import CARDS
from bot.services import Services
from bot.services.reasons import readable_in
from bot.services.reports.notes import read_note
from bot.services.reviews.access_reviews import page_in
from bot.views.app_home import home
from bot.views.render import concerned, render

SEARCH_BACK: Final = timedelta(minutes=5)
"""How far before a lost answer the search for its message begins: the two clocks may differ."""

GONE: Final = frozenset({"message_not_found", "cant_update_message"})
"""Slack's error codes for a message that somebody deleted: it is posted again."""

CARD_GONE: Final = "thread_not_found"
"""Slack's error code for a thread whose first message was deleted."""

UNSEARCHABLE: Final = frozenset({"missing_scope", CARD_GONE})
"""Slack's error codes for a search that is not possible: no right to read there, or the card was deleted."""

UNREACHABLE: Final = frozenset({"user_disabled", "user_not_found", "cannot_dm_bot"})
"""Slack's error codes for a person who has left: nothing can be shown to them, and nobody waits for it."""

CARD_PATIENCE: Final = 60
"""Attempts of a reply, a second apart, until it waits longer: the channel of its card may be lost."""

HOME: Final = "home"
"""Takes the place of a message's timestamp: an App Home is published whole, and never searched for."""

EDIT_CLOSED: Final = "edit_window_closed"
"""Slack's error code for a message older than the workspace lets be edited (``chat.update``): it stays."""

log = structlog.get_logger(__name__)


def _digest(message: Message) -> str:
    """SHA-256 of everything that Slack is asked to show."""
    content = json.dumps([message.text, list(message.blocks)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _is_left_alone(message: OutboxMessage, error: SlackError) -> bool:
    """Whether an edit that Slack refused is not tried again, and the message not posted anew.

    A notification that somebody deleted was read: what became of it needs no message of its own.
    """
    read = TOPICS[message.kind].follows_request and not message.kind.is_card
    return error.code == EDIT_CLOSED or (error.code in GONE and read)


@dataclass(kw_only=True, slots=True)
class ClaimedMessage:
    """A claimed message, for as long as its lease holds.

    Attributes:
        since: monotonic seconds, taken before the lease was.
        called: Slack may have been called to show it.
        delivery: how Slack took it; None where no call was answered.
        place: where it is, or was, if it is left alone from now on.
    """

    message: OutboxMessage
    since: float
    called: bool = False
    delivery: Delivery | None = None
    place: MessageRef | None = None

    def begin_call(self, timings: Timings) -> None:
        """Lets a call start only if its total deadline fits into what is left of the lease.

        Measured on a clock that runs on while the process is stopped.

        Raises:
            LeaseLostError: too little is left.
        """
        left = timings.lease - timedelta(seconds=time.monotonic() - self.since)
        if left < timings.slack_call + timings.margin:
            raise LeaseLostError("too little is left of the lease to begin a call")
        self.called = True


class Notifier:
    """Brings one message at a time up to date in Slack.

    Args:
        store: with the outbox.
        slack: where messages are shown.
        policy: its language, and what cards say of it.
        services: what an App Home shows.
        note_key: signs notes of what is open.
        timings: of leases, calls and retries.
    """

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        policy: Policy,
        services: Services,
        note_key: bytes,
        timings: Timings = DEFAULT,
    ) -> None:
        self._note_key = note_key
        self._timings = timings
        self._store = store
        self._slack = slack
        self._policy = policy
        self._services = services

    async def claim(self) -> ClaimedMessage | None:
        """Claims the message that has been due the longest; None when none is due."""
        # Before the claim: the lease may only be thought shorter than it is.
        since = time.monotonic()
        async with self._store.transaction() as tx:
            message = await tx.outbox.claim()
            await tx.commit()
            return None if message is None else ClaimedMessage(message=message, since=since)

    async def next_due(self) -> timedelta | None:
        """Time until something can be claimed."""
        async with self._store.transaction() as tx:
            return await tx.outbox.next_due()

    async def work(self, claimed: ClaimedMessage) -> None:
        """Sends or edits one message. What Slack rejects is tried again later, for as long as it takes."""
        message, shown = claimed.message, None
        try:
            if message.kind is MessageKind.HOME:
                place = await self._show_home(claimed)
            else:
                # Rendered after the claim: a later change raises the version, and the message is edited
                # again.
                rendered = await self._render(message)
                shown = _digest(rendered)
                place = await self._show(claimed, rendered, shown)
            async with self._store.transaction() as tx:
                # First: it locks many messages, this one among them, in the order of their numbers.
                if claimed.delivery is not None and is_channel(message.recipient):
                    channel, delivery = message.recipient, claimed.delivery
                    await self._services.lost_channels.deliver(tx, channel, delivery, message=message.id)
                await tx.outbox.sent(message, place, shown=shown)
                await tx.commit()
        except LeaseLostError:
            await self._overtaken(claimed)
        except SlackError as error:
            if error.code in UNREACHABLE or _is_left_alone(message, error):
                await self._give_up(claimed, error)
            else:
                await self._postpone(claimed, error)

    async def _render(self, message: OutboxMessage) -> Message:
        async with self._store.transaction() as tx:
            details = None if message.request is None else await tx.requests.details(message.request)
            finding = await self._services.findings.of_message(tx, message) if message.kind in CARDS else None
            page = await self._page(tx, message)
            listed = {id: await tx.requests.details(id) for id in concerned(message, page)}
            locale = await tx.slack_users.locale(message.recipient)
        found = {
            id: readable_in(self._policy, each, message) for id, each in listed.items() if each is not None
        }
        if details is not None:
            details = readable_in(self._policy, details, message)
        t = Translator.of(locale if locale else self._policy.language, networks=self._policy.networks)
        rendered = render(
            message, details, t=t, policy=self._policy, listed=found, finding=finding, page=page
        )
        if message.kind is MessageKind.NOTE:
            return replace(rendered, metadata=sign(read_note(message.params), self._note_key))
        return rendered

    async def _page(self, tx: Transaction, message: OutboxMessage) -> ReviewPage | None:
        """What a message of an access review shows: the answers are kept with the review."""
        if message.kind is not MessageKind.ACCESS_REVIEW:
            return None
        params = message.params
        page = int(params["page"]) if "page" in params else None
        return await page_in(tx, int(params["review"]), int(params["group"]), page)

    async def _show_home(self, claimed: ClaimedMessage) -> MessageRef:
        """Publishes a person's App Home, which is in no channel."""
        person = claimed.message.recipient
        summary = await self._services.queries.home_summary(person)
        locale = await self._services.members.locale(person)
        t = Translator.of(locale, networks=self._policy.networks)
        view = home(summary, t=t, policy=self._policy)
        await self._begin_call(claimed)
        await self._slack.publish_home(person, view)
        return MessageRef(channel=person, ts=HOME)

    async def _show(self, claimed: ClaimedMessage, rendered: Message, digest: str) -> MessageRef:
        """Edits the message, or posts it; an attempt whose answer was lost is searched for first."""
        message = claimed.message
        if message.place is not None and message.shown == digest:
            # Its request has changed, and what it says of that has not.
            return message.place
        if message.place is not None:
            return await self._edit(claimed, message.place, rendered)
        # An earlier attempt's channel is kept, because it is there that the search has to look.
        channel = message.channel or await self._channel(message)
        thread = await self._thread(message)
        if message.posting_since is not None:
            since = message.posting_since - SEARCH_BACK
            found = await self._search(message, channel, thread, since=since)
            if found is None and thread is not None:
                # Its thread may have refused it.
                found = await self._search(message, channel, None, since=since)
            if found is not None:
                return await self._edit(claimed, found, rendered)
        return await self._post(claimed, channel, thread, rendered)

    async def _edit(self, claimed: ClaimedMessage, place: MessageRef, rendered: Message) -> MessageRef:
        """Edits a message where it is; a deleted one that is posted again is recorded as not posted."""
        await self._begin_call(claimed)
        try:
            await self._slack.update(place, rendered)
        except SlackError as error:
            if _is_left_alone(claimed.message, error):
                # Where it is, or was, is kept: without that the next change would post it anew.
                claimed.place = place
            elif error.code in GONE:
                await self._record_not_posted(claimed.message, gone=True)
            raise
        claimed.delivery = Delivery.EDIT
        return place

    async def _search(
        self, message: OutboxMessage, channel: str, thread: str | None, *, since: datetime
    ) -> MessageRef | None:
        """Searches for what an attempt with a lost answer may have posted.

        A search that fails for a while is repeated before anything is posted; one that our token may not make
        is skipped: a message twice is better than none.
        """
        try:
            return await self._slack.find(channel, number=message.id, since=since, thread=thread)
        except SlackError as error:
            if error.code not in UNSEARCHABLE:
                raise
            log.warning("notifier.unsearchable", message=message.id, code=error.code)
            return None

    async def _post(
        self, claimed: ClaimedMessage, channel: str, thread: str | None, rendered: Message
    ) -> MessageRef:
        """Posts; outside of a thread that refuses it.

        After a rejection nothing can be in Slack, unless an earlier attempt left it.
        """
        await self._begin_call(claimed, posting_to=channel)
        try:
            place = await self._slack.post(channel, rendered, number=claimed.message.id, thread=thread)
        except SlackError as error:
            if thread is not None and error.code in REFUSED_IN_THREADS:
                return await self._post(claimed, channel, None, rendered)
            if not error.unclear and claimed.message.posting_since is None:
                await self._record_not_posted(claimed.message, gone=False)
            if error.code == CARD_GONE:
                await self._show_card_again(claimed.message)
            raise
        claimed.delivery = Delivery.POST if thread is None else Delivery.REPLY
        return place

    async def _begin_call(self, claimed: ClaimedMessage, *, posting_to: str | None = None) -> None:
        """Prolongs the lease before a call: an edit after it was lost would hide a newer one for ever.

        Args:
            claimed: the message.
            posting_to: the channel it is about to be posted to; from here on it may be there.
        """
        since = time.monotonic()
        async with self._store.transaction() as tx:
            if posting_to is None:
                await tx.outbox.renew(claimed.message)
            else:
                await tx.outbox.begin_post(claimed.message, channel=posting_to)
            await tx.commit()
        claimed.since = since
        claimed.begin_call(self._timings)

    async def _thread(self, message: OutboxMessage) -> str | None:
        """The thread of a reply: that of its request's card, which it waits for until the card is posted."""
        if not message.kind.is_reply:
            return None
        async with self._store.transaction() as tx:
            card = await tx.outbox.message_ref(f"approval:{message.request}")
        if card is None:
            late = message.attempts - CARD_PATIENCE
            wait = self._timings.card_wait if late < 0 else gap(self._timings.lost_channel, late)
            raise SlackError("no_card_yet", retry_after_s=wait.total_seconds())
        return card.ts

    async def _show_card_again(self, message: OutboxMessage) -> None:
        """Marks a deleted card to be posted again, so that its thread can be replied to."""
        async with self._store.transaction() as tx:
            await tx.outbox.refresh(f"approval:{message.request}")
            await tx.commit()

    async def _channel(self, message: OutboxMessage) -> str:
        """The conversation to post to: a person's direct conversation, or the channel itself."""
        if message.recipient.startswith(("U", "W")):
            return await self._slack.direct_channel(message.recipient)
        return message.recipient

    async def _record_not_posted(self, message: OutboxMessage, *, gone: bool) -> None:
        async with self._store.transaction() as tx:
            await tx.outbox.not_sent(message, gone=gone)
            await tx.commit()

    async def _give_up(self, claimed: ClaimedMessage, error: SlackError) -> None:
        """Lets a message rest: its recipient has left, somebody deleted it, or it can no longer be edited."""
        log.info("notifier.unreachable", message=claimed.message.id, code=error.code)
        try:
            async with self._store.transaction() as tx:
                await tx.outbox.undeliverable(claimed.message, place=claimed.place)
                await tx.commit()
        except LeaseLostError:
            await self._overtaken(claimed)

    async def _postpone(self, claimed: ClaimedMessage, error: SlackError) -> None:
        message = claimed.message
        log.warning(
            "notifier.postponed",
            message=message.id,
            kind=message.kind,
            code=error.code,
            attempts=message.attempts,
        )
        # Somebody has to bring a channel back: until then it is tried less and less often.
        in_vain = is_channel(message.recipient) and error.code in LOST
        by = gap(self._timings.lost_channel if in_vain else self._timings.retry, message.attempts)
        if error.retry_after_s is not None:
            by = timedelta(seconds=error.retry_after_s)
        try:
            async with self._store.transaction() as tx:
                if is_lost(message.recipient, error.code, attempts=message.attempts + 1):
                    await self._services.lost_channels.lose(tx, message.recipient, error.code)
                # Its place was cleared just now: the next attempt posts it anew, with nothing to wait for.
                await tx.outbox.postpone(message, by=timedelta() if error.code in GONE else by)
                await tx.commit()
        except LeaseLostError:
            await self._overtaken(claimed)

    async def _overtaken(self, claimed: ClaimedMessage) -> None:
        """Ends without a lease; if Slack may have been called, the message is marked to be sent once more."""
        log.warning("notifier.lease_lost", message=claimed.message.id, called=claimed.called)
        if claimed.called:
            async with self._store.transaction() as tx:
                await tx.outbox.resend(claimed.message)
                await tx.commit()
