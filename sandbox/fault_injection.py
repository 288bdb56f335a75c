"""Outages: faults of the emulated Heroku and Slack that last until they are switched off.

The page's strings describe each kind under the same name.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sandbox.heroku import fault_injection as heroku_faults
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fault_injection import Fault as HerokuFault
from sandbox.slack import fault_injection as slack_faults
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.fault_injection import Fault as SlackFault

SLOW: Final = 3.0
"""Seconds that each call to a slow Heroku takes: noticeable, and below the bot's deadline for a call."""

RETRY_AFTER: Final = 3
"""``Retry-After`` of a busy Slack in seconds; short, because somebody is watching."""

_WRITES: Final = "^(POST|PUT|PATCH|DELETE) "

_HEROKU: Final[Mapping[str, tuple[HerokuFault, str]]] = {
    "heroku-slow": (heroku_faults.slow(SLOW), ""),
    "heroku-500": (heroku_faults.status(500), ""),
    "heroku-429": (heroku_faults.status(429), ""),
    "heroku-lost": (heroku_faults.lost_answer(), _WRITES),
    "heroku-refuses": (heroku_faults.status(422), _WRITES),
    "heroku-token": (heroku_faults.status(401), ""),
}
_SLACK: Final[Mapping[str, tuple[Callable[[], SlackFault], str]]] = {
    "slack-down": (partial(slack_faults.server_error, 503, times=None), "*"),
    "slack-limited": (partial(slack_faults.ratelimited, RETRY_AFTER, times=None), "chat.*"),
}
SPENT: Final = "heroku-spent"
"""The account's request tokens are used up; 75 a minute come back, as at Heroku."""

KINDS: Final = (
    *("heroku-slow", "heroku-500", "heroku-429", SPENT, "heroku-lost", "heroku-refuses", "heroku-token"),
    *_SLACK,
)
"""Every kind of outage, in the order of the page."""


class FaultInjection:
    """Switches outages on and off.

    Args:
        heroku: The emulated Heroku.
        slack: The emulated Slack.

    Attributes:
        changes: Number of switches so far; the page waits for it to rise.
    """

    def __init__(self, heroku: HerokuEmulator, slack: SlackEmulator) -> None:
        self._heroku = heroku
        self._slack = slack
        self._on: set[str] = set()
        self.changes = 0

    def shown(self) -> list[dict[str, object]]:
        """Return every kind and whether it is on, for the page."""
        return [{"name": name, "on": name in self._on} for name in KINDS]

    def switch(self, name: str, *, on: bool) -> None:
        """Switch one kind on or off; repeating it changes nothing.

        Raises:
            ValueError: The kind is unknown.
        """
        if name not in KINDS:
            raise ValueError(f"unknown outage {name!r}; known are {', '.join(KINDS)}")
        if on is (name in self._on):
            return
        self._on ^= {name}
        self.changes += 1
        if name in _HEROKU:
            self._switch_heroku(name, on=on)
        elif name == SPENT:
            self._heroku.set_remaining_tokens(0 if on else None, now=datetime.now(UTC))
        else:
            self._reset_slack()

    def clear(self) -> None:
        """Switch every outage off."""
        for name in sorted(self._on):
            self.switch(name, on=False)

    def _switch_heroku(self, name: str, *, on: bool) -> None:
        fault, calls = _HEROKU[name]
        if on:
            self._heroku.fault(fault, on=calls, times=None, name=name)
        else:
            self._heroku.clear_faults(name)

    def _reset_slack(self) -> None:
        # Slack's faults have no names: all are cleared, and those that are still on are set again.
        self._slack.clear_faults()
        for name, (fault, methods) in _SLACK.items():
            if name in self._on:
                self._slack.fault(methods, fault())
