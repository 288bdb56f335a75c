"""Network between the bot and the emulated Heroku: faults without waiting, and a record of every write.

A call that takes longer than the bot waits is a time-out at once; a request that was on its way arrives when
simulated time has come so far.
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
from tests.model.write_recorder import WriteRecorder


class Killed(BaseException):
    """The process was killed."""


@dataclass
class DelayedNetwork(httpx.AsyncBaseTransport):
    """Transport within the process, without delays.

    Attributes:
        meanwhile: runs while the next call is on its way.
        dies_at: in which call from now the process is killed, before the call is executed or, if negative,
            after it; 0 for none.
        read: called when Heroku has answered.
    """

    heroku: HerokuEmulator
    time: WorldTime
    recorder: WriteRecorder
    meanwhile: Callable[[], Awaitable[None]] | None = None
    dies_at: int = 0
    read: Callable[[], None] = lambda: None
    _late: list[tuple[datetime, Request]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Delivers a request and returns its response."""
        arriving = await _read(request)
        self.recorder.record(arriving)
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
        return _response(answer, request)

    def arrive(self) -> None:
        """Delivers delayed requests whose time has come."""
        now = self.time.now()
        due = [request for moment, request in self._late if moment <= now]
        self._late = [(moment, request) for moment, request in self._late if moment > now]
        for request in due:
            self._done(request)

    def _done(self, request: Request) -> Answer:
        answer = self.heroku.answer(request, now=self.time.now())
        self.recorder.answered(request, answer)
        self.read()
        return answer

    async def _interrupted(self) -> None:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()

    def _killed(self) -> Literal["", "before", "after"]:
        """Where in this call the process is killed, if it is."""
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


def _response(answer: Answer, request: httpx.Request) -> httpx.Response:
    """Turns an answer into a response; raises what its cuts and delays cause."""
    if max(answer.delay, answer.drip) >= DEFAULT.heroku_call.total_seconds():
        raise httpx.ReadTimeout("too late", request=request)
    if answer.cut:
        raise httpx.RemoteProtocolError("the connection was cut", request=request)
    return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)
