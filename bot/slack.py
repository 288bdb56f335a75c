"""Slack's Web API as pgaccess calls it, through Slack's own client and one shared connection pool.

Fact: Slack developer documentation, Web API basics, 2026-11: "most write methods" take JSON; the others take
their arguments from the query or a form, and answer a JSON body as if it were empty.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.outside.redaction import Redactor
from bot.domain.outside.response_url import may_be_called
from bot.domain.person import Person
from bot.domain.timings import DEFAULT, Timings
from bot.errors import SlackError
from bot.ports import Block, Message, MessageRef, PeoplePage
from bot.ports.telemetry import NO_TELEMETRY, Service, Telemetry
from bot.slack_answers import Identity, error_of, person_of

HURRY: Final = timedelta(milliseconds=1000)
"""Deadline of a call within the 3 seconds that a person waits."""

LONGEST_WAIT: Final = timedelta(seconds=60)
"""The longest Retry-After that a directory sync waits out; Slack's limits are per minute."""

PAGE: Final = 200
"""Messages a page: what Slack recommends at most (Slack, "Pagination")."""

PEOPLE_A_PAGE: Final = 1000
"""The most that ``users.list`` takes: with 20 calls a minute, 50,000 people are three minutes and not
thirteen."""

EVENT: Final = "pgaccess_post"
"""The type of the metadata by which a message of ours is found again."""

log = structlog.get_logger(__name__)

Json = dict[str, Any]

T = TypeVar("T")


class SlackClient:
    """Client of Slack's Web API; use as an async context manager.

    Args:
        token: the bot token.
        url: base of the Web API, with its trailing slash.
        timings: with the deadline of a call of the worker.
        redactor: removes secrets from what Slack answers; None removes the token alone.
        telemetry: counts the calls.
    """

    def __init__(
        self,
        *,
        token: str,
        url: str,
        timings: Timings = DEFAULT,
        redactor: Redactor | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._deadline = timings.slack_call
        self._redactor = redactor or Redactor((token,))
        self._token = token
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self._identity: Identity | None = None
        self.web = AsyncWebClient(token=token, base_url=url, retry_handlers=[])

    async def __aenter__(self) -> Self:
        """Opens the connection pool: without one each call connects anew."""
        timeout = aiohttp.ClientTimeout(total=self._deadline.total_seconds(), connect=3)
        self._session = aiohttp.ClientSession(timeout=timeout)
        # No retry handler: a repeated chat.postMessage may post twice; the notifier knows when to repeat.
        self.web = AsyncWebClient(
            token=self._token, base_url=self._url, session=self._session, retry_handlers=[]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connection pool."""
        if self._session is not None:
            await self._session.close()

    async def identity(self) -> Identity:
        """Reads who we are (``auth.test``), once: a token never moves to another workspace."""
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
        """Opens the direct conversation with a person (``conversations.open``); returns its id."""
        return str((await self._do("conversations.open", {"users": person}))["channel"]["id"])

    async def post(
        self, channel: str, message: Message, *, number: int, thread: str | None = None
    ) -> MessageRef:
        """Posts a message, perhaps in a thread, with its outbox number as metadata (``chat.postMessage``)."""
        metadata = {"event_type": EVENT, "event_payload": {"post": number, **message.metadata}}
        body = {**_body(message), "channel": channel, "metadata": metadata, "unfurl_links": False}
        if thread is not None:
            body["thread_ts"] = thread
        answer = await self._do("chat.postMessage", {**body, "unfurl_media": False})
        return MessageRef(channel=answer["channel"], ts=answer["ts"])

    async def update(self, place: MessageRef, message: Message) -> None:
        """Replaces a message (``chat.update``)."""
        await self._do("chat.update", {**_body(message), "channel": place.channel, "ts": place.ts})

    async def find(
        self, channel: str, *, number: int, since: datetime, thread: str | None = None
    ) -> MessageRef | None:
        """Finds a message by its outbox number among those posted since a moment.

        Args:
            channel: where it was posted.
            number: its number in the outbox.
            since: aware; the search begins there.
            thread: the message that it replies to, if any. A channel's history has no replies
                (``conversations.history``), a thread has only them (``conversations.replies``).
        """
        params: Json = {
            "channel": channel,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        method = "conversations.history"
        if thread is not None:
            method, params["ts"] = "conversations.replies", thread
        async for response in _pages(self._ask, method, params):
            for message in response["messages"]:
                if _number_of(message) == number:
                    return MessageRef(channel=channel, ts=message["ts"])
        return None

    async def metadata(self, channel: str) -> tuple[Mapping[str, Any], ...]:
        """Reads the metadata of this bot's own messages in a channel (``conversations.history``).

        Slack itself tells whose a message is; what others post is left out, whatever it claims to be.
        """
        us = await self.identity()
        params: Json = {"channel": channel, "include_all_metadata": True, "limit": PAGE}
        return tuple(
            [
                message["metadata"].get("event_payload") or {}
                async for response in _pages(self._ask_patiently, "conversations.history", params)
                for message in response["messages"]
                if message.get("bot_id") == us.bot_id
                and (message.get("metadata") or {}).get("event_type") == EVENT
            ]
        )

    async def people_page(self, cursor: str) -> PeoplePage:
        """Lists one page of everybody in the workspace, deactivated accounts too (``users.list``)."""
        us = await self.identity()
        params: Json = {"limit": PEOPLE_A_PAGE, "include_locale": True}
        answer = await self._ask("users.list", {**params, "cursor": cursor} if cursor else params)
        people = tuple(person_of(member, us) for member in answer["members"])
        return PeoplePage(people=people, next_cursor=_next_cursor(answer))

    async def person(self, id: str) -> Person | None:
        """Reads one person (``users.info``); None when Slack does not know them."""
        us = await self.identity()
        try:
            answer = await self._ask("users.info", {"user": id, "include_locale": True})
        except SlackError as error:
            if error.code in ("user_not_found", "user_not_visible"):
                return None
            raise
        return person_of(answer["user"], us)

    async def publish_home(self, person: str, view: Block) -> None:
        """Publishes a person's App Home (``views.publish``)."""
        await self._do("views.publish", {"user_id": person, "view": view})

    async def group_members(self, group: str, *, patiently: bool = True) -> tuple[str, ...]:
        """Lists the members of a user group by id (``usergroups.users.list``).

        Args:
            group: Slack id.
            patiently: waits out rate limits; False leaves waiting to the caller.
        """
        ask = self._ask_patiently if patiently else self._ask
        answer = await ask("usergroups.users.list", {"usergroup": group})
        return tuple(answer["users"])

    async def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Lists the members of every enabled user group by its id, with one call (``usergroups.list``).

        A group is left out whose members are fewer than its number of members: Slack does not say whether it
        lists those of a large one in full.
        """
        answer = await self._ask("usergroups.list", {"include_users": True, "include_count": True})
        return {
            group["id"]: tuple(group["users"])
            for group in answer["usergroups"]
            # A number in some answers, its text in others.
            if str(group.get("user_count")) == str(len(group.get("users", ())))
        }

    async def hand(self, person: str, message: Message, *, number: int) -> MessageRef:
        """Posts to one person while they wait (``conversations.open``, ``chat.postMessage``)."""
        try:
            async with asyncio.timeout(HURRY.total_seconds()):
                return await self.post(await self.direct_channel(person), message, number=number)
        except TimeoutError:
            raise SlackError("unreachable", unclear=True) from None

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a modal (``views.open``) while its trigger is valid: 3 seconds from the click or command."""
        await self._do("views.open", {"trigger_id": trigger, "view": view}, within=HURRY)

    async def push_view(self, trigger: str, view: Block) -> None:
        """Pushes a modal on top of the one that was clicked in (``views.push``); three is Slack's limit."""
        await self._do("views.push", {"trigger_id": trigger, "view": view}, within=HURRY)

    async def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answers privately through the ``response_url`` of a command or click.

        Args:
            url: a secret of that command or click.
            message: the answer.
            replace: replaces the message that was clicked. The first answer to a command is most likely not
                replaced (bolt-js 2287, bolt-python 1268): then the newer one follows below.

        Raises:
            SlackError: Slack did not take it, or the address is not one of Slack's and was not called.
        """
        if self._session is None:
            raise RuntimeError("the client is not open")
        if not may_be_called(url, api_url=self._url):
            raise SlackError("response_url_not_slack")
        body = {**_body(message), "response_type": "ephemeral", "replace_original": replace}
        await self._counted("response_url", self._respond(self._session, url, body))

    async def _respond(self, session: aiohttp.ClientSession, url: str, body: Json) -> None:
        """Posts to a ``response_url``; raises ``SlackError``."""
        try:
            async with asyncio.timeout(HURRY.total_seconds()):
                # A redirect is none of Slack's answers, and may lead anywhere.
                async with session.post(url, json=body, allow_redirects=False) as response:
                    if response.status != 200:
                        raise SlackError(f"response_url answered {response.status}")
        except (TimeoutError, aiohttp.ClientError) as error:
            # The cause may hold the URL, which is a secret: it is not chained.
            raise SlackError(f"unreachable: {type(error).__name__}") from None

    async def _do(self, method: str, body: Json, *, within: timedelta | None = None) -> Json:
        """Calls a method that changes something, its arguments as JSON."""
        call = self.web.api_call(method, json=body)
        return await self._counted(
            method, _answer(call, within=within or self._deadline, redactor=self._redactor)
        )

    async def _ask(self, method: str, params: Json) -> Json:
        """Calls a method that only reads, its arguments in the query."""
        call = self.web.api_call(method, http_verb="GET", params=params)
        return await self._counted(method, _answer(call, within=self._deadline, redactor=self._redactor))

    async def _counted(self, method: str, call: Awaitable[T]) -> T:
        """Awaits a call, and counts it with how it ended."""
        began, status = time.monotonic(), "cut_off"
        try:
            with self._telemetry.span("slack.call", {"method": method}) as note:
                try:
                    answer = await call
                    status = "ok"
                except SlackError as error:
                    # Of a ``response_url`` the code has more words: the first says what happened.
                    status = error.code.partition(":")[0]
                    raise
                finally:
                    note({"status": status})
            return answer
        finally:
            seconds = time.monotonic() - began
            self._telemetry.call_ended(Service.SLACK, kind="", method=method, status=status, seconds=seconds)

    async def _ask_patiently(self, method: str, params: Json) -> Json:
        """Repeats a call once its rate limit has passed: a sync that restarted each time would never end."""
        while True:
            try:
                return await self._ask(method, params)
            except SlackError as error:
                wait = error.retry_after_s
                if wait is None or wait > LONGEST_WAIT.total_seconds():
                    raise
            log.info("slack.waiting", method=method, seconds=wait)
            await asyncio.sleep(wait)


async def _answer(call: Awaitable[AsyncSlackResponse], *, within: timedelta, redactor: Redactor) -> Json:
    """Waits for a response within one total deadline; every failure becomes a ``SlackError``."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            answer = await call
    except SlackApiError as error:
        raise error_of(error, redactor) from error
    except (TimeoutError, aiohttp.ClientError, SlackClientError) as error:
        # Without a connection nothing was sent, so nothing can have been posted.
        raise SlackError(
            "unreachable", unclear=not isinstance(error, aiohttp.ClientConnectorError)
        ) from error
    if not isinstance(answer.data, dict):
        raise SlackError("unreadable", unclear=True)
    # Anybody may write a secret of ours into a name, which is stored and shown.
    found: Json = redactor.value(answer.data)
    return found


async def _pages(
    ask: Callable[[str, Json], Awaitable[Json]], method: str, params: Json
) -> AsyncIterator[Json]:
    """Reads every page of a list: after the last one the next cursor is empty (Slack, "Pagination")."""
    cursor = ""
    while True:
        answer = await ask(method, {**params, "cursor": cursor} if cursor else params)
        yield answer
        cursor = _next_cursor(answer)
        if not cursor:
            return


def _next_cursor(answer: Json) -> str:
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _number_of(message: Mapping[str, Any]) -> int | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT:
        return None
    number = metadata.get("event_payload", {}).get("post")
    return number if isinstance(number, int) else None
