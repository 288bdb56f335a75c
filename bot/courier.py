"""Keeps Slack in step with the store: cards that are behind are shown afresh, notices are sent once."""

from datetime import timedelta
from typing import Final

import structlog

from bot.domain import schedule
from bot.domain.policy import Policy
from bot.errors import LeaseLostError, SlackError
from bot.messages.render import render
from bot.messages.words import Words
from bot.ports import Clock, Message, Place, Post, Slack, Store

SEARCH_BACK: Final = timedelta(minutes=5)
"""How far before a lost answer its message is searched for: the two clocks may differ."""

GONE: Final = frozenset({"message_not_found", "cant_update_message"})
"""Slack's words for a message that somebody deleted: it is posted afresh."""

log = structlog.get_logger(__name__)


class Courier:
    """Takes one post at a time."""

    def __init__(self, *, store: Store, slack: Slack, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._slack = slack
        self._policy = policy
        self._clock = clock

    async def claim(self) -> Post | None:
        """Takes the post that has been due the longest; None when all is told."""
        async with self._store.transaction() as tx:
            post = await tx.posts.claim()
            await tx.commit()
            return post

    async def next_due(self) -> timedelta | None:
        """How long until there is something to claim."""
        async with self._store.transaction() as tx:
            return await tx.posts.next_due()

    async def work(self, post: Post) -> None:
        """Shows one post. What Slack does not take is tried again later, for as long as it takes."""
        try:
            message = await self._render(post)
            place = await self._show(post, message)
            async with self._store.transaction() as tx:
                await tx.posts.shown(post, place)
                await tx.commit()
        except LeaseLostError:
            log.warning("courier.lease_lost", post=post.id)
        except SlackError as error:
            await self._postpone(post, error)

    async def _render(self, post: Post) -> Message:
        async with self._store.transaction() as tx:
            case = None if post.request is None else await tx.requests.case(post.request)
            locale = await tx.people.locale(post.recipient)
        words = Words.of(locale if locale else self._policy.language)
        return render(post, case, words=words, policy=self._policy)

    async def _show(self, post: Post, message: Message) -> Place:
        if post.place is not None:
            await self._slack.update(post.place, message)
            return post.place
        channel = post.channel or await self._channel(post)
        if post.posting_since is not None:
            since = post.posting_since - SEARCH_BACK
            standing = await self._slack.find(channel, post=post.id, since=since)
            if standing is not None:
                await self._slack.update(standing, message)
                return standing
        async with self._store.transaction() as tx:
            await tx.posts.posting(post, channel=channel)
            await tx.commit()
        return await self._slack.post(channel, message, post=post.id)

    async def _channel(self, post: Post) -> str:
        """A person is written to in their direct conversation; everything else is a channel's id."""
        if post.recipient.startswith(("U", "W")):
            return await self._slack.direct_channel(post.recipient)
        return post.recipient

    async def _postpone(self, post: Post, error: SlackError) -> None:
        log.warning("courier.postponed", post=post.id, kind=post.kind, code=error.code, tries=post.tries)
        by = schedule.gap(schedule.TROUBLE, post.tries)
        if error.retry_after_s is not None:
            by = timedelta(seconds=error.retry_after_s)
        try:
            async with self._store.transaction() as tx:
                if not error.unclear:
                    await tx.posts.not_posted(post, gone=error.code in GONE)
                await tx.posts.postpone(post, by=timedelta() if error.code in GONE else by)
                await tx.commit()
        except LeaseLostError:
            log.warning("courier.lease_lost", post=post.id)
