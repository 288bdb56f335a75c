"""Bad outages on demand: a Web API method fails, is slow, or does its work and loses its answer.

A post to a response url is hit under the name ``response_url``.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.slack.web_api.errors import ApiAnswer


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with calls of one method.

    Attributes:
        answer: Given instead of calling the method; None lets the method do its work.
        cut: Close the connection instead of answering.
        delay: Seconds the answer is late.
        times: How many calls are hit; None means until cleared.
    """

    answer: ApiAnswer | None = None
    cut: bool = False
    delay: float = 0.0
    times: int | None = 1


def ratelimited(retry_after: int = 1, *, times: int | None = 1) -> Fault:
    """Return a fault: HTTP 429 with ``Retry-After`` in seconds."""
    answer = ApiAnswer(
        status=429, headers={"Retry-After": str(retry_after)}, body={"ok": False, "error": "ratelimited"}
    )
    return Fault(answer=answer, times=times)


def server_error(status: int = 500, *, times: int | None = 1) -> Fault:
    """Return a fault: HTTP `status` before anything was done."""
    return Fault(answer=ApiAnswer(status=status, body={"ok": False, "error": "internal_error"}), times=times)


def down() -> Fault:
    """Return a fault for ``*``: Slack is out of order until the faults are cleared.

    Fact: Slack developer documentation, errors of every method, 2026-11: ``service_unavailable``.
    """
    answer = ApiAnswer(status=503, body={"ok": False, "error": "service_unavailable"})
    return Fault(answer=answer, times=None)


def error(code: str, *, times: int | None = 1) -> Fault:
    """Return a fault: HTTP 200 with ``ok: false`` and this error code."""
    return Fault(answer=ApiAnswer(body={"ok": False, "error": code}), times=times)


def lost_answer(*, times: int | None = 1) -> Fault:
    """Return a fault: the method does its work, then the connection is closed without an answer."""
    return Fault(cut=True, times=times)


def cut_before(*, times: int | None = 1) -> Fault:
    """Return a fault: the connection is closed and nothing was done."""
    return Fault(answer=ApiAnswer(cut=True), cut=True, times=times)


def slow(seconds: float, *, times: int | None = 1) -> Fault:
    """Return a fault: the method does its work, its answer comes `seconds` later."""
    return Fault(delay=seconds, times=times)


class Faults:
    """The faults that are set, by method; ``chat.*`` and ``*`` are understood."""

    def __init__(self) -> None:
        self._set: list[tuple[str, Fault]] = []

    def add(self, method: str, fault: Fault) -> None:
        """Let `fault` happen to calls of `method`, after those that are set already."""
        self._set.append((method, fault))

    def clear(self) -> None:
        """Let nothing fail any more."""
        self._set.clear()

    def next_for(self, method: str) -> Fault | None:
        """Return what goes wrong with this call, if anything, and count it."""
        for pattern, fault in self._set:
            if fnmatchcase(method, pattern) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
