"""Instants between two effects, chosen from outside: when the n-th call or COMMIT of a process arrives."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Moment(StrEnum):
    """When a process is struck."""

    BEFORE = "before"
    """It has sent the call, which has not arrived."""

    AFTER = "after"
    """The work is done, and the answer has not been passed back."""


class Blow(StrEnum):
    """What strikes it."""

    KILL = "SIGKILL"
    STOP = "SIGSTOP"


@dataclass(kw_only=True, slots=True)
class Plan:
    """One process is struck once, at the n-th instant of a kind.

    Attributes:
        role: the process, a regular expression: ``web``, ``worker`` …
        channel: what is counted: ``heroku``, ``slack`` or ``store``.
        moment: before the work or after it.
        on: which of them are counted, a regular expression; all if empty.
        nth: from 1.
        blow: what strikes it.
        met: what was under way then; empty until it has happened.
        whom: the process that was struck.
        over: set when a stopped process may go on.
    """

    role: str
    channel: str
    moment: Moment
    on: str = ""
    nth: int = 1
    blow: Blow = Blow.KILL
    seen: int = 0
    met: str = ""
    whom: str = ""
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, role: str, channel: str, what: str) -> bool:
        """Whether something that has arrived is of the kind that is counted."""
        return (
            channel == self.channel
            and re.fullmatch(self.role, role) is not None
            and re.search(self.on, what) is not None
        )


class Instants:
    """Knows what is planned, and strikes.

    Attributes:
        heard: everything that has arrived so far: from whom, where, and what.
    """

    def __init__(self, strike: Callable[[Plan], None]) -> None:
        self._strike = strike
        self.plans: list[Plan] = []
        self.heard: set[tuple[str, str, str]] = set()

    def met(self, role: str, channel: str, what: str) -> Plan | None:
        """Counts something that has arrived; the plan that it fulfils, if there is one."""
        self.heard.add((role, channel, what))
        for plan in self.plans:
            if plan.met or not plan.fits(role, channel, what):
                continue
            plan.seen += 1
            if plan.seen == plan.nth:
                plan.met, plan.whom = what, role
                return plan
        return None

    def strike(self, plan: Plan) -> None:
        """Now."""
        self._strike(plan)
        plan.struck.set()
