"""Bad outages on demand: calls that fail, are slow, or do their work and lose their answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.heroku.http_types import IDS, OTHER_SERVER_ERROR, Answer, Cut, Refused, Request

ROUTER_PAGE: Final = b"<!DOCTYPE html><html><head><title>Application error</title></head><body></body></html>"
"""What stands between a client and an API answers with pages of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with a call.

    Attributes:
        before: Seconds until the request arrives.
        after: Seconds that the finished answer is late.
        status: Of an error that is answered instead of doing anything.
        id: That error's id; the usual one of its status if empty.
        html: Whether that error is a page of something between client and API.
        drip: Seconds over which the answer's body arrives.
        headers: What the answer has besides.
        passed_with: A request that has this header (lower case) is spared.
        cut: Where the connection is cut.
        done: Whether the call does its work.
    """

    before: float = 0.0
    after: float = 0.0
    status: int | None = None
    id: str = ""
    html: bool = False
    drip: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    passed_with: str = ""
    cut: Cut | None = None
    done: bool = True

    def __post_init__(self) -> None:
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError("an error's status lies between 400 and 599")
        if self.id and self.id not in IDS.get(self.status or 0, (OTHER_SERVER_ERROR,)):
            raise ValueError(f"{self.id} is no error id of that status")
        if min(self.before, self.after, self.drip) < 0:
            raise ValueError("nothing arrives before it was sent")

    def instead(self) -> Answer:
        """Return what is answered when the work is not done; status 0 stands for no answer."""
        if self.status is None:
            return Answer(status=0)
        if self.html:
            return Answer(status=self.status, headers={"Content-Type": "text/html"}, body=ROUTER_PAGE)
        return Refused(self.status, "A fault that was asked for.", id=self.id).answer()

    def spoilt(self, answer: Answer) -> Answer:
        """Return an answer with what the outages does to it on its way."""
        headers = {**answer.headers, **self.headers}
        return replace(answer, headers=headers, delay=self.after, drip=self.drip, cut=self.cut)


def status(code: int, id: str = "") -> Fault:
    """Return a fault: an error of Heroku's, and nothing was done.

    Args:
        code: The status.
        id: One of the status' error ids, such as ``suspended`` of a 403; the usual one if empty.
    """
    return Fault(status=code, id=id, done=False)


def two_factor() -> Fault:
    """Return a fault: a second factor is wanted, and nothing was done unless the request brings one.

    Fact: the official CLI (11.10.0) asks for a code at 403 ``two_factor`` and repeats the request with it;
    any code will do here.
    """
    return Fault(status=403, id="two_factor", passed_with="heroku-two-factor-code", done=False)


def rate_limited(seconds: int | None = None) -> Fault:
    """Return a fault: the account's request tokens are said to be used up, and nothing was done.

    Args:
        seconds: Of a ``Retry-After``, which Heroku does not document; None is without one.
    """
    retry = {} if seconds is None else {"Retry-After": str(seconds)}
    return Fault(status=429, headers={"RateLimit-Remaining": "0", **retry}, done=False)


def wrong_host() -> Fault:
    """Return a fault: a host that is not the API's answers for an app that it does not know."""
    return Fault(status=404, html=True, done=False)


def warned(text: str) -> Fault:
    """Return a fault that is none yet: the work is done, and a header warns (``Warning-Message``)."""
    return Fault(headers={"Warning-Message": text})


def dripping(seconds: float) -> Fault:
    """Return a fault: the work is done, and the answer's body arrives byte by byte over some seconds.

    Each step is in time, so only a deadline for the whole call notices.
    """
    return Fault(drip=seconds)


def html_body(code: int = 503) -> Fault:
    """Return a fault: an error page that is not JSON, and nothing was done."""
    return Fault(status=code, html=True, done=False)


def lost_answer() -> Fault:
    """Return a fault: the work is done, then the connection is cut without an answer."""
    return Fault(cut="instead")


def truncated_body() -> Fault:
    """Return a fault: the work is done, then the connection is cut in the middle of the answer's body."""
    return Fault(cut="inside")


def cut_before() -> Fault:
    """Return a fault: the connection is cut, and nothing was done."""
    return Fault(cut="instead", done=False)


def slow(seconds: float) -> Fault:
    """Return a fault: the request arrives late, so a client that gave up may still see its work done."""
    return Fault(before=seconds)


def slow_answer(seconds: float) -> Fault:
    """Return a fault: the work is done at once, its answer comes late."""
    return Fault(after=seconds)


@dataclass(slots=True)
class _Waiting:
    fault: Fault
    on: re.Pattern[str]
    left: int | None
    name: str


class Faults:
    """The faults that are waiting for a call, in the order they were set."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault, *, on: str, times: int | None, name: str) -> None:
        """Let a fault happen.

        Args:
            fault: What.
            on: A regular expression, searched for in ``METHOD /path``.
            times: To how many calls; None is until cleared.
            name: For clearing this one alone.

        Raises:
            ValueError: `times` is less than one.
            re.error: `on` is no regular expression.
        """
        if times is not None and times < 1:
            raise ValueError("a fault happens once at least")
        self._waiting.append(_Waiting(fault, re.compile(on), times, name))

    def clear(self, name: str | None = None) -> None:
        """Let nothing fail any more, or only what has this name."""
        self._waiting = [each for each in self._waiting if name is not None and each.name != name]

    def hold(self, request: Request) -> float:
        """Return the seconds until a request arrives, and count it."""
        waiting = self._first(request, late=True)
        return waiting.before if waiting else 0.0

    def strike(self, request: Request) -> Fault | None:
        """Return what goes wrong with a request that has arrived, and count it."""
        return self._first(request, late=False)

    def _first(self, request: Request, *, late: bool) -> Fault | None:
        for each in self._waiting:
            if (each.fault.before > 0) is not late or each.left == 0:
                continue
            if each.fault.passed_with and request.headers.get(each.fault.passed_with):
                continue
            if each.on.search(f"{request.method} {request.path}"):
                each.left = None if each.left is None else each.left - 1
                return each.fault
        return None
