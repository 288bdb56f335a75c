"""A large company's busy hour in a minute: who sends what, when, and how long each waits for the answer."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.views import action_ids
from tests.bench.load import click, command
from tests.bench.postgres import LEAD, SECRET

PEOPLE = 2_000
ACTS = 5_000
ENDS = 500
MINUTE = 60.0
"""Seconds in which all of it happens."""

DATABASES = 100
"""So many that none gets full: a database has room for 60 rules."""

CLIENTS = 60
"""Connections of Slack's at once; each carries one act."""

LATEST = 3.0
"""Seconds that Slack waits."""

OF_TEN_ASK = 6
OF_TEN_READ = 2
"""Of ten acts; the others are approvals."""


def person(number: int) -> str:
    """One of many people."""
    return f"U0P{number:05}"


@dataclass(slots=True)
class Hour:
    """What is sent, and what came of it.

    Attributes:
        answer_to: where private answers to clicks go.
        first: the number of the last request before the hour.
        taken: seconds from when an act was due until its answer had been read.
        wrong: answers that are not a 200.
        asked: commands that ask for access, all for different addresses.
        heard: those whose answer says that they were recorded.
        unheard: what the others were answered.
        approved: clicks that approve.
    """

    answer_to: str
    first: int
    taken: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)
    asked: int = 0
    heard: int = 0
    unheard: list[bytes] = field(default_factory=list)
    approved: int = 0

    def act(self, number: int) -> bytes:
        """The bytes of one act; of ten, six ask, two read and two approve."""
        which, who = number % 10, person(number * 7 % PEOPLE)
        app = f"app-{number % DATABASES + 1}"
        if which < OF_TEN_ASK:
            self.asked += 1
            address = f"203.1.{self.asked // 250}.{self.asked % 250 + 1}"
            line = f"mtls add {address} to {app} for 8h because of a busy hour"
            return command(line, secret=SECRET, person=who)
        if which < OF_TEN_ASK + OF_TEN_READ:
            return command("list mine" if number % 2 else f"status {app}", secret=SECRET, person=who)
        self.approved += 1
        value = action_ids.button_value(self.first + 2 * self.approved, 1, nonce="")
        return click(action_ids.APPROVE, value, secret=SECRET, person=LEAD, answer_to=self.answer_to)

    async def run(self, port: int, *, halfway: Callable[[], None]) -> None:
        """Sends everything at its time, whether or not earlier answers have come."""
        numbers, begun = itertools.count(), time.monotonic()

        async def client() -> None:
            while (number := next(numbers)) < ACTS:
                due = begun + number * MINUTE / ACTS
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if number == ACTS // 2:
                    halfway()
                # A fresh one each time: one that has been idle may be closed at that very moment.
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(self.act(number))
                head, body = await self._read(reader)
                self.taken.append(time.monotonic() - due)
                if number % 10 < OF_TEN_ASK:
                    self._hear(body)
                if not head.startswith(b"HTTP/1.1 200"):
                    self.wrong.append(head)
                writer.close()

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    def _hear(self, body: bytes) -> None:
        """Notes whether an answer says that the request was recorded, and what it says if it does not."""
        if b"Asked, as #" in body:
            self.heard += 1
        else:
            self.unheard.append(body)

    async def _read(self, reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head, await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
