"""Transport to one of Heroku's two APIs: one request, one total deadline, one classified outcome."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.outside.call_kinds import kind_of
from bot.domain.outside.redaction import Redactor
from bot.domain.outside.retry_after import read_retry_after
from bot.domain.outside.text import clean, visible
from bot.domain.rate_budget import CallPriority
from bot.errors import (
    HerokuAmbiguousError,
    HerokuBusyError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
    RateBudgetExhaustedError,
    StoreUnavailableError,
)
from bot.heroku.bounded_body import read_body
from bot.heroku.json_body import parse
from bot.heroku.rate_limiter import RateLimiter
from bot.ports import call_priority
from bot.ports.telemetry import NO_TELEMETRY, Service, Telemetry

PAGE: Final = 1000
"""Items asked for per page; Heroku's maximum. The next page is named by ``Next-Range``."""

PAGES: Final = 50
"""Pages read at most: an end to a list that never ends."""

LARGEST_LIST: Final = 32 * 2**20
"""Bytes of all pages of a list at most: more than ten thousand add-ons."""

CUT_OFF: Final = "cut_off"
"""Stands for the status of a call that ended with its process, or with the work that it was a part of."""

NOT_SENT: Final = "not_sent"
"""Stands for the status of a call that was not made: the rate budget had no token, or was unknown."""

_DIGITS: Final = 9
"""Digits of a number of request tokens that is believed."""

REMAINING: Final = "RateLimit-Remaining"
"""The header that tells how many request tokens are left (Platform API reference, "Rate Limits")."""

_UNKNOWN_ADDON: Final = "that add-on."
"""Ends "Couldn't find that add-on.", the message about one that is not known (herokux issue 321, 2023-07)."""

_NO_ADDON: Final = re.compile(r"couldn.t find that add[- ]?on\.?$", re.IGNORECASE)
_NO_SPACE: Final = re.compile(r"couldn.t find that space\.?$", re.IGNORECASE)
"""Words of the Platform API's 404 for what does not exist; an app or an attachment has another word."""

_MAY_PASS: Final = (
    httpx.codes.BAD_REQUEST,
    httpx.codes.CONFLICT,
    httpx.codes.UNPROCESSABLE_ENTITY,
    httpx.codes.LOCKED,
)
_PASSES: Final = re.compile(
    r"\bwait\b|\b(try|retry)( it| this)?( again)? (later|soon|shortly|in|after|when|once)\b"
    r"|\bin the middle of\b|\bin progress\b|\b(is|are) (currently |still )?being\b|\btemporar"
    r"|\b(in|under) maintenance\b|\bnot (ready|available) yet\b|\bnot yet (ready|available)\b",
    re.IGNORECASE,
)
"""Words of a rejection that passes by itself. Heroku has one id, ``unprocessable_entity``, for these and for
definite ones (official CLI's tests ``pg/upgrade``: "in the middle of a version upgrade … wait")."""

_OF_THE_BODY: Final = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that are about a body as it was sent, and not as it was unpacked."""

_VERBATIM: Final = re.compile("/(inbound-rulesets?|config-vars)$")
"""Paths whose answers keep what looks like a secret of ours: a space's list is written back exactly as it is,
and a config var may be the very address that is to be tried; no other one is kept."""

_JSON: Final = {"Content-Type": "application/json"}

T = TypeVar("T")


class Api:
    """Client of one API.

    Args:
        client: with base URL and authentication.
        limiter: this process' rate limiter; None calls without one.
        deadline: the longest that one call can take, response read.
        redactor: removes secrets from answers, which are logged, stored and shown.
        telemetry: counts the calls.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        limiter: RateLimiter | None,
        *,
        deadline: timedelta,
        redactor: Redactor,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
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
        began, kind, status = time.monotonic(), kind_of(path), CUT_OFF
        try:
            with self._telemetry.span("heroku.call", {"kind": kind, "http.request.method": method}) as note:
                try:
                    response = await self._call(method, path, body, headers)
                    status = str(response.status_code)
                except (HerokuError, StoreUnavailableError) as error:
                    status = _status_of(error)
                    raise
                finally:
                    note({"status": status})
            return response
        finally:
            seconds = time.monotonic() - began
            self._telemetry.call_ended(
                Service.HEROKU, kind=kind, method=method, status=status, seconds=seconds
            )

    async def _call(
        self, method: str, path: str, body: object, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        """Makes one call; raises as ``call`` does."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                # Inside the deadline: leases are sized by it, the wait for a token included.
                if self._limiter is not None:
                    await self._limiter.acquire(_priority(method))
                # In ASCII: what somebody else wrote and is written back may have halves of surrogate pairs.
                content = None if body is None else json.dumps(body).encode()
                sent = {**(headers or {}), **({} if body is None else _JSON)}
                response = await self._send(method, path, content, sent)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise HerokuAmbiguousError(0, "timeout", "no answer in time") from error
        except httpx.ConnectError as error:
            raise HerokuAmbiguousError(0, "unreachable", "no connection") from error
        except httpx.HTTPError as error:
            raise HerokuAmbiguousError(0, "cut", "the connection was cut") from error
        # Before the answer is judged, since Heroku sends the header with its errors too.
        await self.correct(response.headers.get(REMAINING, ""))
        if response.is_success:
            return response if _VERBATIM.search(path) else self._redacted(response)
        raise _error(response, self._redactor)

    async def _send(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Sends one request and reads its response, unpacked, as long as that does not grow too large."""
        async with self._client.stream(method, path, content=content, headers=headers) as response:
            body = await read_body(response)
        kept = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_BODY]
        return httpx.Response(response.status_code, headers=kept, content=body)

    def _redacted(self, response: httpx.Response) -> httpx.Response:
        """Replaces secrets in a body: anybody may write one into a name or a description, which is stored."""
        body = response.content.decode(errors="replace")
        redacted = self._redactor.text(body)
        if redacted == body:
            return response
        return httpx.Response(response.status_code, headers=response.headers, content=redacted.encode())

    async def whole(self, path: str) -> httpx.Response:
        """Makes a GET of which only a 200 is complete, and proves what is absent."""
        response = await self.call("GET", path)
        if response.status_code != httpx.codes.OK:
            raise HerokuAmbiguousError(response.status_code, "incomplete", "the response is not complete")
        return response

    async def all(self, path: str, *, within: timedelta, first: str = f"id ..; max={PAGE}") -> list[object]:
        """Reads a list to its end, its entries parsed: 206 and ``Next-Range`` mean that there is more.

        Args:
            path: of the list.
            within: total deadline of all its pages.
            first: the range to begin with; empty for Heroku's own.

        Raises:
            HerokuError: as for one call; also when the list takes longer, has more than ``PAGES`` pages, or
                more than ``LARGEST_LIST`` bytes.
        """
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._pages(path, first)
        except TimeoutError as error:
            raise HerokuAmbiguousError(0, "timeout", "the list was not read in time") from error

    async def _pages(self, path: str, wanted: str) -> list[object]:
        found: list[object] = []
        size = 0
        for _ in range(PAGES):
            headers = {"Range": wanted} if wanted else None
            response = await self.call("GET", path, headers=headers)
            size += len(response.content)
            if size > LARGEST_LIST:
                most = f"{LARGEST_LIST // 2**20} MiB"
                raise HerokuAmbiguousError(206, "too_large", f"the list is larger than {most}")
            page = parsed(response)
            if not isinstance(page, list):
                raise _unreadable(response)
            found += page
            wanted = response.headers.get("Next-Range", "")
            if response.status_code != httpx.codes.PARTIAL_CONTENT or not wanted:
                return found
        raise HerokuAmbiguousError(206, "too_large", f"the list has more than {PAGES} pages")

    async def correct(self, left: str) -> None:
        """Corrects the rate budget by a response's header; without the store the response is still used."""
        # Heroku's pool has four digits; Python would refuse to read thousands of them.
        if self._limiter is not None and left.isdecimal() and len(left) <= _DIGITS:
            with contextlib.suppress(StoreUnavailableError):
                await self._limiter.correct(int(left))


def _status_of(error: HerokuError | StoreUnavailableError) -> str:
    """An error's HTTP status, or one word where there was no answer or no call."""
    if isinstance(error, RateBudgetExhaustedError | StoreUnavailableError):
        return NOT_SENT
    return str(error.status) if error.status else error.id


def says_gone(error: HerokuError, *, space: bool) -> bool:
    """Whether an error of the Platform API says that what was asked for by its UUID does not exist.

    A 410 ``gone`` says so by itself (table of errors). A 404 has to name what is missing: a proxy's, or one
    about the account or the app, says nothing of the add-on. The Data API's words are the same where it has
    only not heard of an add-on yet, so its errors never prove this.

    Args:
        error: of a GET by the UUID.
        space: a space was asked for, and not an add-on.
    """
    if error.status == httpx.codes.GONE:
        return error.id == "gone"
    words = _NO_SPACE if space else _NO_ADDON
    return (
        error.status == httpx.codes.NOT_FOUND
        and error.id == "not_found"
        and bool(words.search(error.message))
    )


def read(shape: TypeAdapter[T], response: httpx.Response) -> T:
    """Parses a successful response; one that cannot be parsed says nothing about what was done."""
    try:
        return shape.validate_python(parsed(response))
    except ValidationError as error:
        raise _unreadable(response) from error


def parsed(response: httpx.Response) -> Any:
    """Parses a successful response as JSON; one that cannot be parsed says nothing about what was done."""
    try:
        return parse(response.content)
    except ValueError as error:
        raise _unreadable(response) from error


def _unreadable(response: httpx.Response) -> HerokuAmbiguousError:
    return HerokuAmbiguousError(response.status_code, "unreadable", "the response could not be read")


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
        header = response.headers.get("Retry-After")
        wait = None if header is None else read_retry_after(header, now=datetime.now(UTC))
        return HerokuRateLimitedError(status, id, message, retry_after=wait)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return HerokuUnauthorizedError(status, id, message)
    if status == httpx.codes.NOT_FOUND and message.endswith(_UNKNOWN_ADDON):
        return HerokuUnknownAddonError(status, id, message)
    # Only Heroku's own id makes a rejection definite: without it the page may be a proxy's.
    if status == httpx.codes.NOT_FOUND and id == "not_found":
        return HerokuNotFoundError(status, id, message)
    if status in _MAY_PASS and id and _PASSES.search(message):
        return HerokuBusyError(status, id, message)
    if response.is_client_error and id:
        return HerokuRefusedError(status, id, message)
    return HerokuAmbiguousError(status, id, message)


def _id_and_message(response: httpx.Response) -> tuple[str, str]:
    """Heroku's error id and message; empty when the body is not Heroku's (a proxy's page, a cut response)."""
    try:
        body = parse(response.content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    # The Platform API answers some requests, such as one without a version, under ``error``.
    id, message = str(body.get("id", "")), str(body.get("message", body.get("error", "")))
    # Before anything is looked for in it: what cannot be seen could stand inside of a word.
    return visible(id), visible(message)
