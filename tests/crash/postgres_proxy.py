"""A proxy in front of Postgres that reads along, and strikes the client when a COMMIT arrives or is answered.

Fact: PostgreSQL documentation, "Message Formats" of the frontend/backend protocol: a start-up packet without
a type, then messages of a type byte, a length that counts itself, and a body.
"""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from tests.crash.kill_points import Fault, KillPoints, Moment, PlannedFault

NOT_COUNTED: Final = frozenset({"budget"})
"""Tables whose commits may be lost by design: the budget of calls corrects itself."""

_WRITES: Final = re.compile(r"(?:INSERT INTO|(?<!FOR )(?<!DO )UPDATE|DELETE FROM)\s+(\w+)")
_CHANGED: Final = re.compile(rb"(?:INSERT 0|UPDATE|DELETE|SELECT) ([1-9]\d*)\0$")


@dataclass(slots=True)
class _Session:
    """What one connection is doing.

    Attributes:
        prepared: statements by name.
        bound: the statement whose turn comes next.
        running: statements whose answers are awaited, in order.
        written: tables changed since the last BEGIN.
        plan: fulfilled by the COMMIT whose answer is awaited.
    """

    prepared: dict[bytes, str] = field(default_factory=dict)
    bound: str = ""
    running: deque[str] = field(default_factory=deque)
    written: dict[str, None] = field(default_factory=dict)
    plan: PlannedFault | None = None

    def sent(self, kind: int, body: bytes) -> bool:
        """Takes note of what the client sends; tells whether it commits something that counts."""
        if kind == ord("P"):
            name, text, _ = body.split(b"\0", 2)
            self.prepared[name] = text.decode()
        elif kind == ord("B"):
            self.bound = self.prepared.get(body.split(b"\0", 2)[1], "")
        elif kind == ord("E"):
            self.running.append(self.bound)
        elif kind == ord("Q"):
            said = body.rstrip(b"\0").decode()
            self.running.append(said)
            return said == "COMMIT" and bool(self.written.keys() - NOT_COUNTED)
        return False

    def answered(self, kind: int, body: bytes) -> str:
        """Takes note of what the server answers; the statement that it has finished, if it has."""
        if kind == ord("Z"):
            self.running.clear()
        if kind != ord("C") or not self.running:
            return ""
        text = self.running.popleft()
        if text in ("BEGIN", "COMMIT", "ROLLBACK"):
            self.written.clear()
        elif _CHANGED.match(body):
            self.written.update(dict.fromkeys(_WRITES.findall(text)))
        return text


class Wire:
    """One address of Postgres, for one process.

    Args:
        socket: the server's Unix socket.
        role: the process that has this address.
        kill_points: what is counted and planned.
    """

    def __init__(self, socket: str, *, role: str, kill_points: KillPoints) -> None:
        self._socket = socket
        self._role = role
        self._instants = kill_points
        self._ways: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until either end is gone."""
        upstream, downstream = await asyncio.open_unix_connection(self._socket)
        session = _Session()
        ways = {
            asyncio.create_task(self._requests(session, reader, downstream)),
            asyncio.create_task(self._answers(session, upstream, writer)),
        }
        self._ways |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for end in (downstream, writer):
            end.close()
        for scenario in ways:
            scenario.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._ways -= ways

    async def close(self) -> None:
        """Cuts every connection."""
        for scenario in self._ways:
            scenario.cancel()
        await asyncio.sleep(0)

    async def _requests(
        self, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            length = await reader.readexactly(4)
            writer.write(length + await reader.readexactly(int.from_bytes(length) - 4))
            while True:
                head, body = await _message(reader)
                plan = self._counted(session) if session.sent(head[0], body) else None
                if plan is not None and plan.moment is Moment.BEFORE:
                    self._instants.strike(plan)
                    if plan.fault is Fault.KILL:
                        return
                    await plan.over.wait()
                writer.write(head + body)

    async def _answers(
        self, session: _Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head, body = await _message(reader)
                finished = session.answered(head[0], body)
                plan = session.plan
                if finished == "COMMIT" and plan is not None and plan.moment is Moment.AFTER:
                    session.plan = None
                    self._instants.strike(plan)
                    if plan.fault is Fault.KILL:
                        return
                writer.write(head + body)

    def _counted(self, session: _Session) -> PlannedFault | None:
        session.plan = self._instants.met(self._role, "store", "COMMIT " + ", ".join(session.written))
        return session.plan


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head, await reader.readexactly(int.from_bytes(head[1:]) - 4)


@contextlib.asynccontextmanager
async def proxied_postgres(socket: str, *, role: str, kill_points: KillPoints) -> AsyncIterator[int]:
    """A proxy for the length of a ``with`` block; its port on loopback."""
    proxy = Wire(socket, role=role, kill_points=kill_points)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await proxy.close()
