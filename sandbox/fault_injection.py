"""The outages of the emulated world: what goes wrong at Heroku or Slack for as long as somebody wants it to.

What each kind does and what a person will notice stands in the page's words, under the same name.
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
"""Seconds that each call to a slow Heroku takes: enough to be felt, below the bot's deadline for a call."""

RETRY_AFTER: Final = 3
"""Seconds that a busy Slack asks to wait: somebody is watching."""

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
"""The account's request tokens are used up; they come back as Heroku's do, 75 a minute."""

KINDS: Final = (
    *("heroku-slow", "heroku-500", "heroku-429", SPENT, "heroku-lost", "heroku-refuses", "heroku-token"),
    *_SLACK,
)
"""Every kind of outages, in the order in which they are shown."""


class FaultInjection:
    """What goes wrong just now.

    Args:
        heroku: the emulated Heroku.
        slack: the emulated Slack.
    """

    def __init__(self, heroku: HerokuEmulator, slack: SlackEmulator) -> None:
        self._heroku = heroku
        self._slack = slack
        self._on: set[str] = set()
        self.changes = 0

    def shown(self) -> list[dict[str, object]]:
        """Every kind with whether it is on, for the page."""
        return [{"name": name, "on": name in self._on} for name in KINDS]

    def turn(self, name: str, *, on: bool) -> None:
        """Lets one kind begin or end; a second time changes nothing.

        Raises:
            ValueError: there is no such kind.
        """
        if name not in KINDS:
            raise ValueError(f"there is no outages {name!r}; there is {', '.join(KINDS)}")
        if on is (name in self._on):
            return
        self._on ^= {name}
        self.changes += 1
        if name in _HEROKU:
            self._heroku_goes(name, on=on)
        elif name == SPENT:
            self._heroku.leave_tokens(0 if on else None, now=datetime.now(UTC))
        else:
            self._slack_goes()

    def clear(self) -> None:
        """Lets everything go well again."""
        for name in sorted(self._on):
            self.turn(name, on=False)

    def _heroku_goes(self, name: str, *, on: bool) -> None:
        fault, calls = _HEROKU[name]
        if on:
            self._heroku.fault(fault, on=calls, times=None, name=name)
        else:
            self._heroku.clear_faults(name)

    def _slack_goes(self) -> None:
        # Slack's faults have no names: what is still on is set anew.
        self._slack.clear_faults()
        for name, (fault, methods) in _SLACK.items():
            if name in self._on:
                self._slack.fault(methods, fault())
