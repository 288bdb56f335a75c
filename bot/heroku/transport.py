"""One of Heroku's two APIs: one request, one total deadline, one clear outcome."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.rate_budget import CallPriority
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    StoreUnavailableError,
)
from bot.heroku.rate_limiter import RateLimiter
from bot.heroku.schemas.platform import storable
from bot.ports import call_priority

PAGE: Final = 1000
"""Items asked for per page; Heroku's maximum. The next page is named by ``Next-Range``."""

PAGES: Final = 50
"""Pages read at most: an end to a list that never ends."""

REMAINING: Final = "RateLimit-Remaining"
"""The header that tells how many request tokens are left (Platform API reference, "Rate Limits")."""

T = TypeVar("T")


class Api:
    """Calls of one API.

    Args:
        client: knows where the API is, and signs.
        allowance: this process' part of the budget of calls; None calls without one.
        deadline: the longest that one call can take, answer read.
    """

    def __init__(
        self, client: httpx.AsyncClient, allowance: RateLimiter | None, *, deadline: timedelta
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._allowance = allowance

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
            HerokuError: one of its families, as the answer is. Everything but a success, a clear 4xx and a
                429 leaves open whether a change was made.
        """
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                if self._allowance is not None:
                    await self._allowance.spend(_purpose(method))
                answer = await self._client.request(method, path, json=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise HerokuAmbiguousError(0, "timeout", "no answer in time") from error
        except httpx.ConnectError as error:
            raise HerokuAmbiguousError(0, "unreachable", "no connection") from error
        except httpx.HTTPError as error:
            raise HerokuAmbiguousError(0, "cut", "the connection was cut") from error
        await self.correct(answer.headers.get(REMAINING, ""))
        if answer.is_success:
            return answer
        raise _error(answer)

    async def whole(self, path: str) -> httpx.Response:
        """A GET of which only a 200 is complete, and proves what is not there."""
        answer = await self.call("GET", path)
        if answer.status_code != httpx.codes.OK:
            raise HerokuAmbiguousError(answer.status_code, "incomplete", "the answer is not complete")
        return answer

    async def all(
        self, path: str, shape: TypeAdapter[list[T]], *, first: str = f"id ..; max={PAGE}"
    ) -> list[T]:
        """Reads a list to its end: 206 and ``Next-Range`` mean that there is more."""
        found: list[T] = []
        wanted = first
        for _ in range(PAGES):
            headers = {"Range": wanted} if wanted else None
            answer = await self.call("GET", path, headers=headers)
            page: list[T] = read(shape, answer)
            found += page
            wanted = answer.headers.get("Next-Range", "")
            if answer.status_code != httpx.codes.PARTIAL_CONTENT or not wanted:
                return found
        raise HerokuAmbiguousError(206, "", f"{path} does not end")

    async def correct(self, left: str) -> None:
        """Learns how many tokens Heroku says are left; an answer that came is not lost for it."""
        if self._allowance is not None and left.isdecimal():
            with contextlib.suppress(StoreUnavailableError):
                await self._allowance.told(int(left))


def read(shape: TypeAdapter[T], answer: httpx.Response) -> T:
    """Reads a successful answer; one that cannot be read says nothing about what was done."""
    try:
        return shape.validate_json(answer.content)
    except ValidationError as error:
        raise HerokuAmbiguousError(
            answer.status_code, "unreadable", "the answer could not be read"
        ) from error


def _purpose(method: str) -> CallPriority:
    """What a call is for: a removal is one whatever it is part of, and so is what a removal needs to know."""
    if method in ("DELETE", "PATCH"):
        return CallPriority.REMOVE
    if method == "POST":
        return CallPriority.ADD
    return max(call_priority(), CallPriority.ADD) if method == "PUT" else call_priority()


def _error(answer: httpx.Response) -> HerokuError:
    """The error that an answer stands for. Its ids are those of the Platform API reference, "Errors"."""
    id, message = _words(answer)
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return HerokuRateLimitedError(status, id, message)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return HerokuUnauthorizedError(status, id, message)
    if status == httpx.codes.NOT_FOUND and id == "not_found":
        return HerokuNotFoundError(status, id, message)
    if answer.is_client_error and id:
        return HerokuRefusedError(status, id, message)
    return HerokuAmbiguousError(status, id, message)


def _words(answer: httpx.Response) -> tuple[str, str]:
    """Heroku's error id and sentence; empty when the body is not Heroku's (a proxy's page, a cut answer)."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    id, message = str(body.get("id", "")), str(body.get("message", body.get("error", "")))
    return storable(id)[:60], storable(message)[:300]
