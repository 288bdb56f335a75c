"""Slack's Web API as pgaccess calls it, through Slack's own client and one shared connection pool."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.person import Person
from bot.errors import SlackError
from bot.ports import Block, Message, Place

TOTAL: Final = timedelta(seconds=10)
"""The longest that a call of the worker can take."""

HURRY: Final = timedelta(milliseconds=1500)
"""The longest that a call within a person's own 3 seconds can take."""

EVENT: Final = "pgaccess_post"
"""The type of the metadata by which a message of ours is found again."""

_NOT_POSTED: Final = frozenset(
    {
        "account_inactive", "channel_not_found", "invalid_auth", "invalid_blocks", "is_archived",
        "missing_scope", "msg_blocks_too_long", "msg_too_long", "no_text", "not_authed", "not_in_channel",
        "ratelimited", "restricted_action", "token_expired", "token_revoked", "user_not_found",
        "message_not_found", "cant_update_message", "is_inactive",
    }
)  # fmt: skip
"""Answers after which nothing was posted for sure; any other leaves it open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the bot is in its workspace (``auth.test``)."""

    team: str
    bot_id: str
    bot_user: str
    enterprise: str | None


class SlackClient:
    """The calls that pgaccess makes. Use as an async context manager.

    Args:
        token: the bot token.
        url: base of the Web API, with its trailing slash.
    """

    def __init__(self, *, token: str, url: str) -> None:
        self._token = token
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self.web = AsyncWebClient(token=token, base_url=url, retry_handlers=[])

    async def __aenter__(self) -> Self:
        """Opens the pool: without one the client connects anew for each call."""
        timeout = aiohttp.ClientTimeout(total=TOTAL.total_seconds(), connect=3)
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
        """Who we are (``auth.test``): asked once, at the start."""
        answer = await self._call("auth.test", {})
        return Identity(
            team=answer["team_id"],
            bot_id=answer["bot_id"],
            bot_user=answer["user_id"],
            enterprise=answer.get("enterprise_id"),
        )

    async def direct_channel(self, person: str) -> str:
        """The direct conversation with a person (``conversations.open``)."""
        return str((await self._call("conversations.open", {"users": person}))["channel"]["id"])

    async def post(self, channel: str, message: Message, *, post: int) -> Place:
        """Posts a message that carries the post's number in its metadata (``chat.postMessage``)."""
        metadata = {"event_type": EVENT, "event_payload": {"post": post}}
        body = {**_body(message), "channel": channel, "metadata": metadata, "unfurl_links": False}
        answer = await self._call("chat.postMessage", {**body, "unfurl_media": False})
        return Place(channel=answer["channel"], ts=answer["ts"])

    async def update(self, place: Place, message: Message) -> None:
        """Shows a message afresh where it stands (``chat.update``)."""
        await self._call("chat.update", {**_body(message), "channel": place.channel, "ts": place.ts})

    async def find(self, channel: str, *, post: int, since: datetime) -> Place | None:
        """Finds a message that carries the post's number (``conversations.history`` with metadata)."""
        cursor = ""
        while True:
            question = {
                "channel": channel,
                "oldest": f"{since.timestamp():.6f}",
                "include_all_metadata": True,
                "limit": 200,
                "cursor": cursor,
            }
            answer = await self._call("conversations.history", question)
            for message in answer["messages"]:
                if _post_of(message) == post:
                    return Place(channel=channel, ts=message["ts"])
            cursor = _next(answer)
            if not cursor:
                return None

    async def people(self) -> AsyncIterator[Person]:
        """Everybody in the workspace, page by page (``users.list``)."""
        cursor = ""
        while True:
            question = {"limit": 200, "include_locale": True, "cursor": cursor}
            answer = await self._call("users.list", question)
            for member in answer["members"]:
                yield person_of(member)
            cursor = _next(answer)
            if not cursor:
                return

    async def person(self, id: str) -> Person | None:
        """One person (``users.info``); None when Slack does not know them."""
        try:
            return person_of((await self._call("users.info", {"user": id, "include_locale": True}))["user"])
        except SlackError as error:
            if error.code in ("user_not_found", "user_not_visible"):
                return None
            raise

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a form (``views.open``) while its trigger lives: 3 seconds from the click or command."""
        await self._call("views.open", {"trigger_id": trigger, "view": view}, within=HURRY)

    async def respond(self, url: str, message: Message) -> None:
        """Answers a click privately through its own ``response_url``, which only this request knows."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        body = {**_body(message), "response_type": "ephemeral", "replace_original": False}
        try:
            async with asyncio.timeout(HURRY.total_seconds()):
                async with self._session.post(url, json=body) as answer:
                    if answer.status != 200:
                        raise SlackError(f"response_url answered {answer.status}")
        except (TimeoutError, aiohttp.ClientError) as error:
            # The cause may hold the URL, which is a secret: it is not chained.
            raise SlackError(f"unreachable: {type(error).__name__}") from None

    async def _call(
        self, method: str, body: Mapping[str, Any], *, within: timedelta = TOTAL
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within.total_seconds()):
                answer = await self.web.api_call(method, json=dict(body))
        except SlackApiError as error:
            raise _error(error) from error
        except (TimeoutError, aiohttp.ClientError, SlackClientError) as error:
            raise SlackError(
                "unreachable", unclear=not isinstance(error, aiohttp.ClientConnectorError)
            ) from error
        if not isinstance(answer.data, dict):
            raise SlackError("unreadable", unclear=True)
        return answer.data


def person_of(member: Mapping[str, Any]) -> Person:
    """Reads a person from Slack's user object (``users.info``, ``users.list``, event ``user_change``)."""
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
        external=bool(member.get("is_stranger")),
    )


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _post_of(message: Mapping[str, Any]) -> int | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT:
        return None
    number = metadata.get("event_payload", {}).get("post")
    return number if isinstance(number, int) else None


def _next(answer: Mapping[str, Any]) -> str:
    return str((answer.get("response_metadata") or {}).get("next_cursor") or "")


def _error(error: SlackApiError) -> SlackError:
    answer = error.response
    code = "ratelimited" if answer.status_code == 429 else str(answer.get("error") or answer.status_code)
    wait = answer.headers.get("Retry-After") or answer.headers.get("retry-after")
    return SlackError(
        code,
        retry_after_s=float(wait) if wait else None,
        unclear=code not in _NOT_POSTED,
    )
