"""Transport to one of Heroku's two APIs: one request, one total deadline, one classified outcome."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.rate_budget import CallPriority
from bot.domain.redaction import Redactor
from bot.domain.text import clean, visible
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
    StoreUnavailableError,
)
from bot.heroku.rate_limiter import RateLimiter
from bot.ports import call_priority

PAGE: Final = 1000
"""Items asked for per page; Heroku's maximum. The next page is named by ``Next-Range``."""

PAGES: Final = 50
"""Pages read at most: an end to a list that never ends."""

REMAINING: Final = "RateLimit-Remaining"
"""The header that tells how many request tokens are left (Platform API reference, "Rate Limits")."""

_UNKNOWN_ADDON: Final = "that add-on."
"""Ends "Couldn't find that add-on.", the message about one that is not known (herokux issue 321, 2023-07)."""

T = TypeVar("T")


class Api:
    """Client of one API.

    Args:
        client: with base URL and authentication.
        limiter: this process' rate limiter; None calls without one.
        deadline: the longest that one call can take, response read.
        redactor: removes secrets from errors, which are logged, stored and shown.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        limiter: RateLimiter | None,
        *,
        deadline: timedelta,
        redactor: Redactor,
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._limiter = limiter
        self._redactor = redactor

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Makes one call within the deadline.

        Raises:
            HerokuError: a subclass that fits the response. All but a clear 4xx and a 429 leave open whether a
                change was made.
        """
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                # Inside the deadline: leases are sized by it, the wait for a token included.
                if self._limiter is not None:
                    await self._limiter.acquire(_priority(method))
                response = await self._client.request(method, path, json=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise HerokuAmbiguousError(0, "timeout", "no answer in time") from error
        except httpx.ConnectError as error:
            raise HerokuAmbiguousError(0, "unreachable", "no connection") from error
        except httpx.HTTPError as error:
            raise HerokuAmbiguousError(0, "cut", "the connection was cut") from error
        # Before the answer is judged, since Heroku sends the header with its errors too.
        await self.correct(response.headers.get(REMAINING, ""))
        if response.is_success:
            return response
        raise _error(response, self._redactor)

    async def whole(self, path: str) -> httpx.Response:
        """Makes a GET of which only a 200 is complete, and proves what is absent."""
        response = await self.call("GET", path)
        if response.status_code != httpx.codes.OK:
            raise HerokuAmbiguousError(response.status_code, "incomplete", "the response is not complete")
        return response

    async def all(
        self, path: str, shape: TypeAdapter[list[T]], *, first: str = f"id ..; max={PAGE}"
    ) -> list[T]:
        """Reads a list to its end: 206 and ``Next-Range`` mean that there is more."""
        found: list[T] = []
        wanted = first
        for _ in range(PAGES):
            headers = {"Range": wanted} if wanted else None
            response = await self.call("GET", path, headers=headers)
            page: list[T] = read(shape, response)
            found += page
            wanted = response.headers.get("Next-Range", "")
            if response.status_code != httpx.codes.PARTIAL_CONTENT or not wanted:
                return found
        raise HerokuAmbiguousError(206, "", f"{path} does not end")

    async def correct(self, left: str) -> None:
        """Corrects the rate budget by a response's header; without the store the response is still used."""
        if self._limiter is not None and left.isdecimal():
            with contextlib.suppress(StoreUnavailableError):
                await self._limiter.correct(int(left))


def read(shape: TypeAdapter[T], response: httpx.Response) -> T:
    """Parses a successful response; one that cannot be parsed says nothing about what was done."""
    try:
        return shape.validate_json(response.content)
    except ValidationError as error:
        raise HerokuAmbiguousError(
            response.status_code, "unreadable", "the response could not be read"
        ) from error


def _priority(method: str) -> CallPriority:
    """Priority of a call: that of its run, but a removal is always one, and an addition never less."""
    # At the Data API PATCH removes accounts; PUT adds them, or replaces a ruleset, which may remove.
    if method in ("DELETE", "PATCH"):
        return CallPriority.REMOVE
    if method == "POST":
        return CallPriority.ADD
    return max(call_priority(), CallPriority.ADD) if method == "PUT" else call_priority()


def _error(response: httpx.Response, redactor: Redactor) -> HerokuError:
    """Classifies an error response by status and id (Platform API reference, "Errors")."""
    # Redacted before it is cut: a part of a secret would not be recognized.
    id, message = (redactor.text(text) for text in _id_and_message(response))
    id, message = clean(id, limit=60), clean(message, limit=300)
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return HerokuRateLimitedError(status, id, message)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return HerokuUnauthorizedError(status, id, message)
    if status == httpx.codes.NOT_FOUND and message.endswith(_UNKNOWN_ADDON):
        return HerokuUnknownAddonError(status, id, message)
    # Only Heroku's own id makes a rejection definite: without it the page may be a proxy's.
    if status == httpx.codes.NOT_FOUND and id == "not_found":
        return HerokuNotFoundError(status, id, message)
    if response.is_client_error and id:
        return HerokuRefusedError(status, id, message)
    return HerokuAmbiguousError(status, id, message)


def _id_and_message(response: httpx.Response) -> tuple[str, str]:
    """Heroku's error id and message; empty when the body is not Heroku's (a proxy's page, a cut response)."""
    try:
        body = response.json()
    # JSON that is nested too deeply raises the latter.
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    # The Platform API answers some requests, such as one without a version, under ``error``.
    id, message = str(body.get("id", "")), str(body.get("message", body.get("error", "")))
    # Before anything is looked for in it: what cannot be seen could stand inside of a word.
    return visible(id), visible(message)
