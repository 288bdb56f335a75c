"""Fault injection: calls that fail, are slow, or succeed and lose their response."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from sandbox.heroku.http_types import IDS, OTHER_SERVER_ERROR, Answer, Cut, Refused, Request
from sandbox.heroku.odd_entries import FORMS, odd_answer

ROUTER_PAGE: Final = b"<!DOCTYPE html><html><head><title>Application error</title></head><body></body></html>"
"""Error page of a router between client and API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of a call.

    Attributes:
        before: Seconds until the request arrives.
        after: Seconds by which the response is late.
        status: Status of an error that replaces the response.
        id: Id of that error; the usual one of its status if empty.
        message: Message of that error.
        html: Whether that error is a router's HTML page.
        drip: Seconds over which the body arrives.
        headers: Additional headers of the response.
        passed_with: Header (lower case) with which a request is not affected.
        cut: Where the connection is cut.
        done: Whether the call is carried out.
        packed: MiB that the body unpacks to; 0 is the body that belongs there.
        endless: Whether the body does not end.
        odd: Form of an odd entry with which the answer's lists begin; empty leaves them as they are.
    """

    before: float = 0.0
    after: float = 0.0
    status: int | None = None
    id: str = ""
    message: str = "An injected fault."
    html: bool = False
    drip: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    passed_with: str = ""
    cut: Cut | None = None
    done: bool = True
    packed: int = 0
    endless: bool = False
    odd: str = ""

    def __post_init__(self) -> None:
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError("the status of an error is between 400 and 599")
        if self.id and self.id not in IDS.get(self.status or 0, (OTHER_SERVER_ERROR,)):
            raise ValueError(f"{self.id} is not an error id of that status")
        if min(self.before, self.after, self.drip, self.packed) < 0:
            raise ValueError("neither a delay nor a size can be negative")
        if self.odd and self.odd not in FORMS:
            raise ValueError(f"{self.odd} is not a form of an odd entry, such as {next(iter(FORMS))}")

    def instead(self) -> Answer:
        """Return the response of a call that is not carried out; status 0 is no response."""
        if self.status is None:
            return Answer(status=0)
        if self.html:
            return Answer(status=self.status, headers={"Content-Type": "text/html"}, body=ROUTER_PAGE)
        return Refused(self.status, self.message, id=self.id).answer()

    def applied_to(self, answer: Answer) -> Answer:
        """Return a response with this fault's headers, delays and cut."""
        headers = {**answer.headers, **self.headers}
        if self.packed:
            headers["Content-Encoding"] = "gzip"
            answer = replace(answer, body=_packed_blanks(self.packed))
        if self.odd:
            answer = odd_answer(answer, self.odd)
        return replace(
            answer, headers=headers, delay=self.after, drip=self.drip, cut=self.cut, endless=self.endless
        )


@cache
def _packed_blanks(size: int) -> bytes:
    """Return an empty JSON list that `size` MiB of blanks surround, as gzip."""
    packing = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    blanks = b" " * 2**20
    packed = [packing.compress(b"["), *(packing.compress(blanks) for _ in range(size))]
    return b"".join([*packed, packing.compress(b"]"), packing.flush()])


def status(code: int, id: str = "") -> Fault:
    """Return a fault: an error of Heroku's; nothing is done.

    Args:
        code: The status.
        id: One of the status' error ids, such as ``suspended`` of a 403; the usual one if empty.
    """
    return Fault(status=code, id=id, done=False)


def rejected(message: str) -> Fault:
    """Return a fault: a 422 with this message; nothing is done."""
    return Fault(status=422, message=message, done=False)


def upgrading() -> Fault:
    """Return a fault: a rejection that passes by itself; nothing is done.

    Fact: message as in the official CLI's tests ``pg/upgrade`` (11.10.0).
    """
    message = "database is in the middle of a version upgrade. Please wait until it is complete."
    return Fault(status=422, message=message, done=False)


def two_factor() -> Fault:
    """Return a fault: a second factor is required; nothing is done without one.

    Fact: the official CLI (11.10.0) asks for a code at 403 ``two_factor`` and repeats the request with it;
    any code will do here.
    """
    return Fault(status=403, id="two_factor", passed_with="heroku-two-factor-code", done=False)


def rate_limited(seconds: int | None = None) -> Fault:
    """Return a fault: the account's request tokens are used up; nothing is done.

    Args:
        seconds: Of a ``Retry-After``, which Heroku does not document; None is without one.
    """
    retry = {} if seconds is None else {"Retry-After": str(seconds)}
    return Fault(status=429, headers={"RateLimit-Remaining": "0", **retry}, done=False)


def wrong_host() -> Fault:
    """Return a fault: the response of a host that is not the API."""
    return Fault(status=404, html=True, done=False)


def warned(text: str) -> Fault:
    """Return a success with a ``Warning-Message`` header."""
    return Fault(headers={"Warning-Message": text})


def dripping(seconds: float) -> Fault:
    """Return a fault: the call succeeds, and the body arrives byte by byte over some seconds.

    Each read is fast, so only a deadline for the whole call notices.
    """
    return Fault(drip=seconds)


def html_body(code: int = 503) -> Fault:
    """Return a fault: an error page that is not JSON; nothing is done."""
    return Fault(status=code, html=True, done=False)


def gzip_bomb(size: int = 256) -> Fault:
    """Return a fault: the body is small, and unpacks to many MiB."""
    return Fault(packed=size)


def endless_body() -> Fault:
    """Return a fault: the call succeeds, and blanks follow its body until the client has gone."""
    return Fault(endless=True)


def odd_entry(form: str) -> Fault:
    """Return a fault: the call succeeds, and the lists of its answer begin with an odd entry.

    Args:
        form: One of `odd_entries.FORMS`.
    """
    return Fault(odd=form)


def lost_answer() -> Fault:
    """Return a fault: the call succeeds, then the connection is cut without a response."""
    return Fault(cut="instead")


def truncated_body() -> Fault:
    """Return a fault: the call succeeds, then the connection is cut inside the body."""
    return Fault(cut="inside")


def cut_before() -> Fault:
    """Return a fault: the connection is cut; nothing is done."""
    return Fault(cut="instead", done=False)


def slow(seconds: float) -> Fault:
    """Return a fault: the request arrives late, so it may be carried out after the client gave up."""
    return Fault(before=seconds)


def slow_answer(seconds: float) -> Fault:
    """Return a fault: the call succeeds at once, the response is late."""
    return Fault(after=seconds)


@dataclass(slots=True)
class _PendingFault:
    fault: Fault
    on: re.Pattern[str]
    left: int | None
    name: str


class Faults:
    """Injected faults, in the order they were added."""

    def __init__(self) -> None:
        self._pending: list[_PendingFault] = []

    def add(self, fault: Fault, *, on: str, times: int | None, name: str) -> None:
        """Add a fault.

        Args:
            fault: The fault.
            on: Regular expression that is searched for in ``METHOD /path``.
            times: Number of calls it applies to; None is until cleared.
            name: Name for clearing this fault alone.

        Raises:
            ValueError: `times` is less than one.
            re.error: `on` is not a regular expression.
        """
        if times is not None and times < 1:
            raise ValueError("a fault happens at least once")
        self._pending.append(_PendingFault(fault, re.compile(on), times, name))

    def clear(self, name: str | None = None) -> None:
        """Remove every fault, or only those of a name."""
        self._pending = [each for each in self._pending if name is not None and each.name != name]

    def hold(self, request: Request) -> float:
        """Return the delay of a request, and count the call."""
        pending = self._first(request, late=True)
        return pending.before if pending else 0.0

    def strike(self, request: Request) -> Fault | None:
        """Return the fault of a request that has arrived, and count the call."""
        return self._first(request, late=False)

    def _first(self, request: Request, *, late: bool) -> Fault | None:
        for each in self._pending:
            # A fault that delays is counted by ``hold``; ``strike`` would count the same call once more.
            if (each.fault.before > 0) is not late or each.left == 0:
                continue
            if each.fault.passed_with and request.headers.get(each.fault.passed_with):
                continue
            if each.on.search(f"{request.method} {request.path}"):
                each.left = None if each.left is None else each.left - 1
                return each.fault
        return None
