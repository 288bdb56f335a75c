"""What the page shows beside Slack, and what its buttons do there: Heroku by hand, time, outages, hints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from sandbox.command_hints import usage
from sandbox.external_changes import ExternalChanges
from sandbox.fault_injection import FaultInjection
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Refused
from sandbox.movable_clock import MovableClock

_Json = dict[str, Any]


class Moves(Protocol):
    """What moves time, and has the bot look again."""

    async def move_time(self, by: timedelta) -> None:
        """Moves business time."""

    async def to_next_event(self) -> None:
        """Moves business time to what happens next."""

    async def refresh_everything(self) -> None:
        """Has the bot look at everything."""

    async def look_twice(self) -> None:
        """Has the bot look at everything, also behind what it is just doing."""


@dataclass(kw_only=True)
class _Watched:
    """Something more that the page shows; its version rises when it changes."""

    show: Callable[[], object]
    counts: Callable[[], int] = field(default=lambda: 0)

    def __call__(self) -> object:
        """What is shown now."""
        return self.show()

    @property
    def version(self) -> int:
        """Rises with each change."""
        return self.counts()


class Panel:
    """Everything beside Slack.

    Args:
        heroku: the emulated Heroku.
        clock: business time.
        outages: what goes wrong.

    Attributes:
        moves: who moves time; None until the bot stands on the stage.
    """

    def __init__(self, heroku: HerokuEmulator, clock: MovableClock, faults: FaultInjection) -> None:
        self.moves: Moves | None = None
        self._heroku = heroku
        self._clock = clock
        self._faults = faults
        self._hand = ExternalChanges(heroku)
        # By this the page tells a reload from another start of the demo.
        hints, run = usage(), uuid4().hex
        self.extras: Mapping[str, _Watched] = {
            "heroku": _Watched(show=self._heroku_now, counts=self._heroku_version),
            "clock": _Watched(show=self._clock_now, counts=lambda: clock.moves),
            "outages": _Watched(show=faults.shown, counts=lambda: faults.changes),
            "usage": _Watched(show=lambda: hints),
            "run": _Watched(show=lambda: run),
        }
        self.actions = {"clock": self._move, "heroku": self._externally, "outages": self._turn}

    def _heroku_now(self) -> object:
        return self._heroku.snapshot(now=datetime.now(UTC))

    def _heroku_version(self) -> int:
        return self._heroku.version_at(datetime.now(UTC))

    def _clock_now(self) -> object:
        offset = int(self._clock.offset.total_seconds())
        return {"now": self._clock.now().isoformat(), "offset_s": offset}

    async def _move(self, given: _Json) -> _Json:
        if self.moves is not None and given.get("next"):
            await self.moves.to_next_event()
        elif self.moves is not None:
            await self.moves.move_time(timedelta(seconds=int(given["add_s"])))
        return {"ok": True, "now": self._clock.now().isoformat()}

    async def _externally(self, given: _Json) -> _Json:
        """Somebody else at Heroku, with no regard for us."""
        try:
            self._hand.does(given, now=datetime.now(UTC))
        except Refused as refused:
            return {"ok": False, "error": str(refused.body["message"])}
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        if self.moves is not None:
            await self.moves.refresh_everything()
        return {"ok": True}

    async def _turn(self, given: _Json) -> _Json:
        """Lets a kind of outages begin or end, or with ``clear`` everything go well again."""
        try:
            if given.get("clear"):
                self._faults.clear()
            else:
                self._faults.turn(str(given["name"]), on=given["on"] is True)
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        if self.moves is not None:
            await self.moves.look_twice()
        return {"ok": True}
