"""The line between the bot and the emulated Heroku: faults without waiting, and a witness of every write.

What takes longer than the bot waits is a time-out at once; a request that was on its way all the same arrives
when the world's time has come so far.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import httpx

from bot.domain.timings import DEFAULT
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Answer, Request
from tests.model.clocks import WorldTime
from tests.model.write_recorder import Witness


class Killed(BaseException):
    """The process was killed at this instant."""


@dataclass
class Line(httpx.AsyncBaseTransport):
    """In-process, and in no time.

    Attributes:
        meanwhile: what somebody does while the next call is on its way.
        dies_at: at how many calls from now the process is killed, before the call does its work or, below
            zero, after it.
    """

    heroku: HerokuEmulator
    time: WorldTime
    witness: Witness
    meanwhile: Callable[[], Awaitable[None]] | None = None
    dies_at: int = 0
    _late: list[tuple[datetime, Request]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carries one request over, and its answer back."""
        arriving = await _read(request)
        self.witness.sees(arriving)
        await self._interrupted()
        killed = self._killed()
        if killed == "before":
            raise Killed
        held = self.heroku.arrival_delay(arriving)
        if held >= DEFAULT.heroku_call.total_seconds():
            self._late.append((self.time.now() + timedelta(seconds=held), arriving))
            raise httpx.ReadTimeout("too late", request=request)
        answer = self._done(arriving)
        if killed == "after":
            raise Killed
        return _carried(answer, request)

    def arrive(self) -> None:
        """Lets what was held back arrive whose time has come."""
        now = self.time.now()
        due = [request for moment, request in self._late if moment <= now]
        self._late = [(moment, request) for moment, request in self._late if moment > now]
        for request in due:
            self._done(request)

    def _done(self, request: Request) -> Answer:
        answer = self.heroku.answer(request, now=self.time.now())
        self.witness.answered(request, answer)
        return answer

    async def _interrupted(self) -> None:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()

    def _killed(self) -> Literal["", "before", "after"]:
        """Where in this call the process is killed, if at all."""
        if self.dies_at == 0:
            return ""
        where: Literal["before", "after"] = "before" if self.dies_at > 0 else "after"
        self.dies_at -= 1 if self.dies_at > 0 else -1
        return "" if self.dies_at else where


async def _read(request: httpx.Request) -> Request:
    return Request(
        method=request.method,
        path=request.url.raw_path.decode().partition("?")[0],
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.aread(),
    )


def _carried(answer: Answer, request: httpx.Request) -> httpx.Response:
    """The answer as it comes out of the line; raises what its cuts and delays bring."""
    if (
        answer.delay >= DEFAULT.heroku_call.total_seconds()
        or answer.drip >= DEFAULT.heroku_call.total_seconds()
    ):
        raise httpx.ReadTimeout("too late", request=request)
    if answer.cut:
        raise httpx.RemoteProtocolError("the connection was cut", request=request)
    return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)
