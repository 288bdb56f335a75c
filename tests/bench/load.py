"""Slack's side of the load: signed slash commands over connections that stay open, with nothing between.

The client is hand-written because a library's would cost more than what is measured.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

from handlers.transport.request_verification import sign

PATH: Final = "/slack/events"

_NUMBERS: Final = itertools.count(1)


@dataclass(kw_only=True, slots=True)
class Answers:
    """What a load brought.

    Attributes:
        took_ms: of each request.
        seconds: from the first request to the last answer.
        bodies: of the answers, in any order.
    """

    seconds: float = 0.0
    took_ms: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.took_ms) / self.seconds

    def require(self, *words: bytes) -> None:
        """Raises unless every answer has all these words."""
        wrong = [body for body in self.bodies if not all(word in body for word in words)]
        if wrong:
            raise RuntimeError(f"{len(wrong)} of {len(self.bodies)} answers are wrong: {wrong[0][:300]!r}")


def command(line: str, *, secret: str, person: str = "U0ENGINEER") -> bytes:
    """A slash command as it travels, signed now; each has a trigger of its own.

    Fact: Slack developer documentation, slash commands, 2026-11, the fields of the form.
    """
    trigger = f"13345224609.{next(_NUMBERS)}.{time.monotonic_ns()}"
    fields = (
        ("token", "emulated-verification-token"),
        ("team_id", "T0ACME"),
        ("team_domain", "acme"),
        ("channel_id", "C0GENERAL"),
        ("channel_name", "general"),
        ("user_id", person),
        ("user_name", "engineer"),
        ("command", "/pgaccess"),
        ("text", line),
        ("api_app_id", "A0PGACCESS"),
        ("is_enterprise_install", "false"),
        ("response_url", f"https://hooks.slack.com/commands/T0ACME/{trigger}"),
        ("trigger_id", trigger),
    )
    return signed(fields, secret=secret)


def click(action: str, value: str, *, secret: str, person: str, answer_to: str) -> bytes:
    """A click on a button of a message as it travels; see ``command``.

    Fact: Slack developer documentation, block_actions payloads, 2026-11.
    """
    moment = f"{time.time():.6f}"
    payload = {
        "type": "block_actions",
        "team": {"id": "T0ACME", "domain": "acme"},
        "user": {"id": person, "username": "lead", "team_id": "T0ACME"},
        "api_app_id": "A0PGACCESS",
        "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C0APPROVALS"},
        "trigger_id": f"13345224609.{next(_NUMBERS)}.{moment}",
        "response_url": answer_to,
        "actions": [
            {"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": moment}
        ],
    }
    return signed((("payload", json.dumps(payload)),), secret=secret)


def signed(fields: Sequence[tuple[str, str]], *, secret: str) -> bytes:
    """A form as Slack posts it, signed now."""
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields).encode()
    stamp = b"%d" % time.time()
    return b"\r\n".join(
        (
            b"POST %b HTTP/1.1" % PATH.encode(),
            b"Host: 127.0.0.1",
            b"Content-Type: application/x-www-form-urlencoded",
            b"Content-Length: %d" % len(body),
            b"X-Slack-Request-Timestamp: %b" % stamp,
            b"X-Slack-Signature: %b" % sign(secret.encode(), stamp, body),
            b"",
            body,
        )
    )


async def drive(port: int, make: Callable[[], bytes], *, clients: int, requests: int) -> Answers:
    """Sends so many requests, each client the next one as soon as it has its answer.

    Raises:
        RuntimeError: an answer is not a 200.
    """
    answers, left = Answers(), itertools.count(1)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while next(left) <= requests:
            request = make()
            begun = time.perf_counter()
            writer.write(request)
            body = await _read(reader)
            answers.took_ms.append((time.perf_counter() - begun) * 1000)
            answers.bodies.append(body)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    answers.seconds = time.perf_counter() - begun
    return answers


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"answered {head[:200]!r}")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line[:15].lower() == b"content-length:"
    )
    return await reader.readexactly(length)
