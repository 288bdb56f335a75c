"""Slack's Web API as pgaccess calls it, through Slack's own client and one shared connection pool.

Fact: Slack developer documentation, Web API basics, 2026-11: "most write methods" take JSON; the others take
their arguments from the query or a form, and answer a JSON body as if it were empty.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.person import Person
from bot.domain.timings import DEFAULT, Timings
from bot.errors import SlackError
from bot.ports import Block, Message, MessageRef

HURRY: Final = timedelta(milliseconds=1000)
"""The longest that a call within a person's own 3 seconds can take."""

LONGEST_WAIT: Final = timedelta(seconds=60)
"""The longest Retry-After that a count waits out; Slack's limits are per minute."""

PAGE: Final = 200
"""Items a page: what Slack recommends at most (Slack, "Pagination")."""

EVENT: Final = "pgaccess_post"
"""The type of the metadata by which a message of ours is found again."""

_NOT_POSTED: Final = frozenset(
    {
        "account_inactive", "channel_not_found", "invalid_auth", "invalid_blocks", "is_archived",
        "missing_scope", "msg_blocks_too_long", "msg_too_long", "no_text", "not_authed", "not_in_channel",
        "ratelimited", "restricted_action", "token_expired", "token_revoked", "user_not_found",
        "message_not_found", "cant_update_message", "is_inactive", "thread_not_found",
    }
)  # fmt: skip
"""Answers after which nothing was posted for sure; any other leaves it open."""


log = structlog.get_logger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the bot is in its workspace (``auth.test``).

    Attributes:
        enterprise: the Enterprise Grid organisation that the workspace belongs to, if any.
    """

    team: str
    bot_id: str
    bot_user: str
    enterprise: str | None


class SlackClient:
    """The calls that pgaccess makes. Use as an async context manager.

    Args:
        token: the bot token.
        url: base of the Web API, with its trailing slash.
        timings: with the deadline of a call of the worker.
    """

    def __init__(self, *, token: str, url: str, timings: Timings = DEFAULT) -> None:
        self._deadline = timings.slack_call
        self._token = token
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self._identity: Identity | None = None
        self.web = AsyncWebClient(token=token, base_url=url, retry_handlers=[])

    async def __aenter__(self) -> Self:
        """Opens the pool: without one the client connects anew for each call."""
        timeout = aiohttp.ClientTimeout(total=self._deadline.total_seconds(), connect=3)
        self._session = aiohttp.ClientSession(timeout=timeout)
        # No retry handler: a repeated chat.postMessage may post twice; the courier knows when to repeat.
        self.web = AsyncWebClient(
            token=self._token, base_url=self._url, session=self._session, retry_handlers=[]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the pool."""
        if self._session is not None:
            await self._session.close()

    async def identity(self) -> Identity:
        """Who we are (``auth.test``); asked once, for no token ever moves to another workspace."""
        if self._identity is None:
            answer = await self._do("auth.test", {})
            self._identity = Identity(
                team=answer["team_id"],
                bot_id=answer["bot_id"],
                bot_user=answer["user_id"],
                enterprise=answer.get("enterprise_id"),
            )
        return self._identity

    async def direct_channel(self, person: str) -> str:
        """The direct conversation with a person (``conversations.open``)."""
        return str((await self._do("conversations.open", {"users": person}))["channel"]["id"])

    async def post(
        self, channel: str, message: Message, *, post: int, thread: str | None = None
    ) -> MessageRef:
        """Posts a message, perhaps in a thread, with the post's number as metadata (``chat.postMessage``)."""
        metadata = {"event_type": EVENT, "event_payload": {"post": post}}
        body = {**_body(message), "channel": channel, "metadata": metadata, "unfurl_links": False}
        if thread is not None:
            body["thread_ts"] = thread
        answer = await self._do("chat.postMessage", {**body, "unfurl_media": False})
        return MessageRef(channel=answer["channel"], ts=answer["ts"])

    async def update(self, place: MessageRef, message: Message) -> None:
        """Shows a message afresh where it stands (``chat.update``)."""
        await self._do("chat.update", {**_body(message), "channel": place.channel, "ts": place.ts})

    async def find(
        self, channel: str, *, post: int, since: datetime, thread: str | None = None
    ) -> MessageRef | None:
        """Finds a message that carries the post's number, posted after a moment.

        Args:
            channel: where it was posted.
            post: its number.
            since: aware; the search begins there.
            thread: the message that it answers, if any. A channel's history has no replies
                (``conversations.history``), a thread has only them (``conversations.replies``).
        """
        question: Json = {
            "channel": channel,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        method = "conversations.history"
        if thread is not None:
            method, question["ts"] = "conversations.replies", thread
        async for answer in _pages(self._ask, method, question):
            for message in answer["messages"]:
                if _post_of(message) == post:
                    return MessageRef(channel=channel, ts=message["ts"])
        return None

    async def people(self) -> AsyncIterator[Person]:
        """Everybody in the workspace, page by page (``users.list``); waits where a rate limit says so."""
        us = await self.identity()
        question = {"limit": PAGE, "include_locale": True}
        async for answer in _pages(self._ask_patiently, "users.list", question):
            for member in answer["members"]:
                yield person_of(member, us)

    async def person(self, id: str) -> Person | None:
        """One person (``users.info``); None when Slack does not know them."""
        us = await self.identity()
        try:
            answer = await self._ask("users.info", {"user": id, "include_locale": True})
        except SlackError as error:
            if error.code in ("user_not_found", "user_not_visible"):
                return None
            raise
        return person_of(answer["user"], us)

    async def publish_home(self, person: str, view: Block) -> None:
        """Shows a person's App Home (``views.publish``)."""
        await self._do("views.publish", {"user_id": person, "view": view})

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Ids of the people in a user group (``usergroups.users.list``); waits where a rate limit says so."""
        answer = await self._ask_patiently("usergroups.users.list", {"usergroup": group})
        return tuple(answer["users"])

    async def hand(self, person: str, message: Message, *, post: int) -> MessageRef:
        """Writes to one person while somebody waits (``conversations.open``, ``chat.postMessage``)."""
        try:
            async with asyncio.timeout(HURRY.total_seconds()):
                return await self.post(await self.direct_channel(person), message, post=post)
        except TimeoutError:
            raise SlackError("unreachable", unclear=True) from None

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a form (``views.open``) while its trigger lives: 3 seconds from the click or command."""
        await self._do("views.open", {"trigger_id": trigger, "view": view}, within=HURRY)

    async def push_view(self, trigger: str, view: Block) -> None:
        """Puts a form on top of the one that was clicked in (``views.push``); three are the most."""
        await self._do("views.push", {"trigger_id": trigger, "view": view}, within=HURRY)

    async def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answers privately through a request's own ``response_url``, which only this request knows.

        Args:
            url: the request's.
            message: what is said.
            replace: in the place of what was used. A command's own first answer is most likely not replaced
                (bolt-js 2287, bolt-python 1268): then the newer one stands below.
        """
        if self._session is None:
            raise RuntimeError("the client is not open")
        body = {**_body(message), "response_type": "ephemeral", "replace_original": replace}
        try:
            async with asyncio.timeout(HURRY.total_seconds()):
                async with self._session.post(url, json=body) as answer:
                    if answer.status != 200:
                        raise SlackError(f"response_url answered {answer.status}")
        except (TimeoutError, aiohttp.ClientError) as error:
            # The cause may hold the URL, which is a secret: it is not chained.
            raise SlackError(f"unreachable: {type(error).__name__}") from None

    async def _do(self, method: str, body: Json, *, within: timedelta | None = None) -> Json:
        """Calls a method that changes something, its arguments as JSON."""
        return await _answer(self.web.api_call(method, json=body), within=within or self._deadline)

    async def _ask(self, method: str, question: Json) -> Json:
        """Calls a method that only reads, its arguments in the query."""
        call = self.web.api_call(method, http_verb="GET", params=question)
        return await _answer(call, within=self._deadline)

    async def _ask_patiently(self, method: str, question: Json) -> Json:
        """Asks again once a rate limit has passed: a count begun anew each time would never be complete."""
        while True:
            try:
                return await self._ask(method, question)
            except SlackError as error:
                wait = error.retry_after_s
                if wait is None or wait > LONGEST_WAIT.total_seconds():
                    raise
            log.info("slack.waiting", method=method, seconds=wait)
            await asyncio.sleep(wait)


def person_of(member: Mapping[str, Any], us: Identity) -> Person:
    """Reads a person from Slack's user object (``users.info``, ``users.list``, event ``user_change``).

    Args:
        member: the user object.
        us: our workspace; who is at home in another one is external.
    """
    profile = member.get("profile", {})
    name = profile.get("display_name") or member.get("real_name") or member.get("name") or member["id"]
    return Person(
        id=member["id"],
        name=name,
        locale=member.get("locale", ""),
        zone=member.get("tz") or "UTC",
        deactivated=bool(member.get("deleted")),
        bot=bool(member.get("is_bot")) or member["id"] == "USLACKBOT",
        guest=bool(member.get("is_restricted") or member.get("is_ultra_restricted")),
        external=bool(member.get("is_stranger")) or not _at_home(member, us),
    )


def _at_home(member: Mapping[str, Any], us: Identity) -> bool:
    """Whether somebody belongs to our workspace, or to the Enterprise Grid organisation that it is part of.

    ``is_stranger`` is only set for people with whom the bot shares no channel: those who come through a
    shared channel are told by their workspace alone (Slack, "Slack Connect", external members).
    """
    home = member.get("team_id")
    organisation = (member.get("enterprise_user") or {}).get("enterprise_id")
    return (
        not home or home == us.team or (us.enterprise is not None and us.enterprise in (home, organisation))
    )


async def _answer(call: Awaitable[AsyncSlackResponse], *, within: timedelta) -> Json:
    """Waits for an answer, one total deadline for all of it; whatever goes wrong is a ``SlackError``."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            answer = await call
    except SlackApiError as error:
        raise _error(error) from error
    except (TimeoutError, aiohttp.ClientError, SlackClientError) as error:
        raise SlackError(
            "unreachable", unclear=not isinstance(error, aiohttp.ClientConnectorError)
        ) from error
    if not isinstance(answer.data, dict):
        raise SlackError("unreadable", unclear=True)
    return answer.data


async def _pages(
    ask: Callable[[str, Json], Awaitable[Json]], method: str, question: Json
) -> AsyncIterator[Json]:
    """Every page of an answer: after the last one the next cursor is empty (Slack, "Pagination")."""
    cursor = ""
    while True:
        answer = await ask(method, {**question, "cursor": cursor} if cursor else question)
        yield answer
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _post_of(message: Mapping[str, Any]) -> int | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT:
        return None
    number = metadata.get("event_payload", {}).get("post")
    return number if isinstance(number, int) else None


def _error(error: SlackApiError) -> SlackError:
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse) or not isinstance(answer.data, dict):
        # Slack's client hands on what it could not read, for example a proxy's page.
        return SlackError("unreadable", unclear=True)
    code = "ratelimited" if answer.status_code == 429 else str(answer.get("error") or answer.status_code)
    wait = answer.headers.get("Retry-After") or answer.headers.get("retry-after")
    return SlackError(
        code,
        retry_after_s=float(wait) if wait else None,
        unclear=code not in _NOT_POSTED,
    )
