"""The page's control panel beside Slack: Heroku's state, external changes, business time, outages, hints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from sandbox.command_hints import usage
from sandbox.external_changes import PageExternalChanges
from sandbox.fault_injection import FaultInjection
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Refused
from sandbox.movable_clock import MovableClock

_Json = dict[str, Any]


class RunningEnvironment(Protocol):
    """What the panel needs of the environment once the bot runs."""

    async def move_time(self, by: timedelta) -> None:
        """Move business time."""

    async def to_next_event(self) -> None:
        """Move business time to the next event."""

    async def refresh_everything(self) -> None:
        """Refresh every target."""

    async def refresh_twice(self) -> None:
        """Refresh every target, also after a reconcile run in progress."""


@dataclass(kw_only=True)
class _Extra:
    """One more value of the page's state; its version rises when it changes."""

    show: Callable[[], object]
    counts: Callable[[], int] = field(default=lambda: 0)

    def __call__(self) -> object:
        """Return the present value."""
        return self.show()

    @property
    def version(self) -> int:
        """A number that rises with each change."""
        return self.counts()


class Panel:
    """State and actions of the control panel.

    Args:
        heroku: The emulated Heroku.
        clock: Business time.
        faults: Outages.

    Attributes:
        environment: Moves time and refreshes targets; None until the bot runs.
    """

    def __init__(self, heroku: HerokuEmulator, clock: MovableClock, faults: FaultInjection) -> None:
        self.environment: RunningEnvironment | None = None
        self._heroku = heroku
        self._clock = clock
        self._faults = faults
        self._external = PageExternalChanges(heroku)
        # The page compares it to tell a restart of the demo from a reload.
        hints, run = usage(), uuid4().hex
        self.extras: Mapping[str, _Extra] = {
            "heroku": _Extra(show=self._heroku_now, counts=self._heroku_version),
            "clock": _Extra(show=self._clock_now, counts=lambda: clock.moves),
            "outages": _Extra(show=faults.shown, counts=lambda: faults.changes),
            "usage": _Extra(show=lambda: hints),
            "run": _Extra(show=lambda: run),
        }
        self.actions = {"clock": self._move, "heroku": self._externally, "outages": self._switch_outage}

    def _heroku_now(self) -> object:
        return self._heroku.snapshot(now=datetime.now(UTC))

    def _heroku_version(self) -> int:
        return self._heroku.version_at(datetime.now(UTC))

    def _clock_now(self) -> object:
        offset = int(self._clock.offset.total_seconds())
        return {"now": self._clock.now().isoformat(), "offset_s": offset}

    async def _move(self, given: _Json) -> _Json:
        if self.environment is not None and given.get("next"):
            await self.environment.to_next_event()
        elif self.environment is not None:
            await self.environment.move_time(timedelta(seconds=int(given["add_s"])))
        return {"ok": True, "now": self._clock.now().isoformat()}

    async def _externally(self, given: _Json) -> _Json:
        """Change something at Heroku without pgaccess."""
        try:
            self._external.apply(given, now=datetime.now(UTC))
        except Refused as refused:
            return {"ok": False, "error": str(refused.body["message"])}
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        if self.environment is not None:
            await self.environment.refresh_everything()
        return {"ok": True}

    async def _switch_outage(self, given: _Json) -> _Json:
        """Begin or end one kind of outage, or end all with ``clear``."""
        try:
            if given.get("clear"):
                self._faults.clear()
            else:
                self._faults.switch(str(given["name"]), on=given["on"] is True)
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        if self.environment is not None:
            await self.environment.refresh_twice()
        return {"ok": True}
