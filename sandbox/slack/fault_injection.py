"""Fault injection: Web API calls that fail, are slow, or succeed and lose their response.

Posts to response URLs have the method name ``response_url``.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.slack.web_api.errors import ApiAnswer


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault of calls of one method.

    Attributes:
        answer: Response that replaces the call; None carries the call out.
        cut: Whether the connection is closed instead of a response.
        delay: Seconds by which the response is late.
        times: Number of calls that are affected; None is until cleared.
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
    """Return a fault for ``*``: Slack is unavailable until the faults are cleared.

    Fact: Slack developer documentation, errors of every method, 2026-11: ``service_unavailable``.
    """
    answer = ApiAnswer(status=503, body={"ok": False, "error": "service_unavailable"})
    return Fault(answer=answer, times=None)


def error(code: str, *, times: int | None = 1) -> Fault:
    """Return a fault: HTTP 200 with ``ok: false`` and this error code."""
    return Fault(answer=ApiAnswer(body={"ok": False, "error": code}), times=times)


def lost_answer(*, times: int | None = 1) -> Fault:
    """Return a fault: the call succeeds, then the connection is closed without a response."""
    return Fault(cut=True, times=times)


def cut_before(*, times: int | None = 1) -> Fault:
    """Return a fault: the connection is closed; nothing is done."""
    return Fault(answer=ApiAnswer(cut=True), cut=True, times=times)


def slow(seconds: float, *, times: int | None = 1) -> Fault:
    """Return a fault: the call succeeds, the response is `seconds` late."""
    return Fault(delay=seconds, times=times)


class Faults:
    """Injected faults by method pattern."""

    def __init__(self) -> None:
        self._set: list[tuple[str, Fault]] = []

    def add(self, method: str, fault: Fault) -> None:
        """Add a fault for calls of `method`, after those that were added before."""
        self._set.append((method, fault))

    def clear(self) -> None:
        """Clear every fault."""
        self._set.clear()

    def next_for(self, method: str) -> Fault | None:
        """Return the fault of a call, if any, and count the call."""
        for pattern, fault in self._set:
            if fnmatchcase(method, pattern) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
