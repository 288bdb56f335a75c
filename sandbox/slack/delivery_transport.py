"""Transport of deliveries: one function type, so that actions run over HTTP and in-process.

Fact: Slack developer documentation, Events API, retries, 2026-11: Slack follows two redirects and no third
(``too_many_redirects``), and gives up where it cannot connect (``connection_failed``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The bot's response; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


REDIRECTS_MOST = 2


class Undeliverable(Exception):
    """The bot could not be reached, or the connection broke before it had answered.

    `reason` is Slack's retry reason for it.
    """

    def __init__(self, message: str, *, reason: str = "connection_failed") -> None:
        super().__init__(message)
        self.reason = reason


Deliver = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Delivered]]
"""Takes method, URL, headers and body; returns what came back, or raises `Undeliverable`."""


def over(client: httpx.AsyncClient) -> Deliver:
    """Return a transport through `client`: over HTTP, or in-process with an ASGI transport.

    The client's own timeout should be longer than Slack's three seconds; those are measured by the sender.
    Each delivery has a connection of its own: one that was used before may just be closed as idle, and what
    is sent on it then is lost.
    """

    async def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        alone = {**headers, "Connection": "close"}
        try:
            answer = await client.request(method, url, headers=alone, content=body)
            for _ in range(REDIRECTS_MOST):
                if answer.next_request is not None:
                    answer = await client.send(answer.next_request)
        except httpx.TransportError as error:
            raise Undeliverable(str(error)) from error
        if answer.next_request is not None:
            raise Undeliverable(f"more than {REDIRECTS_MOST} redirects", reason="too_many_redirects")
        return Delivered(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    return deliver
