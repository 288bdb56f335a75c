"""The pager: PagerDuty's Events API v2, or any receiver of a signed JSON webhook.

Facts: PagerDuty developer documentation, "Events API v2 Overview" and "Send an Alert Event", 2026-11.
"""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID, uuid4

import httpx
import structlog
from typing_extensions import override

from bot.domain.outside.page_address import PageAddress
from bot.domain.outside.redaction import Redactor
from bot.domain.outside.retry_after import read_retry_after
from bot.domain.outside.text import clean
from bot.domain.schedule import gap
from bot.errors import PagerError
from bot.ports import Page, PageAction, Pager

TIMESTAMP: Final = "X-Pgaccess-Timestamp"
"""Header with the seconds since 1970 at which an attempt was signed."""

SIGNATURE: Final = "X-Pgaccess-Signature"
"""Header with the signature; its version comes first, so that there may be another one day."""

ATTEMPT: Final = timedelta(seconds=10)
"""Deadline of one attempt, answer read."""

IN_ALL: Final = timedelta(seconds=30)
"""Deadline of one page with all its attempts: the watch has to look again within a minute."""

GAPS: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 3, 9))
"""Gaps between attempts; the last one repeats within ``IN_ALL``."""

SUMMARY: Final = 1024
"""Characters of a summary at PagerDuty."""

KEY: Final = 255
"""Characters of a ``dedup_key`` at PagerDuty."""

ANSWER: Final = 200
"""Bytes of an answer that are read: only its status decides, the rest is for the log."""

log = structlog.get_logger(__name__)


def sign(key: str, *, timestamp: int, body: bytes) -> str:
    """Returns the value of the signature header: HMAC-SHA256 over the timestamp, a full stop and the body.

    Args:
        key: the secret that both sides have.
        timestamp: seconds since 1970.
        body: exactly as it is sent.
    """
    signed = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


class HttpPager(Pager):
    """Sends pages over HTTP; use as an async context manager.

    Args:
        address: where to, with the key.
        source: what the pages are from: the installation's name.
        redactor: removes secrets from what is sent, and from answers that are logged.
    """

    def __init__(self, address: PageAddress, *, source: str, redactor: Redactor) -> None:
        self._address = address
        self._source = source
        self._redactor = redactor
        # A redirect would take the key, or what is signed with it, to an address that nobody has set.
        self._client = httpx.AsyncClient(
            timeout=ATTEMPT.total_seconds(), follow_redirects=False, headers={"User-Agent": "pgaccess"}
        )

    async def __aenter__(self) -> Self:
        """Opens nothing yet: the first page connects."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connections."""
        await self._client.aclose()

    @override
    async def send(self, page: Page) -> None:
        """Sends a page; repeats what may succeed later, with growing gaps.

        The same page may arrive twice, if an answer was lost: it has the same id, and the same key.
        """
        id, attempts = uuid4(), 0
        why = "no answer in time"
        try:
            async with asyncio.timeout(IN_ALL.total_seconds()):
                while True:
                    wait, why = await self._attempt(page, id)
                    if wait is None:
                        return
                    log.warning("pager.again", error=why, key=page.key)
                    await asyncio.sleep(max(wait, gap(GAPS, attempts)).total_seconds())
                    attempts += 1
        except TimeoutError:
            # Not chained: it would show the last attempt's address, in which there may be a secret.
            raise PagerError(why) from None

    async def _attempt(self, page: Page, id: UUID) -> tuple[timedelta | None, str]:
        """Makes one attempt; returns how long to wait for the next at least, None when it was taken, and why.

        Raises:
            PagerError: it was refused for good.
        """
        body = self._body(page, id)
        headers = {"Content-Type": "application/json"}
        if not self._address.is_pagerduty:
            # Of each attempt its own: a receiver refuses what is old.
            now = int(datetime.now(UTC).timestamp())
            headers[TIMESTAMP] = str(now)
            headers[SIGNATURE] = sign(self._address.key, timestamp=now, body=body)
        try:
            async with (
                asyncio.timeout(ATTEMPT.total_seconds()),
                self._client.stream("POST", self._address.url, content=body, headers=headers) as response,
            ):
                return self._judge(response, await _beginning(response))
        except httpx.InvalidURL:
            # Its message repeats the address.
            raise PagerError("PGACCESS_PAGE_URL is no address that can be called") from None
        except (TimeoutError, httpx.HTTPError) as error:
            return timedelta(), f"{self._address.host} cannot be reached ({type(error).__name__})"

    def _judge(self, response: httpx.Response, text: str) -> tuple[timedelta | None, str]:
        status = response.status_code
        if response.is_success:
            return None, ""
        why = f"{self._address.host} answered {status}"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return read_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC)), why
        if response.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
            return timedelta(), why
        if response.is_redirect:
            raise PagerError(
                f"{why}: redirects are not followed, so PGACCESS_PAGE_URL has to be the last one"
            )
        raise PagerError(f"{why} {clean(self._redactor.text(text))}".strip())

    def _body(self, page: Page, id: UUID) -> bytes:
        # Before the key is added, which is a secret of ours as well.
        said: dict[str, Any] = self._redactor.value(
            _event(page, self._source) if self._address.is_pagerduty else _webhook(page, self._source, id)
        )
        if self._address.is_pagerduty:
            said = {"routing_key": self._address.key, **said}
        return json.dumps(said, ensure_ascii=False).encode()


def _event(page: Page, source: str) -> dict[str, Any]:
    """An event as PagerDuty takes it; a ``resolve`` needs no payload."""
    event: dict[str, Any] = {"event_action": str(page.action), "dedup_key": page.key[:KEY]}
    if page.action is PageAction.TRIGGER:
        event["payload"] = {
            "summary": _cut(page.summary, SUMMARY),
            "source": source,
            "severity": str(page.severity),
            "timestamp": page.at.isoformat(),
            "component": page.component,
            "group": "pgaccess",
            "class": page.component,
            "custom_details": dict(page.details),
        }
    return event


def _webhook(page: Page, source: str, id: UUID) -> dict[str, Any]:
    return {
        "id": str(id),
        "action": str(page.action),
        "key": page.key,
        "severity": str(page.severity),
        "summary": page.summary,
        "source": source,
        "component": page.component,
        "at": page.at.isoformat(),
        "details": dict(page.details),
    }


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


async def _beginning(response: httpx.Response) -> str:
    """The beginning of an answer, however long it is."""
    read = b""
    async for chunk in response.aiter_bytes(ANSWER):
        read += chunk
        if len(read) >= ANSWER:
            break
    return read[:ANSWER].decode(errors="replace")
