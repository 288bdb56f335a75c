"""KillPoints between two effects, chosen from outside: when the n-th call or COMMIT of a process arrives."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Moment(StrEnum):
    """When a fault strikes, relative to the call."""

    BEFORE = "before"
    """The call is sent and has not arrived."""

    AFTER = "after"
    """The call is executed and its answer not passed back."""


class Fault(StrEnum):
    """Signal that strikes a process."""

    KILL = "SIGKILL"
    STOP = "SIGSTOP"


@dataclass(kw_only=True, slots=True)
class PlannedFault:
    """A fault that strikes one process once, at the n-th kill point of a kind.

    Attributes:
        role: the process, a regular expression: ``web``, ``worker`` …
        channel: what is counted: ``heroku``, ``slack`` or ``store``.
        moment: before the call is executed, or after it.
        on: which calls are counted, a regular expression; all if empty.
        nth: from 1.
        fault: the signal.
        met: what was under scenario then; empty until it has happened.
        whom: the process that was struck.
        over: set when the stopped process may go on.
    """

    role: str
    channel: str
    moment: Moment
    on: str = ""
    nth: int = 1
    fault: Fault = Fault.KILL
    seen: int = 0
    met: str = ""
    whom: str = ""
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, role: str, channel: str, what: str) -> bool:
        """Tells whether a call is of the kind that is counted."""
        return (
            channel == self.channel
            and re.fullmatch(self.role, role) is not None
            and re.search(self.on, what) is not None
        )


class KillPoints:
    """Counts calls, and strikes at the planned ones.

    Attributes:
        heard: every call so far: role, channel and call.
    """

    def __init__(self, strike: Callable[[PlannedFault], None]) -> None:
        self._strike = strike
        self.plans: list[PlannedFault] = []
        self.heard: set[tuple[str, str, str]] = set()

    def met(self, role: str, channel: str, what: str) -> PlannedFault | None:
        """Counts a call; returns the planned fault that it triggers, if there is one."""
        self.heard.add((role, channel, what))
        for plan in self.plans:
            if plan.met or not plan.fits(role, channel, what):
                continue
            plan.seen += 1
            if plan.seen == plan.nth:
                plan.met, plan.whom = what, role
                return plan
        return None

    def strike(self, plan: PlannedFault) -> None:
        """Strikes now."""
        self._strike(plan)
        plan.struck.set()
